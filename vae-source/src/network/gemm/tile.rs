//! The tile: panels of six rows times panels of sixteen columns of a product, summed in registers.

use fearless_simd::{Level, Simd, SimdBase, SimdFloat, SimdInto, dispatch, f32x16};

/// Rows of a panel: six times two AVX registers of sums leave four of sixteen for what is multiplied.
pub(in crate::network) const ROWS: usize = 6;
/// Columns of a panel.
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
pub(super) fn multiply_add(depth: usize, a: &[f32], b: &[f32], target: &mut Target<'_>) {
    let (a, b) = (a.as_chunks().0, b.as_chunks().0);
    match Level::new() {
        // Thirty-two registers hold four panels of sums: two by two, each number read serves two products, or four times one.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(simd) => simd.vectorize(
            #[inline(always)]
            || wide(simd, Factors { depth, a, b }, target),
        ),
        level => dispatch!(level, simd => narrow(simd, Factors { depth, a, b }, target)),
    }
}

/// Both factors, panel after panel.
#[derive(Clone, Copy)]
struct Factors<'a> {
    depth: usize,
    a: &'a [[f32; ROWS]],
    b: &'a [[f32; COLUMNS]],
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn wide<S: Simd>(simd: S, factors: Factors<'_>, target: &mut Target<'_>) {
    let panels = target.columns.div_ceil(COLUMNS);
    for pair in (0..panels / 2 * 2).step_by(2) {
        strip::<S, 2, 2>(simd, factors, pair, target);
    }
    if panels % 2 == 1 {
        strip::<S, 4, 1>(simd, factors, panels - 1, target);
    }
}

#[inline(always)]
fn narrow<S: Simd>(simd: S, factors: Factors<'_>, target: &mut Target<'_>) {
    for panel in 0..target.columns.div_ceil(COLUMNS) {
        strip::<S, 1, 1>(simd, factors, panel, target);
    }
}

/// All rows of `Q` panels of columns, `P` panels of rows at a time and then one by one.
#[inline(always)]
fn strip<S: Simd, const P: usize, const Q: usize>(
    simd: S,
    factors: Factors<'_>,
    column: usize,
    target: &mut Target<'_>,
) {
    let panels = target.rows.div_ceil(ROWS);
    let together = panels / P * P;
    for row in (0..together).step_by(P) {
        tile::<S, P, Q>(simd, factors, [row, column], target);
    }
    for row in together..panels {
        tile::<S, 1, Q>(simd, factors, [row, column], target);
    }
}

/// `P` panels of rows times `Q` panels of columns, from these on.
#[inline(always)]
fn tile<S: Simd, const P: usize, const Q: usize>(
    simd: S,
    Factors { depth, a, b }: Factors<'_>,
    [row, column]: [usize; 2],
    target: &mut Target<'_>,
) {
    let a: [&[[f32; ROWS]]; P] = std::array::from_fn(|p| &a[(row + p) * depth..][..depth]);
    let b: [&[[f32; COLUMNS]]; Q] = std::array::from_fn(|q| &b[(column + q) * depth..][..depth]);
    let mut sums = [[[f32x16::splat(simd, 0.0); Q]; ROWS]; P];
    for k in 0..depth {
        let b: [f32x16<S>; Q] = std::array::from_fn(|q| b[q][k].simd_into(simd));
        for p in 0..P {
            for i in 0..ROWS {
                let a = f32x16::splat(simd, a[p][k][i]);
                for q in 0..Q {
                    sums[p][i][q] = a.mul_add(b[q], sums[p][i][q]);
                }
            }
        }
    }
    let (rows, columns) = (row * ROWS..target.rows, column * COLUMNS..target.columns);
    for (sums, row) in sums.as_flattened().iter().zip(rows) {
        for (sum, column) in sums.iter().zip(columns.clone().step_by(COLUMNS)) {
            let width = (columns.end - column).min(COLUMNS);
            let into = &mut target.numbers[row * target.stride + column..][..width];
            let sum: [f32; COLUMNS] = (*sum).into();
            if !target.add {
                into.copy_from_slice(&sum[..width]);
                continue;
            }
            match into.as_mut_array::<COLUMNS>() {
                Some(into) => (0..COLUMNS).for_each(|j| into[j] += sum[j]),
                None => into.iter_mut().zip(sum).for_each(|(c, sum)| *c += sum),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize, by: f32) -> Vec<f32> {
        (0..len).map(|i| (by * i as f32).sin()).collect()
    }

    #[test]
    fn a_product_is_what_single_sums_are_however_many_panels_go_together() {
        let depth = 37;
        for (rows, columns) in [(1_usize, 1_usize), (6, 16), (7, 17), (31, 48), (60, 80), (50, 33)] {
            let a = numbers(rows.div_ceil(ROWS) * ROWS * depth, 0.7);
            let b = numbers(columns.div_ceil(COLUMNS) * COLUMNS * depth, 1.3);
            let before = numbers(rows * columns, 0.1);
            let product =
                |a: &[f32], b: &[f32], rows: usize, columns: usize, into: &mut [f32], stride: usize, add: bool| {
                    multiply_add(depth, a, b, &mut Target { numbers: into, stride, rows, columns, add });
                };
            for add in [false, true] {
                let mut whole = before.clone();
                product(&a, &b, rows, columns, &mut whole, columns, add);
                let mut by_panels = before.clone();
                for (b, column) in b.chunks(COLUMNS * depth).zip((0..columns).step_by(COLUMNS)) {
                    for (a, row) in a.chunks(ROWS * depth).zip((0..rows).step_by(ROWS)) {
                        let (height, width) = ((rows - row).min(ROWS), (columns - column).min(COLUMNS));
                        product(a, b, height, width, &mut by_panels[row * columns + column..], columns, add);
                    }
                }
                assert_eq!(whole, by_panels, "{rows} x {columns}");
                for (at, got) in whole.iter().enumerate() {
                    let (i, j) = (at / columns, at % columns);
                    let term = |k: usize| {
                        let left = a[i / ROWS * ROWS * depth + k * ROWS + i % ROWS];
                        let right = b[j / COLUMNS * COLUMNS * depth + k * COLUMNS + j % COLUMNS];
                        f64::from(left) * f64::from(right)
                    };
                    let sum = (0..depth).map(term).sum::<f64>() + if add { f64::from(before[at]) } else { 0.0 };
                    // Rounding of 37 terms below one.
                    assert!((f64::from(*got) - sum).abs() < 1e-5, "{rows} x {columns}: {at}");
                }
            }
        }
    }
}
