//! Sampling: how many sub-pixels stand for each cell of an image, and the means over them.

use std::sync::{Arc, LazyLock};

use multiversion::multiversion;

use crate::quadrature::gauss_legendre;

/// The most sub-pixels along the side of a cell that has its own number of them.
pub const FINEST: usize = 32;

/// Sub-pixels of the cells of an image: of a pixel each, or of a part of it on which the PSF acts.
#[derive(Debug, Clone, PartialEq)]
pub enum Sampling {
    /// k x k in every cell, row by row of the whole window: `[height k][width k]`.
    Uniform(usize),
    /// k x k in each cell by its own k (1 to [`FINEST`]), cell after cell, row-major; within a cell row by row. They are the nodes
    /// of Gauss and Legendre, whose weighted mean is exact for polynomials of degree 2 k - 1 along each side.
    Each(Arc<[u8]>),
}

impl Sampling {
    /// Sub-pixels of so many cells.
    pub fn subpixels(&self, cells: usize) -> usize {
        match self {
            Sampling::Uniform(k) => cells * k * k,
            Sampling::Each(levels) => levels.iter().map(|k| usize::from(*k).pow(2)).sum(),
        }
    }

    /// The most sub-pixels along the side of a cell.
    pub fn finest(&self) -> usize {
        match self {
            Sampling::Uniform(k) => *k,
            Sampling::Each(levels) => levels.iter().copied().max().map_or(1, usize::from),
        }
    }

    /// The k of a cell.
    pub fn level(&self, cell: usize) -> usize {
        match self {
            Sampling::Uniform(k) => *k,
            Sampling::Each(levels) => usize::from(levels[cell]),
        }
    }

    /// The share of each sub-pixel of a cell in its mean, of cells with numbers of their own.
    #[cfg(feature = "cuda")]
    pub(crate) fn shares_of(&self, cell: usize) -> &'static [f32] {
        shares(self.level(cell) as u8)
    }

    /// Panics unless it is of so many cells, with a sub-pixel in each.
    pub(crate) fn check(&self, cells: usize) {
        match self {
            Sampling::Uniform(k) => assert!(*k > 0, "a cell has a sub-pixel at least"),
            Sampling::Each(levels) => {
                let allowed = |k: &u8| (1..=FINEST).contains(&usize::from(*k));
                assert!(
                    levels.len() == cells && levels.iter().all(allowed),
                    "a level from 1 to 32 for each of the cells"
                );
            }
        }
    }

    /// The (weighted) mean over the sub-pixels of each cell of a window that is `width` cells wide.
    ///
    /// # Panics
    /// If the lengths do not belong together.
    pub fn bin(&self, fine: &[f32], cells: &mut [f32], width: usize) {
        assert!(cells.len().is_multiple_of(width) && fine.len() == self.subpixels(cells.len()), "the whole window");
        match self {
            Sampling::Uniform(1) => cells.copy_from_slice(fine),
            Sampling::Uniform(2) => bin_fixed::<2>(fine, cells, width),
            Sampling::Uniform(3) => bin_fixed::<3>(fine, cells, width),
            Sampling::Uniform(4) => bin_fixed::<4>(fine, cells, width),
            Sampling::Uniform(k) => bin_any(fine, cells, width, *k),
            Sampling::Each(levels) => bin_each(fine, cells, levels),
        }
    }

    /// The adjoint of [`Sampling::bin`]: each of the k x k sub-pixels gets its share of the value of its cell.
    ///
    /// # Panics
    /// If the lengths do not belong together.
    pub fn bin_adjoint(&self, cells: &[f32], fine: &mut [f32], width: usize) {
        assert!(cells.len().is_multiple_of(width) && fine.len() == self.subpixels(cells.len()), "the whole window");
        match self {
            Sampling::Uniform(1) => fine.copy_from_slice(cells),
            Sampling::Uniform(2) => spread_fixed::<2>(cells, fine, width),
            Sampling::Uniform(3) => spread_fixed::<3>(cells, fine, width),
            Sampling::Uniform(4) => spread_fixed::<4>(cells, fine, width),
            Sampling::Uniform(k) => spread_any(cells, fine, width, *k),
            Sampling::Each(levels) => spread_each(cells, fine, levels),
        }
    }
}

/// The nodes of k points between -1/2 and 1/2, and the share of each of k x k of them in the mean.
struct Rule {
    nodes: Vec<f64>,
    shares: Vec<f32>,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| (1..=FINEST).map(Rule::new).collect());

impl Rule {
    fn new(k: usize) -> Self {
        let rule = gauss_legendre(k);
        let nodes = rule.iter().map(|[x, _]| 0.5 * x).collect();
        let weights: Vec<f64> = rule.iter().map(|[_, weight]| 0.5 * weight).collect();
        let shares = weights.iter().flat_map(|a| weights.iter().map(move |b| (a * b) as f32)).collect();
        Rule { nodes, shares }
    }
}

