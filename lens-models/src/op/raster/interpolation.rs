//! Interpolation between pixels: the weights of the pixels around a point, and their slopes.

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

/// A kernel of `TAPS` pixels along an axis.
pub(super) trait Taps<const TAPS: usize> {
    /// The weights of the pixels from `floor - TAPS / 2 + 1` on, for a point `t` (0 to 1) behind the pixel `floor`, and their
    /// derivatives by t.
    fn weights(t: f32) -> [[f32; TAPS]; 2];
}

/// Two pixels.
pub(super) struct Linear;

impl Taps<2> for Linear {
    #[inline(always)]
    fn weights(t: f32) -> [[f32; 2]; 2] {
        [[1.0 - t, t], [-1.0, 1.0]]
    }
}

/// The cubic B-spline: (1 - t)^3 / 6, (4 - 6 t^2 + 3 t^3) / 6, and the same from the other side.
pub(super) struct CubicSpline;

impl Taps<4> for CubicSpline {
    #[inline(always)]
    fn weights(t: f32) -> [[f32; 4]; 2] {
        let s = 1.0 - t;
        let outer = |t: f32| t * t * t / 6.0;
        let inner = |t: f32| 2.0 / 3.0 - t * t * (1.0 - 0.5 * t);
        let slope = |t: f32| t * (1.5 * t - 2.0);
        [[outer(s), inner(t), inner(s), outer(t)], [-0.5 * s * s, slope(t), -slope(s), 0.5 * t * t]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const TAPS: usize, T: Taps<TAPS>>() {
        for t in [0.0_f32, 0.25, 0.6, 1.0] {
            let [weights, slopes] = T::weights(t);
            // A constant image stays constant, and t is where the weights say: rounding of f32.
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6 && slopes.iter().sum::<f32>().abs() < 1e-6);
            let centre: f32 = weights.iter().enumerate().map(|(i, w)| w * (i as f32 + 1.0 - (TAPS / 2) as f32)).sum();
            assert!((centre - t).abs() < 1e-6);
            for (i, slope) in slopes.iter().enumerate() {
                let at = |t| T::weights(t)[0][i];
                // Cubic in t: h^2 / 6, and 1e-7 of rounding over h.
                assert!((slope - (at(t + 0.01) - at(t - 0.01)) / 0.02).abs() < 1e-4);
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
