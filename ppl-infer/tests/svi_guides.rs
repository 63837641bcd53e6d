//! Automatic guides: what each finds of posteriors that are known.

use ppl_core::autodiff::{IntoVar, Var};
use ppl_core::distributions::{BernoulliLogits, Exponential, InUnits, LogNormal, MultivariateNormal, Normal, Uniform};
use ppl_core::{Ctx, ModelDensity, Result};
use ppl_infer::svi::{
    AutoDelta, AutoLaplace, AutoLowRankMultivariateNormal, AutoMultivariateNormal, AutoNormal, Elbo, Fit, Gaussian,
    Loss, Schedule, Svi, SviSettings, svi,
};
use ppl_infer::{NutsSettings, nuts, nuts_from, posterior_of_guide};

const MEAN: [f64; 3] = [1.0, -2.0, 0.5];
/// Standard deviations 2, 0.5 and 1, correlations of 0.8, -0.3 and 0.1: that of a diagonal and one direction is below.
const COVARIANCE: [[f64; 3]; 3] = [[4.0, 0.8, -0.6], [0.8, 0.25, 0.05], [-0.6, 0.05, 1.0]];
/// diag(1, 0.1, 0.5) + w w^T with w = (1.5, 0.4, -0.6).
const LOW_RANK: [[f64; 3]; 3] = [[3.25, 0.6, -0.9], [0.6, 0.26, -0.24], [-0.9, -0.24, 0.86]];

type Program<'p> = &'p dyn Fn(&mut Ctx) -> Result<()>;

fn settings(steps: u64) -> SviSettings {
    let learning_rate = Schedule::Exponential { from: 0.05, to: 2e-4 };
    SviSettings { steps, particles: 16, learning_rate, seed: 2, ..Default::default() }
}

fn correlated(covariance: [[f64; 3]; 3]) -> impl Fn(&mut Ctx) -> Result<()> + Copy {
    move |ctx| ctx.sample("x", MultivariateNormal::new(MEAN, covariance)).map(drop)
}

/// Mean and covariance to 2 % of the standard deviations.
fn assert_recovers(name: &str, mean: &[f64], covariance: &[f64], expected: [[f64; 3]; 3]) {
    for i in 0..3 {
        let sd = expected[i][i].sqrt();
        assert!((mean[i] - MEAN[i]).abs() < 0.02 * sd, "{name}: mean {i} is {}", mean[i]);
        for j in 0..3 {
            let (got, bound) = (covariance[3 * i + j], 0.02 * sd * expected[j][j].sqrt());
            assert!(
                (got - expected[i][j]).abs() < bound,
                "{name}: covariance {i} {j} is {got}, not {}",
                expected[i][j]
            );
        }
    }
}

fn assert_gaussian(name: &str, got: &Gaussian, expected: [[f64; 3]; 3]) {
    assert_recovers(name, &got.mean, &got.covariance, expected);
}

#[test]
fn a_site_in_units_of_another_is_independent_of_it_in_a_guide_too() {
    // ln tau ~ N(0, 0.5) and theta / tau ~ N(0, 1), whatever tau is; theta itself depends on it.
    let model = |ctx: &mut Ctx| {
        let tau = ctx.sample("tau", LogNormal::new(0.0, 0.5))?;
        ctx.sample("theta", InUnits::new(Normal::new(0.0, &tau), &tau)).map(drop)
    };
    let guide = AutoNormal::new(model).unwrap();
    let fit = svi(model, guide.guide(), &settings(3000)).unwrap();
    let found = guide.gaussian(&fit.params().unwrap()).unwrap();
    for (i, sd) in [0.5, 1.0].into_iter().enumerate() {
        let (mean, variance) = (found.mean[i], found.covariance[3 * i]);
        assert!(mean.abs() < 0.02 * sd && (variance.sqrt() / sd - 1.0).abs() < 0.02, "{i}: {mean} {variance}");
    }
}

