//! Interpolation between pixels: the weights of the pixels around a point, and their slopes.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdInto, f32x4};
use serde::{Deserialize, Serialize};

/// How an image is continued between the centres of its pixels. Outside the image there are pixels of zero, so that the light
/// goes to zero without a jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// Linear along both axes, as the paper has it: continuous, with kinks where a pixel ends; zero from one pixel behind the
    /// centres of the outermost on.
    #[default]
    Bilinear,
    /// A cubic B-spline through all pixels: two continuous derivatives; zero from two pixels behind the centres of the outermost
    /// on.
    Cubic,
}

/// A kernel of `TAPS` pixels along an axis, at most four.
pub(super) trait Taps<const TAPS: usize> {
    /// The weights of the pixels from `floor - TAPS / 2 + 1` on, for a point `t` (0 to 1) behind the pixel `floor`: the factors of 1, t,
    /// t^2 and t^3 for each of four pixels, zero for those that are none.
    const POWERS: [[f32; 4]; 4];
}

/// Two pixels.
pub(super) struct Linear;

impl Taps<2> for Linear {
    const POWERS: [[f32; 4]; 4] = [[1.0, 0.0, 0.0, 0.0], [-1.0, 1.0, 0.0, 0.0], [0.0; 4], [0.0; 4]];
}

/// The cubic B-spline: (1 - t)^3 / 6, (4 - 6 t^2 + 3 t^3) / 6, and the same from the other side.
pub(super) struct CubicSpline;

impl Taps<4> for CubicSpline {
    const POWERS: [[f32; 4]; 4] = [
        [1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0, 0.0],
        [-0.5, 0.0, 0.5, 0.0],
        [0.5, -1.0, 0.5, 0.0],
        [-1.0 / 6.0, 0.5, -0.5, 1.0 / 6.0],
    ];
}

/// The weights of the pixels around a point `t` behind one of them, and their derivatives by t.
#[inline(always)]
pub(super) fn weights<S: Simd, const TAPS: usize, T: Taps<TAPS>>(simd: S, t: f32) -> [f32x4<S>; 2] {
    let t = f32x4::splat(simd, t);
    let [one, linear, square, cubic] = T::POWERS;
    let [one, linear]: [f32x4<S>; 2] = [one.simd_into(simd), linear.simd_into(simd)];
    let [square, cubic]: [f32x4<S>; 2] = [square.simd_into(simd), cubic.simd_into(simd)];
    let twice = square + square;
    let inner = cubic.mul_add(t, square);
    let weights = inner.mul_add(t, linear).mul_add(t, one);
    let slopes = (cubic * f32x4::splat(simd, 3.0)).mul_add(t, twice).mul_add(t, linear);
    [weights, slopes]
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    fn check<const TAPS: usize, T: Taps<TAPS>>() {
        let at = |t: f32| dispatch!(Level::new(), simd => weights::<_, TAPS, T>(simd, t).map(|four| *four.as_array()));
        for t in [0.0_f32, 0.25, 0.6, 1.0] {
            let [weights, slopes] = at(t);
            assert!(weights[TAPS..].iter().chain(&slopes[TAPS..]).all(|none| *none == 0.0));
            // A constant image stays constant, and t is where the weights say: rounding of f32.
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6 && slopes.iter().sum::<f32>().abs() < 1e-6);
            let centre: f32 = weights.iter().enumerate().map(|(i, w)| w * (i as f32 + 1.0 - (TAPS / 2) as f32)).sum();
            assert!((centre - t).abs() < 1e-6);
            for (i, slope) in slopes.iter().enumerate() {
                // Cubic in t: h^2 / 6, and 1e-7 of rounding over h.
                assert!((slope - (at(t + 0.01)[0][i] - at(t - 0.01)[0][i]) / 0.02).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn weights_sum_to_one_and_their_slopes_are_their_derivatives() {
        check::<2, Linear>();
        check::<4, CubicSpline>();
    }

    #[test]
    fn an_interpolation_is_read_by_name() {
        let read = |name: &str| serde_json::from_str::<Interpolation>(name).unwrap();
        assert_eq!([read("\"bilinear\""), read("\"cubic\"")], [Interpolation::Bilinear, Interpolation::Cubic]);
        assert!(serde_json::from_str::<Interpolation>("\"nearest\"").is_err());
    }
}
