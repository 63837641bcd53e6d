//! Sampling: how many sub-pixels stand for each cell of an image, and the means over them.

use std::sync::Arc;

use multiversion::multiversion;
use ppl_core::pool;

mod moments;
mod rule;

pub use rule::FINEST;
use rule::RULES;

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

    /// What a PSF [for means](crate::psf::Psf::of_means) is to be applied to: the means of the cells, moved to their neighbours by as
    /// much as light lies otherwise in its cell than the means beside it suggest.
    ///
    /// Along each axis, with u from -1/2 to 1/2 in a cell, M its mean and M+, M- those beside it,
    ///
    /// ```text
    /// d1 = <v u> - (M+ - M-) / 24      half of it to the next cell, half of it away from the last
    /// d2 = <v u^2> - M / 12            half of it to each of both, all of it away from the own
    /// ```
    ///
    /// keep the first and the second moment of the light, so that a cusp is blurred where it lies and not from the middle of its cell. A
    /// cell with one sub-pixel is taken to curve as its neighbours do, by which its mean differs from its middle. Cells at the border of
    /// the window keep their means. Evenly spaced sub-pixels give their means alone.
    ///
    /// # Panics
    /// As [`Sampling::bin`].
    pub fn deposit(&self, fine: &[f32], cells: &mut [f32], width: usize) {
        self.bin(fine, cells, width);
        if let Sampling::Each(levels) = self {
            moments::add(levels, fine, cells, width);
        }
    }

    /// The adjoint of [`Sampling::deposit`].
    ///
    /// # Panics
    /// As [`Sampling::bin`].
    pub fn deposit_adjoint(&self, cells: &[f32], fine: &mut [f32], width: usize) {
        let Sampling::Each(levels) = self else { return self.bin_adjoint(cells, fine, width) };
        let mut means = pool::take(cells.len());
        means.copy_from_slice(cells);
        moments::add_to_means(levels, cells, &mut means, width);
        self.bin_adjoint(&means, fine, width);
        pool::give_back(means);
        moments::add_to_sub_pixels(levels, cells, fine, width);
    }

    /// To which cells each sub-pixel goes, and with what weight, in the order of the sub-pixels: the columns of the matrix of
    /// [`Sampling::deposit`], or of [`Sampling::bin`], for cells with numbers of their own.
    #[cfg(feature = "cuda")]
    pub(crate) fn columns(&self, cells: usize, width: usize, deposit: bool) -> Vec<Vec<(usize, f32)>> {
        let levels: Vec<u8> = (0..cells).map(|cell| self.level(cell) as u8).collect();
        let shares = |cell: usize| shares(levels[cell]).iter().map(move |share| vec![(cell, *share)]).collect();
        let column = |cell| if deposit { moments::columns(&levels, cell, width) } else { shares(cell) };
        (0..cells).flat_map(column).collect()
    }
}

/// Where the k sub-pixels along the side of a cell of their own number lie, between -1/2 and 1/2.
pub(crate) fn nodes(k: usize) -> &'static [f64] {
    &RULES[k - 1].nodes
}

fn shares(k: u8) -> &'static [f32] {
    &RULES[usize::from(k) - 1].shares
}

/// Runs of cells with one sub-pixel each, which are most as a rule, and cells with more.
fn runs(levels: &[u8]) -> impl Iterator<Item = &[u8]> {
    levels.chunk_by(|a, b| *a == 1 && *b == 1)
}

fn bin_each(mut fine: &[f32], mut cells: &mut [f32], levels: &[u8]) {
    for run in runs(levels) {
        let (own, rest) = fine.split_at(run.len() * usize::from(run[0]).pow(2));
        let (to, others) = cells.split_at_mut(run.len());
        (fine, cells) = (rest, others);
        match run[0] {
            1 => to.copy_from_slice(own),
            level => to[0] = own.iter().zip(shares(level)).map(|(value, share)| value * share).sum(),
        }
    }
}

fn spread_each(mut cells: &[f32], mut fine: &mut [f32], levels: &[u8]) {
    for run in runs(levels) {
        let (own, rest) = fine.split_at_mut(run.len() * usize::from(run[0]).pow(2));
        let (from, others) = cells.split_at(run.len());
        (fine, cells) = (rest, others);
        match run[0] {
            1 => own.copy_from_slice(from),
            level => own.iter_mut().zip(shares(level)).for_each(|(own, share)| *own = from[0] * share),
        }
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
