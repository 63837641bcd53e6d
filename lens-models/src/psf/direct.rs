//! direct: correlation with a small kernel, a block of output pixels at a time in registers.

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
        to[margin..margin + width].iter_mut().zip(from).for_each(|(to, from)| *to = without_specks(*from));
    }
}

/// Light this faint is none: where the tail of a narrow profile runs out, numbers would be subnormal, or become so times a tap, and arithmetic with those
/// takes a hundred times as long.
const SPECK: f32 = 1e-30;

#[inline(always)]
fn without_specks(x: f32) -> f32 {
    // False for NaN, which stays.
    if x.abs() < SPECK { 0.0 } else { x }
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
    match match_target! {
        "x86_64+avx512f" => 2,
        "x86_64+fma" => 1,
        "aarch64+neon" => 1,
        _ => 0,
    } {
        2 => blocks::<true, COLUMNS, MOST_ROWS>(padded, stride, taps, out, out_stride, width),
        1 => blocks::<true, { COLUMNS / 2 }, ROWS>(padded, stride, taps, out, out_stride, width),
        _ => blocks::<false, { COLUMNS / 2 }, ROWS>(padded, stride, taps, out, out_stride, width),
    }
}

/// Output rows computed together: with two registers a row, eight sums that do not wait for each other, as many as it takes to begin
/// two multiply-adds a cycle where each needs four.
const ROWS: usize = 4;

/// With thirty-two registers twice as many: half as often are sums put away and fetched, and a row that is read serves more.
const MOST_ROWS: usize = 8;

#[inline(always)]
fn blocks<const FUSED: bool, const COLUMNS: usize, const ROWS: usize>(
    padded: &[f32],
    stride: usize,
    taps: &Taps,
    out: &mut [f32],
    out_stride: usize,
    width: usize,
) {
    let rows = out.len() / out_stride;
    for x in (0..width).step_by(COLUMNS) {
        for y in (0..rows).step_by(ROWS) {
            let mut sums = [[0.0; COLUMNS]; ROWS];
            let rows = ROWS.min(rows - y);
            for (j, row) in padded[y * stride + x..].chunks(stride).take(taps.height + rows - 1).enumerate() {
                // Of the rows of output, those that input row j touches: row r of them by row j - r of the weights.
                let (first, last) = ((j + 1).saturating_sub(taps.height), rows.min(j + 1));
                let sums = &mut sums[first..last];
                match last - first {
                    1 => accumulate::<FUSED, COLUMNS, 1>(row, taps, j - first, sums),
                    2 => accumulate::<FUSED, COLUMNS, 2>(row, taps, j - first, sums),
                    3 => accumulate::<FUSED, COLUMNS, 3>(row, taps, j - first, sums),
                    4 => accumulate::<FUSED, COLUMNS, 4>(row, taps, j - first, sums),
                    5 => accumulate::<FUSED, COLUMNS, 5>(row, taps, j - first, sums),
                    6 => accumulate::<FUSED, COLUMNS, 6>(row, taps, j - first, sums),
                    7 => accumulate::<FUSED, COLUMNS, 7>(row, taps, j - first, sums),
                    _ => accumulate::<FUSED, COLUMNS, ROWS>(row, taps, j - first, sums),
                }
            }
            let columns = COLUMNS.min(width - x);
            for (sums, out) in sums.iter().zip(out[y * out_stride..].chunks_mut(out_stride)) {
                out[x..x + columns].copy_from_slice(&sums[..columns]);
            }
        }
    }
}

/// Adds one input row to the `N` output rows that it touches: to the first of them by row `j` of the weights, to each next one by the
/// row before.
#[inline(always)]
fn accumulate<const FUSED: bool, const COLUMNS: usize, const N: usize>(
    row: &[f32],
    taps: &Taps,
    j: usize,
    sums: &mut [[f32; COLUMNS]],
) {
    let Some(sums) = sums.first_chunk_mut::<N>() else { return };
    let mut local = *sums;
    let weights: [&[f32]; N] = std::array::from_fn(|r| &taps.weights[(j - r) * taps.width..(j - r + 1) * taps.width]);
    for (i, window) in row.windows(COLUMNS).take(taps.width).enumerate() {
        for (sum, weights) in local.iter_mut().zip(weights) {
            let weight = weights[i];
            for (sum, value) in sum.iter_mut().zip(window) {
                *sum = if FUSED { value.mul_add(weight, *sum) } else { value * weight + *sum };
            }
        }
    }
    *sums = local;
}

/// out[y][x] = sum_k weights[k] input[y][x + k step], rows of `stride` numbers one after the other: along rows where `step` is 1, along
/// columns where it is `stride`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(super) fn lines(input: &[f32], stride: usize, step: usize, weights: &[f32], out: &mut [f32], out_stride: usize) {
    match match_target! {
        "x86_64+avx512f" => 2,
        "x86_64+fma" => 1,
        "aarch64+neon" => 1,
        _ => 0,
    } {
        2 => lines_by::<true, { 4 * COLUMNS }>(input, stride, step, weights, out, out_stride),
        1 => lines_by::<true, { 2 * COLUMNS }>(input, stride, step, weights, out, out_stride),
        _ => lines_by::<false, COLUMNS>(input, stride, step, weights, out, out_stride),
    }
}

/// In pieces of eight registers, whose sums do not wait for each other, and the rest of a row in pieces of two.
#[inline(always)]
fn lines_by<const FUSED: bool, const PIECE: usize>(
    input: &[f32],
    stride: usize,
    step: usize,
    weights: &[f32],
    out: &mut [f32],
    out_stride: usize,
) {
    for (input, out) in (0..).map(|y| &input[y * stride..]).zip(out.chunks_mut(out_stride)) {
        let mut pieces = out.chunks_exact_mut(PIECE);
        let mut x = 0;
        for out in &mut pieces {
            out.copy_from_slice(&line::<FUSED, PIECE>(&input[x..], step, weights));
            x += PIECE;
        }
        for out in pieces.into_remainder().chunks_mut(COLUMNS) {
            out.copy_from_slice(&line::<FUSED, COLUMNS>(&input[x..], step, weights)[..out.len()]);
            x += COLUMNS;
        }
    }
}

#[inline(always)]
fn line<const FUSED: bool, const N: usize>(input: &[f32], step: usize, weights: &[f32]) -> [f32; N] {
    let mut sums = [0.0; N];
    for (k, weight) in weights.iter().enumerate() {
        for (sum, value) in sums.iter_mut().zip(&input[k * step..][..N]) {
            *sum = if FUSED { value.mul_add(*weight, *sum) } else { value * weight + *sum };
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_leaves_no_subnormal_number_and_every_nan() {
        let input = [1.0, 1e-31, -1e-38, f32::MIN_POSITIVE / 8.0, f32::NAN, 1e-29];
        let mut padded = vec![7.0; 3];
        pad(&input, 3, 0..2, 1, 2, 8, &mut padded);
        assert_eq!(padded.len(), 4 * 8);
        assert_eq!(padded[10..13], [1.0, 0.0, 0.0]);
        assert!(padded[18] == 0.0 && padded[19].is_nan() && padded[20] == 1e-29);
        assert!(padded.iter().enumerate().all(|(i, x)| [10, 19, 20].contains(&i) || *x == 0.0));
    }
}
