//! Dense products of a batch of vectors with a matrix, and the gradient of the matrix.

use rayon::prelude::*;

use crate::network::gemm::{BLOCK, Columns, Gathered, PackedRows, Scratch, Transposed, Write, product, run_of};

/// Columns of one task of a product with the rows of a matrix, each of which is read from memory once.
const NARROW: usize = 64;
/// Rows of one task of the gradient of a matrix.
const TALL: usize = 480;

/// y[b][n] += sum_k x[b][k] matrix[n][k].
pub(super) fn with_rows(x: &[f32], matrix: &[f32], y: &mut [f32], depth: usize, columns: usize) {
    multiply(x, &Transposed { data: matrix, columns, depth }, y, depth, columns);
}

/// y[b][n] += sum_k x[b][k] matrix[k][n].
pub(super) fn with_columns(x: &[f32], matrix: &[f32], y: &mut [f32], depth: usize, columns: usize) {
    multiply(x, &plain(matrix, columns), y, depth, columns);
}

/// matrix[m][n] += sum_b a[b][m] x[b][n].
pub(super) fn outer(a: &[f32], x: &[f32], matrix: &mut [f32], rows: usize, columns: usize) {
    let batch = x.len() / columns;
    let factor = plain(x, columns);
    matrix.par_chunks_mut(TALL * columns).enumerate().for_each(|(task, matrix)| {
        let packed = PackedRows::by_rows(matrix.len() / columns, batch, |row, terms, into| {
            into.iter_mut().zip(terms).for_each(|(to, b)| *to = a[b * rows + task * TALL + row]);
        });
        for from in (0..columns).step_by(BLOCK) {
            product(&packed, &factor, from..columns.min(from + BLOCK), &mut matrix[from..], columns, Write::Add);
        }
    });
}

/// A matrix `[k][columns]` as it is.
fn plain(
    matrix: &[f32],
    columns: usize,
) -> Gathered<'_, impl Fn(usize) -> usize + Sync, impl Fn(usize) -> usize + Sync> {
    Gathered { data: matrix, columns, term: move |k| k * columns, place: |j| j, run: run_of(columns) }
}

fn multiply(x: &[f32], factor: &impl Columns, y: &mut [f32], depth: usize, columns: usize) {
    let batch = x.len() / depth;
    let rows = PackedRows::dense(x, batch, depth);
    let mut blocks = Scratch::any(batch * columns);
    blocks.par_chunks_mut(batch * NARROW).enumerate().for_each(|(task, block)| {
        let width = block.len() / batch;
        product(&rows, factor, task * NARROW..task * NARROW + width, block, width, Write::Set);
    });
    for (b, y) in y.chunks_exact_mut(columns).enumerate() {
        for (into, block) in y.chunks_mut(NARROW).zip(blocks.chunks(batch * NARROW)) {
            let from = &block[b * into.len()..];
            into.iter_mut().zip(from).for_each(|(y, block)| *y += block);
        }
    }
}
