//! The pixels around a point, and their weights.

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x4};

use super::interpolation::{Taps, weights};

/// An image with a border of zeros, so wide that every point whose light is not zero has all its taps within.
#[derive(Clone, Copy)]
pub(super) struct Bordered {
    /// Pixels along a side, without the border.
    side: usize,
    border: usize,
}

impl Bordered {
    /// For kernels of so many taps.
    pub(super) fn new(side: usize, taps: usize) -> Self {
        Bordered { side, border: taps - 1 }
    }

    /// The place of the last pixel of a row, counted from the first.
    pub(super) fn last(self) -> f32 {
        self.side as f32 - 1.0
    }

    pub(super) fn row(self) -> usize {
        self.side + 2 * self.border
    }

    /// Numbers of the image, the border with it, and as many more as four from the last on reach.
    pub(super) fn len(self) -> usize {
        self.row() * self.row() + 3
    }

    /// The rows of pixels.
    fn rows(self, all: &[f32]) -> impl Iterator<Item = &[f32]> {
        all.chunks_exact(self.row()).skip(self.border).take(self.side).map(move |row| &row[self.border..][..self.side])
    }

    /// Writes an image into what is zero.
    pub(super) fn write(self, image: &[f32], all: &mut [f32]) {
        let rows = all.chunks_exact_mut(self.row()).skip(self.border).zip(image.chunks_exact(self.side));
        rows.for_each(|(to, from)| to[self.border..][..self.side].copy_from_slice(from));
    }

    /// Adds the pixels to an image.
    pub(super) fn add_to(self, image: &mut [f32], all: &[f32]) {
        for (to, from) in image.chunks_exact_mut(self.side).zip(self.rows(all)) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }
}

/// The pixels around a point: the first of them, and weights and slopes along both axes.
#[derive(Clone, Copy)]
pub(super) struct Around<S: Simd, const TAPS: usize> {
    first: usize,
    row: usize,
    x: [f32x4<S>; 2],
    y: [f32x4<S>; 2],
}

impl<S: Simd, const TAPS: usize> Around<S, TAPS> {
    /// The pixels from `first` on, for a point that is `x` and `y` behind a pixel.
    #[inline(always)]
    pub(super) fn new<T: Taps<TAPS>>(simd: S, image: Bordered, first: usize, [x, y]: [f32; 2]) -> Self {
        let (x, y) = (weights::<S, TAPS, T>(simd, x), weights::<S, TAPS, T>(simd, y));
        Around { first, row: image.row(), x, y }
    }

    /// Four pixels of each row, in order.
    #[inline(always)]
    fn rows(&self, simd: S, image: &[f32]) -> [f32x4<S>; TAPS] {
        let (image, mut rows) = (&image[self.first..], [f32x4::splat(simd, 0.0); TAPS]);
        for (i, row) in rows.iter_mut().enumerate() {
            *row = f32x4::from_slice(simd, &image[i * self.row..][..4]);
        }
        rows
    }

    /// What adds up to the number at the point.
    #[inline(always)]
    pub(super) fn value(&self, simd: S, image: &[f32]) -> f32x4<S> {
        sum(simd, &self.rows(simd, image), self.y[0]) * self.x[0]
    }

    /// What adds up to the number at the point, and to its slopes along x and y.
    #[inline(always)]
    pub(super) fn value_and_slopes(&self, simd: S, image: &[f32]) -> [f32x4<S>; 3] {
        let rows = self.rows(simd, image);
        let (along, steep) = (sum(simd, &rows, self.y[0]), sum(simd, &rows, self.y[1]));
        [along * self.x[0], along * self.x[1], steep * self.x[0]]
    }

    /// The way back: adds to the pixels what they get of a gradient of the number.
    #[inline(always)]
    pub(super) fn spread(&self, simd: S, gradient: f32, by_pixel: &mut [f32]) {
        let (by_pixel, x) = (&mut by_pixel[self.first..], self.x[0] * f32x4::splat(simd, gradient));
        for i in 0..TAPS {
            let into = &mut by_pixel[i * self.row..][..4];
            let weight = f32x4::splat(simd, self.y[0].as_array()[i]);
            x.mul_add(weight, f32x4::from_slice(simd, into)).store_slice(into);
        }
    }
}

/// Rows by their weights.
#[inline(always)]
fn sum<S: Simd, const TAPS: usize>(simd: S, rows: &[f32x4<S>; TAPS], weights: f32x4<S>) -> f32x4<S> {
    let mut sum = f32x4::splat(simd, 0.0);
    for (row, weight) in rows.iter().zip(weights.as_array()) {
        sum = row.mul_add(f32x4::splat(simd, *weight), sum);
    }
    sum
}
