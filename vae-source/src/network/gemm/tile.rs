//! The tile: six rows times sixteen columns of a product, summed in registers.

use multiversion::multiversion;
use multiversion::target::match_target;

/// Rows of a tile: six times two AVX registers of sums leave four of sixteen for what is multiplied.
pub(in crate::network) const ROWS: usize = 6;
/// Columns of a tile.
pub(in crate::network) const COLUMNS: usize = 16;

/// Where a product is written or added: so many rows and columns, row after row, each `stride` further on.
pub(super) struct Target<'a> {
    pub(super) numbers: &'a mut [f32],
    pub(super) stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether what is there is kept.
    pub(super) add: bool,
}

/// target[i][j] (+)= sum_k a[k][i] b[k][j], for `a` `[panels][depth][ROWS]` and `b` `[panels][depth][COLUMNS]`.
///
/// Every sum runs over k in order, whatever the tile it falls in: how a product is cut into blocks of rows and columns changes
/// no bit of it.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(super) fn multiply_add(depth: usize, a: &[f32], b: &[f32], target: &mut Target<'_>) {
    let fused = match_target! {
        "x86_64+fma" => true,
        "aarch64+neon" => true,
        _ => false,
    };
    if fused {
        tiles::<true>(depth, a, b, target);
    } else {
        tiles::<false>(depth, a, b, target);
    }
}

#[inline(always)]
fn tiles<const FUSED: bool>(depth: usize, a: &[f32], b: &[f32], target: &mut Target<'_>) {
    for (b, column) in b.chunks_exact(depth * COLUMNS).zip((0..target.columns).step_by(COLUMNS)) {
        for (a, row) in a.chunks_exact(depth * ROWS).zip((0..target.rows).step_by(ROWS)) {
            let sums = tile::<FUSED>(a.as_chunks().0, b.as_chunks().0);
            let width = (target.columns - column).min(COLUMNS);
            for (sums, row) in sums.iter().zip(row..target.rows) {
                let at = row * target.stride + column;
                let into = &mut target.numbers[at..at + width];
                if !target.add {
                    into.copy_from_slice(&sums[..width]);
                    continue;
                }
                match into.as_mut_array::<COLUMNS>() {
                    Some(into) => (0..COLUMNS).for_each(|j| into[j] += sums[j]),
                    None => into.iter_mut().zip(sums).for_each(|(c, sum)| *c += sum),
                }
            }
        }
    }
}

#[inline(always)]
fn tile<const FUSED: bool>(a: &[[f32; ROWS]], b: &[[f32; COLUMNS]]) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0_f32; COLUMNS]; ROWS];
    for (a, b) in a.iter().zip(b) {
        for i in 0..ROWS {
            for j in 0..COLUMNS {
                sums[i][j] = if FUSED { a[i].mul_add(b[j], sums[i][j]) } else { a[i] * b[j] + sums[i][j] };
            }
        }
    }
    sums
}
