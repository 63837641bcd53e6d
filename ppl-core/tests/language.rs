//! What a user's model may do wrong, or do that is seldom done, and what then happens.

use ppl_core::autodiff::{IntoVar, Var};
use ppl_core::density::Replayed;
use ppl_core::distributions::{
    Exponential, HalfNormal, ImproperUniform, LkjCholesky, MultivariateNormal, Normal, Uniform,
};
use ppl_core::handler::{condition, seed, substitute, trace};
use ppl_core::{Ctx, Error, LogDensity, ModelDensity, Result, Values};

fn evaluate<D: LogDensity>(density: &D, positions: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let lanes = positions.len() / density.dim();
    let (mut logp, mut grad) = (vec![0.0; lanes], vec![0.0; positions.len()]);
    density.logp_and_grad(positions, &mut logp, &mut grad).unwrap();
    (logp, grad)
}

/// Evaluates at positions nearby until the plan is decided.
fn settle<D: LogDensity>(density: &D, position: &[f64]) {
    for step in 0..6 {
        let near: Vec<f64> = position.iter().map(|q| q + 1e-3 * f64::from(step)).collect();
        evaluate(density, &near);
    }
}

fn refused<R>(model: impl Fn(&mut Ctx) -> Result<R>) -> String {
    ModelDensity::new(model).err().map(|e| e.to_string()).unwrap_or_default()
}

fn hierarchical(ctx: &mut Ctx) -> Result<()> {
    let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
    let tau = ctx.sample("tau", HalfNormal::new(5.0))?;
    let theta = ctx.plate("group", 3, |ctx| ctx.sample("theta", Normal::new(&mu, &tau)))?;
    ctx.observe("y", Normal::new(theta.at(&[0, 1, 1, 2]), 1.0), [0.3, 1.2, 0.7, -0.4])
}

#[test]
fn a_plan_gives_the_bits_of_the_model_for_any_number_of_lanes() {
    let density = ModelDensity::new(hierarchical).unwrap();
    let q: Vec<f64> = (0..64 * 5).map(|i| (1.7 * i as f64).sin()).collect();
    // As written, one lane a call, at positions that no plan has seen.
    let written: Vec<f64> = q.chunks(5).map(|q| evaluate(&ModelDensity::new(hierarchical).unwrap(), q).0[0]).collect();
    settle(&density, &q[..5]);
    assert_eq!(density.replayed(), Replayed::Plan);
    // Lanes that end one after the other, as in a search: blocks of 32 and many remainders.
    for lanes in [1, 2, 3, 7, 64, 62, 61, 59, 56, 50, 41, 33, 64] {
        for (block, expected) in q.chunks(lanes * 5).zip(written.chunks(lanes)) {
            let (logp, _) = evaluate(&density, block);
            assert!(logp.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{lanes} lanes");
        }
    }
}

#[test]
fn a_plan_does_not_depend_on_the_threads() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let data: Vec<f64> = (0..5000).map(|i| (0.3 * f64::from(i)).cos()).collect();
            let model = move |ctx: &mut Ctx| {
                let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
                ctx.observe("y", Normal::new(mu, 1.0), &data)
            };
            let density = ModelDensity::new(model).unwrap();
            settle(&density, &[0.1; 8]);
            assert_eq!(density.replayed(), Replayed::Plan);
            let q: Vec<f64> = (0..8).map(|i| 0.1 * f64::from(i)).collect();
            (0..20).map(|_| evaluate(&density, &q)).last()
        })
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn a_model_that_reads_or_draws_is_run_as_written_and_one_that_changes_is_found_out() {
    let reads = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
        let scale = if x.value()? > 0.0 { 1.0 } else { 2.0 };
        ctx.observe("y", Normal::new(x, scale), 0.3)
    };
    let density = ModelDensity::new(reads).unwrap();
    settle(&density, &[0.5]);
    assert_eq!(density.replayed(), Replayed::AsWritten);
    assert!(evaluate(&density, &[0.5, -0.5]).0.iter().all(|x| x.is_finite()));

    let calls = std::cell::Cell::new(0.0);
    let changes = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
        calls.set(calls.get() + 1.0);
        ctx.factor("drift", x * calls.get())
    };
    let density = ModelDensity::new(changes).unwrap();
    settle(&density, &[0.5]);
    assert_eq!(density.replayed(), Replayed::Refuted);
}

