//! Backward: the gradient of brightness by pixels, positions and placement, a batch of points after the other.

use fearless_simd::{Level, Simd, dispatch};

use super::around::{Around, Bordered};
use super::batch::{BATCH, Batch, Terms};
use super::interpolation::Taps;
use super::placed::{Map, PARAMS};

/// Numbers that are summed side by side: as many on every processor, so that sums have one order.
const WIDE: usize = 16;

/// One chunk of points on the way back.
pub(super) struct Chunk<'a> {
    pub x: &'a [f32],
    pub y: &'a [f32],
    pub cotangent: &'a [f32],
    pub by_x: &'a mut [f32],
    pub by_y: &'a mut [f32],
    /// None where nobody wants the gradient by the pixels.
    pub by_pixel: Option<&'a mut [f32]>,
}

/// Adds to the gradients by pixels and positions; returns that by the placement. With the widest instructions of the processor at hand.
pub(super) fn backward<const TAPS: usize, T: Taps<TAPS>>(
    map: Map,
    image: (Bordered, &[f32]),
    chunk: Chunk<'_>,
) -> [f64; PARAMS] {
    dispatch!(Level::new(), simd => with::<_, TAPS, T>(simd, map, image, chunk))
}

#[inline(always)]
fn with<S: Simd, const TAPS: usize, T: Taps<TAPS>>(
    simd: S,
    map: Map,
    (frame, image): (Bordered, &[f32]),
    chunk: Chunk<'_>,
) -> [f64; PARAMS] {
    let Chunk { x, y, cotangent, by_x, by_y, mut by_pixel } = chunk;
    let [c, s] = map.turn;
    let (mut batch, mut value) = (Batch::new(), Terms::new());
    let (mut slope_x, mut slope_y) = (Terms::new(), Terms::new());
    let mut sums = [[0.0_f64; WIDE]; PARAMS];
    let points = x.chunks(BATCH).zip(y.chunks(BATCH)).zip(cotangent.chunks(BATCH));
    for (((x, y), cotangent), (by_x, by_y)) in points.zip(by_x.chunks_mut(BATCH).zip(by_y.chunks_mut(BATCH))) {
        batch.place(map, frame, TAPS, [x, y]);
        if batch.is_outside() {
            continue;
        }
        let mut given = [0.0; BATCH];
        given[..cotangent.len()].copy_from_slice(cotangent);
        for (i, given) in given.iter().enumerate() {
            let Some((first, behind)) = batch.get(i) else { continue };
            let around = Around::<S, TAPS>::new::<T>(simd, frame, first, behind);
            let [light, along, across] = around.value_and_slopes(simd, image);
            value.put(i, light);
            slope_x.put(i, along);
            slope_y.put(i, across);
            if let Some(by_pixel) = &mut by_pixel {
                around.spread(simd, map.amp * given, by_pixel);
            }
        }
        let (value, slope_x, slope_y) = (value.sums(simd), slope_x.sums(simd), slope_y.sums(simd));
        let [u, v] = &batch.from_middle;
        let ([mut dx, mut dy], mut by) = ([[0.0; BATCH]; 2], [[0.0; BATCH]; PARAMS]);
        for i in 0..BATCH {
            // What is outside gets nothing, whatever its cotangent.
            let only = |number: f32| if batch.is_inside(i) { number } else { 0.0 };
            let g = map.amp * given[i];
            let ([along, across], [u, v]) = ([only(g * slope_x[i]), only(g * slope_y[i])], [only(u[i]), only(v[i])]);
            (dx[i], dy[i]) = (c * along - s * across, s * along + c * across);
            by[0][i] = -dx[i];
            by[1][i] = -dy[i];
            by[2][i] = -(along * u + across * v);
            by[3][i] = only(given[i] * value[i]);
            by[4][i] = along * v - across * u;
        }
        by_x.iter_mut().zip(&dx).for_each(|(into, by)| *into += by);
        by_y.iter_mut().zip(&dy).for_each(|(into, by)| *into += by);
        for (sums, by) in sums.iter_mut().zip(&by) {
            let mut lanes = [0.0; WIDE];
            for numbers in by.as_chunks::<WIDE>().0 {
                lanes.iter_mut().zip(numbers).for_each(|(sum, by)| *sum += by);
            }
            sums.iter_mut().zip(lanes).for_each(|(sum, lane)| *sum += f64::from(lane));
        }
    }
    let mut sums = sums.map(|lanes| lanes.iter().sum());
    sums[2] /= map.scale;
    sums
}
