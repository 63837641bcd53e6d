//! Equations: the parabola that ln p(data, amplitudes) is, summed over pixels in f64.

use std::cell::RefCell;

use multiversion::multiversion;
use rayon::prelude::*;

use super::amplitudes::AmplitudePrior;

/// Pixels that are widened to f64 at a time: a block of 40 images stays in the second cache.
const BLOCK: usize = 256;
/// Pixels of one task. Their sums are added in order, so that there is one value for any number of threads.
pub(super) const CHUNK: usize = 4096;
/// Running sums kept side by side.
const LANES: usize = 8;

thread_local! {
    static ROOM: RefCell<Vec<f64>> = RefCell::default();
}

/// ln p(data, a) = constant + b . a - a^T A a / 2 for the amplitudes a of images.
#[derive(Clone, Debug, Default)]
pub struct Equations {
    /// A = B^T W B + prior precision, `[n, n]`.
    pub matrix: Vec<f64>,
    /// b = B^T W (data - rest) + precision times mean.
    pub vector: Vec<f64>,
    /// What does not depend on the amplitudes.
    pub constant: f64,
    sums: Vec<f64>,
}

impl Equations {
    /// Makes the equations of images and what they are to add up to: `target` less `rest`. `inverse` is 1 / sigma of each pixel, 0 where
    /// it is not used; `constant` is that of the likelihood itself.
    pub fn set(
        &mut self,
        images: &[&[f32]],
        target: (&[f32], Option<&[f32]>),
        inverse: &[f32],
        constant: f64,
        priors: &[AmplitudePrior],
    ) {
        let n = images.len();
        let width = (n + 1) * (n + 2) / 2;
        self.sums.resize(inverse.len().div_ceil(CHUNK).max(1) * width, 0.0);
        self.sums.fill(0.0);
        self.sums.par_chunks_exact_mut(width).enumerate().for_each(|(chunk, sums)| {
            let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(inverse.len());
            ROOM.with_borrow_mut(|room| {
                room.resize((n + 1) * BLOCK, 0.0);
                for start in range.clone().step_by(BLOCK) {
                    let block = start..(start + BLOCK).min(range.end);
                    for (row, image) in room.chunks_exact_mut(BLOCK).zip(images) {
                        let pixels = image[block.clone()].iter().zip(&inverse[block.clone()]);
                        fill(row, pixels.map(|(b, w)| f64::from(*b) * f64::from(*w)));
                    }
                    let rest = |i: usize| target.1.map_or(0.0, |rest| f64::from(rest[i]));
                    let left = block.clone().map(|i| (f64::from(target.0[i]) - rest(i)) * f64::from(inverse[i]));
                    fill(&mut room[n * BLOCK..], left);
                    products(room, sums);
                }
            });
        });
        let (first, others) = self.sums.split_at_mut(width);
        for chunk in others.chunks_exact(width) {
            first.iter_mut().zip(chunk).for_each(|(sum, term)| *sum += term);
        }
        self.matrix.resize(n * n, 0.0);
        self.vector.resize(n, 0.0);
        let mut sums = self.sums.iter();
        for i in 0..n {
            for j in i..n {
                let sum = sums.next().copied().unwrap_or(0.0);
                (self.matrix[i * n + j], self.matrix[j * n + i]) = (sum, sum);
            }
            self.vector[i] = sums.next().copied().unwrap_or(0.0);
        }
        self.constant = constant - 0.5 * sums.next().copied().unwrap_or(0.0);
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

/// Zeros where there are fewer numbers.
fn fill(row: &mut [f64], numbers: impl Iterator<Item = f64>) {
    row.iter_mut().zip(numbers.chain(std::iter::repeat(0.0))).for_each(|(to, from)| *to = from);
}

/// Adds the products of all pairs of rows, the upper triangle row by row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
fn products(rows: &[f64], sums: &mut [f64]) {
    let n = rows.len() / BLOCK;
    let mut sums = sums.iter_mut();
    for i in 0..n {
        let mut j = i;
        while j < n {
            // Four rows share each load of the first.
            if j + 4 <= n {
                let four = dots::<4>(&rows[i * BLOCK..], &rows[j * BLOCK..]);
                four.iter().zip(&mut sums).for_each(|(dot, sum)| *sum += dot);
                j += 4;
            } else {
                let one = dots::<1>(&rows[i * BLOCK..], &rows[j * BLOCK..]);
                one.iter().zip(&mut sums).for_each(|(dot, sum)| *sum += dot);
                j += 1;
            }
        }
    }
}

/// The products of one row with K.
#[inline(always)]
fn dots<const K: usize>(row: &[f64], others: &[f64]) -> [f64; K] {
    let mut sums = [[0.0; LANES]; K];
    for p in (0..BLOCK).step_by(LANES) {
        let a: &[f64] = &row[p..p + LANES];
        for (k, sums) in sums.iter_mut().enumerate() {
            let b = &others[k * BLOCK + p..k * BLOCK + p + LANES];
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += a * b;
            }
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}
