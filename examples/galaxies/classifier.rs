//! A logistic classifier on the seven statistics: whether two samples of galaxies can be told apart.

use arclet::infer::diagnostics::{median, sd};
use arclet::prelude::*;

use super::statistics::column;

/// From seven statistics to the numbers that are weighted: 1, the statistics in standard units, and, if asked for, their squares
/// and products.
#[derive(Clone)]
pub struct Features {
    scales: Vec<(f64, f64)>,
    squares: bool,
}

impl Features {
    /// In units of the spread of two samples together.
    pub fn of(a: &[[f64; 7]], b: &[[f64; 7]], squares: bool) -> Self {
        let scale = |k| {
            let both = [column(a, k), column(b, k)].concat();
            (median(&both), sd(&both))
        };
        Self { scales: (0..7).map(scale).collect(), squares }
    }

    fn row(&self, statistics: &[f64; 7]) -> Vec<f64> {
        // A few far values would otherwise rule the fit.
        let standard =
            statistics.iter().zip(&self.scales).map(|(v, (median, sd))| ((v - median) / sd).clamp(-4.0, 4.0));
        let mut features: Vec<f64> = std::iter::once(1.0).chain(standard).collect();
        if self.squares {
            for i in 1..=7 {
                for j in 1..=i {
                    features.push(features[i] * features[j]);
                }
            }
        }
        features
    }
}

/// A logistic regression, itself an arclet model: y ~ Bernoulli(sigmoid(weights . features)), weights ~ N(0, 1).
pub struct Classifier {
    features: Features,
    weights: Vec<f64>,
}

impl Classifier {
    /// The most probable weights, given statistics and whether each is of the first kind (1) or not (0).
    pub fn fit<'a>(features: &Features, seen: impl Iterator<Item = (&'a [f64; 7], f64)>) -> anyhow::Result<Self> {
        let (rows, y): (Vec<Vec<f64>>, Vec<f64>) = seen.map(|(row, y)| (features.row(row), y)).unzip();
        let dim = rows[0].len();
        let (x, y) = (Var::matrix(rows.len(), dim, rows.concat())?, Var::vector(y));
        let model = |ctx: &mut Ctx| {
            let weights = ctx.plate("weights", dim, |ctx| ctx.sample("weight", Normal::new(0.0, 1.0)))?;
            ctx.observe("real", Bernoulli::new(x.matvec(&weights)?.sigmoid()), &y)
        };
        let density = ModelDensity::new(model)?;
        let best = maximise(&density, &vec![0.0; dim], &MapSettings::default())?;
        Ok(Self { features: features.clone(), weights: best.position })
    }

    /// The log odds that a galaxy is of the first kind.
    pub fn score(&self, statistics: &[f64; 7]) -> f64 {
        self.features.row(statistics).iter().zip(&self.weights).map(|(v, w)| v * w).sum()
    }
}

/// The area under the ROC curve of telling `a` from `b`, and its standard error (Hanley & McNeil 1982). Each galaxy is scored by a
/// classifier that has not seen its tenth.
pub fn cross_validated_auc(a: &[[f64; 7]], b: &[[f64; 7]], squares: bool) -> anyhow::Result<(f64, f64)> {
    let features = Features::of(a, b, squares);
    let rows: Vec<(&[f64; 7], f64)> = a.iter().map(|row| (row, 1.0)).chain(b.iter().map(|row| (row, 0.0))).collect();
    let mut scores = [Vec::new(), Vec::new()];
    for fold in 0..10 {
        let unseen = |k: &usize| k % 10 == fold;
        let seen = rows.iter().enumerate().filter(|(k, _)| !unseen(k)).map(|(_, row)| *row);
        let classifier = Classifier::fit(&features, seen)?;
        for (_, (row, y)) in rows.iter().enumerate().filter(|(k, _)| unseen(k)) {
            scores[usize::from(*y == 0.0)].push(classifier.score(row));
        }
    }
    Ok(auc(&scores[0], &scores[1]))
}

/// The share of pairs in which the score of `a` is above that of `b`, and its standard error.
fn auc(a: &[f64], b: &[f64]) -> (f64, f64) {
    let above = |a: f64, b: f64| if a == b { 0.5 } else { f64::from(u8::from(a > b)) };
    let sum: f64 = a.iter().flat_map(|a| b.iter().map(move |b| above(*a, *b))).sum();
    let (n, m) = (a.len() as f64, b.len() as f64);
    let auc = sum / (n * m);
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let variance = (auc * (1.0 - auc) + (n - 1.0) * (q1 - auc * auc) + (m - 1.0) * (q2 - auc * auc)) / (n * m);
    (auc, variance.sqrt())
}
