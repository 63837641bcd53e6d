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

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::super::forward;
    use super::super::interpolation::{CubicSpline, Linear};
    use super::*;

    const SIDE: usize = 9;

    /// The light of 100 points, in turn what their gradient is by pixels, x, y and placement.
    fn all<S: Simd, const TAPS: usize, T: Taps<TAPS>>(simd: S) -> Vec<f32> {
        let n = 100;
        let at = |step: f32| -> Vec<f32> { (0..n).map(|i| 1.4 * (step * i as f32).sin()).collect() };
        let (x, y, frame) = (at(1.7), at(1.1), Bordered::new(SIDE, TAPS));
        let map = Map { centre: [0.1, -0.05], turn: [4.0, 1.5], middle: 4.0, amp: 1.3, scale: 2.1 };
        let mut image = vec![0.0; frame.len()];
        frame.write(&(0..SIDE * SIDE).map(|i| (0.9 * i as f32).sin()).collect::<Vec<f32>>(), &mut image);
        let mut numbers = vec![0.0; n];
        forward::with::<S, TAPS, T>(simd, map, (frame, &image), [&x, &y], &mut numbers);
        let [mut by_x, mut by_y] = [vec![0.0; n], vec![0.0; n]];
        let mut by_pixel = vec![0.0; frame.len()];
        let into = (&mut by_x[..], &mut by_y[..], Some(&mut by_pixel[..]));
        let chunk = Chunk { x: &x, y: &y, cotangent: &at(0.3), by_x: into.0, by_y: into.1, by_pixel: into.2 };
        let sums = with::<S, TAPS, T>(simd, map, (frame, &image), chunk);
        numbers.extend(by_pixel.into_iter().chain(by_x).chain(by_y));
        numbers.extend(sums.map(|sum| sum as f32));
        numbers
    }

    fn agree<const TAPS: usize, T: Taps<TAPS>>() {
        let level = Level::new();
        // All of this architecture have it.
        let plain = level.as_sse2().map(all::<_, TAPS, T>).unwrap();
        assert!(plain.iter().filter(|number| **number != 0.0).count() > 150);
        let others = [
            level.as_sse4_2().map(all::<_, TAPS, T>),
            level.as_avx2().map(all::<_, TAPS, T>),
            level.as_avx512().map(all::<_, TAPS, T>),
        ];
        for other in others.into_iter().flatten() {
            // Sums of up to a hundred f32 of a few, with or without fused multiply-add.
            assert!(plain.iter().zip(&other).all(|(a, b)| (a - b).abs() < 3e-5), "{plain:?} {other:?}");
        }
    }

    #[test]
    fn processors_of_all_ages_have_the_same_light_and_gradient() {
        agree::<2, Linear>();
        agree::<4, CubicSpline>();
    }
}