#[test]
fn a_multivariate_normal_recovers_a_correlated_gaussian_and_so_does_the_laplace_approximation() {
    let model = correlated(COVARIANCE);
    let guide = AutoMultivariateNormal::new(model).unwrap();
    let fit = svi(model, guide.guide(), &settings(4000)).unwrap();
    assert_gaussian("full", &guide.gaussian(&fit.params().unwrap()).unwrap(), COVARIANCE);
    let guide = AutoLaplace::new(model).unwrap();
    let fit = svi(model, guide.guide(), &settings(4000)).unwrap();
    let around = guide.around(&fit.params().unwrap()).unwrap();
    assert_recovers("Laplace", &around.mean, &around.covariance, COVARIANCE);
    let posterior = posterior_of_guide(model, guide.fitted(&around), &fit.params().unwrap(), 4000, 1).unwrap();
    let x = *posterior.summary().get("x[0]").unwrap();
    // Four standard errors of 4000 draws.
    assert!((x.mean - 1.0).abs() < 0.13 && (x.sd - 2.0).abs() < 0.09, "{x:?}");
    assert!(posterior.warnings().is_empty(), "the guide is the posterior: {:?}", posterior.warnings());
}

#[test]
fn a_low_rank_normal_recovers_a_gaussian_of_one_direction() {
    let model = correlated(LOW_RANK);
    let guide = AutoLowRankMultivariateNormal::new(model).unwrap().with_rank(1).unwrap();
    let settings = SviSettings { particles: 32, ..settings(8000) };
    let fit = svi(model, guide.guide(), &settings).unwrap();
    assert_gaussian("low rank", &guide.gaussian(&fit.params().unwrap()).unwrap(), LOW_RANK);
}

#[test]
fn independent_normals_recover_the_mean_and_the_variance_given_all_others_and_warn() {
    let model = correlated(COVARIANCE);
    let guide = AutoNormal::new(model).unwrap();
    let fit = svi(model, guide.guide(), &settings(3000)).unwrap();
    // The optimum of a mean field has the inverse of the diagonal of the precision (Turner & Sahani 2011).
    let precision = nalgebra::Matrix3::from_fn(|i, j| COVARIANCE[i][j]).try_inverse().unwrap();
    let got = guide.gaussian(&fit.params().unwrap()).unwrap();
    for i in 0..3 {
        assert!((got.mean[i] - MEAN[i]).abs() < 0.02 * COVARIANCE[i][i].sqrt(), "{:?}", got.mean);
        let ratio = got.covariance[4 * i] * precision[(i, i)];
        assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }
    let warnings = fit.posterior(4000).unwrap().warnings().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(warnings.len() == 1 && warnings[0].contains("Pareto k"), "{warnings:?}");
}

#[test]
fn the_renyi_bound_is_tighter_than_the_elbo_and_widens_independent_normals() {
    let model = correlated(COVARIANCE);
    let guide = AutoNormal::new(model).unwrap();
    let fitted = |loss| svi(model, guide.guide(), &SviSettings { loss, ..settings(2000) }).unwrap();
    let (plain, renyi) = (fitted(Loss::Trace), fitted(Loss::Renyi { alpha: 0.0 }));
    let bound = |fit: &Fit<'_>| {
        -fit.run().clone().evaluate(&Elbo::new(model, guide.guide()), Loss::Renyi { alpha: 0.0 }, 1000, 5).unwrap()
    };
    // The evidence of a prior is one; the ELBO of independent normals is ln(det P / prod P_ii) / 2 = -0.99, P the precision.
    let elbo = elbo_of(&plain, model, guide.guide());
    assert!(
        (elbo + 0.99).abs() < 0.05 && bound(&renyi) > elbo + 0.3 && bound(&renyi) < 0.1,
        "{elbo} {}",
        bound(&renyi)
    );
    let variance = |fit: &Fit<'_>| guide.gaussian(&fit.params().unwrap()).unwrap().covariance[0];
    assert!(variance(&renyi) > 1.2 * variance(&plain), "{} {}", variance(&renyi), variance(&plain));
}

