//! A batch of points: where each lies among the pixels of an image.

use fearless_simd::{Simd, SimdBase, f32x4};

use super::around::Bordered;
use super::placed::Map;

/// Points of a batch: some vector registers full, few enough for the nearest cache.
pub(super) const BATCH: usize = 64;

/// Points, one loop over all for each number of them, so that it is many at a time in vector registers.
///
/// On whole cache lines, as are its [`Terms`]: where a stack happened to lie across them, all took four times as long.
#[repr(align(64))]
pub(super) struct Batch {
    /// In pixels relative to the middle of the image.
    pub(super) from_middle: [[f32; BATCH]; 2],
    /// How far behind a pixel.
    pub(super) behind: [[f32; BATCH]; 2],
    /// The first pixel around a point; [`Self::OUTSIDE`] where there is none.
    first: [i32; BATCH],
}

impl Batch {
    const OUTSIDE: i32 = -1;

    /// No points yet.
    pub(super) fn new() -> Self {
        Batch { from_middle: [[0.0; BATCH]; 2], behind: [[0.0; BATCH]; 2], first: [Self::OUTSIDE; BATCH] }
    }

    /// Up to [`BATCH`] points, for a kernel of `taps` pixels.
    #[inline(always)]
    pub(super) fn place(&mut self, map: Map, image: Bordered, taps: usize, [x, y]: [&[f32]; 2]) {
        let [mut at_x, mut at_y] = [[f32::NAN; BATCH]; 2];
        at_x[..x.len()].copy_from_slice(x);
        at_y[..y.len()].copy_from_slice(y);
        let (reach, row) = (taps / 2, image.row() as i32);
        let (least, most) = (-(reach as f32), image.last() + reach as f32);
        for i in 0..BATCH {
            let [u, v] = map.pixel(at_x[i], at_y[i]);
            let [x, y] = [u + map.middle, v + map.middle];
            // False for NaN too.
            let inside = (x > least) & (x < most) & (y > least) & (y < most);
            let [x, y] = if inside { [x, y] } else { [0.0; 2] };
            let [floor_x, floor_y] = [x.floor(), y.floor()];
            // The first tap is taps / 2 - 1 pixels before the floor, and the floor no more than taps / 2 before the image.
            let [row_of, column_of] = [whole(floor_y) + reach as i32, whole(floor_x) + reach as i32];
            let first = row_of * row + column_of;
            self.first[i] = if inside { first } else { Self::OUTSIDE };
            self.from_middle[0][i] = u;
            self.from_middle[1][i] = v;
            self.behind[0][i] = x - floor_x;
            self.behind[1][i] = y - floor_y;
        }
    }

    /// The first pixel around a point, and how far it is behind one; `None` where all are outside.
    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> Option<(usize, [f32; 2])> {
        let first = self.first[i];
        (first >= 0).then(|| (first as usize, self.behind.map(|axis| axis[i])))
    }

    /// Whether no point has pixels around it.
    #[inline(always)]
    pub(super) fn is_outside(&self) -> bool {
        self.first.iter().all(|first| *first < 0)
    }

    /// Whether a point has pixels around it.
    #[inline(always)]
    pub(super) fn is_inside(&self, i: usize) -> bool {
        self.first[i] >= 0
    }
}

/// A whole number below 2^22 in size as an integer: the last bits of it and 3 * 2^22, where a conversion would be one number at a time.
#[inline(always)]
fn whole(x: f32) -> i32 {
    const APART: f32 = 12_582_912.0;
    (x + APART).to_bits() as i32 - APART.to_bits() as i32
}

/// Four terms of a sum for each point of a batch.
#[repr(align(64))]
pub(super) struct Terms([f32; 4 * BATCH]);

impl Terms {
    pub(super) fn new() -> Self {
        Terms([0.0; 4 * BATCH])
    }

    /// Sets the terms of a point.
    #[inline(always)]
    pub(super) fn put<S: Simd>(&mut self, i: usize, terms: f32x4<S>) {
        terms.store_slice(&mut self.0[4 * i..][..4]);
    }

    /// The sum of each point.
    #[inline(always)]
    pub(super) fn sums<S: Simd>(&self, simd: S) -> [f32; BATCH] {
        let mut sums = [0.0; BATCH];
        for (sums, terms) in sums.as_chunks_mut::<4>().0.iter_mut().zip(self.0.as_chunks::<16>().0) {
            let [a, b, c, d] = simd.load_four_interleaved_f32x4(terms);
            ((a + b) + (c + d)).store_slice(sums);
        }
        sums
    }
}
