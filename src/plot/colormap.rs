//! colormap: numbers in [0, 1] as colours.

/// A family of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colormap {
    /// Black through red to pale yellow; for surface brightness.
    Inferno,
    /// Blue through green to yellow; for convergence.
    Viridis,
    /// Blue through near-white to red; for signed numbers with 0 in the middle.
    Diverging,
    /// Black to white, even to the eye; for galaxies alone.
    Grey,
}

/// The colour of pixels that are masked or have no value.
pub const NO_VALUE: [u8; 3] = [140, 140, 140];

impl Colormap {
    /// The colour at `t`, clamped to [0, 1]; grey where `t` is NaN.
    #[must_use]
    pub fn colour(self, t: f64) -> [u8; 3] {
        if t.is_nan() {
            return NO_VALUE;
        }
        let t = t.clamp(0.0, 1.0);
        let colour = match self {
            Self::Inferno => colorous::INFERNO.eval_continuous(t),
            Self::Viridis => colorous::VIRIDIS.eval_continuous(t),
            Self::Diverging => colorous::RED_BLUE.eval_continuous(1.0 - t),
            Self::Grey => colorous::GREYS.eval_continuous(1.0 - t),
        };
        [colour.r, colour.g, colour.b]
    }
}
