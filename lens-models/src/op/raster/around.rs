//! The pixels around a point, and their weights.

use super::interpolation::Taps;

/// The pixels around a point: the first of them, weights and slopes along both axes; `None` where all are outside.
#[derive(Clone, Copy)]
pub(super) struct Around<const TAPS: usize> {
    first: [isize; 2],
    pub(super) x: [[f32; TAPS]; 2],
    pub(super) y: [[f32; TAPS]; 2],
}

#[inline(always)]
pub(super) fn around<const TAPS: usize, T: Taps<TAPS>>([x, y]: [f32; 2], side: usize) -> Option<Around<TAPS>> {
    let reach = (TAPS / 2) as f32;
    // False for NaN too.
    let inside = |at: f32| at > -reach && at < side as f32 - 1.0 + reach;
    if !(inside(x) && inside(y)) {
        return None;
    }
    let (floor_x, floor_y) = (x.floor(), y.floor());
    let first = [floor_x, floor_y].map(|floor| floor as isize + 1 - (TAPS / 2) as isize);
    Some(Around { first, x: T::weights(x - floor_x), y: T::weights(y - floor_y) })
}

impl<const TAPS: usize> Around<TAPS> {
    /// Calls `f` with every pixel that is inside and the places of its weights.
    #[inline(always)]
    pub(super) fn each(&self, side: usize, mut f: impl FnMut(usize, usize, usize)) {
        let [x, y] = self.first;
        if x >= 0 && y >= 0 && x as usize + TAPS <= side && y as usize + TAPS <= side {
            for i in 0..TAPS {
                let row = (y as usize + i) * side + x as usize;
                (0..TAPS).for_each(|j| f(row + j, i, j));
            }
            return;
        }
        for i in 0..TAPS {
            for j in 0..TAPS {
                let (row, column) = (y + i as isize, x + j as isize);
                if (0..side as isize).contains(&row) && (0..side as isize).contains(&column) {
                    f(row as usize * side + column as usize, i, j);
                }
            }
        }
    }
}
