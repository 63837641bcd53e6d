//! Training by SVI: f32 weights, mutable state, checkpoints, and what a wrong model is told.

use std::time::{Duration, Instant};

use ppl_core::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, Var, record};
use ppl_core::distributions::{Normal, Poisson, Support, VectorSupport};
use ppl_core::shape::Dims;
use ppl_core::{Array, Ctx, Result};
use ppl_infer::svi::{AdamW, Elbo, Loss, Optimizer, Patience, Schedule, Svi, SviEnd, SviSettings};
use ppl_infer::{Ending, Error, Executor, checkpoint};

/// sum_i (w_i - target)^2 of pixels, as a number.
#[derive(Clone)]
struct Distance(f32);

impl FusedOp for Distance {
    const NAME: &'static str = "distance";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(Shape::new(inputs[0].lanes, Dims::SCALAR)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let sum = inputs.at(0).pixels().iter().map(|w| f64::from((w - self.0).powi(2))).sum();
        out.numbers().fill(sum);
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (c, target) = (cotangent.numbers()[0] as f32, self.0);
        let Some(into) = gradients.pixels(0) else { return };
        into.iter_mut().zip(inputs.at(0).pixels()).for_each(|(g, w)| *g += 2.0 * c * (w - target));
    }
}

/// Weights that a factor pulls to 0.25, and the mean of what the guide draws as mutable state.
fn model(weights: usize) -> impl Fn(&mut Ctx) -> Result<()> {
    move |ctx| {
        let w = ctx.param_with("w", &[weights], || Array::constant(&[weights], vec![0.0; weights]))?;
        let distance = Var::<()>::from_value(record(Distance(0.25), &[w.as_value()])?);
        ctx.factor("pull", distance * -0.5)?;
        let mean = ctx.mutable("mean", 0.0)?;
        let mu = ctx.sample("mu", Normal::new(0.0, 1.0))?;
        ctx.update("mean", mean * 0.9 + &mu * 0.1)?;
        ctx.observe("y", Normal::new(mu, 1.0), [1.0, 2.0])
    }
}

fn guide(ctx: &mut Ctx) -> Result<()> {
    let (loc, scale) = (ctx.param("loc", 0.0)?, ctx.param_in("scale", 1.0, Support::POSITIVE)?);
    ctx.sample("mu", Normal::new(loc, scale)).map(drop)
}

fn settings() -> SviSettings {
    let learning_rate = Schedule::Exponential { from: 0.03, to: 1e-3 };
    SviSettings { steps: 800, particles: 4, learning_rate, seed: 5, ..Default::default() }
}

fn finished(elbo: &Elbo<'_>, settings: &SviSettings) -> Svi {
    let mut svi = Svi::new(settings).unwrap();
    let ending = Executor::new().run(elbo, &mut svi);
    assert!(matches!(ending, Ending::Finished), "{ending:?}");
    svi
}

#[test]
fn weights_in_single_precision_params_and_mutables_are_trained_together() {
    let svi = finished(&Elbo::new(model(7), guide), &settings());
    let params = svi.params().unwrap();
    let weights = params.get("w").unwrap().data().pixels().to_vec();
    assert!(weights.iter().all(|w| (w - 0.25).abs() < 1e-3), "{weights:?}");
    // The posterior of mu is Normal(1, 1 / sqrt 3).
    let of = |name: &str| params.numbers(name).unwrap()[0];
    assert!((of("loc") - 1.0).abs() < 0.05 && (of("scale") - 3.0_f64.powf(-0.5)).abs() < 0.03);
    // A running mean of 40 draws or so: their spread is 0.58 / sqrt(4 * 19).
    assert!((of("mean") - 1.0).abs() < 0.3, "{}", of("mean"));
    assert_eq!(svi.losses().len(), 800);
    assert_eq!(svi.ended(), Some(SviEnd::Steps));
}

