//! The search for a first step size, as a state machine.

use crate::mcmc::{
    integrator::{PhasePoint, Point},
    metric::Metric,
};
use ppl_core::rng::Rng;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Steps of sense, in units of the metric: beyond lies an improper density (the limit is Stan's), below is a position of order 1
/// unchanged in its last digits.
const RANGE: RangeInclusive<f64> = 1e-14..=1e7;

/// Doubles or halves the step until the acceptance of one leapfrog crosses 0.8 (Hoffman & Gelman 2014, algorithm 4, with
/// Stan's threshold and a new momentum at each try).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSearch {
    trial: PhasePoint,
    start_energy: f64,
    step: f64,
    /// Whether the first try was accepted well enough to double.
    doubling: Option<bool>,
}

/// How a search stands after an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Search {
    /// Another gradient is wanted.
    Unfinished,
    /// The step to start with.
    Found(f64),
    /// The step left the range of sense, which is its value.
    OutOfRange(f64),
}

impl StepSearch {
    /// A search in this many dimensions.
    pub fn new(dim: usize) -> Self {
        Self { trial: PhasePoint::zeros(dim), start_energy: 0.0, step: 0.0, doubling: None }
    }

    /// Begins at a point with a step to try.
    pub fn begin(&mut self, from: &Point, metric: &Metric, step: f64, rng: &mut Rng) {
        (self.step, self.doubling) = (step, None);
        self.attempt(from, metric, rng);
    }

    /// Where the density is wanted.
    pub fn position(&self) -> &[f64] {
        &self.trial.at.position
    }

    /// Takes the density at [`StepSearch::position`].
    pub fn resume(&mut self, logp: f64, gradient: &[f64], from: &Point, metric: &Metric, rng: &mut Rng) -> Search {
        let gain = self.trial.arrive(metric, self.step, logp, gradient, self.start_energy);
        let good = gain > 0.8_f64.ln();
        let doubling = *self.doubling.get_or_insert(good);
        if good != doubling {
            return Search::Found(self.step);
        }
        // A search upward ends on the first step that is too long, a search downward on the first that is good.
        self.step *= if doubling { 2.0 } else { 0.5 };
        if !RANGE.contains(&self.step) {
            return Search::OutOfRange(self.step);
        }
        self.attempt(from, metric, rng);
        Search::Unfinished
    }

    fn attempt(&mut self, from: &Point, metric: &Metric, rng: &mut Rng) {
        self.trial.begin(from, metric, rng);
        self.start_energy = self.trial.energy;
        self.trial.drift(metric, self.step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::rng::keyed;

    fn search(from: f64, density: impl Fn(f64) -> (f64, f64)) -> Search {
        let metric = Metric::diagonal(vec![1.0]).unwrap();
        let (mut rng, mut search) = (keyed(3, "search", 0), StepSearch::new(1));
        let (logp, gradient) = density(0.5);
        let start = Point { position: vec![0.5], gradient: vec![gradient], logp };
        search.begin(&start, &metric, from, &mut rng);
        loop {
            let (logp, gradient) = density(search.position()[0]);
            match search.resume(logp, &[gradient], &start, &metric, &mut rng) {
                Search::Unfinished => {}
                end => return end,
            }
        }
    }

    #[test]
    fn a_normal_gets_a_step_of_the_order_of_its_width_from_either_side() {
        for sd in [1e-4, 1.0, 1e4] {
            for from in [1e-6, 1.0, 1e6] {
                let Search::Found(step) = search(from, |x| (-0.5 * ((x - 0.5) / sd).powi(2), (0.5 - x) / (sd * sd)))
                else {
                    panic!()
                };
                // The leapfrog of a normal is unstable beyond 2 sd, and nearly exact at 0.1 sd.
                assert!(step > 0.1 * sd && step < 20.0 * sd, "{step} from {from} at {sd}");
            }
        }
    }

    #[test]
    fn a_flat_density_and_a_wrong_gradient_run_out_of_range() {
        assert!(matches!(search(1.0, |_| (0.0, 0.0)), Search::OutOfRange(step) if step > 1e6));
        let cliff = |x| if x == 0.5 { (0.0, 0.0) } else { (f64::NAN, 0.0) };
        assert!(matches!(search(1.0, cliff), Search::OutOfRange(step) if step < 1e-13));
    }
}
