//! The metric from the draws of a window.

use crate::mcmc::{integrator::Point, metric::Metric, metric::with_diagonal, settings::MetricAdaptation};
use serde::{Deserialize, Serialize};

/// Estimates a metric from the draws of a window, or from draws and gradients.
///
/// | | no metric given | a metric given |
/// |---|---|---|
/// | `Stan`, variances or covariance | `n/(n+5) S + 5/(n+5) 1e-3` (Stan) | `n/(n+m) S + m/(n+m) given` |
/// | `DrawGradient`, variances | `r` | `r` |
/// | `Hybrid`, variances | `r`; in the last window `n/(n+m) S + m/(n+m) r` | the same |
/// | `DrawGradient` and `Hybrid`, covariance | `n/(n+m) S + m/(n+m) diag(r)` | `n/(n+m) S + m/(n+m) given` |
///
/// S is the unbiased (co)variance of n draws, `r = sqrt(var(draw) / var(gradient))`, m is 5 for variances and
/// `max(5, dim)` for a covariance, as fewer draws than dimensions give a singular S. Stan's 1e-3 is far too wide for
/// posteriors narrower than 0.03, so it gives way to anything that knows the scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MassAdaptation {
    draws: Welford,
    /// Only for `DrawGradient` and `Hybrid`.
    gradients: Option<Welford>,
    /// What a metric is shrunk to.
    target: Target,
    /// The last window takes the variance of its draws, whatever those before it take.
    variance_last: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Target {
    /// 1e-3 in each direction.
    Floor,
    /// The metric given at the start: `[dim]` or `[dim, dim]`.
    Given(Vec<f64>),
    /// Draws over gradients.
    Ratio,
}

/// Running mean and sum of squared deviations (Welford 1962): of each direction, or of each pair of directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Welford {
    count: f64,
    mean: Vec<f64>,
    delta: Vec<f64>,
    /// `[dim]`, or the lower triangle of `[dim, dim]`.
    squares: Vec<f64>,
}

impl Welford {
    fn new(dim: usize, dense: bool) -> Self {
        let squares = vec![0.0; if dense { dim * dim } else { dim }];
        Self { count: 0.0, mean: vec![0.0; dim], delta: vec![0.0; dim], squares }
    }

    fn restart(&mut self) {
        self.count = 0.0;
        self.mean.fill(0.0);
        self.squares.fill(0.0);
    }

    fn add(&mut self, x: &[f64]) {
        let dim = self.mean.len();
        self.count += 1.0;
        for ((x, mean), delta) in x.iter().zip(&mut self.mean).zip(&mut self.delta) {
            *delta = x - *mean;
            *mean += *delta / self.count;
        }
        // (x - old mean)(x - new mean) = delta^2 (n - 1) / n.
        let weight = (self.count - 1.0) / self.count;
        if self.squares.len() == dim {
            for (square, delta) in self.squares.iter_mut().zip(&self.delta) {
                *square += weight * delta * delta;
            }
        } else {
            for (i, row) in self.squares.chunks_exact_mut(dim).enumerate() {
                let scaled = weight * self.delta[i];
                for (square, delta) in row[..=i].iter_mut().zip(&self.delta) {
                    *square += scaled * delta;
                }
            }
        }
    }

    /// The unbiased (co)variance.
    fn estimate(&self) -> impl Iterator<Item = f64> {
        self.squares.iter().map(|square| square / (self.count - 1.0))
    }
}

impl MassAdaptation {
    /// An estimator of the kind of `metric`; `given` says whether that metric was given.
    pub fn new(metric: &Metric, given: bool, adaptation: MetricAdaptation) -> Self {
        let ratio = matches!(adaptation, MetricAdaptation::DrawGradient | MetricAdaptation::Hybrid);
        let (dim, dense, start) = match metric {
            Metric::Diagonal { variance, .. } => (variance.len(), false, variance),
            Metric::Dense { covariance, .. } => (covariance.len().isqrt(), true, covariance),
        };
        let target = match (ratio, given) {
            (true, false) => Target::Ratio,
            (true, true) if !dense => Target::Ratio,
            (_, true) => Target::Given(start.clone()),
            (false, false) => Target::Floor,
        };
        let gradients = (target == Target::Ratio).then(|| Welford::new(dim, false));
        let variance_last = adaptation == MetricAdaptation::Hybrid;
        Self { draws: Welford::new(dim, dense), gradients, target, variance_last }
    }

    /// Counts a draw.
    pub fn add(&mut self, draw: &Point) {
        self.draws.add(&draw.position);
        if let Some(gradients) = &mut self.gradients {
            gradients.add(&draw.gradient);
        }
    }

    /// Sets the metric from the draws since the last time, and forgets them. One that could not be used (say, of a single
    /// draw) is not taken. `last` says that no window follows.
    pub fn finish(&mut self, metric: &mut Metric, last: bool) {
        let dim = self.draws.mean.len();
        let found = match metric {
            Metric::Diagonal { .. } if self.target == Target::Ratio && !(last && self.variance_last) => {
                Metric::diagonal(self.ratio(metric))
            }
            Metric::Diagonal { .. } => Metric::diagonal(self.shrunk(metric)),
            Metric::Dense { .. } => Metric::dense(self.shrunk(metric), dim),
        };
        if let Ok(found) = found {
            *metric = found;
        }
        self.draws.restart();
        if let Some(gradients) = &mut self.gradients {
            gradients.restart();
        }
    }

