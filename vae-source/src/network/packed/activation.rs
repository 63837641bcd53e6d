//! The activation of the packed decoder: ReLU whose kink is rounded off, in units in which that takes one number to either side.

/// The half-width that stands for ReLU itself, 1e-12: [`rounded`] is then max(x, 0) to the last bit for whatever a sum in single precision
/// can tell from zero, and a power of two costs the weights nothing.
const KINK: f32 = 1.0 / (1_u64 << 40) as f32;

/// The unit of activations for a half-width of the parabola.
pub(super) fn unit(rounding: f32) -> f32 {
    rounding.max(KINK)
}

/// max(x, 0), and (x + 1)^2 / 4 between -1 and 1: continuous with its slope, which rises there from 0 to 1.
#[inline(always)]
pub(super) fn rounded(x: f32) -> f32 {
    let t = (x + 1.0).clamp(0.0, 2.0);
    0.25 * t * t + (x - 1.0).max(0.0)
}

/// The slope where [`rounded`] gave y: sqrt(y), at most 1.
#[inline(always)]
pub(super) fn slope(y: f32) -> f32 {
    y.min(1.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parabola_joins_both_lines_with_their_slopes() {
        assert_eq!([-3.0, -1.0, 0.0, 1.0, 3.0].map(rounded), [0.0, 0.0, 0.25, 1.0, 3.0]);
        for x in (-300..=300).map(|i| 0.01 * i as f32) {
            let h = 1e-2;
            let difference = (rounded(x + h) - rounded(x - h)) / (2.0 * h);
            // Next to the ends of the parabola the curvature of 1/2 is seen on one side only: h / 8.
            assert!((slope(rounded(x)) - difference).abs() < 2e-3, "{x}");
        }
    }
}
