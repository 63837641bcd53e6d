//! Eight schools (Rubin 1981), non-centred: from a model function to its posterior in one call.

use arclet::prelude::*;

/// Effect of coaching on the scores of each school, and its standard error.
const EFFECT: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERROR: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

fn eight_schools(ctx: &mut Ctx) -> Result<()> {
    let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
    let tau = ctx.sample("tau", HalfCauchy::new(5.0))?;
    let z = ctx.plate("schools", 8, |ctx| ctx.sample("z", Normal::new(0.0, 1.0)))?;
    let theta = ctx.deterministic("theta", z * tau + mu)?;
    ctx.observe("effect", Normal::new(theta, ERROR), EFFECT)
}

fn main() -> Result<(), arclet::infer::Error> {
    let posterior = nuts(eight_schools, &NutsSettings { seed: 1, ..Default::default() })?;
    println!("{}", posterior.summary());
    println!("{} chains of {} draws, {} divergent", posterior.chains(), posterior.draws(), posterior.divergences());
    Ok(())
}
