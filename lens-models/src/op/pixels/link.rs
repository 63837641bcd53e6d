//! Links: from a Gaussian field to a surface brightness.

use serde::{Deserialize, Serialize};

/// What a field of either sign becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// Itself: a brightness of either sign.
    #[default]
    None,
    /// exp f.
    Exp,
    /// ln(1 + exp(4 f)) / 4: the field itself where it is well above 0, and dark where it is well below.
    Softplus,
}

/// How sharply a softplus turns from dark to the field.
const SHARP: f64 = 4.0;

impl Link {
    /// The brightness.
    pub(super) fn value(self, f: f64) -> f64 {
        match self {
            Link::None => f,
            Link::Exp => f.exp(),
            Link::Softplus => f.max(0.0) + (-(SHARP * f).abs()).exp().ln_1p() / SHARP,
        }
    }

    /// Its derivative by the field.
    pub(super) fn slope(self, f: f64) -> f64 {
        match self {
            Link::None => 1.0,
            Link::Exp => f.exp(),
            Link::Softplus => 1.0 / (1.0 + (-SHARP * f).exp()),
        }
    }

    /// The field of a brightness, of one that is no less than `floor`.
    pub(super) fn inverse(self, brightness: f64, floor: f64) -> f64 {
        let above = brightness.max(floor);
        match self {
            Link::None => brightness,
            Link::Exp => above.ln(),
            Link::Softplus => above + (-(-SHARP * above).exp()).ln_1p() / SHARP,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_its_slope_and_its_inverse() {
        for link in [Link::None, Link::Exp, Link::Softplus] {
            for f in [-2.0, -1.0, 0.0, 0.7, 9.0] {
                let h = 1e-5;
                let slope = (link.value(f + h) - link.value(f - h)) / (2.0 * h);
                // Curvature over h, and rounding.
                assert!((slope - link.slope(f)).abs() < 1e-7 * (1.0 + slope.abs()), "{link:?} {f}");
                assert!((link.inverse(link.value(f), 1e-9) - f).abs() < 1e-9, "{link:?} {f}");
            }
        }
        assert_eq!(Link::Softplus.value(800.0), 800.0);
        assert!(Link::Softplus.value(-800.0) == 0.0 && Link::Softplus.slope(-800.0) == 0.0);
    }
}
