//! The ELBO and its gradient at fixed draws, as NumPyro and JAX compute them (scripts/golden/svi.py), and in closed form.

use ppl_core::autodiff::Var;
use ppl_core::distributions::{LogNormal, Normal, Support};
use ppl_core::handler::substitute;
use ppl_core::{Ctx, Result, Values};
use ppl_infer::svi::{Adam, Elbo, Loss, Optimizer, Schedule, Svi, SviSettings};
use serde_json::Value as Json;

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Eight schools, on a scale of ten points.
fn model(ctx: &mut Ctx) -> Result<()> {
    let y = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0].map(|y| y / 10.0);
    let sigma = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0].map(|s| s / 10.0);
    let mu = ctx.sample("mu", Normal::new(0.0, 0.5))?;
    let tau = ctx.sample("tau", LogNormal::new(-1.0, 0.7))?;
    ctx.plate("schools", 8, |ctx| {
        let theta = ctx.sample("theta", Normal::new(&mu, &tau))?;
        ctx.observe("y", Normal::new(theta, sigma), y)
    })
}

/// loc and scale of the guide of one site.
fn params(ctx: &mut Ctx, site: &str, loc: &[f64], scale: &[f64]) -> Result<[Var<(usize,)>; 2]> {
    let loc = ctx.param(format!("{site}_loc"), loc)?;
    Ok([loc, ctx.param_in(format!("{site}_scale"), scale, Support::POSITIVE)?])
}

/// Independent sites whose draws are loc + scale noise.
fn guide(noise: &Json) -> impl Fn(&mut Ctx) -> Result<()> {
    let noise = ["mu", "tau", "theta"].map(|site| numbers(&noise[site]));
    move |ctx| {
        let mu = params(ctx, "mu", &[0.3], &[0.4])?;
        let tau = params(ctx, "tau", &[-0.8], &[0.5])?;
        let theta_scale = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65];
        let theta = params(ctx, "theta", &[0.5, 0.4, 0.2, 0.3, 0.1, 0.2, 0.6, 0.4], &theta_scale)?;
        let at = |of: &[Var<(usize,)>; 2], i: usize| &of[0] + &of[1] * Var::vector(noise[i].as_slice());
        let draws = [at(&mu, 0), at(&tau, 1).exp(), at(&theta, 2)];
        let first = |x: &Var<(usize,)>| x.get(0);
        let values =
            Values::new().with("mu", first(&draws[0])?).with("tau", first(&draws[1])?).with("theta", &draws[2]);
        let sites = |ctx: &mut Ctx| {
            ctx.sample("mu", Normal::new(first(&mu[0])?, first(&mu[1])?))?;
            ctx.sample("tau", LogNormal::new(first(&tau[0])?, first(&tau[1])?))?;
            ctx.plate("schools", 8, |ctx| ctx.sample("theta", Normal::new(&theta[0], &theta[1]))).map(drop)
        };
        substitute(sites, values)(ctx)
    }
}

const RATE: f64 = 1e7;
const EPSILON: f64 = 1e10;

/// Settings whose first step is RATE g / (|g| + EPSILON), about 1e-3 times the gradient: Adam without memory.
fn proportional(loss: Loss) -> SviSettings {
    let optimizer = Optimizer::Adam(Adam { beta1: 0.0, beta2: 0.0, epsilon: EPSILON });
    SviSettings { loss, optimizer, learning_rate: Schedule::Constant(RATE), ..Default::default() }
}

/// The gradient that such a step came from.
fn gradient_of(step: f64) -> f64 {
    EPSILON * step / (RATE - step.abs())
}

#[test]
fn the_elbo_and_its_gradient_at_fixed_draws_are_those_of_numpyro() {
    let table: Json = serde_json::from_str(include_str!("data/svi.json")).unwrap();
    for case in table["cases"].as_array().unwrap() {
        for (loss, name) in [(Loss::Trace, "trace"), (Loss::MeanField, "mean_field")] {
            let elbo = Elbo::new(model, guide(&case["noise"]));
            let mut svi = Svi::new(&proportional(loss)).unwrap();
            svi.evaluate(&elbo, loss, 1, 0).unwrap();
            let start = svi.params().unwrap();
            let got = -svi.step(&elbo).unwrap();
            let expected = case[name]["elbo"].as_f64().unwrap();
            assert!((got - expected).abs() < 1e-12 * expected.abs(), "{name}: {got} {expected}");
            let end = svi.params().unwrap();
            for (param, gradient) in case[name]["gradient"].as_object().unwrap() {
                let free = |values: &Values| {
                    let numbers = values.numbers(param).unwrap().to_vec();
                    let positive = param.ends_with("scale");
                    numbers.into_iter().map(move |x| if positive { x.ln() } else { x }).collect::<Vec<f64>>()
                };
                for ((a, b), expected) in free(&start).iter().zip(free(&end)).zip(numbers(gradient)) {
                    let got = gradient_of(b - a);
                    // The step leaves 1e-16 / 1e-3 of rounding, a few times.
                    assert!(
                        (got - expected).abs() < 1e-11 * expected.abs().max(1.0),
                        "{name} {param}: {got} {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_elbo_of_a_normal_mean_is_its_closed_form() {
    // mu ~ Normal(0, 1), y ~ Normal(mu, 1), q = Normal(m, s): the ELBO is -KL(q || prior) + E[log p(y | mu)].
    let (m, s, y) = (0.4_f64, 0.7_f64, [1.0, 2.0]);
    let model = |ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 1.0))?;
        ctx.observe("y", Normal::new(mu, 1.0), [1.0, 2.0])
    };
    let guide = |ctx: &mut Ctx| {
        let loc = ctx.param("m", 0.4)?;
        let scale = ctx.param_in("s", 0.7, Support::POSITIVE)?;
        ctx.sample("mu", Normal::new(loc, scale)).map(drop)
    };
    let kl = -s.ln() + 0.5 * (s * s + m * m - 1.0);
    let fit = y.iter().map(|y| -0.5 * ((y - m).powi(2) + s * s) - 0.5 * std::f64::consts::TAU.ln()).sum::<f64>();
    let mut svi = Svi::new(&SviSettings::default()).unwrap();
    let n = 40_000;
    for loss in [Loss::Trace, Loss::MeanField] {
        let elbo = -svi.evaluate(&Elbo::new(model, guide), loss, n, 3).unwrap();
        // Both have deviations of about one a particle: five standard errors.
        assert!((elbo - (fit - kl)).abs() < 5.0 / (n as f64).sqrt(), "{loss:?}: {elbo} {}", fit - kl);
    }
}
