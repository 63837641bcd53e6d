//! The left factor of a product, packed once for all columns.

use std::ops::Range;

use rayon::prelude::*;

use super::scratch::Scratch;
use super::tile::ROWS;

/// Terms of a sum in one block: a panel of sixteen columns is 16 KiB then, and stays in the first cache.
pub(super) const DEPTH: usize = 256;

/// A matrix `[rows, depth]` as panels of [`ROWS`] rows, a block of [`DEPTH`] columns after the other.
pub(in crate::network) struct PackedRows {
    panels: Scratch,
    pub(super) rows: usize,
    pub(super) depth: usize,
}

impl PackedRows {
    /// Packs the rows that `fill(row, range, into)` gives, a range of each at a time.
    pub(in crate::network) fn new(
        rows: usize,
        depth: usize,
        fill: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
    ) -> Self {
        let padded = rows.next_multiple_of(ROWS);
        let mut panels = Scratch::any(padded * depth);
        panels.par_chunks_mut((padded * DEPTH).max(1)).enumerate().for_each(|(block, panels)| {
            let begin = block * DEPTH;
            let terms = begin..depth.min(begin + DEPTH);
            let mut lines = [[0.0_f32; DEPTH]; ROWS];
            for (panel, first) in panels.chunks_exact_mut(terms.len() * ROWS).zip((0..rows).step_by(ROWS)) {
                for (i, line) in lines.iter_mut().enumerate() {
                    let line = &mut line[..terms.len()];
                    if first + i < rows { fill(first + i, terms.clone(), line) } else { line.fill(0.0) }
                }
                for (k, column) in panel.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
                    (0..ROWS).for_each(|i| column[i] = lines[i][k]);
                }
            }
        });
        PackedRows { panels, rows, depth }
    }

    /// Packs a dense matrix, row after row.
    pub(in crate::network) fn dense(matrix: &[f32], rows: usize, depth: usize) -> Self {
        Self::new(rows, depth, |row, terms, into| {
            into.copy_from_slice(&matrix[row * depth + terms.start..row * depth + terms.end]);
        })
    }

    /// The panels of a block of terms.
    pub(super) fn block(&self, terms: &Range<usize>) -> &[f32] {
        let padded = self.rows.next_multiple_of(ROWS);
        &self.panels[terms.start * padded..terms.end * padded]
    }
}
