//! From the deep image to the wide one: the value of a transposed convolution, and the way back of a convolution.

use std::ops::Range;

use rayon::prelude::*;

use super::dense;
use super::geometry::Geometry;
use super::planes::Planes;
use crate::network::gemm::{BLOCK, Gathered, PackedRows, Scratch, Write, product, run_of};

/// wide[c][stride y + i - padding][stride x + j - padding] += sum_o weight[o][c][i][j] deep[o][y][x], image by image.
///
/// Each phase of the wide image (its pixels of one remainder by the stride) is a convolution of the deep image with the kernel
/// pixels of that phase: no pixel is added to twice, and every sum is one sum of a product.
pub(super) fn spread(geometry: &Geometry, deep: &[f32], weight: &[f32], wide: &mut [f32]) {
    if geometry.is_dense() {
        return dense::with_columns(deep, weight, wide, geometry.deep[0], geometry.wide_len());
    }
    let stride = geometry.kernel.stride;
    let phases: Vec<Phase> =
        (0..stride * stride).map(|phase| Phase::new(geometry, weight, phase / stride, phase % stride)).collect();
    let planes = Planes::new(deep, geometry.deep, geometry.reach() - 1, 1);
    let together = (BLOCK / (geometry.deep[1] * geometry.deep[2])).max(1);
    wide.par_chunks_mut(together * geometry.wide_len()).enumerate().for_each(|(task, wide)| {
        let deep = &planes.data[task * together * planes.image..];
        phases.iter().for_each(|phase| phase.add(geometry, &planes, deep, wide));
    });
}

/// One phase of the wide image.
struct Phase {
    /// Its weights, `[wide channels][deep channels, kernel pixels of the phase]`.
    rows: PackedRows,
    y: Along,
    x: Along,
}

/// A phase along one axis: which of its pixels lie inside the wide image, and where the first of them is there.
struct Along {
    pixels: Range<usize>,
    first: usize,
}

impl Along {
    fn new(phase: usize, stride: usize, padding: usize, length: usize) -> Self {
        let begin = padding.saturating_sub(phase).div_ceil(stride);
        let end = (length + padding - phase).div_ceil(stride);
        Along { pixels: begin..end, first: begin * stride + phase - padding }
    }
}

impl Phase {
    fn new(geometry: &Geometry, weight: &[f32], y: usize, x: usize) -> Self {
        let Geometry { kernel, wide: [_, height, width], .. } = *geometry;
        let along = |phase, length| Along::new(phase, kernel.stride, kernel.padding, length);
        Phase { rows: phase_rows(geometry, weight, y, x), y: along(y, height), x: along(x, width) }
    }

    fn add(&self, geometry: &Geometry, planes: &Planes, deep: &[f32], wide: &mut [f32]) {
        let Geometry { kernel, wide: [channels, height, width], .. } = *geometry;
        let (reach, count) = (geometry.reach(), wide.len() / geometry.wide_len());
        let (rows, row) = (self.y.pixels.len(), self.x.pixels.len());
        let pixels = rows * row;
        if pixels == 0 {
            return;
        }
        // Pixel (y, x) of a phase meets the deep pixel (y - i, x - j) at its kernel pixel (i, j).
        let tap = |tap: usize| (reach - 1 - tap / reach) * planes.row + reach - 1 - tap % reach;
        let (taps, start) = (reach * reach, self.y.pixels.start * planes.row + self.x.pixels.start);
        let columns = Gathered {
            data: deep,
            columns: count * pixels,
            term: |k: usize| k / taps * planes.channel + tap(k % taps),
            place: |j: usize| j / pixels * planes.image + j % pixels / row * planes.row + j % row + start,
            run: run_of(row),
        };
        let mut block = Scratch::any(channels * count * pixels);
        for from in (0..count * pixels).step_by(BLOCK) {
            let range = from..(count * pixels).min(from + BLOCK);
            product(&self.rows, &columns, range, &mut block[from..], count * pixels, Write::Set);
        }
        for (image, wide) in wide.chunks_exact_mut(geometry.wide_len()).enumerate() {
            for (into, from) in wide.chunks_exact_mut(height * width).zip(block.chunks_exact(count * pixels)) {
                let from = from[image * pixels..][..pixels].chunks_exact(row);
                let lines = into.chunks_exact_mut(width).skip(self.y.first).step_by(kernel.stride);
                for (line, from) in lines.zip(from) {
                    let places = line[self.x.first..].iter_mut().step_by(kernel.stride);
                    places.zip(from).for_each(|(to, from)| *to += from);
                }
            }
        }
    }
}

/// The weights of one phase, `[wide channels][deep channels, kernel pixels of the phase]`.
pub(in crate::network) fn phase_rows(geometry: &Geometry, weight: &[f32], y: usize, x: usize) -> PackedRows {
    let Geometry { kernel, wide: [channels, ..], deep: [deep, ..] } = *geometry;
    let (side, stride, reach, taps) = (kernel.side, kernel.stride, geometry.reach(), geometry.taps());
    PackedRows::by_panels(channels, deep * reach * reach, |first, terms, panel| {
        for (to, k) in panel.iter_mut().zip(terms) {
            let (o, tap) = (k / (reach * reach), k % (reach * reach));
            let at = (stride * (tap / reach) + y) * side + stride * (tap % reach) + x;
            let kernels = &weight[(o * channels + first) * taps..(o + 1) * channels * taps];
            to.iter_mut().zip(kernels.chunks_exact(taps)).for_each(|(to, kernel)| *to = kernel[at]);
        }
    })
}
