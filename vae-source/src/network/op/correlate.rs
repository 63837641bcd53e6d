//! From the wide image to the deep one: the value of a convolution, and the way back of a transposed one.

use rayon::prelude::*;

use super::dense;
use super::geometry::Geometry;
use super::planes::Planes;
use crate::network::gemm::{BLOCK, Gathered, PackedRows, Scratch, Write, product, run_of};

/// deep[o][y][x] += sum_{c, i, j} weight[o][c][i][j] wide[c][stride y + i - padding][stride x + j - padding], image by image.
pub(super) fn correlate(geometry: &Geometry, wide: &[f32], weight: &[f32], deep: &mut [f32]) {
    let [channels, height, width] = geometry.deep;
    if geometry.is_dense() {
        return dense::with_rows(wide, weight, deep, geometry.wide_len(), channels);
    }
    let (kernel, taps) = (geometry.kernel, geometry.taps());
    let rows = PackedRows::dense(weight, channels, geometry.wide[0] * taps);
    let planes = Planes::new(wide, geometry.wide, kernel.padding, kernel.stride);
    let pixels = height * width;
    let together = (BLOCK / pixels).max(1);
    let taps: Vec<usize> = (0..taps).map(|tap| planes.tap(tap / kernel.side, tap % kernel.side)).collect();
    deep.par_chunks_mut(together * geometry.deep_len()).enumerate().for_each(|(task, deep)| {
        let count = deep.len() / geometry.deep_len();
        let columns = Gathered {
            data: &planes.data[task * together * planes.image..],
            columns: count * pixels,
            term: |k: usize| k / taps.len() * planes.channel + taps[k % taps.len()],
            place: |j: usize| j / pixels * planes.image + j % pixels / width * planes.row + j % width,
            run: run_of(width),
        };
        if count == 1 {
            for from in (0..pixels).step_by(BLOCK) {
                product(&rows, &columns, from..pixels.min(from + BLOCK), &mut deep[from..], pixels, Write::Add);
            }
            return;
        }
        let mut block = Scratch::any(channels * count * pixels);
        product(&rows, &columns, 0..count * pixels, &mut block, count * pixels, Write::Set);
        for (image, deep) in deep.chunks_exact_mut(geometry.deep_len()).enumerate() {
            for (into, from) in deep.chunks_exact_mut(pixels).zip(block.chunks_exact(count * pixels)) {
                into.iter_mut().zip(&from[image * pixels..]).for_each(|(d, b)| *d += b);
            }
        }
    });
}