#[test]
fn a_run_that_is_stopped_anywhere_goes_on_from_its_checkpoint_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("svi.checkpoint");
    let elbo = || Elbo::new(model(7), guide).held_out(model(7), guide);
    let patience = Some(Patience { every: 50, times: 100, ..Default::default() });
    let settings = SviSettings { steps: 200, patience, ..settings() };
    let whole = finished(&elbo(), &settings);
    let mut svi = Svi::new(&settings).unwrap();
    for rounds in [1, 30, 44] {
        let ending = Executor::new().rounds(rounds).checkpoint(&path, Duration::MAX).run(&elbo(), &mut svi);
        assert!(matches!(ending, Ending::Paused));
        svi = checkpoint::load(&elbo(), &path).unwrap();
    }
    assert!(matches!(Executor::new().run(&elbo(), &mut svi), Ending::Finished));
    let bits = |svi: &Svi| {
        let params = svi.params().unwrap();
        let numbers = params.iter().flat_map(|(_, value)| value.data().to_f64()).map(f64::to_bits);
        let losses = svi.losses().iter().chain(svi.held_out().iter().map(|held| &held.loss)).map(|x| x.to_bits());
        numbers.chain(losses).collect::<Vec<_>>()
    };
    assert_eq!(bits(&svi), bits(&whole));
}