#[test]
fn a_substituted_site_is_nothing_that_inference_moves() {
    let density = ModelDensity::new(substitute(hierarchical, Values::new().with("tau", 2.0))).unwrap();
    let names: Vec<_> = density.layout().entries().iter().map(|e| e.name.to_string()).collect();
    assert_eq!(names, ["mu", "theta"]);
    // Still scored: the density of the whole at the same values, less the Jacobian of tau (ln 2).
    let whole = ModelDensity::new(hierarchical).unwrap();
    let q = [0.3, 0.1, -0.2, 0.4];
    let (with, _) = evaluate(&whole, &[q[0], 2.0_f64.ln(), q[1], q[2], q[3]]);
    assert!((with[0] - 2.0_f64.ln() - evaluate(&density, &q).0[0]).abs() < 1e-13);
}

#[test]
fn statements_that_a_density_cannot_serve_are_errors_that_name_the_site() {
    let with_param = |ctx: &mut Ctx| {
        let loc = ctx.param("loc", 0.0)?;
        ctx.sample("x", Normal::new(loc, 1.0))
    };
    let error = refused(with_param);
    assert!(error.contains("`loc`") && error.contains("`param`") && error.contains("lift"), "{error}");
    let minibatch = |ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 1.0))?;
        ctx.plate_subsample("rows", 10, 2, |ctx, _| ctx.observe("y", Normal::new(&mu, 1.0), [0.1, 0.2]))
    };
    for error in [refused(minibatch), refused(seed(minibatch, 1))] {
        assert!(error.contains("`rows`") && error.contains("plate_subsample"), "{error}");
    }
    assert_eq!(ModelDensity::new(|ctx: &mut Ctx| ctx.factor("f", 0.3)).err().unwrap(), Error::NothingLatent);
}

#[test]
fn an_interval_that_closes_is_impossible_and_no_panic() {
    let model = |ctx: &mut Ctx| {
        let low = ctx.sample("low", Normal::new(0.0, 1.0))?;
        ctx.sample("x", Uniform::new(&low, 0.5))
    };
    let density = ModelDensity::new(model).unwrap();
    let (logp, grad) = evaluate(&density, &[0.7, 0.1, 0.2, 0.1]);
    assert_eq!((logp[0], &grad[..2]), (f64::NEG_INFINITY, &[0.0, 0.0][..]));
    assert!(logp[1].is_finite());
    // Drawn from the prior too: a draw of what is empty is NaN, not a panic.
    trace(seed(model, 3)).unwrap();
}

#[test]
fn mistakes_of_shape_are_errors_with_both_shapes_and_no_panics() {
    let unequal = |ctx: &mut Ctx| ctx.sample("x", Normal::new([0.0, 1.0], [1.0, 2.0, 3.0]));
    let error = refused(unequal);
    assert!(error.contains("[2]") && error.contains("[3]"), "{error}");
    let sum = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new([0.0, 1.0], 1.0))?;
        ctx.factor("f", (x + Var::vector([1.0, 2.0, 3.0])).sum())
    };
    let error = refused(sum);
    assert!(error.contains("language.rs:") && error.contains("[2]") && error.contains("[3]"), "{error}");
    let empty = |ctx: &mut Ctx| ctx.sample("x", MultivariateNormal::new(Vec::<f64>::new(), Vec::<Vec<f64>>::new()));
    assert!(!refused(empty).is_empty());
    let nothing = |ctx: &mut Ctx| ctx.plate("none", 0, |ctx| ctx.sample("x", Normal::new(0.0, 1.0)));
    assert!(refused(nothing).contains("plate `none` has no elements"));
}

