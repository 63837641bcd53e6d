//! Dual averaging: tunes the step size to an acceptance.

use crate::mcmc::settings::SamplerSettings;
use serde::{Deserialize, Serialize};

/// Nesterov's dual averaging as in Hoffman & Gelman (2014), section 3.2.1: after transition m,
///
/// ```text
/// s   <- (1 - 1/(m + t0)) s + (target - accept) / (m + t0)
/// x    = mu - s sqrt(m) / gamma                              the step to try next is exp(x)
/// xbar <- (1 - m^-kappa) xbar + m^-kappa x                   the step to keep is exp(xbar)
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DualAveraging {
    target: f64,
    gamma: f64,
    t0: f64,
    kappa: f64,
    mu: f64,
    count: f64,
    s: f64,
    xbar: f64,
}

impl DualAveraging {
    /// Tuning by these settings; call [`DualAveraging::restart`] before use.
    pub fn new<K>(settings: &SamplerSettings<K>) -> Self {
        let SamplerSettings { target_accept: target, gamma, t0, kappa, .. } = *settings;
        Self { target, gamma, t0, kappa, mu: 0.0, count: 0.0, s: 0.0, xbar: 0.0 }
    }

    /// Forgets all, and draws the step towards `10 step`: a longer step is cheaper to reject than a short one to walk.
    pub fn restart(&mut self, step: f64) {
        (self.mu, self.count, self.s, self.xbar) = ((10.0 * step).ln(), 0.0, 0.0, 0.0);
    }

    /// Takes the acceptance of a transition; returns the step for the next.
    pub fn update(&mut self, accept: f64) -> f64 {
        self.count += 1.0;
        let eta = 1.0 / (self.count + self.t0);
        self.s = (1.0 - eta) * self.s + eta * (self.target - accept.min(1.0));
        let x = self.mu - self.s * self.count.sqrt() / self.gamma;
        let weight = self.count.powf(-self.kappa);
        self.xbar = (1.0 - weight) * self.xbar + weight * x;
        x.exp()
    }

    /// The averaged step, for use after warm-up; `None` before the first update.
    pub fn averaged(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.xbar.exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::nuts::NutsSettings;

    #[test]
    fn the_averaged_step_has_the_target_acceptance() {
        // An acceptance that falls with the step like that of HMC: exp(-step^2), 0.8 at sqrt(ln 1.25) = 0.472.
        let mut tune = DualAveraging::new(&NutsSettings::default());
        let mut step: f64 = 1.0;
        tune.restart(step);
        assert_eq!(tune.averaged(), None);
        for _ in 0..2000 {
            step = tune.update((-step * step).exp());
        }
        // Noise-free, so only the transient of the first steps is left: about (1/2000)^0.75.
        assert!((tune.averaged().unwrap() - 1.25_f64.ln().sqrt()).abs() < 5e-3, "{:?}", tune.averaged());
    }

    #[test]
    fn the_first_updates_are_those_of_stan() {
        // By hand from the formulas in Stan's stepsize_adaptation.hpp with mu = log(10), accept 0.5 then 1.
        let mut tune = DualAveraging::new(&NutsSettings::default());
        tune.restart(1.0);
        let s1 = 0.3 / 11.0;
        let x1 = 10.0_f64.ln() - s1 / 0.05;
        assert!((tune.update(0.5) - x1.exp()).abs() < 1e-14 * x1.exp());
        assert!((tune.averaged().unwrap() - x1.exp()).abs() < 1e-14 * x1.exp());
        let s2 = (11.0 * s1 - 0.2) / 12.0;
        let x2 = 10.0_f64.ln() - s2 * 2.0_f64.sqrt() / 0.05;
        assert!((tune.update(1.0) - x2.exp()).abs() < 1e-13 * x2.exp());
    }
}
