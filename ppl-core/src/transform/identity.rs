//! Identity: the real line onto itself.

use super::{Image, Transform};

/// x = u
#[derive(Clone, Copy, Debug)]
pub struct Identity;

impl Transform for Identity {
    #[inline]
    fn forward(&self, u: f64, _: f64, _: f64) -> Image {
        Image { x: u, log_jacobian: 0.0, dx: [1.0, 0.0, 0.0], dlog_jacobian: [0.0; 3] }
    }

    fn inverse(&self, x: f64, _: f64, _: f64) -> f64 {
        x
    }
}