#[test]
fn six_million_weights_cost_little_beside_a_training_step_and_are_saved_in_about_a_second() {
    let weights = 6_000_000;
    let elbo = Elbo::new(model(weights), guide);
    let mut svi = Svi::new(&SviSettings { optimizer: Optimizer::AdamW(AdamW::default()), ..settings() }).unwrap();
    svi.step(&elbo).unwrap();
    // Beside what the operation itself takes, forwards and backwards.
    let value = Value::constant(Shape::new(1, Dims::new(&[weights])), vec![0.5_f32; weights]);
    let operation = || {
        let tape = ppl_core::autodiff::Tape::recording();
        let leaf = value.on_tape(&tape);
        tape.backward(&record(Distance(0.25), &[&leaf]).unwrap()).unwrap();
        leaf.take_gradient()
    };
    let least = |work: &mut dyn FnMut()| {
        let times = (0..7).map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        });
        times.min().unwrap()
    };
    let own = least(&mut || drop(operation()));
    let least = least(&mut || assert!(svi.step(&elbo).unwrap().is_finite()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("svi.checkpoint");
    let start = Instant::now();
    checkpoint::save(&svi, &path).unwrap();
    let saving = start.elapsed();
    let start = Instant::now();
    let _: Svi = checkpoint::load(&elbo, &path).unwrap();
    eprintln!("step {least:?}, of it the model {own:?}; save {saving:?}, load {:?}", start.elapsed());
    // Weights and both moments in single precision, and little else.
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert!(bytes < 3 * 4 * weights as u64 + 10_000, "{bytes} bytes");
    // Measured on two cores: 27 ms beside the operation, 0.55 s. Those of a busy machine get ten times as much.
    let beside = least.saturating_sub(own);
    assert!(beside < Duration::from_millis(270) && saving < Duration::from_secs(5), "{beside:?} {saving:?}");
}

#[test]
fn the_params_of_the_lowest_held_out_loss_are_kept() {
    // Training pulls to y = 5, held-out data say 1: their loss falls at first, and then rises.
    let toward = |y: f64| {
        move |ctx: &mut Ctx| {
            let mu = ctx.param("mu", 0.0)?;
            ctx.observe("y", Normal::new(mu, 1.0), y)
        }
    };
    let elbo = Elbo::new(toward(5.0), |_: &mut Ctx| Ok(())).held_out(toward(1.0), |_: &mut Ctx| Ok(()));
    let patience = Some(Patience { every: 1, times: 20, ..Default::default() });
    let settings = SviSettings { patience, learning_rate: Schedule::Constant(0.02), ..settings() };
    let svi = finished(&elbo, &settings);
    assert_eq!(svi.ended(), Some(SviEnd::Patience));
    // The step of Adam is the rate, so the best is within half a step of 1; it stopped 20 steps later.
    let mu = svi.params().unwrap().numbers("mu").unwrap()[0];
    assert!((mu - 1.0).abs() < 0.011, "{mu}");
    assert_eq!(svi.steps(), 71);
}

fn refused<G>(model: impl Fn(&mut Ctx) -> Result<()>, guide: impl Fn(&mut Ctx) -> Result<G>) -> String {
    let mut svi = Svi::new(&settings()).unwrap();
    match Executor::new().run(&Elbo::new(model, guide), &mut svi) {
        Ending::Failed(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_model_or_guide_is_told_so_in_one_line_that_names_the_site() {
    let one = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0)).map(drop);
    let says = |error: &str, words: &[&str]| {
        assert!(!error.contains('\n') && words.iter().all(|word| error.contains(word)), "{error}");
    };
    let none = |ctx: &mut Ctx| ctx.param("loc", 0.0).map(drop);
    says(&refused(one, none), &["`mu`", "which the guide does not"]);
    says(
        &refused(|ctx: &mut Ctx| ctx.observe("y", Normal::new(0.0, 1.0), 0.3), guide),
        &["`mu`", "which the model does not"],
    );
    says(&refused(|ctx: &mut Ctx| ctx.observe("mu", Normal::new(0.0, 1.0), 0.3), guide), &["`mu`", "observes"]);
    says(
        &refused(|ctx: &mut Ctx| ctx.sample("mu", Normal::new([0.0; 3], 1.0)).map(drop), guide),
        &["`mu`", "[3]", "[]"],
    );
    let counts = |ctx: &mut Ctx| {
        let rate = ctx.param_in("rate", 1.0, Support::POSITIVE)?;
        ctx.sample("k", Poisson::new(rate)).map(drop)
    };
    says(&refused(|ctx: &mut Ctx| ctx.sample("k", Poisson::new(3.0)).map(drop), counts), &["`k`", "discrete"]);
    says(&refused(one, one), &["nothing to move"]);
    let outside = |ctx: &mut Ctx| ctx.param_in("s", -1.0, Support::POSITIVE).map(drop);
    says(&refused(one, outside), &["`s`", "-1"]);
    let grown = |ctx: &mut Ctx| ctx.param("loc", [0.0; 2]).map(drop);
    let both = |ctx: &mut Ctx| ctx.param("loc", 0.0).and_then(|_| one(ctx));
    says(&refused(both, move |ctx: &mut Ctx| one(ctx).and_then(|()| grown(ctx))), &["`loc`", "[2]"]);
}

#[test]
fn a_loss_that_is_not_a_number_ends_the_run_with_its_site_and_keeps_the_params_before() {
    // The square root leaves its domain once loc has gone below zero, at a step of 0.1 a time.
    let model = |ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(-3.0, 1.0))?;
        let loc = ctx.param("loc", 0.35)?;
        ctx.factor("root", (loc.sqrt() + mu * 0.0) * 1e-6)?;
        ctx.factor("push", loc * -10.0)
    };
    let guide = |ctx: &mut Ctx| {
        let scale = ctx.param_in("scale", 1.0, Support::POSITIVE)?;
        ctx.sample("mu", Normal::new(-3.0, scale)).map(drop)
    };
    let mut svi = Svi::new(&SviSettings { learning_rate: Schedule::Constant(0.1), ..settings() }).unwrap();
    let Ending::Failed(error) = Executor::new().run(&Elbo::new(model, guide), &mut svi) else { panic!("it went on") };
    let text = error.to_string();
    assert!(text.contains("step 4") && text.contains("`root`") && text.contains("NaN"), "{text}");
    assert!(matches!(error, Error::Step { step: 4, .. }));
    let loc = svi.params().unwrap().numbers("loc").unwrap()[0];
    assert!((loc - 0.05).abs() < 1e-6, "{loc}");
}

#[test]
fn a_param_on_a_simplex_is_moved_to_the_frequencies_of_the_data() {
    let model = |ctx: &mut Ctx| {
        let p = ctx.param_in("p", [0.2, 0.3, 0.5], Support::Vector(VectorSupport::Simplex))?;
        ctx.factor("counts", p.ln().dot(&Var::vector([7.0, 2.0, 1.0])))
    };
    let settings = SviSettings { steps: 1500, loss: Loss::MeanField, ..settings() };
    let svi = finished(&Elbo::new(model, |_: &mut Ctx| Ok(())), &settings);
    let params = svi.params().unwrap();
    for (p, n) in params.numbers("p").unwrap().iter().zip([0.7, 0.2, 0.1]) {
        assert!((p - n).abs() < 1e-3, "{p} {n}");
    }
}
