//! priors: the prior set in force, as JSON.

use std::sync::Arc;

use arclet::core::{Ctx, ModelDensity, PriorSet, handler};
use arclet::lens::data::ImageData;
use arclet::lens::system::{PointsModel, Role, Scales, System, SystemModel};

use super::args::PriorsArguments;
use super::failure::Result;
use super::{fit, pretty, report};

/// Runs the command.
pub fn run(arguments: &PriorsArguments) -> Result<()> {
    let (mut system, data) = fit::read(&arguments.system)?;
    fit::add_priors(&mut system, arguments.priors.as_deref())?;
    let priors = match data {
        Some(data) => of_image(&system, data)?,
        None => {
            let model = PointsModel::new(&system)?;
            in_force(&system, |ctx| model.run(ctx))?
        }
    };
    report::stdout(&pretty::json(&priors.to_json())?)
}

fn of_image(system: &System, data: ImageData) -> Result<PriorSet> {
    let scales = Scales::of(&data, system.of_role(Role::Light).next().is_some());
    let model = SystemModel::new(system, Arc::new(data), &scales)?;
    let mut priors = in_force(system, |ctx| model.run(ctx))?;
    priors.extend(model.linear_priors()?);
    Ok(priors)
}

fn in_force<R>(system: &System, model: impl Fn(&mut Ctx) -> arclet::core::Result<R>) -> Result<PriorSet> {
    let run = handler::priors(model, system.sampled_priors());
    // What `fit` would refuse is refused here.
    ModelDensity::new(&run)?;
    Ok(PriorSet::of(&run)?)
}
