//! Running moments of draws.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// Running mean and sum of squared deviations (Welford 1962): of each direction, or of each pair of directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Welford {
    pub count: f64,
    pub mean: Vec<f64>,
    delta: Vec<f64>,
    /// `[dim]`, or the lower triangle of `[dim, dim]`.
    pub squares: Vec<f64>,
}

impl Welford {
    pub fn new(dim: usize, dense: bool) -> Self {
        let squares = vec![0.0; if dense { dim * dim } else { dim }];
        Self { count: 0.0, mean: vec![0.0; dim], delta: vec![0.0; dim], squares }
    }

    pub fn restart(&mut self) {
        self.count = 0.0;
        self.mean.fill(0.0);
        self.squares.fill(0.0);
    }

    pub fn add(&mut self, x: &[f64]) {
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
    pub fn estimate(&self) -> impl Iterator<Item = f64> {
        self.squares.iter().map(|square| square / (self.count - 1.0))
    }

    /// Counts what another has counted too (Chan, Golub & LeVeque 1983).
    pub fn merge(&mut self, other: &Self) {
        let (n, dim) = (self.count + other.count, self.mean.len());
        if other.count == 0.0 {
            return;
        }
        for ((delta, ours), theirs) in self.delta.iter_mut().zip(&self.mean).zip(&other.mean) {
            *delta = theirs - ours;
        }
        let weight = self.count * other.count / n;
        for (index, (square, theirs)) in self.squares.iter_mut().zip(&other.squares).enumerate() {
            let (i, j) = if other.squares.len() == dim { (index, index) } else { (index / dim, index % dim) };
            let moved = if j <= i { weight * self.delta[i] * self.delta[j] } else { 0.0 };
            *square += theirs + moved;
        }
        self.mean.iter_mut().zip(&self.delta).for_each(|(mean, delta)| *mean += delta * other.count / n);
        self.count = n;
    }

    /// The sums of squares of each direction.
    pub fn diagonal(&self) -> impl Iterator<Item = &f64> {
        let dim = self.mean.len();
        self.squares.iter().step_by(if self.squares.len() == dim { 1 } else { dim + 1 })
    }

    /// The unbiased covariance; of a `Welford` of pairs.
    pub fn covariance(&self) -> DMatrix<f64> {
        let dim = self.mean.len();
        DMatrix::from_fn(dim, dim, |i, j| self.squares[i.max(j) * dim + i.min(j)] / (self.count - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_halves_together_are_the_whole() {
        let draws: Vec<[f64; 2]> = (0..9).map(f64::from).map(|x: f64| [(2.0 * x).sin() + 5.0, x * x.cos()]).collect();
        for pairs in [false, true] {
            let count = |draws: &[[f64; 2]]| {
                let mut counted = Welford::new(2, pairs);
                draws.iter().for_each(|draw| counted.add(draw));
                counted
            };
            let (mut half, whole) = (count(&draws[..4]), count(&draws));
            half.merge(&count(&draws[4..]));
            half.merge(&Welford::new(2, pairs));
            let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-13);
            assert!(half.count == 9.0 && close(&half.mean, &whole.mean) && close(&half.squares, &whole.squares));
        }
    }
}
