//! The pixels around a point, and their weights.

use super::interpolation::Taps;

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

    fn row(self) -> usize {
        self.side + 2 * self.border
    }

    /// Numbers of the image, the border with it.
    pub(super) fn len(self) -> usize {
        self.row() * self.row()
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
pub(super) struct Around<const TAPS: usize> {
    first: usize,
    row: usize,
    x: [[f32; TAPS]; 2],
    y: [[f32; TAPS]; 2],
}

/// Those of a point in pixels from the centre of the first; `None` where all are outside.
#[inline(always)]
pub(super) fn around<const TAPS: usize, T: Taps<TAPS>>([x, y]: [f32; 2], image: Bordered) -> Option<Around<TAPS>> {
    let reach = (TAPS / 2) as f32;
    // False for NaN too.
    let inside = |at: f32| at > -reach && at < image.side as f32 - 1.0 + reach;
    if !(inside(x) && inside(y)) {
        return None;
    }
    let (floor_x, floor_y) = (x.floor(), y.floor());
    // The first tap is TAPS / 2 - 1 pixels before the floor, and the floor no more than TAPS / 2 before the image.
    let from_border = |floor: f32| (floor as i32 + (TAPS / 2) as i32) as usize;
    let row = image.row();
    let first = from_border(floor_y) * row + from_border(floor_x);
    Some(Around { first, row, x: T::weights(x - floor_x), y: T::weights(y - floor_y) })
}

impl<const TAPS: usize> Around<TAPS> {
    /// The rows of pixels, in order.
    #[inline(always)]
    fn rows<'i>(&self, image: &'i [f32]) -> [&'i [f32; TAPS]; TAPS] {
        let image = &image[self.first..][..(TAPS - 1) * self.row + TAPS];
        std::array::from_fn(|i| {
            // As many as the last index of the slice above allows.
            image[i * self.row..].first_chunk().unwrap_or(&[0.0; TAPS])
        })
    }

    /// The number at the point.
    #[inline(always)]
    pub(super) fn value(&self, image: &[f32]) -> f32 {
        let mut along = [0.0; TAPS];
        self.rows(image).into_iter().zip(self.y[0]).for_each(|(row, weight)| add_scaled(&mut along, weight, row));
        dot(&along, &self.x[0])
    }

    /// The number at the point, and its slopes along x and y.
    #[inline(always)]
    pub(super) fn value_and_slopes(&self, image: &[f32]) -> [f32; 3] {
        let (mut along, mut steep) = ([0.0; TAPS], [0.0; TAPS]);
        for (i, row) in self.rows(image).into_iter().enumerate() {
            add_scaled(&mut along, self.y[0][i], row);
            add_scaled(&mut steep, self.y[1][i], row);
        }
        [dot(&along, &self.x[0]), dot(&along, &self.x[1]), dot(&steep, &self.x[0])]
    }

    /// The way back: adds to the pixels what they get of a gradient of the number.
    #[inline(always)]
    pub(super) fn spread(&self, gradient: f32, by_pixel: &mut [f32]) {
        let by_pixel = &mut by_pixel[self.first..][..(TAPS - 1) * self.row + TAPS];
        for (i, weight) in self.y[0].into_iter().enumerate() {
            if let Some(into) = by_pixel[i * self.row..].first_chunk_mut::<TAPS>() {
                add_scaled(into, gradient * weight, &self.x[0]);
            }
        }
    }
}

/// into += factor row.
#[inline(always)]
fn add_scaled<const TAPS: usize>(into: &mut [f32; TAPS], factor: f32, row: &[f32; TAPS]) {
    (0..TAPS).for_each(|j| into[j] += factor * row[j]);
}

#[inline(always)]
fn dot<const TAPS: usize>(a: &[f32; TAPS], b: &[f32; TAPS]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}
