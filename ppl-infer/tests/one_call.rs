//! The calls that most users make: what they return when all is well, and what they say when it is not.

use ppl_core::autodiff::Var;
use ppl_core::distributions::{HalfCauchy, HalfNormal, Normal, Uniform};
use ppl_core::{Ctx, LogDensity, ModelDensity};
use ppl_infer::mcmc::{ChainFailure, Nuts, Start};
use ppl_infer::posterior::{Attribute, Posterior, Warning};
use ppl_infer::target::FnDensity;
use ppl_infer::{Error, Executor, HmcSettings, NutsSettings, Target, hmc, nuts, sample, sample_with};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

fn short() -> NutsSettings {
    NutsSettings { warmup: 200, draws: 200, seed: 3, ..Default::default() }
}

fn standard_normal(dim: usize) -> FnDensity<impl Fn(&[f64], &mut [f64]) -> f64> {
    FnDensity::new(dim, |x, g| {
        g.iter_mut().zip(x).for_each(|(g, x)| *g = -x);
        -0.5 * x.iter().map(|x| x * x).sum::<f64>()
    })
}

fn said(posterior: &Posterior) -> String {
    posterior.warnings().iter().map(|w| format!("{w}\n")).collect()
}

#[test]
fn a_good_run_says_nothing_by_either_kernel() {
    let model = |ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 1.0))?;
        ctx.observe("y", Normal::new(mu, 1.0), 2.0)
    };
    let by_nuts = nuts(model, &NutsSettings { seed: 1, ..Default::default() }).unwrap();
    let by_hmc = hmc(model, &HmcSettings { seed: 1, step_jitter: 0.2, ..Default::default() }).unwrap();
    for (posterior, name) in [(by_nuts, "NUTS"), (by_hmc, "HMC")] {
        assert_eq!(said(&posterior), "");
        assert_eq!(posterior.attribute("sampler"), Some(&Attribute::from(name)));
        let summary = posterior.summary();
        let mu = summary.get("mu").unwrap();
        // The posterior is N(1, 1/2); five Monte Carlo errors.
        assert!((mu.mean - 1.0).abs() < 5.0 * mu.mcse_mean && (mu.sd - 0.5_f64.sqrt()).abs() < 0.07, "{name} {mu:?}");
    }
}

#[test]
fn centred_eight_schools_say_what_is_wrong_with_them() {
    let model = |ctx: &mut Ctx| {
        let (y, sigma) =
            ([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]);
        let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
        let tau = ctx.sample("tau", HalfCauchy::new(5.0))?;
        let theta = ctx.plate("schools", 8, |ctx| ctx.sample("theta", Normal::new(mu, tau)))?;
        ctx.observe("y", Normal::new(theta, Var::vector(sigma)), y)
    };
    let posterior = nuts(model, &NutsSettings { seed: 1, ..Default::default() }).unwrap();
    let counts = posterior.warnings().iter().filter(|w| matches!(w, Warning::Divergences { .. })).count();
    assert_eq!(counts, 1, "{}", said(&posterior));
    let first = posterior.warnings()[0].to_string();
    let count = posterior.divergences();
    assert!(
        first.starts_with(&format!("{count} of 4000 draws diverged")) && first.contains("target_accept"),
        "{first}"
    );
}

#[test]
fn a_depth_that_is_too_small_is_told() {
    let long = FnDensity::new(2, |x, g| {
        g.copy_from_slice(&[-x[0], -x[1] / 1e6]);
        -0.5 * (x[0] * x[0] + x[1] * x[1] / 1e6)
    });
    let kernel = Nuts { max_depth: 2, ..Nuts::default() };
    let metric_adaptation = ppl_infer::mcmc::MetricAdaptation::Fixed;
    let posterior = sample(&long, &NutsSettings { kernel, metric_adaptation, ..short() }).unwrap();
    assert!(posterior.warnings().iter().any(|w| matches!(w, Warning::MaxDepth { .. })), "{}", said(&posterior));
    assert!(posterior.warnings().iter().any(|w| matches!(w, Warning::Ess { worst, .. } if worst == "x[1]")));
}

#[test]
fn momenta_that_hardly_move_the_energy_are_told() {
    // Neal's funnel: log scale v of sd 3, and nine numbers of that scale.
    let funnel = FnDensity::new(10, |x, g| {
        let (v, precision) = (x[0], (-x[0]).exp());
        let sum: f64 = x[1..].iter().map(|x| x * x).sum();
        g[0] = -v / 9.0 - 4.5 + 0.5 * precision * sum;
        g[1..].iter_mut().zip(&x[1..]).for_each(|(g, x)| *g = -precision * x);
        -v * v / 18.0 - 4.5 * v - 0.5 * precision * sum
    });
    let posterior = sample(&funnel, &NutsSettings { seed: 2, ..Default::default() }).unwrap();
    let bfmi = posterior.bfmi().into_iter().fold(f64::INFINITY, f64::min);
    let told = posterior.warnings().iter().any(|w| matches!(w, Warning::Bfmi { .. }));
    assert_eq!(told, bfmi < 0.3, "{bfmi}\n{}", said(&posterior));
    assert!(posterior.warnings().iter().any(|w| matches!(w, Warning::Divergences { .. } | Warning::Ess { .. })));
}

