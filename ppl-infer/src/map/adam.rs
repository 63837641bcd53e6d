//! Adam (Kingma & Ba 2015, arXiv:1412.6980): steps of about the learning rate, whatever the size of the gradient.

use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::optimizer::{Best, Optimizer, Reason, is_finite, max_norm};
use crate::error::{Result, require};

/// Settings of Adam.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamSettings {
    /// Largest step of a coordinate, in unconstrained units. Default 0.01.
    pub learning_rate: f64,
    /// If set, the learning rate falls geometrically to this at `max_iterations`. Off by default.
    pub final_learning_rate: Option<f64>,
    /// Memory of the mean gradient. Default 0.9 (Kingma & Ba 2015, section 2).
    pub beta1: f64,
    /// Memory of the mean square gradient. Default 0.999 (same place).
    pub beta2: f64,
    /// Added to the root mean square. Default 1e-8 (same place).
    pub epsilon: f64,
    /// Default 10000, the number that lens fits need (Chianese et al. 2020, section 4).
    pub max_iterations: usize,
    /// Converged when |g|_inf <= `tol_grad` max(1, |logp|). Default 1e-8 (Stan's `tol_grad`).
    pub tol_grad: f64,
    /// Converged when the best logp rose by less than `tol_logp` max(1, |logp|) in `patience` iterations. Default 1e-8.
    /// With a falling learning rate this is asked at the last iteration only: a high rate hides what a low one will find.
    pub tol_logp: f64,
    /// Default 200: a few times the memory of `beta1`, a fraction of that of `beta2`.
    pub patience: usize,
}

impl Default for AdamSettings {
    fn default() -> Self {
        Self {
            learning_rate: 0.01,
            final_learning_rate: None,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            max_iterations: 10_000,
            tol_grad: 1e-8,
            tol_logp: 1e-8,
            patience: 200,
        }
    }
}

impl AdamSettings {
    pub(super) fn check(&self) -> Result<()> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let fraction = |x: f64| (0.0..1.0).contains(&x);
        require(positive(self.learning_rate), "adam.learning_rate", self.learning_rate, "positive")?;
        let last = self.final_learning_rate.unwrap_or(self.learning_rate);
        require(positive(last), "adam.final_learning_rate", last, "positive")?;
        require(fraction(self.beta1), "adam.beta1", self.beta1, "in [0, 1)")?;
        require(fraction(self.beta2), "adam.beta2", self.beta2, "in [0, 1)")?;
        require(positive(self.epsilon), "adam.epsilon", self.epsilon, "positive")?;
        require(self.tol_grad >= 0.0, "adam.tol_grad", self.tol_grad, "zero or positive")?;
        require(self.tol_logp >= 0.0, "adam.tol_logp", self.tol_logp, "zero or positive")?;
        require(self.max_iterations > 0, "adam.max_iterations", self.max_iterations as f64, "at least 1")?;
        require(self.patience > 0, "adam.patience", self.patience as f64, "at least 1")
    }
}

/// One lane of Adam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    settings: AdamSettings,
    position: Vec<f64>,
    /// Running means of gradient and squared gradient, and the powers of the betas that remove their bias.
    mean: Vec<f64>,
    square: Vec<f64>,
    bias: [f64; 2],
    iterations: usize,
    best: Best,
    /// The best logp at the last sign of progress, and the iteration of that.
    risen: (f64, usize),
    /// Every retreat halves the learning rate for good.
    caution: f64,
}

impl Adam {
    fn learning_rate(&self) -> f64 {
        let AdamSettings { learning_rate, final_learning_rate, max_iterations, .. } = self.settings;
        let done = self.iterations as f64 / max_iterations as f64;
        let fall = final_learning_rate.map_or(1.0, |last| (last / learning_rate).powf(done));
        self.caution * learning_rate * fall
    }

    /// One step of [`Moments`].
    fn step(&mut self, grad: &[f64]) {
        let AdamSettings { beta1, beta2, epsilon, .. } = self.settings;
        let rate = self.learning_rate();
        let rule = Moments { beta1, beta2, epsilon }.next(&mut self.bias, rate);
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((q, (m, v)), g) in self.position.iter_mut().zip(moments).zip(grad) {
            *q += rule.step(m, v, *g);
        }
        self.iterations += 1;
    }

    /// Back to the highest point, more careful and without memory of how it left.
    fn retreat(&mut self) -> Option<Reason> {
        if self.best.logp == f64::NEG_INFINITY {
            return Some(Reason::NonFinite);
        }
        self.iterations += 1;
        self.caution *= 0.5;
        self.bias = [1.0; 2];
        self.mean.fill(0.0);
        self.square.fill(0.0);
        self.position.copy_from_slice(&self.best.position);
        (self.iterations >= self.settings.max_iterations).then_some(Reason::MaxIterations)
    }

    fn ended(&mut self, logp: f64, grad: &[f64]) -> Option<Reason> {
        let AdamSettings { final_learning_rate, max_iterations, tol_grad, tol_logp, patience, .. } = self.settings;
        if max_norm(grad) <= tol_grad * logp.abs().max(1.0) {
            return Some(Reason::Gradient);
        }
        let best = self.best.logp;
        if best > self.risen.0 + tol_logp * best.abs().max(1.0) {
            self.risen = (best, self.iterations);
        }
        let last = self.iterations >= max_iterations;
        let flat = self.iterations - self.risen.1 >= patience;
        match (flat && (last || final_learning_rate.is_none()), last) {
            (true, _) => Some(Reason::Plateau),
            (false, true) => Some(Reason::MaxIterations),
            (false, false) => None,
        }
    }
}

impl Optimizer for Adam {
    type Settings = AdamSettings;
    const NAME: &'static str = "Adam";

    fn new(start: &[f64], settings: &AdamSettings) -> Self {
        let zero = vec![0.0; start.len()];
        Self {
            settings: *settings,
            position: start.to_vec(),
            mean: zero.clone(),
            square: zero,
            bias: [1.0; 2],
            iterations: 0,
            best: Best::new(start),
            risen: (f64::NEG_INFINITY, 0),
            caution: 1.0,
        }
    }

    fn ask(&self) -> &[f64] {
        &self.position
    }

    fn answer(&mut self, logp: f64, grad: &[f64]) -> Option<Reason> {
        if !is_finite(logp, grad) {
            return self.retreat();
        }
        self.best.offer(&self.position, logp, grad, 0.0);
        let ended = self.ended(logp, grad);
        if ended.is_none() {
            self.step(grad);
        }
        ended
    }

    fn best(&self) -> &Best {
        &self.best
    }

    fn iterations(&self) -> usize {
        self.iterations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_learning_rate_towards_higher_logp() {
        let mut lane = Adam::new(&[1.0, -2.0], &AdamSettings::default());
        assert_eq!(lane.answer(0.0, &[-3.0, 1e-3]), None);
        // m / sqrt(v) = sign(g) at t = 1, up to epsilon / |g| = 1e-5.
        assert!((lane.ask()[0] - 0.99).abs() < 1e-6);
        assert!((lane.ask()[1] + 1.99).abs() < 1e-6);
    }

    #[test]
    fn an_answer_that_is_not_finite_sends_the_lane_back_to_its_highest_point() {
        let mut lane = Adam::new(&[1.0], &AdamSettings::default());
        lane.answer(0.0, &[1.0]);
        assert_eq!(lane.answer(f64::NAN, &[1.0]), None);
        assert_eq!(lane.ask(), [1.0]);
        lane.answer(0.0, &[1.0]);
        assert!((lane.ask()[0] - 1.005).abs() < 1e-6, "half the step after a retreat");
    }
}
