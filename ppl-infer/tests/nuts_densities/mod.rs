//! Plain densities with known answers for the tests of NUTS.

#![allow(dead_code)] // Each test file uses some of them.

use ppl_core::LogDensity;
use ppl_infer::{
    Ending, Executor, Target,
    mcmc::{InitialMetric, Kernel, Sampler, SamplerSettings, Samples, Starts},
};

/// A density written as `f(position, gradient) -> logp` for one lane.
pub struct Plain<F> {
    pub dim: usize,
    pub f: F,
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> LogDensity for Plain<F> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<(), ppl_core::Error> {
        for ((x, g), logp) in positions.chunks_exact(self.dim).zip(grad.chunks_exact_mut(self.dim)).zip(logp) {
            *logp = (self.f)(x, g);
        }
        Ok(())
    }
}

impl<F: Fn(&[f64], &mut [f64]) -> f64> Target for Plain<F> {}

/// Independent normals around 0.
pub fn normals(sds: Vec<f64>) -> Plain<impl Fn(&[f64], &mut [f64]) -> f64> {
    let dim = sds.len();
    let f = move |x: &[f64], g: &mut [f64]| {
        let mut logp = 0.0;
        for i in 0..x.len() {
            let z = x[i] / sds[i];
            logp -= 0.5 * z * z;
            g[i] = -z / sds[i];
        }
        logp
    };
    Plain { dim, f }
}

/// Standard deviations from 1e-2 to 1e2, evenly in the logarithm.
pub fn ill_scaled() -> Vec<f64> {
    (0..9).map(|i| 10.0_f64.powf(-2.0 + 0.5 * f64::from(i))).collect()
}

/// An autoregressive normal: x[0] ~ N(0, 1), x[i] ~ N(rho x[i-1], 1 - rho^2), all scaled; marginal sd = scale, correlation rho^|i-j|.
pub fn autoregressive(dim: usize, rho: f64, scale: f64) -> Plain<impl Fn(&[f64], &mut [f64]) -> f64> {
    let variance = 1.0 - rho * rho;
    let f = move |x: &[f64], g: &mut [f64]| {
        let z = x[0] / scale;
        let mut logp = -0.5 * z * z;
        g[0] = -z / scale;
        for i in 1..x.len() {
            let e = (x[i] - rho * x[i - 1]) / scale;
            logp -= 0.5 * e * e / variance;
            g[i] = -e / (variance * scale);
            g[i - 1] += rho * e / (variance * scale);
        }
        logp
    };
    Plain { dim, f }
}

/// y = (28, 8, ..) of Rubin (1981), non-centred: theta_trans[8], mu ~ N(0, 5), log tau with tau ~ HalfCauchy(5).
pub fn eight_schools() -> Plain<impl Fn(&[f64], &mut [f64]) -> f64> {
    const Y: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
    const SIGMA: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
    let f = |x: &[f64], g: &mut [f64]| {
        let (mu, tau) = (x[8], x[9].exp());
        let r = (tau / 5.0) * (tau / 5.0);
        let mut logp = -0.5 * mu * mu / 25.0 - r.ln_1p() + x[9];
        g[8] = -mu / 25.0;
        g[9] = 1.0 - 2.0 * r / (1.0 + r);
        for i in 0..8 {
            let e = (Y[i] - mu - tau * x[i]) / SIGMA[i];
            logp -= 0.5 * (x[i] * x[i] + e * e);
            let d = e / SIGMA[i];
            g[i] = d * tau - x[i];
            g[8] += d;
            g[9] += d * tau * x[i];
        }
        logp
    };
    Plain { dim: 10, f }
}

/// Stan's starts.
pub const UNIFORM: Starts = Starts::Uniform { radius: 2.0 };

/// A run to its end from given starts: draws, and how it ended.
pub fn run_from<K: Kernel>(
    density: &impl Target,
    settings: &SamplerSettings<K>,
    starts: Starts,
    initial: &InitialMetric,
) -> ppl_infer::Result<(Samples, Ending)> {
    let mut sampler = Sampler::new(density, settings, starts, initial)?;
    let ending = Executor::new().run(density, &mut sampler);
    Ok((sampler.into_samples(), ending))
}

/// Draws from random starts; the run must finish.
pub fn run<K: Kernel>(density: &impl Target, settings: &SamplerSettings<K>, initial: &InitialMetric) -> Samples {
    let (samples, ending) = run_from(density, settings, UNIFORM, initial).unwrap();
    assert!(matches!(ending, Ending::Finished), "{ending:?}");
    assert_eq!(samples.failures().count(), 0);
    samples
}
