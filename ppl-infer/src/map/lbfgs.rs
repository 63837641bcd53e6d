//! L-BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.4): steps along -H g, H from the last few steps.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::line_search::{LineSearch, Verdict};
use super::optimizer::{Best, Optimizer, Reason, is_finite, max_norm};
use crate::error::{Result, require};

/// Settings of L-BFGS.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LbfgsSettings {
    /// Steps remembered. Default 500, which on up to a few hundred parameters is full BFGS. The usual 3 to 20 save memory that
    /// nobody misses and pay in gradients: on a correlated Gaussian of 76 dimensions and condition 1e6, 5632 of them
    /// with 10 steps, 1240 with 100, 342 with 500.
    pub memory: usize,
    /// Length of the first step that is tried, in unconstrained units. Default 0.1: a posterior is often 1e-3 wide in some
    /// direction, and a first step that leaves the basin is not undone by a line search.
    pub first_step: f64,
    /// Default 2000 (Stan's `iter`).
    pub max_iterations: usize,
    /// Converged when |g|_inf <= `tol_grad` max(1, |logp|). Default 1e-8 (Stan's `tol_grad`, which is not scaled).
    pub tol_grad: f64,
    /// Converged when the model promises a rise g' H g / 2 below this. Default 1e-9 nats. As Stan's `tol_rel_grad` it does not
    /// depend on the units of the parameters; unlike it, nor on constants in logp.
    pub tol_gain: f64,
    /// A rise of logp counts if it exceeds `tol_logp` max(1, |logp|). Default 2.2e-12 (Stan's `tol_rel_obj`, 1e4 epsilons).
    pub tol_logp: f64,
    /// The lane ends when no rise counted for so many iterations. Default 10; 1 is Stan's rule, which rounding can fool.
    pub patience: usize,
    /// Rounding error of logp relative to max(1, |logp|). Default 1e-7, for likelihoods summed from single precision. Where two
    /// values differ by less, the line search compares gradients, so that a value too large does no harm.
    pub noise: f64,
}

impl Default for LbfgsSettings {
    fn default() -> Self {
        Self {
            memory: 500,
            first_step: 0.1,
            max_iterations: 2000,
            tol_grad: 1e-8,
            tol_gain: 1e-9,
            tol_logp: 2.2e-12,
            patience: 10,
            noise: 1e-7,
        }
    }
}

impl LbfgsSettings {
    pub(super) fn check(&self) -> Result<()> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        require(self.memory > 0, "lbfgs.memory", self.memory as f64, "at least 1")?;
        require(positive(self.first_step), "lbfgs.first_step", self.first_step, "positive")?;
        require(self.max_iterations > 0, "lbfgs.max_iterations", self.max_iterations as f64, "at least 1")?;
        require(self.tol_grad >= 0.0, "lbfgs.tol_grad", self.tol_grad, "zero or positive")?;
        require(self.tol_gain >= 0.0, "lbfgs.tol_gain", self.tol_gain, "zero or positive")?;
        require(self.tol_logp >= 0.0, "lbfgs.tol_logp", self.tol_logp, "zero or positive")?;
        require(self.patience > 0, "lbfgs.patience", self.patience as f64, "at least 1")?;
        require((0.0..1.0).contains(&self.noise), "lbfgs.noise", self.noise, "in [0, 1)")
    }
}

/// One step remembered: s = x' - x, y = g' - g, rho = 1 / s'y.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
}

/// A point with f = -logp and its gradient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Point {
    x: Vec<f64>,
    f: f64,
    g: Vec<f64>,
}

/// One lane of L-BFGS; it minimises f = -logp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lbfgs {
    settings: LbfgsSettings,
    /// Where the line search began, and the lowest point it has seen.
    here: Point,
    lowest: Option<Point>,
    pairs: VecDeque<Pair>,
    direction: Vec<f64>,
    /// None before the first answer.
    search: Option<LineSearch>,
    trial: Vec<f64>,
    iterations: usize,
    /// logp when a rise last counted, and the iteration of that.
    risen: (f64, usize),
    best: Best,
}