/// Where the k sub-pixels along the side of a cell of their own number lie, between -1/2 and 1/2.
pub(crate) fn nodes(k: usize) -> &'static [f64] {
    &RULES[k - 1].nodes
}

fn shares(k: u8) -> &'static [f32] {
    &RULES[usize::from(k) - 1].shares
}

fn bin_each(mut fine: &[f32], cells: &mut [f32], levels: &[u8]) {
    for (cell, level) in cells.iter_mut().zip(levels) {
        let count = usize::from(*level).pow(2);
        let (own, rest) = fine.split_at(count);
        *cell = own.iter().zip(shares(*level)).map(|(value, share)| value * share).sum();
        fine = rest;
    }
}

fn spread_each(cells: &[f32], mut fine: &mut [f32], levels: &[u8]) {
    for (value, level) in cells.iter().zip(levels) {
        let count = usize::from(*level).pow(2);
        let (own, rest) = fine.split_at_mut(count);
        own.iter_mut().zip(shares(*level)).for_each(|(own, share)| *own = value * share);
        fine = rest;
    }
}

/// `bin` with the factor known to the compiler, so that the k x k sums become shuffles.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn bin_fixed<const K: usize>(fine: &[f32], coarse: &mut [f32], width: usize) {
    let share = 1.0 / (K * K) as f32;
    for (rows, out) in fine.chunks_exact(K * K * width).zip(coarse.chunks_exact_mut(width)) {
        out.fill(0.0);
        for row in rows.chunks_exact(K * width) {
            for (sum, cell) in out.iter_mut().zip(row.as_chunks::<K>().0) {
                *sum += cell.iter().sum::<f32>();
            }
        }
        out.iter_mut().for_each(|sum| *sum *= share);
    }
}

fn bin_any(fine: &[f32], coarse: &mut [f32], width: usize, k: usize) {
    let share = 1.0 / (k * k) as f32;
    for (rows, out) in fine.chunks_exact(k * k * width).zip(coarse.chunks_exact_mut(width)) {
        out.fill(0.0);
        for row in rows.chunks_exact(k * width) {
            for (sum, cell) in out.iter_mut().zip(row.chunks_exact(k)) {
                *sum += cell.iter().sum::<f32>();
            }
        }
        out.iter_mut().for_each(|sum| *sum *= share);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn spread_fixed<const K: usize>(coarse: &[f32], fine: &mut [f32], width: usize) {
    let share = 1.0 / (K * K) as f32;
    for (rows, from) in fine.chunks_exact_mut(K * K * width).zip(coarse.chunks_exact(width)) {
        for row in rows.chunks_exact_mut(K * width) {
            for (cell, value) in row.as_chunks_mut::<K>().0.iter_mut().zip(from) {
                *cell = [value * share; K];
            }
        }
    }
}

fn spread_any(coarse: &[f32], fine: &mut [f32], width: usize, k: usize) {
    let share = 1.0 / (k * k) as f32;
    for (rows, from) in fine.chunks_exact_mut(k * k * width).zip(coarse.chunks_exact(width)) {
        for row in rows.chunks_exact_mut(k * width) {
            for (cell, value) in row.chunks_exact_mut(k).zip(from) {
                cell.fill(value * share);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_of_a_cell_are_exact_for_polynomials() {
        for k in 1..=FINEST {
            let share: Vec<f64> = (0..k).map(|i| (0..k).map(|j| f64::from(shares(k as u8)[i * k + j])).sum()).collect();
            for power in 0..(2 * k).min(12) as i32 {
                let mean: f64 = nodes(k).iter().zip(&share).map(|(x, share)| share * x.powi(power)).sum();
                let exact = if power % 2 == 1 { 0.0 } else { 0.5_f64.powi(power) / f64::from(power + 1) };
                // Shares are f32.
                assert!((mean - exact).abs() < 1e-7, "{k} points, x^{power}: {mean} {exact}");
            }
        }
    }

    #[test]
    fn spreading_is_the_adjoint_of_binning() {
        let levels: Vec<u8> = (0..36).map(|i| 1 + (i * i % 5) as u8).collect();
        let uniform = [1, 2, 3, 4, 6].map(Sampling::Uniform);
        for sampling in uniform.into_iter().chain([Sampling::Each(levels.into())]) {
            let fine: Vec<f32> = (0..sampling.subpixels(36)).map(|i| (i as f32 * 0.7).sin()).collect();
            let coarse: Vec<f32> = (0..36).map(|i| (i as f32 * 1.3).cos()).collect();
            let (mut binned, mut spread) = (vec![0.0; coarse.len()], vec![0.0; fine.len()]);
            sampling.bin(&fine, &mut binned, 9);
            sampling.bin_adjoint(&coarse, &mut spread, 9);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            // Both sides are sums of 36 products of order 1, each with an f32 rounding of 6e-8.
            assert!((dot(&binned, &coarse) - dot(&fine, &spread)).abs() < 1e-6, "{sampling:?}");
        }
    }
}