    /// The (co)variance of the draws, shrunk to the target.
    fn shrunk(&self, metric: &Metric) -> Vec<f64> {
        let dim = self.draws.mean.len();
        let dense = matches!(metric, Metric::Dense { .. });
        let spread = |variances: Vec<f64>| if dense { with_diagonal(&variances) } else { variances };
        let known = if dense { 5.0_f64.max(dim as f64) } else { 5.0 };
        let (target, prior) = match &self.target {
            Target::Floor => (spread(vec![1e-3; dim]), 5.0),
            Target::Given(given) => (given.clone(), known),
            Target::Ratio => (spread(self.ratio(metric)), known),
        };
        let n = self.draws.count;
        let estimates = self.draws.estimate().zip(target);
        estimates.map(|(estimate, target)| (n * estimate + prior * target) / (n + prior)).collect()
    }

    /// sqrt(var(draw) / var(gradient)): the variance exactly where the density is normal and its directions independent.
    fn ratio(&self, metric: &Metric) -> Vec<f64> {
        let dim = self.draws.mean.len();
        let stride = if self.draws.squares.len() == dim { 1 } else { dim + 1 };
        let draws = self.draws.squares.iter().step_by(stride);
        let gradients = self.gradients.iter().flat_map(|gradients| &gradients.squares);
        let ratios = draws.zip(gradients).map(|(q, g)| (q / g).sqrt());
        // A direction in which nothing moved says nothing: it keeps its variance.
        let usable = |(ratio, old): (f64, f64)| if ratio.is_finite() && ratio > 0.0 { ratio } else { old };
        ratios.zip(metric.variances()).map(usable).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const DRAWS: [[f64; 2]; 4] = [[1.0, 2.0], [3.0, -1.0], [0.5, 0.0], [-2.0, 4.0]];

    /// Two-pass covariance of the four draws.
    fn covariance(i: usize, j: usize) -> f64 {
        let mean = |i: usize| DRAWS.iter().map(|d| d[i]).sum::<f64>() / 4.0;
        DRAWS.iter().map(|d| (d[i] - mean(i)) * (d[j] - mean(j))).sum::<f64>() / 3.0
    }

    fn adapted(start: Metric, given: bool, adaptation: MetricAdaptation) -> Metric {
        let (mut metric, mut mass) = (start.clone(), MassAdaptation::new(&start, given, adaptation));
        for round in 0..2_u8 {
            // The second window must have forgotten the first.
            for draw in DRAWS {
                let position = draw.map(|x| x + 100.0 * f64::from(round)).to_vec();
                let gradient = vec![-draw[0] / 4.0, -3.0 * draw[1]];
                mass.add(&Point { position, gradient, logp: 0.0 });
            }
            mass.finish(&mut metric, round == 1);
        }
        metric
    }

    #[test]
    fn shrinkage_is_that_of_stan_without_a_metric_and_towards_a_given_one() {
        let unit = Metric::diagonal(vec![1.0; 2]).unwrap();
        let given = Metric::dense(vec![2.0, 0.5, 0.5, 1.0], 2).unwrap();
        let variances = adapted(unit, false, MetricAdaptation::Stan).variances();
        for (i, variance) in variances.iter().enumerate() {
            assert_relative_eq!(*variance, 4.0 / 9.0 * covariance(i, i) + 1e-3 * 5.0 / 9.0, max_relative = 1e-12);
        }
        for adaptation in [MetricAdaptation::Stan, MetricAdaptation::DrawGradient] {
            shrunk_to([2.0, 0.5, 0.5, 1.0], &adapted(given.clone(), true, adaptation));
        }
    }

    /// Four draws and a target that counts five.
    fn shrunk_to(target: [f64; 4], metric: &Metric) {
        let Metric::Dense { covariance: found, .. } = metric else { panic!() };
        for (k, target) in target.into_iter().enumerate() {
            let estimate = covariance(k / 2, k % 2);
            assert_relative_eq!(found[k], (4.0 * estimate + 5.0 * target) / 9.0, max_relative = 1e-12);
        }
    }

    #[test]
    fn draws_over_gradients_give_the_variance_of_a_normal_exactly() {
        // Gradients of -x / var: sqrt(var(x) / var(x / var)) = var, whatever the draws.
        let unit = Metric::diagonal(vec![1.0; 2]).unwrap();
        let found = adapted(unit, false, MetricAdaptation::DrawGradient).variances();
        assert_relative_eq!(found[0], 4.0, max_relative = 1e-12);
        assert_relative_eq!(found[1], 1.0 / 3.0, max_relative = 1e-12);
        let unit = Metric::dense(vec![1.0, 0.0, 0.0, 1.0], 2).unwrap();
        shrunk_to([4.0, 0.0, 0.0, 1.0 / 3.0], &adapted(unit, false, MetricAdaptation::DrawGradient));
    }

    #[test]
    fn a_hybrid_ends_with_the_variance_of_its_draws_shrunk_to_draws_over_gradients() {
        let unit = Metric::diagonal(vec![1.0; 2]).unwrap();
        let found = adapted(unit, false, MetricAdaptation::Hybrid).variances();
        for (i, ratio) in [4.0, 1.0 / 3.0].into_iter().enumerate() {
            assert_relative_eq!(found[i], (4.0 * covariance(i, i) + 5.0 * ratio) / 9.0, max_relative = 1e-12);
        }
    }
}