impl Lbfgs {
    fn noise(&self) -> f64 {
        self.settings.noise * self.here.f.abs().max(1.0)
    }

    /// -H g by the two-loop recursion, H0 = s'y / y'y of the last pair.
    fn set_direction(&mut self) {
        let d = &mut self.direction;
        d.clear();
        d.extend(self.here.g.iter().map(|g| -g));
        let mut alphas = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let alpha = pair.rho * dot(&pair.s, d);
            add(d, -alpha, &pair.y);
            alphas.push(alpha);
        }
        if let Some(last) = self.pairs.back() {
            let scale = 1.0 / (last.rho * dot(&last.y, &last.y));
            d.iter_mut().for_each(|d| *d *= scale);
        }
        for (pair, alpha) in self.pairs.iter().zip(alphas.into_iter().rev()) {
            let beta = pair.rho * dot(&pair.y, d);
            add(d, alpha - beta, &pair.s);
        }
    }

    /// Opens a line search from here, or says that the lane has ended.
    fn set_out(&mut self) -> Option<Reason> {
        if max_norm(&self.here.g) <= self.settings.tol_grad * self.here.f.abs().max(1.0) {
            return Some(Reason::Gradient);
        }
        self.set_direction();
        let mut slope = dot(&self.here.g, &self.direction);
        if !(slope < 0.0 && slope.is_finite()) {
            // Rounding has spoilt H: forget it.
            self.pairs.clear();
            self.set_direction();
            slope = dot(&self.here.g, &self.direction);
        }
        if !self.pairs.is_empty() && -0.5 * slope <= self.settings.tol_gain {
            return Some(Reason::Gain);
        }
        if self.iterations - self.risen.1 >= self.settings.patience {
            return Some(self.flat(slope));
        }
        if self.iterations >= self.settings.max_iterations {
            return Some(Reason::MaxIterations);
        }
        let first = if self.pairs.is_empty() {
            self.settings.first_step / dot(&self.direction, &self.direction).sqrt()
        } else {
            1.0
        };
        self.search = Some(LineSearch::new(self.here.f, slope, first, self.noise()));
        self.lowest = None;
        self.go_to(first);
        None
    }

    fn go_to(&mut self, step: f64) {
        self.trial.copy_from_slice(&self.here.x);
        add(&mut self.trial, step, &self.direction);
    }

    /// Takes the step to a point, remembers it, and sets out anew.
    fn arrive(&mut self, there: Point) -> Option<Reason> {
        let s: Vec<f64> = there.x.iter().zip(&self.here.x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = there.g.iter().zip(&self.here.g).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > f64::EPSILON * dot(&y, &y) {
            if self.pairs.len() == self.settings.memory {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { s, y, rho: 1.0 / curvature });
        }
        self.here = there;
        self.iterations += 1;
        let best = -self.here.f;
        if best > self.risen.0 + self.settings.tol_logp * best.abs().max(1.0) {
            self.risen = (best, self.iterations);
        }
        self.set_out()
    }

    /// No step was accepted: take the lowest point if it is lower at all, else try steepest ascent, else end.
    fn fall_back(&mut self) -> Option<Reason> {
        if let Some(lowest) = self.lowest.take().filter(|lowest| lowest.f < self.here.f) {
            return self.arrive(lowest);
        }
        let slope = dot(&self.here.g, &self.direction);
        if self.pairs.is_empty() || self.flat(slope) == Reason::Plateau {
            return Some(self.flat(slope));
        }
        self.pairs.clear();
        self.set_out()
    }

    /// What it means that logp does not rise: nothing is left to gain that logp could show, or the gradient misleads.
    fn flat(&self, slope: f64) -> Reason {
        if -0.5 * slope <= self.noise().max(self.settings.tol_gain) { Reason::Plateau } else { Reason::Stalled }
    }
}

