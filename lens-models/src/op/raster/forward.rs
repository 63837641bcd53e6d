//! Forward: from positions to brightness, a batch of points after the other.

use fearless_simd::{Level, Simd, dispatch};

use super::around::{Around, Bordered};
use super::batch::{BATCH, Batch, Terms};
use super::interpolation::Taps;
use super::placed::Map;

/// The brightness at each point, with the widest instructions of the processor at hand.
pub(super) fn forward<const TAPS: usize, T: Taps<TAPS>>(
    map: Map,
    image: (Bordered, &[f32]),
    positions: [&[f32]; 2],
    out: &mut [f32],
) {
    dispatch!(Level::new(), simd => with::<_, TAPS, T>(simd, map, image, positions, out));
}

/// With these instructions.
#[inline(always)]
pub(super) fn with<S: Simd, const TAPS: usize, T: Taps<TAPS>>(
    simd: S,
    map: Map,
    (frame, image): (Bordered, &[f32]),
    [x, y]: [&[f32]; 2],
    out: &mut [f32],
) {
    let (mut batch, mut terms) = (Batch::new(), Terms::new());
    for ((out, x), y) in out.chunks_mut(BATCH).zip(x.chunks(BATCH)).zip(y.chunks(BATCH)) {
        batch.place(map, frame, TAPS, [x, y]);
        for i in 0..BATCH {
            let Some((first, behind)) = batch.get(i) else { continue };
            terms.put(i, Around::<S, TAPS>::new::<T>(simd, frame, first, behind).value(simd, image));
        }
        let (values, [u, v]) = (terms.sums(simd), &batch.from_middle);
        for (i, out) in out.iter_mut().enumerate() {
            // Rays that a lens could not trace stay what they are.
            let outside = if u[i].is_nan() | v[i].is_nan() { f32::NAN } else { 0.0 };
            *out = map.amp * if batch.is_inside(i) { values[i] } else { outside };
        }
    }
}
