//! Ring: a ring of stars, as around a bar or after a collision.

/// A ring with a Gaussian section; lengths in half-light radii of its disc.
#[derive(Debug, Clone)]
pub struct Ring {
    /// Radius along x.
    pub radius: f64,
    /// Standard deviation of its section.
    pub width: f64,
    /// Height over width: 1 is round.
    pub axis_ratio: f64,
}

impl Ring {
    /// 1 on the ring.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let z = (x.hypot(y / self.axis_ratio) - self.radius) / self.width;
        (-0.5 * z * z).exp()
    }
}
