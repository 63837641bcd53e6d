//! priors: the prior set in force, as JSON.

use std::sync::Arc;

use arclet::core::{Ctx, ModelDensity, PriorSet, handler};
use arclet::lens::system::{Role, Scales, SystemModel};

use super::args::PriorsArguments;
use super::failure::Result;
use super::{fit, pretty, report};

/// Runs the command.
pub fn run(arguments: &PriorsArguments) -> Result<()> {
    let (mut system, data) = fit::read(&arguments.system)?;
    fit::add_priors(&mut system, arguments.priors.as_deref())?;
    let scales = Scales::of(&data, system.of_role(Role::Light).next().is_some());
    let model = SystemModel::new(&system, Arc::new(data), &scales)?;
    let run = handler::priors(|ctx: &mut Ctx| model.run(ctx), system.sampled_priors());
    // What `fit` would refuse is refused here.
    ModelDensity::new(&run)?;
    let mut priors = PriorSet::of(&run)?;
    priors.extend(model.linear_priors()?);
    report::stdout(&pretty::json(&priors.to_json())?)
}
