//! What a log density promises, held on small models.

use super::*;
use crate::distributions::{Normal, Uniform};
use crate::handler::{condition, priors};
use crate::{Ctx, PriorSet, Var};

fn evaluate<D: LogDensity>(density: &D, positions: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let lanes = positions.len() / density.dim();
    let (mut logp, mut grad) = (vec![0.0; lanes], vec![0.0; positions.len()]);
    density.logp_and_grad(positions, &mut logp, &mut grad).unwrap();
    (logp, grad)
}

/// Every kind of site at once: moving bounds, a vector plate, observations, a factor.
fn model(ctx: &mut Ctx) -> Result<()> {
    let low = ctx.sample("low", Normal::new(0.0, 2.0))?;
    let width = ctx.sample("width", Uniform::new(0.5, 3.0))?;
    let high = ctx.deterministic("high", &low + &width)?;
    let theta = ctx.plate("j", 3, |ctx| ctx.sample("theta", Uniform::new(&low, &high)))?;
    ctx.observe("y", Normal::new(&theta * &theta, &width), [0.3, -0.2, 1.1])?;
    ctx.factor("soft", -(theta.sum().square()))
}

#[test]
fn the_gradient_of_a_model_is_that_of_its_value_in_every_lane() {
    let density = ModelDensity::new(model).unwrap();
    let (lanes, dim) = (4, density.dim());
    assert_eq!(dim, 5);
    let q: Vec<f64> = (0..lanes * dim).map(|i| (1.7 * i as f64).sin()).collect();
    let (logp, grad) = evaluate(&density, &q);
    for lane in 0..lanes {
        let row = &q[lane * dim..(lane + 1) * dim];
        assert_eq!(evaluate(&density, row).0[0], logp[lane], "a lane alone");
        for i in 0..dim {
            let at = |h: f64| {
                let mut moved = row.to_vec();
                moved[i] += h;
                evaluate(&density, &moved).0[0]
            };
            let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((numeric - grad[lane * dim + i]).abs() < 1e-7, "lane {lane}, {i}");
        }
    }
}

#[test]
fn a_lane_out_of_support_or_nan_leaves_the_others_alone_and_is_counted() {
    let model = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
        ctx.observe("y", Normal::new(0.0, x.ln()), 0.1)
    };
    let density = ModelDensity::new(condition(model, crate::Values::new())).unwrap();
    // ln(-1) is NaN, ln(0.5) < 0 is no scale, ln(e) = 1 is good.
    let (logp, grad) = evaluate(&density, &[-1.0, 0.5, std::f64::consts::E]);
    assert_eq!(logp[..2], [f64::NEG_INFINITY; 2]);
    assert_eq!(grad[..2], [0.0; 2]);
    assert!(logp[2].is_finite() && grad[2] != 0.0);
    assert_eq!(density.not_a_number().get("y"), Some(&1));
}

#[test]
fn a_model_that_branches_on_a_value_runs_one_lane_a_call() {
    let model = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
        let scale = if x.value()? > 0.0 { 1.0 } else { 2.0 };
        ctx.observe("y", Normal::new(x, scale), 0.0)
    };
    let (logp, _) = evaluate(&ModelDensity::new(model).unwrap(), &[1.0, -1.0]);
    // Both have x^2 = 1: the difference is -1/2 + 1/8 + ln 2.
    assert!((logp[0] - logp[1] - (-0.375 + 2.0_f64.ln())).abs() < 1e-14);
}

#[test]
fn a_new_prior_brings_its_own_transform() {
    let model = |ctx: &mut Ctx| ctx.sample("x", Normal::new(0.0, 1.0));
    let set = PriorSet::from_json("p.json", r#"{"x": {"uniform": {"low": 2.0, "high": 4.0}}}"#).unwrap();
    let density = ModelDensity::new(priors(model, set)).unwrap();
    let trace = density.run_at(&[0.0]).unwrap();
    assert_eq!(trace.get("x").unwrap().value.numbers(), [3.0]);
    let values = crate::Values::new().with("x", 3.0);
    assert_eq!(density.position_of(&values, 0).unwrap(), [0.0]);
}

#[test]
fn positions_drawn_from_the_prior_come_back_as_the_draws() {
    let density = ModelDensity::new(model).unwrap();
    let q = density.draw_prior(7, 3).unwrap();
    let trace = density.run_at(&q).unwrap();
    let (low, high) = (trace.get("low").unwrap(), trace.get("high").unwrap());
    let theta = trace.get("theta").unwrap();
    for lane in 0..3 {
        let inside = low.value.lane(lane)[0]..high.value.lane(lane)[0];
        assert!(theta.value.lane(lane).iter().all(|t| inside.contains(t)));
    }
    assert!(q.iter().all(|x| x.is_finite()));
}

#[test]
fn a_discrete_latent_site_is_refused_by_name() {
    let model = |ctx: &mut Ctx| ctx.sample("z", crate::distributions::Poisson::new(2.0)).map(drop);
    let error = ModelDensity::new(model).err().unwrap().to_string();
    assert!(error.contains("`z`") && error.contains("poisson"), "{error}");
}

#[test]
fn a_subsampled_plate_scales_its_terms_to_the_whole() {
    let data: Vec<f64> = (0..100).map(|i| f64::from(i) / 50.0).collect();
    let model = move |ctx: &mut Ctx| {
        ctx.plate_subsample("n", 100, 10, |ctx, indices| {
            assert_eq!(indices.len(), 10);
            let batch: Vec<f64> = indices.iter().map(|i| data[*i]).collect();
            ctx.observe("y", Normal::new(0.0, 1.0), batch)
        })
    };
    let trace = crate::handler::trace(crate::handler::seed(model, 3)).unwrap();
    let y = trace.get("y").unwrap();
    let plain: f64 = y.dist.as_ref().unwrap().log_prob_sum(&y.value).unwrap().numbers()[0];
    assert!((y.log_prob().unwrap().unwrap()[0] - 10.0 * plain).abs() < 1e-12);
}

#[test]
fn var_is_one_pointer_to_its_value_and_a_tape() {
    // What a model clones per use: kept small on purpose.
    assert!(std::mem::size_of::<Var>() <= 2 * std::mem::size_of::<usize>());
}
