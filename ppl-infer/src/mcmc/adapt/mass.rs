//! The metric from the draws of a window.

use super::{geometric_mean::geometric_mean, welford::Welford};
use crate::error::Result;
use crate::mcmc::{integrator::Point, metric::Metric, metric::with_diagonal, settings::MetricAdaptation};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Estimates a metric from the draws of a window, or from draws and gradients.
///
/// | | no metric given | a metric given |
/// |---|---|---|
/// | `Stan`, variances or covariance | `n/(n+5) S + 5/(n+5) 1e-3` (Stan) | `n/(n+m) S + m/(n+m) given` |
/// | `DrawGradient`, variances | `r` | `r` |
/// | `Hybrid`, variances | `r`; in the last window `n/(n+m) S + m/(n+m) r` | the same |
/// | `DrawGradient` and `Hybrid`, covariance | `n/(n+m) S + m/(n+m) diag(r)` | `n/(n+m) S + m/(n+m) given` |
/// | `Pooled`, variances | `r` of all chains | the same |
/// | `Pooled`, covariance | `S # G^-1` of all chains, seen from `diag(r)` | the same, seen from the metric of the window |
///
/// S is the unbiased (co)variance of n draws, `r = sqrt(var(draw) / var(gradient))`, m is 5 for variances and
/// `max(5, dim)` for a covariance, as fewer draws than dimensions give a singular S. Stan's 1e-3 is far too wide for
/// posteriors narrower than 0.03, so it gives way to anything that knows the scale.
///
/// `S # G^-1` is the [geometric mean](geometric_mean) of the covariance of the draws and the inverse of that of the gradients, as
/// `r` is of variances: of a normal density it is the covariance itself, whatever the draws. Both are taken in coordinates in
/// which the metric that they are seen from is the identity, and shrunk to it there with the weight of dim/2 draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MassAdaptation {
    draws: Welford,
    /// Where the metric asks for them.
    gradients: Option<Welford>,
    /// What a metric is shrunk to.
    target: Target,
    /// The last window takes the variance of its draws, whatever those before it take.
    variance_last: bool,
    /// Draws and gradients of all chains make the metric, and the pairs of gradients count.
    pooled: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Target {
    /// 1e-3 in each direction.
    Floor,
    /// The metric given at the start: `[dim]` or `[dim, dim]`.
    Given(Vec<f64>),
    /// Draws over gradients.
    Ratio,
    /// The metric of the window.
    Present,
}

impl MassAdaptation {
    /// An estimator of the kind of `metric`; `given` says whether that metric was given.
    pub fn new(metric: &Metric, given: bool, adaptation: MetricAdaptation) -> Self {
        // A metric of low rank stays: there is nothing to wait for.
        let fixed = matches!(metric, Metric::LowRank(_));
        let pooled = adaptation == MetricAdaptation::Pooled && !fixed;
        let ratio = pooled || matches!(adaptation, MetricAdaptation::DrawGradient | MetricAdaptation::Hybrid);
        let variances = metric.variances();
        let (dim, dense, start) = match metric {
            Metric::Diagonal { .. } | Metric::LowRank(_) => (variances.len(), false, &variances),
            Metric::Dense { covariance, .. } => (variances.len(), true, covariance),
        };
        let target = match (ratio, given) {
            (true, false) => Target::Ratio,
            (true, true) if !dense => Target::Ratio,
            _ if pooled => Target::Present,
            (_, true) => Target::Given(start.clone()),
            (false, false) => Target::Floor,
        };
        let gradients = (!fixed && (pooled || target == Target::Ratio)).then(|| Welford::new(dim, pooled && dense));
        let variance_last = adaptation == MetricAdaptation::Hybrid;
        Self { draws: Welford::new(dim, dense), gradients, target, variance_last, pooled }
    }

    /// Counts a draw.
    pub fn add(&mut self, draw: &Point) {
        self.draws.add(&draw.position);
        if let Some(gradients) = &mut self.gradients {
            gradients.add(&draw.gradient);
        }
    }

    /// Whether the metric is to be of the draws of all chains.
    pub fn pooled(&self) -> bool {
        self.pooled
    }

    /// Counts what another chain has counted too.
    pub fn merge(&mut self, other: &Self) {
        self.draws.merge(&other.draws);
        if let (Some(ours), Some(theirs)) = (&mut self.gradients, &other.gradients) {
            ours.merge(theirs);
        }
    }

