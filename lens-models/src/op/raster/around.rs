//! The pixels around a point, and their weights.

use std::ops::Range;

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
    /// Calls `f` with every row of pixels that is inside: which row of weights it has, where its pixels are, and which columns.
    #[inline(always)]
    fn each_row(&self, side: usize, mut f: impl FnMut(usize, Range<usize>, Range<usize>)) {
        let [x, y] = self.first;
        let inside = |first: isize| {
            first.clamp(-(TAPS as isize), 0).unsigned_abs()..TAPS.min(side.saturating_add_signed(-first))
        };
        let columns = inside(x);
        for row in inside(y) {
            let begin = y.wrapping_add_unsigned(row) as usize * side;
            let at = |column: usize| begin + x.wrapping_add_unsigned(column) as usize;
            f(row, at(columns.start)..at(columns.end), columns.clone());
        }
    }

    /// The number at the point.
    #[inline(always)]
    pub(super) fn value(&self, image: &[f32], side: usize) -> f32 {
        let mut along = [0.0; TAPS];
        self.each_row(side, |row, pixels, columns| add_scaled(&mut along, self.y[0][row], &image[pixels], columns));
        dot(&along, &self.x[0])
    }

    /// The number at the point, and its slopes along x and y.
    #[inline(always)]
    pub(super) fn value_and_slopes(&self, image: &[f32], side: usize) -> [f32; 3] {
        let (mut along, mut steep) = ([0.0; TAPS], [0.0; TAPS]);
        self.each_row(side, |row, pixels, columns| {
            add_scaled(&mut along, self.y[0][row], &image[pixels.clone()], columns.clone());
            add_scaled(&mut steep, self.y[1][row], &image[pixels], columns);
        });
        [dot(&along, &self.x[0]), dot(&along, &self.x[1]), dot(&steep, &self.x[0])]
    }

    /// The way back: adds to the pixels what they get of a gradient of the number.
    #[inline(always)]
    pub(super) fn spread(&self, gradient: f32, by_pixel: &mut [f32], side: usize) {
        self.each_row(side, |row, pixels, columns| {
            let (into, factor) = (&mut by_pixel[pixels], gradient * self.y[0][row]);
            match into.as_mut_array::<TAPS>() {
                Some(into) => (0..TAPS).for_each(|j| into[j] += factor * self.x[0][j]),
                None => into.iter_mut().zip(&self.x[0][columns]).for_each(|(into, weight)| *into += factor * weight),
            }
        });
    }
}

/// into += factor row, whose first pixel is of the first of these columns.
#[inline(always)]
fn add_scaled<const TAPS: usize>(into: &mut [f32; TAPS], factor: f32, row: &[f32], columns: Range<usize>) {
    match row.as_array::<TAPS>() {
        Some(row) => (0..TAPS).for_each(|j| into[j] += factor * row[j]),
        None => into[columns].iter_mut().zip(row).for_each(|(into, pixel)| *into += factor * pixel),
    }
}

#[inline(always)]
fn dot<const TAPS: usize>(a: &[f32; TAPS], b: &[f32; TAPS]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}
