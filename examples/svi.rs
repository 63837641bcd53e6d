//! Variational inference: a guide that follows from the model, one that is written by hand, and NUTS for comparison.

use arclet::plot::LossFigure;
use arclet::prelude::*;

/// How often each of twelve hospitals operated on infants, and how often one died (the surgical data of BUGS).
const OPERATIONS: [f64; 12] = [47.0, 148.0, 119.0, 810.0, 211.0, 196.0, 148.0, 215.0, 207.0, 97.0, 256.0, 360.0];
const DEATHS: [f64; 12] = [0.0, 18.0, 8.0, 46.0, 8.0, 13.0, 9.0, 31.0, 14.0, 8.0, 29.0, 24.0];

/// Each hospital has a log-odds of its own, around a common one.
fn surgical(ctx: &mut Ctx) -> Result<()> {
    let mu = ctx.sample("mu", Normal::new(-2.5, 1.0))?;
    let sigma = ctx.sample("sigma", LogNormal::new(-1.0, 0.5))?;
    ctx.plate("hospitals", 12, |ctx| {
        let logit = ctx.sample("logit", Normal::new(&mu, &sigma))?;
        ctx.observe("deaths", BinomialLogits::new(OPERATIONS, logit), DEATHS)
    })
}

/// A guide is a function like the model. It samples the same sites, from distributions that its params steer: here each hospital's
/// log-odds around mu, which independent normals could not say.
fn by_hand(ctx: &mut Ctx) -> Result<()> {
    let positive = Support::POSITIVE;
    let mu = {
        let (loc, scale) = (ctx.param("mu_loc", -2.5)?, ctx.param_in("mu_scale", 0.1, positive)?);
        ctx.sample("mu", Normal::new(loc, scale))?
    };
    let (loc, scale) = (ctx.param("sigma_loc", -1.0)?, ctx.param_in("sigma_scale", 0.1, positive)?);
    ctx.sample("sigma", LogNormal::new(loc, scale))?;
    let (loc, scale) = (ctx.param("logit_loc", [0.0; 12])?, ctx.param_in("logit_scale", [0.1; 12], positive)?);
    let drawn_to_mu = ctx.param_in("drawn_to_mu", 0.5, Support::UNIT)?;
    ctx.plate("hospitals", 12, |ctx| ctx.sample("logit", Normal::new(loc + mu * drawn_to_mu, scale))).map(drop)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let learning_rate = Schedule::Cosine { peak: 0.05, warmup: 50, last: 1e-4 };
    let settings = SviSettings { steps: 3000, particles: 8, learning_rate, seed: 1, ..Default::default() };

    let automatic = AutoMultivariateNormal::new(surgical)?;
    let fitted = svi(surgical, automatic.guide(), &settings)?;
    let written = svi(surgical, by_hand, &settings)?;
    let chains = nuts(surgical, &NutsSettings { seed: 1, ..Default::default() })?;

    let last = |fit: &Fit<'_>| -fit.losses().iter().rev().take(500).sum::<f64>() / 500.0;
    println!("ELBO: automatic {:.2}, by hand {:.2}", last(&fitted), last(&written));
    let (a, b) = (fitted.posterior(4000)?.summary(), written.posterior(4000)?.summary());
    let c = chains.summary();
    println!("{:<10} | automatic       | by hand         | NUTS", "");
    for site in ["mu", "sigma", "logit[0]", "logit[7]"] {
        let cell =
            |summary: &Summary| summary.get(site).map_or_else(String::new, |s| format!("{:6.3} ± {:.3}", s.mean, s.sd));
        println!("{site:<10} | {:<15} | {:<15} | {}", cell(&a), cell(&b), cell(&c));
    }
    // A file name as the argument: the loss curve of the automatic guide.
    if let Some(path) = std::env::args().nth(1) {
        let figure = LossFigure { title: "surgical".into(), losses: fitted.losses().to_vec(), held_out: vec![] };
        std::fs::write(path, figure.render()?)?;
    }
    Ok(())
}
