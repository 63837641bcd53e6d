//! Lower: the real line onto what lies above a bound.

use super::{Image, Transform};

/// x = low + e^u
#[derive(Clone, Copy, Debug)]
pub struct Lower;

impl Transform for Lower {
    #[inline]
    fn forward(&self, u: f64, low: f64, _: f64) -> Image {
        let e = u.exp();
        // Where e^u is lost beside the bound, the next number above it is still inside.
        let x = (low + e).max(low.next_up());
        Image { x, log_jacobian: u, dx: [e, 1.0, 0.0], dlog_jacobian: [1.0, 0.0, 0.0] }
    }

    fn inverse(&self, x: f64, low: f64, _: f64) -> f64 {
        (x - low).ln()
    }
}
