//! Dust: a thin absorbing layer in the plane of a disc.

use super::arms::Arms;

/// The layer; lengths in half-light radii of the disc.
#[derive(Debug, Clone)]
pub struct Dust {
    /// Optical depth through the centre, seen face-on.
    pub depth: f64,
    /// Scale length.
    pub scale: f64,
    /// How many times deeper the lanes on the inner edges of the arms are.
    pub lanes: f64,
    /// The arms that the lanes follow.
    pub arms: Option<Arms>,
}

impl Dust {
    /// exp(-tau / cos i): what is left of the light from behind the layer, at (x, y) in the plane of the disc.
    #[must_use]
    pub fn transmission(&self, x: f64, y: f64, cos_inclination: f64) -> f64 {
        let r = x.hypot(y);
        // Lanes lead the crest by a tenth of a turn between arms (Holwerda et al. 2005 have them on the inner edge).
        let lane = self.arms.as_ref().map_or(0.0, |arms| {
            let lead = 0.2 * std::f64::consts::PI / arms.number;
            self.lanes * arms.crest(r, y.atan2(x) + lead) * ((r - arms.start) / 0.5).clamp(0.0, 1.0)
        });
        let tau = self.depth * (-r / self.scale).exp() * (1.0 + lane);
        (-tau / cos_inclination).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_seen_at_an_angle_is_deeper() {
        let dust = Dust { depth: 0.7, scale: 1.0, lanes: 0.0, arms: None };
        assert!((dust.transmission(0.0, 0.0, 1.0) - (-0.7_f64).exp()).abs() < 1e-15);
        assert!((dust.transmission(0.0, 0.0, 0.5) - (-1.4_f64).exp()).abs() < 1e-15);
        assert!((dust.transmission(2.0, 0.0, 1.0) - (-0.7 * (-2.0_f64).exp()).exp()).abs() < 1e-15);
    }
}
