//! The right factor of a product, packed a block at a time from wherever its numbers lie.

use std::ops::Range;

use super::tile::COLUMNS;

/// A matrix `[depth, columns]` that can be packed.
pub(in crate::network) trait Columns: Sync {
    /// Fills a panel with [`COLUMNS`] columns from `first` on (what lies behind the last may be anything) in a range of terms.
    fn fill(&self, first: usize, terms: Range<usize>, panel: &mut [[f32; COLUMNS]]);
}

/// Element (k, j) is `data[term(k) + place(j)]`, and `run` (1, 4, 8 or 16) columns, from multiples of it, lie side by side.
pub(in crate::network) struct Gathered<'a, T, P> {
    pub(in crate::network) data: &'a [f32],
    pub(in crate::network) columns: usize,
    pub(in crate::network) term: T,
    pub(in crate::network) place: P,
    pub(in crate::network) run: usize,
}

impl<T: Fn(usize) -> usize + Sync, P: Fn(usize) -> usize + Sync> Gathered<'_, T, P> {
    #[inline(always)]
    fn runs<const RUN: usize>(&self, first: usize, terms: Range<usize>, panel: &mut [[f32; COLUMNS]]) {
        // What lies behind the last column is a copy of it.
        let last = self.columns - RUN;
        let places: [usize; COLUMNS] = std::array::from_fn(|r| (self.place)((first + r * RUN).min(last)));
        for (row, k) in panel.iter_mut().zip(terms) {
            let from = &self.data[(self.term)(k)..];
            for (to, at) in row.as_chunks_mut::<RUN>().0.iter_mut().zip(places) {
                to.copy_from_slice(&from[at..at + RUN]);
            }
        }
    }
}

impl<T: Fn(usize) -> usize + Sync, P: Fn(usize) -> usize + Sync> Columns for Gathered<'_, T, P> {
    fn fill(&self, first: usize, terms: Range<usize>, panel: &mut [[f32; COLUMNS]]) {
        match self.run {
            16 => self.runs::<16>(first, terms, panel),
            8 => self.runs::<8>(first, terms, panel),
            4 => self.runs::<4>(first, terms, panel),
            _ => self.runs::<1>(first, terms, panel),
        }
    }
}

/// The longest run that columns lying `side` by `side` have.
pub(in crate::network) fn run_of(side: usize) -> usize {
    [16, 8, 4].into_iter().find(|run| side.is_multiple_of(*run)).unwrap_or(1)
}

/// The transpose of a dense matrix `[columns, depth]`.
pub(in crate::network) struct Transposed<'a> {
    pub(in crate::network) data: &'a [f32],
    pub(in crate::network) columns: usize,
    pub(in crate::network) depth: usize,
}

impl Columns for Transposed<'_> {
    fn fill(&self, first: usize, terms: Range<usize>, panel: &mut [[f32; COLUMNS]]) {
        let row = |j: usize| &self.data[(first + j).min(self.columns - 1) * self.depth..][terms.clone()];
        let rows: [&[f32]; COLUMNS] = std::array::from_fn(row);
        // Rows that lie a power of two apart share their places in the cache: a line of each is read whole before the next.
        for (block, begin) in panel.chunks_mut(COLUMNS).zip((0..).step_by(COLUMNS)) {
            for (j, row) in rows.iter().enumerate() {
                block.iter_mut().zip(&row[begin..]).for_each(|(to, from)| to[j] = *from);
            }
        }
    }
}
