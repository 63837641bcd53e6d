//! The leapfrog integrator, cut in two around the one gradient that it needs.

use super::metric::Metric;
use ppl_core::rng::Rng;
use serde::{Deserialize, Serialize};

/// A position with the log density and its gradient there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Unconstrained position, `[dim]`.
    pub position: Vec<f64>,
    /// Gradient of the log density, `[dim]`.
    pub gradient: Vec<f64>,
    /// Log density.
    pub logp: f64,
}

/// A point with a momentum.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhasePoint {
    /// Where it is.
    pub at: Point,
    /// Momentum `p`, `[dim]`.
    pub momentum: Vec<f64>,
    /// Velocity `M^-1 p`, `[dim]`.
    pub velocity: Vec<f64>,
    /// Energy `p . M^-1 p / 2 - logp`.
    pub energy: f64,
}

impl Point {
    /// All zeros.
    pub fn zeros(dim: usize) -> Self {
        Self { position: vec![0.0; dim], gradient: vec![0.0; dim], logp: 0.0 }
    }

    /// Takes the values of `other` without allocating.
    #[inline]
    pub fn copy_from(&mut self, other: &Self) {
        self.position.copy_from_slice(&other.position);
        self.gradient.copy_from_slice(&other.gradient);
        self.logp = other.logp;
    }
}

impl PhasePoint {
    /// All zeros.
    pub fn zeros(dim: usize) -> Self {
        Self { at: Point::zeros(dim), momentum: vec![0.0; dim], velocity: vec![0.0; dim], energy: 0.0 }
    }

    /// Takes the values of `other` without allocating.
    pub fn copy_from(&mut self, other: &Self) {
        self.at.copy_from(&other.at);
        self.momentum.copy_from_slice(&other.momentum);
        self.velocity.copy_from_slice(&other.velocity);
        self.energy = other.energy;
    }

    /// Goes to a point with a new momentum.
    pub fn begin(&mut self, from: &Point, metric: &Metric, rng: &mut Rng) {
        self.at.copy_from(from);
        metric.sample_momentum(rng, &mut self.momentum);
        self.complete(metric);
    }

    /// Sets velocity and energy from the momentum and the point.
    #[inline]
    pub fn complete(&mut self, metric: &Metric) {
        metric.velocity(&self.momentum, &mut self.velocity);
        let kinetic: f64 = self.momentum.iter().zip(&self.velocity).map(|(p, v)| p * v).sum();
        self.energy = 0.5 * kinetic - self.at.logp;
    }

    /// First half of a leapfrog: half a kick, then the drift. The density is wanted at the new position.
    #[inline]
    pub fn drift(&mut self, metric: &Metric, step: f64) {
        self.kick(0.5 * step);
        metric.velocity(&self.momentum, &mut self.velocity);
        for (q, v) in self.at.position.iter_mut().zip(&self.velocity) {
            *q += step * v;
        }
    }

    /// Second half: takes the density and gradient at the new position, and half a kick.
    #[inline]
    pub fn land(&mut self, metric: &Metric, step: f64, logp: f64, gradient: &[f64]) {
        self.at.logp = logp;
        self.at.gradient.copy_from_slice(gradient);
        self.kick(0.5 * step);
        self.complete(metric);
    }

    /// [`land`](Self::land), and how far the energy is then below `start_energy`: `-inf` where the density is NaN or infinite,
    /// which is a point that must not be visited.
    #[inline]
    pub fn arrive(&mut self, metric: &Metric, step: f64, logp: f64, gradient: &[f64], start_energy: f64) -> f64 {
        if !logp.is_finite() {
            return f64::NEG_INFINITY;
        }
        self.land(metric, step, logp, gradient);
        if self.energy.is_nan() { f64::NEG_INFINITY } else { start_energy - self.energy }
    }

    #[inline]
    fn kick(&mut self, time: f64) {
        for (p, g) in self.momentum.iter_mut().zip(&self.at.gradient) {
            *p += time * g;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// log p = -x^4 / 4 - (y - x)^2 / 2.
    fn density(q: &[f64]) -> (f64, [f64; 2]) {
        let (x, d) = (q[0], q[1] - q[0]);
        (-x.powi(4) / 4.0 - d * d / 2.0, [-x.powi(3) + d, -d])
    }

    fn start(metric: &Metric) -> PhasePoint {
        let mut z = PhasePoint::zeros(2);
        z.at.position = vec![0.7, -0.4];
        let (logp, gradient) = density(&z.at.position);
        (z.at.logp, z.at.gradient, z.momentum) = (logp, gradient.to_vec(), vec![0.9, 0.3]);
        z.complete(metric);
        z
    }

    fn walk(z: &mut PhasePoint, metric: &Metric, step: f64, steps: usize) {
        for _ in 0..steps {
            z.drift(metric, step);
            let (logp, gradient) = density(&z.at.position);
            z.land(metric, step, logp, &gradient);
        }
    }

    fn metrics() -> [Metric; 2] {
        [Metric::diagonal(vec![0.5, 2.0]).unwrap(), Metric::dense(vec![0.5, 0.3, 0.3, 2.0], 2).unwrap()]
    }

    #[test]
    fn stepping_back_returns_to_the_start() {
        for metric in metrics() {
            let mut z = start(&metric);
            walk(&mut z, &metric, 0.1, 100);
            walk(&mut z, &metric, -0.1, 100);
            let before = start(&metric);
            for i in 0..2 {
                // 200 steps of rounding at 1e-16, amplified by the flow.
                assert!((z.at.position[i] - before.at.position[i]).abs() < 1e-12);
                assert!((z.momentum[i] - before.momentum[i]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_energy_error_is_of_second_order_in_the_step() {
        for metric in metrics() {
            let error = |step: f64| {
                let mut z = start(&metric);
                let before = z.energy;
                walk(&mut z, &metric, step, (1.0 / step).round() as usize);
                (z.energy - before).abs()
            };
            let order = (error(0.02) / error(0.01)).log2();
            // The next term of the expansion is O(step^2) relative: under 0.01 here.
            assert!((order - 2.0).abs() < 0.01, "order {order}");
        }
    }
}
