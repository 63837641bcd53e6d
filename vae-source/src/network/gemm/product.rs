//! The product of packed rows with columns that are packed on the way.

use std::ops::Range;

use super::columns::Columns;
use super::rows::{DEPTH, PackedRows};
use super::scratch::Scratch;
use super::tile::{COLUMNS, ROWS, Target, multiply_add};

/// Panels of rows that stay in the second cache beside the columns: 120 rows of [`DEPTH`] are 120 KiB.
const PANELS: usize = 20;

/// Columns of one task: with [`DEPTH`] terms they are 256 KiB, half of a second cache.
pub(in crate::network) const BLOCK: usize = 256;

/// What a product does with the numbers that are there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::network) enum Write {
    /// It is added to them.
    Add,
    /// It replaces them.
    Set,
}

/// into[i][j] (+)= sum_k rows[i][k] columns[k][j] for the columns j of a range, the first of which is the first of `into`, whose
/// rows are `stride` apart.
pub(in crate::network) fn product(
    rows: &PackedRows,
    columns: &impl Columns,
    range: Range<usize>,
    into: &mut [f32],
    stride: usize,
    write: Write,
) {
    product_of(rows, 0..rows.rows, columns, range, into, stride, write);
}

/// As [`product`], of some rows alone, from a multiple of [`ROWS`] on.
pub(in crate::network) fn product_of(
    rows: &PackedRows,
    which: Range<usize>,
    columns: &impl Columns,
    range: Range<usize>,
    into: &mut [f32],
    stride: usize,
    write: Write,
) {
    let width = range.len().next_multiple_of(COLUMNS);
    let mut panels = Scratch::any(width * DEPTH.min(rows.depth));
    for begin in (0..rows.depth).step_by(DEPTH) {
        let terms = begin..rows.depth.min(begin + DEPTH);
        let panels = &mut panels[..width * terms.len()];
        for (panel, first) in panels.chunks_exact_mut(terms.len() * COLUMNS).zip(range.clone().step_by(COLUMNS)) {
            columns.fill(first, terms.clone(), panel.as_chunks_mut().0);
        }
        let block = &rows.block(&terms)[which.start * terms.len()..which.end.next_multiple_of(ROWS) * terms.len()];
        let blocks = block.chunks(PANELS * ROWS * terms.len());
        for (block, first) in blocks.zip((0..which.len()).step_by(PANELS * ROWS)) {
            let count = (which.len() - first).min(PANELS * ROWS);
            let numbers = &mut into[first * stride..];
            let add = write == Write::Add || begin > 0;
            let mut target = Target { numbers, stride, rows: count, columns: range.len(), add };
            multiply_add(terms.len(), block, panels, &mut target);
        }
    }
}
