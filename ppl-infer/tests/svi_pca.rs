//! SVI of probabilistic principal components (Tipping & Bishop 1999): an amortised guide whose optimum is known in closed form.

use nalgebra::{DMatrix, SymmetricEigen};
use ppl_core::autodiff::{IntoVar, Var};
use ppl_core::distributions::{Normal, Support};
use ppl_core::{Ctx, Result};
use ppl_infer::svi::{Elbo, Loss, Schedule, Svi, SviSettings};
use ppl_infer::{Ending, Executor};
use rand_distr::{Distribution as _, StandardNormal};

const N: usize = 200;
const D: usize = 5;
const K: usize = 2;

/// x = W z + noise, centred.
fn data() -> Vec<Vec<f64>> {
    let w = [[2.0, 0.3], [-1.0, 1.2], [0.5, 0.9], [0.0, -1.5], [1.0, 0.2]];
    let mut rng = ppl_core::rng::keyed(1, "pca", 0);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let mut rows: Vec<Vec<f64>> = (0..N)
        .map(|_| {
            let z = [normal(), normal()];
            w.iter().map(|w| w[0] * z[0] + w[1] * z[1] + 0.5 * normal()).collect()
        })
        .collect();
    for d in 0..D {
        let mean = rows.iter().map(|row| row[d]).sum::<f64>() / N as f64;
        rows.iter_mut().for_each(|row| row[d] -= mean);
    }
    rows
}

/// The maximum of the log likelihood: eigenvalues of the covariance, the lowest D - K of them pooled (eqs. 3, 7 and 8).
fn best_log_likelihood(data: &[Vec<f64>]) -> f64 {
    let x = DMatrix::from_fn(N, D, |i, j| data[i][j]);
    let mut values: Vec<f64> = SymmetricEigen::new(x.tr_mul(&x) / N as f64).eigenvalues.iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let noise = values[K..].iter().sum::<f64>() / (D - K) as f64;
    let log_det = values[..K].iter().map(|v| v.ln()).sum::<f64>() + (D - K) as f64 * noise.ln();
    -0.5 * N as f64 * (D as f64 * std::f64::consts::TAU.ln() + log_det + D as f64)
}

fn rows(data: &[Vec<f64>], which: &[usize]) -> Var<(usize, usize)> {
    which.iter().map(|i| data[*i].clone()).collect::<Vec<_>>().into_var()
}

/// x ~ Normal(W z, sigma), z ~ Normal(0, 1), for a subsample of `batch`.
fn model(data: &[Vec<f64>], batch: usize) -> impl Fn(&mut Ctx) -> Result<()> {
    move |ctx| {
        let w = ctx.param("w", [[0.5, -0.3, 0.2, 0.1, 0.4], [0.1, 0.3, -0.2, 0.4, 0.2]])?;
        let sigma = ctx.param_in("sigma", 1.0, Support::POSITIVE)?;
        ctx.plate_subsample("data", N, batch, |ctx, which| {
            let z = ctx.sample("z", Normal::new([0.0; K], 1.0).to_event())?;
            ctx.observe("x", Normal::new(z.matmul(&w), &sigma).to_event(), rows(data, which))
        })
    }
}

/// z ~ Normal(V x, s): the linear encoder that the exact posterior is.
fn guide(data: &[Vec<f64>], batch: usize) -> impl Fn(&mut Ctx) -> Result<()> {
    move |ctx| {
        let v = ctx.param("v", [[0.1, 0.0], [0.0, 0.1], [0.1, 0.0], [0.0, 0.1], [0.1, 0.1]])?;
        let s = ctx.param_in("s", [1.0; K], Support::POSITIVE)?;
        ctx.plate_subsample("data", N, batch, |ctx, which| {
            ctx.sample("z", Normal::new(rows(data, which).matmul(&v), s).to_event()).map(drop)
        })
    }
}

/// The ELBO over all data after training by batches of this size.
fn trained(data: &[Vec<f64>], batch: usize, loss: Loss, steps: u64) -> f64 {
    let learning_rate = Schedule::Exponential { from: 0.03, to: 1e-4 };
    let settings = SviSettings { steps, learning_rate, loss, seed: 3, ..Default::default() };
    let mut svi = Svi::new(&settings).unwrap();
    let elbo = Elbo::new(model(data, batch), guide(data, batch));
    assert!(matches!(Executor::new().run(&elbo, &mut svi), Ending::Finished));
    // Log probabilities alone: where the guide is the posterior, log p(x, z) - log q(z) is log p(x) at every draw.
    -svi.evaluate(&Elbo::new(model(data, N), guide(data, N)), Loss::Trace, 50, 9).unwrap()
}

#[test]
fn the_elbo_of_a_linear_encoder_is_the_log_likelihood_at_its_maximum() {
    let data = data();
    let best = best_log_likelihood(&data);
    for loss in [Loss::Trace, Loss::MeanField] {
        let elbo = trained(&data, N, loss, 2000);
        // The bound is tight at the optimum, and its noise vanishes there. What is left is the way to go after so many steps.
        assert!(elbo <= best + 0.02 && elbo > best - 0.2, "{loss:?}: {elbo} against {best}");
    }
}

#[test]
fn minibatches_reach_the_elbo_of_the_full_batch() {
    let data = data();
    let best = best_log_likelihood(&data);
    let elbo = trained(&data, 20, Loss::MeanField, 6000);
    // The noise of batches leaves each of the 18 params of the optimum a quarter of its standard error off: 18 / 16 / 2 nats.
    assert!(elbo <= best + 0.02 && elbo > best - 0.6, "{elbo} against {best}");
}
