//! method: the fastest way to correlate an image with given taps, in blocks of rows.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::{Arc, RwLock};

use rayon::prelude::*;

use super::direct::{Taps, correlate, lines, pad, stride_for};
use super::fft;

/// Rows that one call of the direct kernels works on: their padded copy stays in the first cache.
const BLOCK: usize = 32;

#[derive(Debug, Clone)]
pub(super) enum Method {
    /// All taps at once.
    Direct(Taps),
    /// A row of taps, then a column of taps.
    Separable { row: Taps, column: Taps },
    /// Spectra; the plans of the last image sizes.
    Fourier { taps: Taps, plan: Plans },
}

/// The plans for the image sizes seen last, the newest at the end; a clone starts without one.
#[derive(Default)]
pub(super) struct Plans(RwLock<Vec<Arc<fft::Plan>>>);

/// Image sizes whose plans are kept: one posterior has one, a set of simulated galaxies a dozen. Making a plan costs more than
/// using it.
const SIZES: usize = 16;

impl Clone for Plans {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for Plans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plans")
    }
}

thread_local! {
    /// Padded input, and what is between the two passes of a separable kernel.
    static SCRATCH: RefCell<(Vec<f32>, Vec<f32>)> = RefCell::default();
}

impl Method {
    pub fn choose(taps: Taps) -> Self {
        // Measured on 128 x 128 and 256 x 256 pixels, one thread: two passes beat all taps at once from 7 x 7 on, and
        // spectra beat all taps at once from about 17 x 17 on, two passes from about 35 x 35 on.
        let size = taps.weights.len();
        match separate(&taps) {
            Some((row, column)) if (7 * 7..=35 * 35).contains(&size) => Self::Separable { row, column },
            _ if size > 17 * 17 => Self::Fourier { taps, plan: Plans::default() },
            _ => Self::Direct(taps),
        }
    }

    /// Rows of one block of work.
    fn block(&self, width: usize, height: usize) -> usize {
        match self {
            Self::Fourier { taps, plan } => plan.get(taps, width, height).block,
            _ => BLOCK,
        }
    }

    pub fn whole(&self, input: &[f32], width: usize, height: usize, out: &mut [f32]) {
        self.rows(input, width, height, 0..height, out);
    }

    pub fn threaded(&self, input: &[f32], width: usize, height: usize, out: &mut [f32]) {
        assert!(input.len() == width * height && out.len() == input.len(), "width x height pixels in and out");
        let block = self.block(width, height);
        out.par_chunks_mut(block * width).enumerate().for_each(|(i, out)| {
            self.one_block(input, width, height, i * block, out);
        });
    }

    pub fn rows(&self, input: &[f32], width: usize, height: usize, rows: Range<usize>, out: &mut [f32]) {
        assert!(input.len() == width * height && rows.end <= height, "width x height pixels in");
        assert!(out.len() == rows.len() * width, "as many rows out as asked for");
        let block = self.block(width, height);
        for (i, out) in out.chunks_mut(block * width).enumerate() {
            self.one_block(input, width, height, rows.start + i * block, out);
        }
    }

    fn one_block(&self, input: &[f32], width: usize, height: usize, start: usize, out: &mut [f32]) {
        let rows = start..start + out.len() / width;
        match self {
            Self::Direct(taps) => SCRATCH.with_borrow_mut(|(padded, _)| {
                let stride = stride_for(width, taps.width);
                pad(input, width, rows, taps.height / 2, taps.width / 2, stride, padded);
                correlate(padded, stride, taps, out, width, width);
            }),
            Self::Separable { row, column } => SCRATCH.with_borrow_mut(|(padded, between)| {
                let (stride, pass) = (stride_for(width, row.width), stride_for(width, 1));
                pad(input, width, rows, column.height / 2, row.width / 2, stride, padded);
                between.resize(padded.len() / stride * pass, 0.0);
                lines(padded, stride, 1, &row.weights, between, pass);
                lines(between, pass, pass, &column.weights, out, width);
            }),
            Self::Fourier { taps, plan } => plan.get(taps, width, height).correlate(input, start, out),
        }
    }
}

impl Plans {
    fn get(&self, taps: &Taps, width: usize, height: usize) -> Arc<fft::Plan> {
        let fits = |plan: &&Arc<fft::Plan>| (plan.width, plan.height) == (width, height);
        // A poisoned lock only means that another thread panicked; plans are put in and taken out whole, never half.
        if let Some(plan) = self.0.read().unwrap_or_else(|e| e.into_inner()).iter().find(fits) {
            return plan.clone();
        }
        let plan = Arc::new(fft::Plan::new(taps, width, height));
        let mut plans = self.0.write().unwrap_or_else(|e| e.into_inner());
        if plans.len() == SIZES {
            plans.remove(0);
        }
        plans.push(plan.clone());
        plan
    }
}

/// The row and column whose outer product the kernel is, to 1e-6 of its largest weight, if there are such.
///
/// A kernel of rank 1 with sum 1 is the product of its own marginals, so no decomposition is needed.
pub(super) fn separate(taps: &Taps) -> Option<(Taps, Taps)> {
    let Taps { width, height, weights } = taps;
    let at = |j: usize, i: usize| f64::from(weights[j * width + i]);
    let row: Vec<f64> = (0..*width).map(|i| (0..*height).map(|j| at(j, i)).sum()).collect();
    let column: Vec<f64> = (0..*height).map(|j| (0..*width).map(|i| at(j, i)).sum()).collect();
    let sum: f64 = row.iter().sum();
    let largest = weights.iter().fold(0.0, |max: f64, weight| max.max(f64::from(weight.abs())));
    let off = |j: usize, i: usize| (column[j] * row[i] / sum - at(j, i)).abs();
    if (0..weights.len()).any(|k| off(k / width, k % width) > 1e-6 * largest) {
        return None;
    }
    let row = Taps { width: *width, height: 1, weights: row.iter().map(|weight| (weight / sum) as f32).collect() };
    let column = Taps { width: 1, height: *height, weights: column.iter().map(|weight| *weight as f32).collect() };
    Some((row, column))
}