#[test]
fn a_point_is_the_maximum_on_the_constrained_scale() {
    // Gamma(3.5, 1) by its logarithm: the maximum by x is at 2.5, that by ln x at 3.5.
    let model = |ctx: &mut Ctx| ctx.sample("x", ppl_core::distributions::Gamma::new(3.5, 1.0)).map(drop);
    let guide = AutoDelta::new(model).unwrap().start_at(&[0.2]).unwrap();
    let fit = svi(model, guide.guide(), &settings(3000)).unwrap();
    let at = fit.params().unwrap().numbers("auto_loc").unwrap()[0].exp();
    assert!((at - 2.5).abs() < 1e-3, "{at}");
    let guide = AutoLaplace::new(model).unwrap();
    let fit = svi(model, guide.guide(), &settings(3000)).unwrap();
    let at = fit.params().unwrap().numbers("auto_loc").unwrap()[0].exp();
    assert!((at - 3.5).abs() < 1e-3, "{at}");
}

/// 200 outcomes of a logistic regression on three correlated covariates.
fn regression() -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut rng = ppl_core::rng::keyed(4, "regression", 0);
    let mut normal = || -> f64 { rand_distr::Distribution::sample(&rand_distr::StandardNormal, &mut rng) };
    (0..200)
        .map(|_| {
            let a = normal();
            let x = vec![1.0, a, 0.8 * a + 0.6 * normal(), normal()];
            let logit = 0.5 + x[1] - 1.5 * x[2] + 0.3 * x[3];
            // A logistic draw above minus the logit has the probability of the logit.
            let noise = normal() * 1.6;
            (x, f64::from(logit + noise > 0.0))
        })
        .unzip()
}

#[test]
fn a_logistic_regression_has_the_means_of_nuts_to_a_tenth_of_a_deviation() {
    let (x, y) = regression();
    let x = x.into_var();
    let model = move |ctx: &mut Ctx| {
        let beta = ctx.sample("beta", Normal::new([0.0; 4], 2.0))?;
        ctx.observe("y", BernoulliLogits::new(x.matvec(&beta)?), y.clone())
    };
    let chains = nuts(&model, &NutsSettings { warmup: 500, draws: 1500, seed: 1, ..Default::default() }).unwrap();
    let guide = AutoMultivariateNormal::new(&model).unwrap();
    let fit = svi(&model, guide.guide(), &settings(2000)).unwrap();
    let posterior = fit.posterior(4000).unwrap();
    for i in 0..4 {
        let of = |p: &ppl_infer::posterior::Posterior| *p.summary().get(&format!("beta[{i}]")).unwrap();
        let (a, b) = (of(&posterior), of(&chains));
        assert!((a.mean - b.mean).abs() < 0.1 * b.sd && (a.sd / b.sd - 1.0).abs() < 0.15, "{i}: {a:?} {b:?}");
    }
    // Chains that start around the fitted guide, with its covariance as their first metric, need little warm-up.
    let around = guide.gaussian(&fit.params().unwrap()).unwrap().around().unwrap();
    let density = ModelDensity::new(&model).unwrap();
    let quick = nuts_from(&density, &around, &NutsSettings { warmup: 200, draws: 400, ..Default::default() }).unwrap();
    assert!(quick.warnings().is_empty(), "{:?}", quick.warnings());
}

fn elbo_of(fit: &Fit<'_>, model: impl Fn(&mut Ctx) -> Result<()>, guide: impl Fn(&mut Ctx) -> Result<()>) -> f64 {
    let mut run: Svi = fit.run().clone();
    -run.evaluate(&Elbo::new(model, guide), Loss::Trace, 20_000, 7).unwrap()
}