#[test]
fn data_that_are_missing_are_an_error_or_imputed_by_request() {
    let data = [0.3, f64::NAN, 1.1];
    let plain = move |ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
        ctx.observe("y", Normal::new(mu, 1.0), data)
    };
    let error = refused(plain);
    assert!(error.contains("`y`") && error.contains("element 1") && error.contains("observe_missing"), "{error}");
    let imputed = move |ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
        ctx.observe_missing("y", Normal::new(mu, 1.0), data)
    };
    let density = ModelDensity::new(imputed).unwrap();
    assert_eq!(density.dim(), 2);
    let full = |ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
        let y = ctx.sample("y_missing", Normal::new(&mu, 1.0))?;
        ctx.observe("y", Normal::new(&mu, 1.0), [0.3, 1.1])?;
        ctx.deterministic("same", y)
    };
    let expected = evaluate(&ModelDensity::new(full).unwrap(), &[0.4, -0.7]);
    let got = evaluate(&density, &[0.4, -0.7]);
    assert!((got.0[0] - expected.0[0]).abs() < 1e-14);
    got.1.iter().zip(&expected.1).for_each(|(a, b)| assert!((a - b).abs() < 1e-14));
}

#[test]
fn a_correlation_has_its_own_unconstrained_length() {
    let model = |ctx: &mut Ctx| {
        let factor = ctx.sample("factor", LkjCholesky::new(3, 2.0))?;
        ctx.observe("y", MultivariateNormal::with_scale_tril([0.0; 3], &factor), [0.3, -0.2, 0.5])
    };
    let density = ModelDensity::new(model).unwrap();
    let entry = &density.layout().entries()[0];
    assert_eq!((density.dim(), entry.len, entry.dims.sizes()), (3, 3, &[3, 3][..]));
    let q = density.draw_prior(3, 2).unwrap();
    let back = density.run_at(&q).unwrap();
    for row in back.get("factor").unwrap().value.numbers().chunks(3) {
        assert!((row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14);
    }
    // The gradient, transform and all, against differences.
    let (_, grad) = evaluate(&density, &q[..3]);
    for i in 0..3 {
        let at = |h: f64| {
            let mut moved = q[..3].to_vec();
            moved[i] += h;
            evaluate(&density, &moved).0[0]
        };
        assert!(((at(1e-5) - at(-1e-5)) / 2e-5 - grad[i]).abs() < 1e-7);
    }
}

#[test]
fn data_of_many_types_become_values() {
    assert_eq!([true, false].into_var().lane(0), [1.0, 0.0]);
    assert_eq!(vec![1_u32, 2].into_var().lane(0), [1.0, 2.0]);
    assert_eq!([[1.0, 2.0], [3.0, 4.0]].into_var().dims().sizes(), [2, 2]);
    let observed = |ctx: &mut Ctx| ctx.sample("x", Normal::new(0.0, 1.0));
    let run = trace(condition(observed, Values::new().with("x", 2_i32))).unwrap();
    assert_eq!(run.returned.value().unwrap(), 2.0);
}

#[test]
fn an_improper_prior_may_begin_at_the_value_of_another_site() {
    let density = ModelDensity::new(|ctx: &mut Ctx| {
        let first = ctx.sample("first", Exponential::new(1.0))?;
        let second = ctx.sample("second", ImproperUniform::between(&first, f64::INFINITY))?;
        ctx.factor("gap", -2.0 * (second - first))
    })
    .unwrap();
    let (u, v) = (0.4_f64, -0.7_f64);
    let (logp, grad) = evaluate(&density, &[u, v]);
    // first = e^u, second = first + e^v, each with its log Jacobian.
    assert!((logp[0] - (u - u.exp() + v - 2.0 * v.exp())).abs() < 1e-14);
    assert!((grad[0] - (1.0 - u.exp())).abs() < 1e-14 && (grad[1] - (1.0 - 2.0 * v.exp())).abs() < 1e-14);
}
