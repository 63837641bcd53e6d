//! The last layer: a transposed convolution of stride 2 to one channel, without a product of matrices forwards.

use multiversion::multiversion;
use multiversion::target::match_target;
use rayon::prelude::*;

use super::super::fold::Folded;
use super::super::plane::Plane;
use super::phases::Phases;
use crate::network::gemm::{BLOCK, Gathered, PackedRows, Write, product, run_of};

/// Kernel pixels.
const TAPS: usize = 16;
/// Pixels of one phase that are summed in registers.
const COLUMNS: usize = 16;

/// The weights of the last layer, from `deep` channels of `side` x `side` pixels to an image of twice the side.
pub(super) struct Last {
    pub(super) deep: usize,
    /// Pixels along a side of the deep images.
    pub(super) side: usize,
    weight: Vec<[f32; TAPS]>,
    rows: PackedRows,
}

impl Last {
    pub(super) fn new(Folded { weight, .. }: &Folded, deep: usize, side: usize) -> Self {
        let rows = PackedRows::dense(weight, deep, TAPS);
        Last { deep, side, weight: weight.as_chunks().0.to_vec(), rows }
    }

    /// Room that an image needs backwards.
    pub(super) fn room(&self) -> usize {
        self.side * self.side * self.deep
    }

    /// tanh of the image, from the planes `[images][deep]`.
    pub(super) fn forward(&self, from: &[f32], images: &mut [f32]) {
        let plane = Plane { side: self.side };
        // Two rows of pixels belong to one row of the deep image.
        let pair = 4 * self.side;
        images.par_chunks_exact_mut(pair).enumerate().with_min_len(4).for_each(|(at, rows)| {
            let (image, y) = (at / self.side, at % self.side);
            let from = &from[image * self.deep * plane.len()..(image + 1) * self.deep * plane.len()];
            convolve(&self.weight, from, plane, y, rows);
            rows.iter_mut().for_each(|pixel| *pixel = pixel.tanh());
        });
    }

    /// The way back: from the gradient behind tanh, `[images]` in phases, to that of the deep images, `block` `[images][deep][pixel]`.
    pub(super) fn backward(&self, gradient: &[f32], block: &mut [f32]) {
        let (source, pixels) = (Phases { side: 2 * self.side }, self.side * self.side);
        block.par_chunks_exact_mut(self.deep * pixels).enumerate().for_each(|(image, block)| {
            let gathered = Gathered {
                data: &gradient[image * source.len()..],
                columns: pixels,
                term: |k: usize| source.tap(k / 4, k % 4),
                place: |j: usize| j / self.side * source.row() + j % self.side,
                run: run_of(self.side),
            };
            for first in (0..pixels).step_by(BLOCK) {
                product(&self.rows, &gathered, first..first + BLOCK, &mut block[first..], pixels, Write::Set);
            }
        });
    }
}

/// Two rows of the image, from row `y` of the deep planes and its neighbours.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
fn convolve(weight: &[[f32; TAPS]], planes: &[f32], plane: Plane, y: usize, rows: &mut [f32]) {
    let fused = match_target! {
        "x86_64+fma" => true,
        "aarch64+neon" => true,
        _ => false,
    };
    if fused {
        convolve_with::<true>(weight, planes, plane, y, rows);
    } else {
        convolve_with::<false>(weight, planes, plane, y, rows);
    }
}

#[inline(always)]
fn convolve_with<const FUSED: bool>(weight: &[[f32; TAPS]], planes: &[f32], plane: Plane, y: usize, rows: &mut [f32]) {
    let fma = |a: f32, b: f32, c: f32| if FUSED { a.mul_add(b, c) } else { a * b + c };
    let (first, second) = rows.split_at_mut(2 * plane.side);
    for (phase, row) in [second, first].into_iter().enumerate() {
        for x in (0..plane.side).step_by(COLUMNS) {
            // Columns of both phases.
            let (mut odd, mut even) = ([0.0_f32; COLUMNS], [0.0_f32; COLUMNS]);
            for (weight, pixels) in weight.iter().zip(planes.chunks_exact(plane.len())) {
                for above in 0..2 {
                    // Kernel row 2 i + phase meets the deep row y + 1 - phase - i, one zero ahead; so do columns.
                    let at = (y + 2 - phase - above) * plane.row() + x;
                    let mut from = [0.0_f32; COLUMNS + 2];
                    from.copy_from_slice(&pixels[at..at + COLUMNS + 2]);
                    let tap = |j: usize| weight[(2 * above + phase) * 4 + j];
                    let taps = [tap(0), tap(1), tap(2), tap(3)];
                    for k in 0..COLUMNS {
                        odd[k] = fma(taps[2], from[k + 1], fma(taps[0], from[k + 2], odd[k]));
                        even[k] = fma(taps[3], from[k], fma(taps[1], from[k + 1], even[k]));
                    }
                }
            }
            let pairs = row[2 * x..2 * (x + COLUMNS)].as_chunks_mut::<2>().0.iter_mut();
            pairs.zip(even).zip(odd).for_each(|((pair, even), odd)| *pair = [even, odd]);
        }
    }
}
