//! Bar: a Ferrers bar with boxy ends.

/// A bar; lengths in half-light radii of its disc.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Half length.
    pub length: f64,
    /// Width over length.
    pub axis_ratio: f64,
    /// Angle of its long axis, radians.
    pub angle: f64,
}

impl Bar {
    /// (1 - u^2) inside, 0 outside: u = (|x/a|^3 + |y/b|^3)^(1/3), a generalised ellipse (Athanassoula et al. 1990) with boxy
    /// ends, and a Ferrers profile of order 1.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let (sin, cos) = self.angle.sin_cos();
        let along = ((x * cos + y * sin) / self.length).abs();
        let across = ((y * cos - x * sin) / (self.length * self.axis_ratio)).abs();
        let u = (along.powi(3) + across.powi(3)).cbrt();
        (1.0 - u * u).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_ends_at_its_length_and_at_its_width() {
        let bar = Bar { length: 0.8, axis_ratio: 0.25, angle: std::f64::consts::FRAC_PI_2 };
        assert_eq!(bar.at(0.0, 0.0), 1.0);
        assert!(bar.at(0.0, 0.79) > 0.0 && bar.at(0.0, 0.81) == 0.0);
        assert!(bar.at(0.19, 0.0) > 0.0 && bar.at(0.21, 0.0) == 0.0);
    }
}
