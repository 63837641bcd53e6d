//! Eight schools: what a gradient costs where there is next to nothing to compute.

use ppl_core::distributions::{HalfCauchy, Normal};
use ppl_core::{Ctx, ModelDensity};

use super::{BenchModel, Model};

/// Eight schools (Rubin 1981), non-centred: 10 parameters.
///
/// # Errors
/// None: everything in it is fixed.
pub fn schools() -> ppl_core::Result<BenchModel> {
    const EFFECT: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
    const ERROR: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
    let model: Model = Box::new(|ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
        let tau = ctx.sample("tau", HalfCauchy::new(5.0))?;
        let z = ctx.plate("schools", EFFECT.len(), |ctx| ctx.sample("z", Normal::new(0.0, 1.0)))?;
        ctx.observe("effect", Normal::new(z * tau + mu, ERROR), EFFECT)
    });
    let density = ModelDensity::new(model)?;
    let position = (0..density.layout().dim()).map(|i| 0.5 * (1.3 * i as f64).sin()).collect();
    Ok(BenchModel { density, position, what: "eight schools, non-centred, 10 parameters" })
}
