//! direct: correlation with a small kernel, a block of output pixels at a time in registers.

use std::array::from_mut;
use std::ops::Range;

use multiversion::multiversion;
use multiversion::target::match_target;

/// Output columns computed together: two AVX-512 registers a row, four of AVX2.
pub(super) const COLUMNS: usize = 32;

/// Correlation weights, row-major, odd x odd.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taps {
    pub width: usize,
    pub height: usize,
    pub weights: Vec<f32>,
}

impl Taps {
    pub fn flipped(&self) -> Self {
        Self { weights: self.weights.iter().rev().copied().collect(), ..*self }
    }
}

/// Copies the rows of `input` that `rows` of the output look at into `padded`, zeros around: `margin` columns to the left of
/// each row of `stride`, `half_height` rows below and above.
pub(super) fn pad(
    input: &[f32],
    width: usize,
    rows: Range<usize>,
    half_height: usize,
    margin: usize,
    stride: usize,
    padded: &mut Vec<f32>,
) {
    let height = input.len() / width;
    padded.clear();
    padded.resize((rows.len() + 2 * half_height) * stride, 0.0);
    let first = rows.start.saturating_sub(half_height);
    let skipped = half_height.saturating_sub(rows.start);
    let last = (rows.end + half_height).min(height);
    let from = input[first * width..last * width].chunks_exact(width);
    for (to, from) in padded.chunks_exact_mut(stride).skip(skipped).zip(from) {
        to[margin..margin + width].copy_from_slice(from);
    }
}

/// Row length that [`correlate`] needs for `width` output columns: whole blocks and the kernel's reach.
pub(super) fn stride_for(width: usize, taps_width: usize) -> usize {
    width.next_multiple_of(COLUMNS) + taps_width - 1
}

/// out[y][x] = sum_{j,i} weights[j][i] padded[y + j][x + i], for every row of `out`.
///
/// The taps of one output pixel are added in row-major order whatever the block it falls in, so that the result does not
/// depend on how rows are shared out.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(super) fn correlate(padded: &[f32], stride: usize, taps: &Taps, out: &mut [f32], out_stride: usize, width: usize) {
    let fused = match_target! {
        "x86_64+fma" => true,
        "aarch64+neon" => true,
        _ => false,
    };
    if fused {
        blocks::<true>(padded, stride, taps, out, out_stride, width);
    } else {
        blocks::<false>(padded, stride, taps, out, out_stride, width);
    }
}

type Block<const ROWS: usize> = [[f32; COLUMNS]; ROWS];

#[inline(always)]
fn blocks<const FUSED: bool>(
    padded: &[f32],
    stride: usize,
    taps: &Taps,
    out: &mut [f32],
    out_stride: usize,
    width: usize,
) {
    let rows = out.len() / out_stride;
    let weights = |j: usize| &taps.weights[j * taps.width..(j + 1) * taps.width];
    for x in (0..width).step_by(COLUMNS) {
        let mut y = 0;
        while y < rows {
            let from = &padded[y * stride + x..];
            // Two rows of output share each load of the input, shifted by one row of weights.
            if y + 2 <= rows && taps.height >= 2 {
                let mut sums: Block<2> = [[0.0; COLUMNS]; 2];
                let mut rows = from.chunks(stride);
                if let Some(row) = rows.next() {
                    accumulate::<FUSED, 1>(row, [weights(0)], from_mut(&mut sums[0]));
                }
                for j in 1..taps.height {
                    if let Some(row) = rows.next() {
                        accumulate::<FUSED, 2>(row, [weights(j), weights(j - 1)], &mut sums);
                    }
                }
                if let Some(row) = rows.next() {
                    accumulate::<FUSED, 1>(row, [weights(taps.height - 1)], from_mut(&mut sums[1]));
                }
                store(&sums, out, y * out_stride + x, out_stride, width - x);
                y += 2;
            } else {
                let mut sums: Block<1> = [[0.0; COLUMNS]; 1];
                for (row, j) in from.chunks(stride).zip(0..taps.height) {
                    accumulate::<FUSED, 1>(row, [weights(j)], &mut sums);
                }
                store(&sums, out, y * out_stride + x, out_stride, width - x);
                y += 1;
            }
        }
    }
}

/// Adds one input row to the output rows that it touches, each with its own row of weights.
#[inline(always)]
fn accumulate<const FUSED: bool, const ROWS: usize>(row: &[f32], weights: [&[f32]; ROWS], sums: &mut Block<ROWS>) {
    let mut local = *sums;
    for (i, window) in row.windows(COLUMNS).take(weights[0].len()).enumerate() {
        for (sum, weights) in local.iter_mut().zip(weights) {
            let weight = weights[i];
            for (sum, value) in sum.iter_mut().zip(window) {
                *sum = if FUSED { value.mul_add(weight, *sum) } else { value * weight + *sum };
            }
        }
    }
    *sums = local;
}

#[inline(always)]
fn store<const ROWS: usize>(sums: &Block<ROWS>, out: &mut [f32], start: usize, out_stride: usize, left: usize) {
    let columns = left.min(COLUMNS);
    for (row, sums) in sums.iter().enumerate() {
        let at = start + row * out_stride;
        out[at..at + columns].copy_from_slice(&sums[..columns]);
    }
}