#[test]
fn the_elbo_of_a_model_without_data_is_below_zero_on_every_support() {
    // The evidence of a prior is one. A Jacobian that is missing, or of the wrong sign, would lift the ELBO above zero or far below.
    let fixed = |ctx: &mut Ctx| {
        ctx.sample("a", Exponential::new(1.0))?;
        ctx.sample("p", ppl_core::distributions::Dirichlet::new([2.0, 3.0, 4.0]))?;
        ctx.plate("rows", 2, |ctx| ctx.sample("u", Uniform::new(-1.0, 3.0))).map(drop)
    };
    // The support of b moves with a.
    let moving = |ctx: &mut Ctx| {
        let a = ctx.sample("a", Exponential::new(1.0))?;
        ctx.sample("b", Uniform::new(0.0, &a)).map(drop)
    };
    for model in [&fixed as Program<'_>, &moving] {
        let guide = AutoMultivariateNormal::new(model).unwrap();
        let fit = svi(model, guide.guide(), &settings(1500)).unwrap();
        let elbo = elbo_of(&fit, model, guide.guide());
        // 20,000 particles: a standard error of 0.005. Logarithms of these families are not far from normal.
        assert!(elbo < 0.02 && elbo > -0.3, "{elbo}");
    }
    let guide = AutoNormal::new(moving).unwrap();
    let posterior = svi(moving, guide.guide(), &settings(500)).unwrap().posterior(500).unwrap();
    let values = |name: &str| posterior.get(name).unwrap().values().to_vec();
    assert!(values("a").iter().zip(values("b")).all(|(a, b)| 0.0 < b && b < *a));
}

#[test]
fn an_automatic_guide_says_what_it_cannot_hold() {
    let local =
        |ctx: &mut Ctx| ctx.plate_subsample("data", 10, 3, |ctx, _| ctx.sample("z", Normal::new(0.0, 1.0))).map(drop);
    let error = AutoNormal::new(local).map(drop).unwrap_err().to_string();
    assert!(error.contains("`z`") && error.contains("`data`"), "{error}");
    let counts = |ctx: &mut Ctx| ctx.sample("k", ppl_core::distributions::Poisson::new(2.0)).map(drop);
    assert!(AutoDelta::new(counts).map(drop).unwrap_err().to_string().contains("`k`"));
    let guide = AutoNormal::new(correlated(COVARIANCE)).unwrap();
    let error = guide.gaussian(&ppl_core::Values::new()).unwrap_err().to_string();
    assert!(error.contains("auto_scale"), "{error}");
    assert!(guide.start_at(&[0.0]).is_err());
}

#[test]
fn params_of_the_model_and_minibatches_go_with_an_automatic_guide() {
    // y ~ Normal(mu, sigma) with sigma a param: maximum likelihood of sigma, a posterior of mu.
    let y: Vec<f64> = (0..100).map(|i| 2.0 + (f64::from(i) * 0.7).sin()).collect();
    let spread = (y.iter().map(|y| (y - 2.0).powi(2)).sum::<f64>() / 100.0).sqrt();
    let model = move |ctx: &mut Ctx| {
        let mu = ctx.sample("mu", Normal::new(0.0, 10.0))?;
        let sigma = ctx.param_in("sigma", 1.0, ppl_core::distributions::Support::POSITIVE)?;
        ctx.plate_subsample("data", 100, 25, |ctx, which| {
            let part: Vec<f64> = which.iter().map(|i| y[*i]).collect();
            ctx.observe("y", Normal::new(&mu, &sigma), Var::vector(part))
        })
    };
    let guide = AutoNormal::new(&model).unwrap();
    let fit = svi(&model, guide.guide(), &settings(3000)).unwrap();
    let params = fit.params().unwrap();
    let of = |name: &str| params.numbers(name).unwrap()[0];
    assert!((of("sigma") - spread).abs() < 0.03, "{} {spread}", of("sigma"));
    assert!((of("auto_loc") - 2.0).abs() < 0.05 && (of("auto_scale") / (0.1 * spread) - 1.0).abs() < 0.1);
}
