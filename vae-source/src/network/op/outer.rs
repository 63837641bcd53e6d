//! The gradient of a kernel: what the deep image gets of the wide one through each of its pixels.

use rayon::prelude::*;

use super::dense;
use super::geometry::Geometry;
use super::planes::Planes;
use crate::network::gemm::{BLOCK, Gathered, PackedRows, Scratch, Write, product, run_of};

/// weight[o][c][i][j] += sum_{image, y, x} deep[o][y][x] wide[c][stride y + i - padding][stride x + j - padding].
pub(super) fn outer(geometry: &Geometry, wide: &[f32], deep: &[f32], weight: &mut [f32]) {
    let [channels, height, width] = geometry.deep;
    if geometry.is_dense() {
        return dense::outer(deep, wide, weight, channels, geometry.wide_len());
    }
    let (kernel, taps, pixels) = (geometry.kernel, geometry.taps(), height * width);
    let images = deep.len() / geometry.deep_len();
    let rows = PackedRows::by_rows(channels, images * pixels, |o, terms, mut into| {
        let mut begin = terms.start;
        while !into.is_empty() {
            let (image, pixel) = (begin / pixels, begin % pixels);
            let run = (pixels - pixel).min(into.len());
            let from = image * geometry.deep_len() + o * pixels + pixel;
            let (now, rest) = into.split_at_mut(run);
            now.copy_from_slice(&deep[from..from + run]);
            (into, begin) = (rest, begin + run);
        }
    });
    let planes = Planes::new(wide, geometry.wide, kernel.padding, 1);
    let columns = Gathered {
        data: &planes.data,
        columns: geometry.wide[0] * taps,
        term: |k: usize| {
            let (image, pixel) = (k / pixels, k % pixels);
            image * planes.image + kernel.stride * (pixel / width * planes.row + pixel % width)
        },
        place: |j: usize| {
            let (channel, tap) = (j / taps, j % taps);
            channel * planes.channel + tap / kernel.side * planes.row + tap % kernel.side
        },
        run: run_of(kernel.side),
    };
    // Each task has columns of its own, which are added to the rows of the gradient when all are there.
    let all = columns.columns;
    let mut blocks = Scratch::any(channels * all);
    blocks.par_chunks_mut(channels * BLOCK).enumerate().for_each(|(task, block)| {
        let width = block.len() / channels;
        product(&rows, &columns, task * BLOCK..task * BLOCK + width, block, width, Write::Set);
    });
    weight.par_chunks_exact_mut(all).enumerate().for_each(|(o, row)| {
        for (into, block) in row.chunks_mut(BLOCK).zip(blocks.chunks(channels * BLOCK)) {
            let from = &block[o * into.len()..];
            into.iter_mut().zip(from).for_each(|(g, b)| *g += b);
        }
    });
}
