//! priors: the prior set in force, as JSON.

use std::sync::Arc;

use arclet::core::{Ctx, ModelDensity, PriorSet, handler};
use arclet::lens::data::ImageData;
use arclet::lens::system::{BandsModel, PointsModel, Scales, System};

use super::args::PriorsArguments;
use super::failure::Result;
use super::{fit, pretty, report};

/// Runs the command.
pub fn run(arguments: &PriorsArguments) -> Result<()> {
    let (mut system, data) = fit::read(&arguments.system)?;
    fit::add_priors(&mut system, arguments.priors.as_deref())?;
    let priors = if data.is_empty() {
        let model = PointsModel::new(&system)?;
        in_force(&system, |ctx| model.run(ctx))?
    } else {
        of_images(&system, data)?
    };
    report::stdout(&pretty::json(&priors.to_json())?)
}

fn of_images(system: &System, data: Vec<ImageData>) -> Result<PriorSet> {
    let data: Vec<Arc<ImageData>> = data.into_iter().map(Arc::new).collect();
    let model = BandsModel::new(system, &data, &Scales::of_bands(system, &data))?;
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
