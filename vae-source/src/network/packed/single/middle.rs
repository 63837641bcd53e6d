//! A middle layer: a transposed convolution of stride 2 whose weights were packed once, for both ways.

use multiversion::multiversion;
use rayon::prelude::*;

use super::super::activation::rounded;
use super::super::fold::Folded;
use super::super::plane::Plane;
use super::phases::Phases;
use crate::network::gemm::{BLOCK, Gathered, PackedRows, ROWS, Write, product, product_of, run_of};
use crate::network::op::{Geometry, phase_rows};

/// Rows of the smallest task backwards: for fewer, packing the columns takes as long as the products.
const LEAST: usize = 11 * ROWS;

/// Packed weights from `deep` channels of `side` x `side` pixels to `wide` channels of twice the side.
pub(super) struct Middle {
    pub(super) deep: usize,
    pub(super) wide: usize,
    /// Pixels along a side of the deep image.
    pub(super) side: usize,
    /// One matrix `[wide][deep, 2 x 2 kernel pixels]` a phase.
    phases: Vec<PackedRows>,
    /// The matrix `[deep][wide, 4 x 4 kernel pixels]`.
    backward: PackedRows,
    shift: Vec<f32>,
}

/// Kernel pixels.
const TAPS: usize = 16;

impl Middle {
    pub(super) fn new(geometry: &Geometry, Folded { weight, shift }: &Folded) -> Self {
        let ([deep, side, _], [wide, ..]) = (geometry.deep, geometry.wide);
        let phases = (0..4).map(|phase| phase_rows(geometry, weight, phase / 2, phase % 2)).collect();
        let backward = PackedRows::dense(weight, deep, wide * TAPS);
        Middle { deep, wide, side, phases, backward, shift: shift.clone() }
    }

    /// Room that an image needs in `block`, either way.
    pub(super) fn room(&self) -> usize {
        self.side * self.side * (4 * self.wide).max(self.deep)
    }

    /// Images of one task.
    fn together(&self) -> usize {
        (BLOCK / (self.side * self.side)).max(1)
    }

    /// The activation of transposed convolution + shift, from the planes `[images][deep]` to the planes `[images][wide]` of twice the side.
    pub(super) fn forward(&self, images: usize, from: &[f32], block: &mut [f32], to: &mut [f32]) {
        let (pixels, together) = (self.side * self.side, self.together());
        let group = together * pixels * self.wide;
        let source = Plane { side: self.side };
        let block = &mut block[..images * pixels * 4 * self.wide];
        // [group][phase][wide][image of the group][pixel]
        block.par_chunks_mut(4 * group).enumerate().for_each(|(at, block)| {
            let columns = block.len() / (4 * self.wide);
            let from = &from[at * together * self.deep * source.len()..];
            block.par_chunks_exact_mut(self.wide * columns).zip(&self.phases).enumerate().for_each(
                |(phase, (block, rows))| {
                    let start = (1 - phase / 2) * source.row() + 1 - phase % 2;
                    let gathered = Gathered {
                        data: from,
                        columns,
                        // Pixel (y, x) of a phase meets the deep pixel (y - i, x - j) at its kernel pixel (i, j).
                        term: |k: usize| k / 4 * source.len() + (1 - k / 2 % 2) * source.row() + 1 - k % 2,
                        place: |j: usize| {
                            let pixel = j % pixels;
                            let plane = j / pixels * self.deep * source.len() + start;
                            plane + pixel / self.side * source.row() + pixel % self.side
                        },
                        run: run_of(self.side),
                    };
                    product(rows, &gathered, 0..columns, block, columns, Write::Set);
                },
            );
        });
        let plane = Plane { side: 2 * self.side };
        to.par_chunks_exact_mut(plane.len()).enumerate().with_min_len(8).for_each(|(at, to)| {
            let (image, channel) = (at / self.wide, at % self.wide);
            let (first, within) = (image / together * together, image % together);
            let columns = (images - first).min(together) * pixels;
            let block = &block[first * pixels * 4 * self.wide..];
            let phase = |phase: usize| &block[(phase * self.wide + channel) * columns + within * pixels..][..pixels];
            activate(plane, [0, 1, 2, 3].map(phase), self.shift[channel], to);
        });
    }

    /// The way back: from the gradient of the wide images, `[images][wide]` in phases, to that of the deep ones, `block`
    /// `[group of images][deep][image of the group][pixel]`.
    pub(super) fn backward(&self, images: usize, gradient: &[f32], block: &mut [f32]) {
        let (pixels, together) = (self.side * self.side, self.together());
        let source = Phases { side: 2 * self.side };
        let block = &mut block[..images * pixels * self.deep];
        let share = self.share(images.div_ceil(together));
        block.par_chunks_mut(together * pixels * self.deep).enumerate().for_each(|(at, block)| {
            let columns = block.len() / self.deep;
            let gathered = Gathered {
                data: &gradient[at * together * self.wide * source.len()..],
                columns,
                term: |k: usize| k / TAPS * source.len() + source.tap(k % TAPS / 4, k % 4),
                place: |j: usize| {
                    let pixel = j % pixels;
                    j / pixels * self.wide * source.len() + pixel / self.side * source.row() + pixel % self.side
                },
                run: run_of(self.side),
            };
            block.par_chunks_mut(share * columns).enumerate().for_each(|(at, block)| {
                let rows = at * share..self.deep.min((at + 1) * share);
                product_of(&self.backward, rows, &gathered, 0..columns, block, columns, Write::Set);
            });
        });
    }

    /// Rows of one task backwards: each packs the columns again, so that there are no more tasks than threads.
    fn share(&self, groups: usize) -> usize {
        let tasks = rayon::current_num_threads().div_ceil(groups.max(1));
        self.deep.div_ceil(tasks).next_multiple_of(ROWS).max(LEAST)
    }

    /// Where the gradient of a deep image and channel is in the block that [`Middle::backward`] leaves.
    pub(super) fn place(&self, images: usize, image: usize, channel: usize) -> usize {
        let (pixels, together) = (self.side * self.side, self.together());
        let (first, within) = (image / together * together, image % together);
        let columns = (images - first).min(together) * pixels;
        first * pixels * self.deep + channel * columns + within * pixels
    }
}

/// A plane from its four phases: the activation of what they say and a shift.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
fn activate(plane: Plane, phases: [&[f32]; 4], shift: f32, to: &mut [f32]) {
    let side = plane.side / 2;
    for (y, row) in plane.rows(to).enumerate() {
        // Even rows and columns are of the second phase.
        let line = |x: usize| &phases[(1 - y % 2) * 2 + x][y / 2 * side..][..side];
        for ((pair, even), odd) in row.as_chunks_mut::<2>().0.iter_mut().zip(line(1)).zip(line(0)) {
            *pair = [rounded(even + shift), rounded(odd + shift)];
        }
    }
}
