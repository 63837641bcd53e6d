//! Interval: the real line onto what lies between two bounds.

use super::{Image, Transform};
use crate::autodiff::sigmoid;

/// x = low + (high - low) / (1 + e^-u)
#[derive(Clone, Copy, Debug)]
pub struct Interval;

impl Transform for Interval {
    #[inline]
    fn forward(&self, u: f64, low: f64, high: f64) -> Image {
        let (s, rest, width) = (sigmoid(u), sigmoid(-u), high - low);
        // From the nearer end, so that neither loses its digits.
        let x = if u < 0.0 { low + width * s } else { high - width * rest };
        // ln s + ln (1 - s) = -|u| - 2 ln(1 + e^-|u|)
        let log_slope = -u.abs() - 2.0 * (-u.abs()).exp().ln_1p();
        Image {
            // Not `clamp`, which panics where ends that move have crossed; such a lane is impossible, not an error.
            x: x.max(low.next_up()).min(high.next_down()),
            log_jacobian: width.ln() + log_slope,
            dx: [width * s * rest, rest, s],
            dlog_jacobian: [rest - s, -1.0 / width, 1.0 / width],
        }
    }

    fn inverse(&self, x: f64, low: f64, high: f64) -> f64 {
        (x - low).ln() - (high - x).ln()
    }
}
