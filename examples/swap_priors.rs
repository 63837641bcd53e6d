//! Swap priors: one compiled model under two sets of priors read from JSON, and what the second does to its posterior.

use arclet::prelude::*;
use comfy_table::Table;

/// Distance (Mpc) and velocity (km/s) of some galaxies of Hubble (1929), and the scatter of their velocities.
const DISTANCE: [f64; 8] = [0.45, 0.5, 0.9, 1.0, 1.1, 1.4, 1.7, 2.0];
const VELOCITY: [f64; 8] = [200.0, 290.0, -30.0, 920.0, 450.0, 500.0, 960.0, 800.0];

const VAGUE: &str = r#"{
    "slope":     { "normal": { "loc": 0, "scale": 1000 } },
    "intercept": { "normal": { "loc": 0, "scale": 1000 } },
    "scatter":   { "half_cauchy": { "scale": 300 } }
}"#;

const INFORMED: &str = r#"{
    "slope":     { "truncated_normal": { "loc": 70, "scale": 5, "low": 0, "high": "inf" } },
    "intercept": { "normal": { "loc": 0, "scale": 50 } }
}"#;

/// A straight line. The priors here hold wherever a set says nothing.
fn expansion(ctx: &mut Ctx) -> Result<()> {
    let slope = ctx.sample("slope", Normal::new(500.0, 500.0))?;
    let intercept = ctx.sample("intercept", Normal::new(0.0, 500.0))?;
    let scatter = ctx.sample("scatter", HalfNormal::new(300.0))?;
    ctx.observe("velocity", Normal::new(slope * Var::vector(DISTANCE) + intercept, scatter), VELOCITY)
}

fn main() -> anyhow::Result<()> {
    let settings = NutsSettings { seed: 1, ..Default::default() };
    let posterior = |json| nuts(priors(expansion, PriorSet::from_json("priors", json)?), &settings);
    let (vague, informed) = (posterior(VAGUE)?.summary(), posterior(INFORMED)?.summary());

    let mut table = Table::new();
    table.set_header(["", "vague", "informed", "shift / sd"]);
    for ((name, a), (_, b)) in vague.iter().zip(informed.iter()) {
        let cell = |s: &arclet::infer::posterior::EntrySummary| format!("{:.0} ± {:.0}", s.mean, s.sd);
        table.add_row([name.to_owned(), cell(a), cell(b), format!("{:+.1}", (b.mean - a.mean) / a.sd)]);
    }
    println!("{table}");

    // A name that the model does not have is refused, with the nearest one that it has.
    let typo = PriorSet::from_json("priors", r#"{ "slop": { "normal": { "loc": 0, "scale": 1 } } }"#)?;
    println!("{}", ModelDensity::new(priors(expansion, typo)).map(drop).unwrap_err());
    Ok(())
}