#[test]
fn a_model_that_branches_on_a_value_is_sampled_and_described() {
    // Without value() the same model; with it, many lanes are refused and each is run alone.
    let plain = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
        ctx.deterministic("twice", &x * 2.0).map(drop)
    };
    let branching = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
        let twice = if x.value()? > 0.0 { &x * 2.0 } else { &x + &x };
        ctx.deterministic("twice", twice).map(drop)
    };
    let (a, b) = (nuts(plain, &short()).unwrap(), nuts(branching, &short()).unwrap());
    assert_eq!(a.get("x").unwrap().values(), b.get("x").unwrap().values());
    assert_eq!(a.get("twice").unwrap().values(), b.get("twice").unwrap().values());
}

#[test]
fn nan_is_counted_by_its_site() {
    // sqrt of a negative number, now and then.
    let model = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
        ctx.factor("root", (x + 1.0).sqrt())
    };
    let posterior = nuts(model, &short()).unwrap();
    let nan = posterior.warnings().iter().find_map(|w| match w {
        Warning::NotANumber { site, count } => Some((site.clone(), *count)),
        _ => None,
    });
    let (site, count) = nan.unwrap_or_else(|| panic!("{}", said(&posterior)));
    assert!(site == "root" && count > 0, "{site} {count}");
}

#[test]
fn a_run_that_is_stopped_keeps_its_draws_and_says_so() {
    let (flag, calls) = (AtomicBool::new(false), Cell::new(0));
    let density = FnDensity::new(1, |x, g| {
        calls.set(calls.get() + 1);
        flag.store(calls.get() > 6000, Ordering::Relaxed);
        g[0] = -x[0];
        -0.5 * x[0] * x[0]
    });
    let settings = NutsSettings { draws: 100_000, ..short() };
    let outcome = sample_with(&density, &settings, &mut Executor::new().stop(&flag)).unwrap();
    let posterior = outcome.posterior(&density).unwrap();
    assert!(matches!(posterior.warnings()[0], Warning::CutShort { asked: 100_000, error: None, .. }));
    assert!(posterior.draws() > 100 && posterior.summary().get("x[0]").unwrap().mean.is_finite());
    // Before the first draw there is nothing to keep.
    let outcome = sample_with(&density, &settings, &mut Executor::new().stop(&AtomicBool::new(true))).unwrap();
    assert!(matches!(outcome.posterior(&density), Err(Error::StoppedEarly)));
}

#[test]
fn a_density_that_fails_keeps_its_draws_and_says_so() {
    struct Failing(Cell<u32>);
    impl LogDensity for Failing {
        fn dim(&self) -> usize {
            1
        }
        fn logp_and_grad(&self, x: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
            self.0.set(self.0.get() + 1);
            if self.0.get() > 2000 {
                return Err(ppl_core::Error::Density("worn out".into()));
            }
            for i in 0..x.len() {
                (logp[i], grad[i]) = (-0.5 * x[i] * x[i], -x[i]);
            }
            Ok(())
        }
    }
    impl Target for Failing {}
    let posterior = sample(&Failing(Cell::new(0)), &NutsSettings { draws: 100_000, ..short() }).unwrap();
    let said = said(&posterior);
    assert!(said.starts_with("the run ended early, ") && said.contains("worn out"), "{said}");
}

#[test]
fn an_absurd_start_is_drawn_again() {
    // log density -1e112 x^2 for x > 0.5, of a recurrence that explodes; a quarter of the starts lie there.
    let explodes = FnDensity::new(1, |x, g| {
        let scale = if x[0] > 0.5 { 1e112 } else { 1.0 };
        g[0] = -scale * x[0];
        -0.5 * scale * x[0] * x[0]
    });
    let settings = NutsSettings { chains: 16, ..short() };
    let posterior = sample(&explodes, &settings).unwrap();
    assert_eq!((posterior.chains(), posterior.draws()), (16, 200));
    assert!(posterior.get("x").unwrap().values().iter().all(|x| *x < 0.5));
}