    /// Sets the metric from the draws since the last time, and forgets them. One that could not be used (say, of a single
    /// draw) is not taken. `last` says that no window follows.
    pub fn finish(&mut self, metric: &mut Metric, last: bool) {
        let dim = self.draws.mean.len();
        let found = match &*metric {
            Metric::Diagonal { .. } if self.target == Target::Ratio && !(last && self.variance_last) => {
                Metric::diagonal(self.ratio(metric))
            }
            Metric::Diagonal { .. } => Metric::diagonal(self.shrunk(metric)),
            Metric::Dense { factor, .. } if self.pooled => self.mean_of_both(factor, metric),
            Metric::Dense { .. } => Metric::dense(self.shrunk(metric), dim),
            Metric::LowRank(_) => Ok(metric.clone()),
        };
        if let Ok(found) = found {
            *metric = found;
        }
        self.draws.restart();
        if let Some(gradients) = &mut self.gradients {
            gradients.restart();
        }
    }

    /// The covariance between draws and gradients, both shrunk to the target. `factor` is that of the present metric.
    fn mean_of_both(&self, factor: &[f64], metric: &Metric) -> Result<Metric> {
        let (n, dim) = (self.draws.count, self.draws.mean.len());
        let root = match self.target {
            Target::Present => DMatrix::from_row_slice(dim, dim, factor),
            _ => DMatrix::from_diagonal(&DVector::from_vec(self.ratio(metric)).map(f64::sqrt)),
        };
        let known = 0.5 * dim as f64;
        let shrunk = |covariance: DMatrix<f64>| (covariance * n + DMatrix::identity(dim, dim) * known) / (n + known);
        let gradients = self.gradients.as_ref().map(|gradients| root.transpose() * gradients.covariance() * &root);
        // The covariance of the draws from there, by two solves: L^-1 S L^-T.
        let half = root.solve_lower_triangular(&self.draws.covariance()).map(|half| half.transpose());
        let draws = half.and_then(|half| root.solve_lower_triangular(&half));
        let mean =
            draws.zip(gradients).and_then(|(draws, gradients)| geometric_mean(shrunk(draws), &shrunk(gradients)));
        let covariance = mean.map(|mean| &root * mean * root.transpose());
        let numbers = covariance.map_or_else(|| vec![f64::NAN; dim * dim], |c| c.as_slice().to_vec());
        Metric::dense(numbers, dim)
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
            Target::Ratio | Target::Present => (spread(self.ratio(metric)), known),
        };
        let n = self.draws.count;
        let estimates = self.draws.estimate().zip(target);
        estimates.map(|(estimate, target)| (n * estimate + prior * target) / (n + prior)).collect()
    }

    /// sqrt(var(draw) / var(gradient)): the variance exactly where the density is normal and its directions independent.
    fn ratio(&self, metric: &Metric) -> Vec<f64> {
        let draws = self.draws.diagonal();
        let gradients = self.gradients.iter().flat_map(Welford::diagonal);
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

    #[test]
    fn a_pooled_covariance_of_a_normal_comes_out_of_few_draws_of_several_chains() {
        // Gradients of a normal are -P (x - mean); four draws in three dimensions leave shrinkage alone to say the rest.
        let covariance = DMatrix::from_row_slice(3, 3, &[4.0, 1.2, -0.6, 1.2, 1.0, 0.3, -0.6, 0.3, 2.0]);
        let precision = covariance.clone().try_inverse().unwrap();
        let given = Metric::dense(vec![3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 3).unwrap();
        let unit = Metric::dense(with_diagonal(&[1.0; 3]), 3).unwrap();
        for (start, known) in [(given, true), (unit, false)] {
            let chain = |from: i32| {
                let mut mass = MassAdaptation::new(&start, known, MetricAdaptation::Pooled);
                for i in from..from + 2000 {
                    let x = DVector::from_fn(3, |k, _| (f64::from(i) * [0.7, 1.1, 1.7][k]).sin() * [3.0, 1.0, 2.0][k]);
                    let gradient = (-&precision * &x).as_slice().to_vec();
                    mass.add(&Point { position: x.as_slice().to_vec(), gradient, logp: 0.0 });
                }
                mass
            };
            let (mut metric, mut mass) = (start.clone(), chain(0));
            mass.merge(&chain(5000));
            mass.finish(&mut metric, false);
            let Metric::Dense { covariance: found, .. } = &metric else { panic!() };
            for (found, truth) in found.iter().zip(covariance.iter()) {
                // 4000 draws against a weight of 1.5 for the metric that they are seen from, which is off by up to 4.
                assert!((found - truth).abs() < 1e-2, "{found} {truth}");
            }
        }
    }
}
