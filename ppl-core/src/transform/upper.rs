//! Upper: the real line onto what lies below a bound.

use super::{Image, Transform};

/// x = high - e^u
#[derive(Clone, Copy, Debug)]
pub struct Upper;

impl Transform for Upper {
    #[inline]
    fn forward(&self, u: f64, _: f64, high: f64) -> Image {
        let e = u.exp();
        let x = (high - e).min(high.next_down());
        Image { x, log_jacobian: u, dx: [-e, 0.0, 1.0], dlog_jacobian: [1.0, 0.0, 0.0] }
    }

    fn inverse(&self, x: f64, _: f64, high: f64) -> f64 {
        (high - x).ln()
    }
}