#[test]
fn a_chain_without_a_start_is_named_and_the_others_are_kept() {
    let cliff = FnDensity::new(1, |x, g| {
        g[0] = -x[0];
        if x[0] > 0.9 { f64::NAN } else { -0.5 * x[0] * x[0] }
    });
    // Given starts are not drawn again.
    let start = Start::Given(vec![0.0, 1.0, 0.5, -0.5]);
    let posterior = sample(&cliff, &NutsSettings { start, ..short() }).unwrap();
    assert_eq!((posterior.chains(), posterior.draws()), (3, 200));
    assert!(
        said(&posterior).contains("chain 2 is left out: the log density at its start is NaN"),
        "{}",
        said(&posterior)
    );
    // Nowhere at all: the first chain speaks, after Stan's hundred tries.
    let calls = Cell::new(0);
    let nowhere = FnDensity::new(1, |_, _| {
        calls.set(calls.get() + 1);
        f64::NEG_INFINITY
    });
    let error = sample(&nowhere, &short()).unwrap_err();
    assert!(matches!(error, Error::Chain { chain: 0, source: ChainFailure::NoStart { tries: 100, .. } }), "{error}");
    assert!(error.to_string().starts_with("chain 1: none of 100 starts was good"), "{error}");
    assert_eq!(calls.get(), 400);
}

#[test]
fn the_site_that_leaves_no_start_is_named() {
    let out_of_support = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(0.0, 1.0))?;
        ctx.observe("y", Normal::new(x, 1.0), 1.0)?;
        ctx.observe("z", Uniform::new(0.0, 1.0), 3.0)
    };
    let error = nuts(out_of_support, &short()).unwrap_err().to_string();
    assert!(error.contains("`z`"), "{error}");
}

#[test]
fn chains_start_where_they_are_told() {
    let model = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new(50.0, 0.1))?;
        let s = ctx.sample("s", HalfNormal::new(1.0))?;
        ctx.observe("y", Normal::new(x, s), 50.0)
    };
    let density = ModelDensity::new(model).unwrap();
    // Far starts: a uniform one is within the radius, the prior's and Laplace's are where the posterior is.
    let first = |start: Start| {
        let mut seen = vec![];
        let spy = Spy { inner: &density, seen: std::cell::RefCell::new(&mut seen) };
        let executor = &mut Executor::new().rounds(1);
        let _ = sample_with(&spy, &NutsSettings { start, ..short() }, executor).unwrap();
        seen
    };
    assert!(first(Start::Uniform { radius: 0.01 }).iter().all(|x| x.abs() < 0.01));
    assert!(first(Start::Prior).chunks(2).all(|x| (x[0] - 50.0).abs() < 1.0));
    let given = vec![50.0, 0.0, 50.1, 0.1, 49.9, 0.2, 50.0, 0.3];
    assert_eq!(first(Start::Given(given.clone())), given);
    let settings = NutsSettings { start: Start::Laplace, ..short() };
    let posterior = sample(&density, &settings).unwrap();
    assert!((posterior.summary().get("x").unwrap().mean - 50.0).abs() < 0.1);
}

/// Remembers the first positions that it is asked for.
struct Spy<'a, D> {
    inner: &'a D,
    seen: std::cell::RefCell<&'a mut Vec<f64>>,
}

impl<D: LogDensity> LogDensity for Spy<'_, D> {
    fn dim(&self) -> usize {
        self.inner.dim()
    }
    fn logp_and_grad(&self, x: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let mut seen = self.seen.borrow_mut();
        if seen.is_empty() {
            seen.extend_from_slice(x);
        }
        self.inner.logp_and_grad(x, logp, grad)
    }
}

impl<D: Target> Target for Spy<'_, D> {
    fn draw_prior(&self, seed: u64) -> ppl_infer::Result<Vec<f64>> {
        self.inner.draw_prior(seed)
    }
}

#[test]
fn settings_of_nothing_are_refused_or_make_sense() {
    let density = standard_normal(1);
    let refused = |settings: NutsSettings| sample(&density, &settings).unwrap_err().to_string();
    assert_eq!(refused(NutsSettings { draws: 0, ..short() }), "setting `draws` is 0, but it must be at least 1");
    assert_eq!(refused(NutsSettings { chains: 0, ..short() }), "setting `chains` is 0, but it must be at least 1");
    // Without warm-up the first metric and step are used as they are, which suits this density.
    let posterior = sample(&density, &NutsSettings { warmup: 0, draws: 1000, ..short() }).unwrap();
    let summary = posterior.summary();
    let x = summary.get("x[0]").unwrap();
    assert!((x.sd - 1.0).abs() < 0.1 && x.r_hat < 1.02 && x.ess_bulk > 400.0, "{x:?}");
    // With a step that no proposal survives, the chains say that they never moved.
    let stuck = NutsSettings { warmup: 0, initial_step: 1e3, ..short() };
    let posterior = sample(&density, &stuck).unwrap();
    assert!(said(&posterior).contains("every draw of chain 1 is the same"), "{}", said(&posterior));
    // A model without a latent site.
    let error = nuts(|ctx: &mut Ctx| ctx.observe("y", Normal::new(0.0, 1.0), 1.0), &short()).unwrap_err();
    assert!(matches!(error, Error::Density(ppl_core::Error::NothingLatent)), "{error}");
}
