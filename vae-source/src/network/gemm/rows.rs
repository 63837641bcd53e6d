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
    /// Packs a matrix of which `fill(first, terms, panel)` gives [`ROWS`] rows, from the first on, in a range of terms; those
    /// behind the last row may be anything.
    pub(in crate::network) fn by_panels(
        rows: usize,
        depth: usize,
        fill: impl Fn(usize, Range<usize>, &mut [[f32; ROWS]]) + Sync,
    ) -> Self {
        let padded = rows.next_multiple_of(ROWS);
        let mut panels = Scratch::any(padded * depth);
        panels.par_chunks_mut((padded * DEPTH).max(1)).enumerate().for_each(|(block, panels)| {
            let begin = block * DEPTH;
            let terms = begin..depth.min(begin + DEPTH);
            for (panel, first) in panels.chunks_exact_mut(terms.len() * ROWS).zip((0..rows).step_by(ROWS)) {
                fill(first, terms.clone(), panel.as_chunks_mut().0);
            }
        });
        PackedRows { panels, rows, depth }
    }

    /// Packs a matrix of which `fill(row, terms, into)` gives one row in a range of terms.
    pub(in crate::network) fn by_rows(
        rows: usize,
        depth: usize,
        fill: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
    ) -> Self {
        Self::by_panels(rows, depth, |first, terms, panel| {
            let mut lines = [[0.0_f32; DEPTH]; ROWS];
            for (line, row) in lines.iter_mut().zip(first..rows) {
                fill(row, terms.clone(), &mut line[..terms.len()]);
            }
            for (k, column) in panel.iter_mut().enumerate() {
                (0..ROWS).for_each(|i| column[i] = lines[i][k]);
            }
        })
    }

    /// Packs a dense matrix, row after row.
    pub(in crate::network) fn dense(matrix: &[f32], rows: usize, depth: usize) -> Self {
        Self::by_rows(rows, depth, |row, terms, into| {
            into.copy_from_slice(&matrix[row * depth + terms.start..row * depth + terms.end]);
        })
    }

    /// The panels of a block of terms.
    pub(super) fn block(&self, terms: &Range<usize>) -> &[f32] {
        let padded = self.rows.next_multiple_of(ROWS);
        &self.panels[terms.start * padded..terms.end * padded]
    }
}
