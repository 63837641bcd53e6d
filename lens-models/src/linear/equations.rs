//! Equations: the parabola that ln p(data, amplitudes) is.

use super::amplitudes::AmplitudePrior;
use super::products::{Target, count, place, products};

/// ln p(data, a) = constant + b . a - a^T A a / 2 for the amplitudes a of images.
#[derive(Clone, Debug, Default)]
pub struct Equations {
    /// A = B^T W B + prior precision, `[n, n]`.
    pub matrix: Vec<f64>,
    /// b = B^T W (data - rest) + precision times mean.
    pub vector: Vec<f64>,
    /// What does not depend on the amplitudes.
    pub constant: f64,
}

impl Equations {
    /// The equations of images and what they are to add up to: `target` less `rest`. `inverse` is 1 / sigma of each pixel, 0 where
    /// it is not used; `constant` is that of the likelihood itself.
    pub fn new(
        images: &[&[f32]],
        target: Target<'_>,
        inverse: &[f32],
        constant: f64,
        priors: &[AmplitudePrior],
    ) -> Self {
        let (mut sums, mut equations) = (vec![0.0; count(images.len())], Equations::default());
        products(images, target, inverse, &mut vec![], &mut sums);
        equations.set(&sums, constant, priors);
        equations
    }

    /// Makes those of the [sums](super::products) of as many images as there are priors.
    pub(crate) fn set(&mut self, sums: &[f64], constant: f64, priors: &[AmplitudePrior]) {
        let n = priors.len();
        let sum = |i: usize, j: usize| sums[place(n + 1, i, j)];
        self.matrix.clear();
        self.matrix.extend((0..n * n).map(|at| sum(at / n, at % n)));
        self.vector.clear();
        self.vector.extend((0..n).map(|i| sum(i, n)));
        self.constant = constant - 0.5 * sum(n, n);
        for (i, AmplitudePrior { loc, scale, .. }) in priors.iter().enumerate() {
            let precision = 1.0 / (scale * scale);
            self.matrix[i * n + i] += precision;
            self.vector[i] += precision * loc;
            // ln p(a) = - (a - loc)^2 / (2 scale^2) - ln scale - ln(2 pi) / 2.
            self.constant -= 0.5 * precision * loc * loc + scale.ln() + HALF_LN_2PI;
        }
    }

    /// ln p(data, a) at amplitudes.
    pub fn at(&self, a: &[f64]) -> f64 {
        let n = a.len();
        let by = |i: usize| {
            let curved: f64 = self.matrix[i * n..(i + 1) * n].iter().zip(a).map(|(m, a)| m * a).sum();
            a[i] * (self.vector[i] - 0.5 * curved)
        };
        self.constant + (0..n).map(by).sum::<f64>()
    }
}

/// (1/2) ln(2 pi).
pub(super) const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;