impl Optimizer for Lbfgs {
    type Settings = LbfgsSettings;
    const NAME: &'static str = "L-BFGS";

    fn new(start: &[f64], settings: &LbfgsSettings) -> Self {
        Self {
            settings: *settings,
            here: Point { x: start.to_vec(), f: f64::INFINITY, g: vec![0.0; start.len()] },
            lowest: None,
            pairs: VecDeque::new(),
            direction: vec![0.0; start.len()],
            search: None,
            trial: start.to_vec(),
            iterations: 0,
            risen: (f64::NEG_INFINITY, 0),
            best: Best::new(start),
        }
    }

    fn ask(&self) -> &[f64] {
        &self.trial
    }

    fn answer(&mut self, logp: f64, grad: &[f64]) -> Option<Reason> {
        let finite = is_finite(logp, grad);
        if finite {
            let noise = self.settings.noise * logp.abs().max(1.0);
            self.best.offer(&self.trial, logp, grad, noise);
        }
        let there = || Point { x: self.trial.clone(), f: -logp, g: grad.iter().map(|g| -g).collect() };
        let Some(search) = &mut self.search else {
            if !finite {
                return Some(Reason::NonFinite);
            }
            self.here = there();
            self.risen = (logp, 0);
            return self.set_out();
        };
        let (f, slope) = if finite { (-logp, -dot(grad, &self.direction)) } else { (f64::INFINITY, f64::NAN) };
        match search.answer(f, slope) {
            Verdict::Accept => {
                let there = there();
                self.arrive(there)
            }
            verdict => {
                if finite && self.lowest.as_ref().is_none_or(|lowest| f < lowest.f) {
                    self.lowest = Some(there());
                }
                match verdict {
                    Verdict::Try(step) => {
                        self.go_to(step);
                        None
                    }
                    _ => self.fall_back(),
                }
            }
        }
    }

    fn best(&self) -> &Best {
        &self.best
    }

    fn iterations(&self) -> usize {
        self.iterations
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a += factor b
fn add(a: &mut [f64], factor: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += factor * b);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After n steps on a quadratic with exact H, the direction is the Newton step.
    #[test]
    fn the_two_loop_recursion_inverts_a_quadratic_from_conjugate_steps() {
        let mut lane = Lbfgs::new(&[0.0; 3], &LbfgsSettings::default());
        let curvature = [1.0, 10.0, 100.0];
        for (i, c) in curvature.iter().enumerate() {
            let (mut s, mut y) = (vec![0.0; 3], vec![0.0; 3]);
            (s[i], y[i]) = (2.0, 2.0 * c);
            lane.pairs.push_back(Pair { rho: 1.0 / dot(&s, &y), s, y });
        }
        lane.here.g = vec![1.0, 1.0, 1.0];
        lane.set_direction();
        for (d, c) in lane.direction.iter().zip(curvature) {
            assert!((d + 1.0 / c).abs() < 1e-15);
        }
    }

    #[test]
    fn a_start_that_is_not_finite_ends_the_lane() {
        let mut lane = Lbfgs::new(&[0.0], &LbfgsSettings::default());
        assert_eq!(lane.answer(f64::NAN, &[0.0]), Some(Reason::NonFinite));
        let mut lane = Lbfgs::new(&[0.0], &LbfgsSettings::default());
        assert_eq!(lane.answer(0.0, &[f64::NAN]), Some(Reason::NonFinite));
    }

    #[test]
    fn a_trial_that_is_not_finite_is_stepped_back_from() {
        let mut lane = Lbfgs::new(&[0.0], &LbfgsSettings::default());
        lane.answer(0.0, &[1.0]);
        let far = lane.ask()[0];
        assert_eq!(lane.answer(f64::NEG_INFINITY, &[f64::NAN]), None);
        assert!(lane.ask()[0] > 0.0 && lane.ask()[0] < 0.5 * far);
    }
}
