//! The background: how fast a universe of matter, dark energy and curvature expands.

use ppl_core::autodiff::Number;

use crate::parameter::{ParameterKind, ProfileParameter};

/// A universe of matter, dark energy of w(a) = w0 + wa (1 - a) and curvature, without radiation (as astropy's, whose `Tcmb0` is 0
/// by default): with x = 1 + z and Ode0 = 1 - Om0 - Ok0
///
/// ```text
/// H(z)^2 = H0^2 E^2,   E^2 = Om0 x^3 + Ok0 x^2 + Ode0 x^(3 (1 + w0 + wa)) exp(-3 wa z / x)
/// ```
///
/// (Chevallier & Polarski 2001; Linder 2003). Its numbers may have slopes ([`Dual`](ppl_core::autodiff::Dual)), so that all of them can be
/// sampled; where E^2 is negative on the way, distances are NaN.
///
/// ```
/// use lens_models::cosmology::Cosmology;
/// use ppl_core::autodiff::Dual;
///
/// let planck = Cosmology::flat(67.66, 0.30966);
/// let d_dt = planck.time_delay_distance(0.5, 1.5);
/// assert!((d_dt - 3443.543).abs() < 1e-3);
/// // Distances are proportional to 1 / H0.
/// let [h0, om0] = Dual::variables([67.66, 0.30966]);
/// let [by_h0, _] = Cosmology::flat(h0, om0).time_delay_distance(Dual::constant(0.5), Dual::constant(1.5)).slopes;
/// assert!((by_h0 + d_dt / 67.66).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosmology<T = f64> {
    /// H0: the expansion today, km / s / Mpc.
    pub h0: T,
    /// Om0: the density of matter today over the critical one.
    pub om0: T,
    /// Ok0: that of curvature; positive in an open universe.
    pub ok0: T,
    /// w0: pressure over density of the dark energy today; -1 for a cosmological constant.
    pub w0: T,
    /// wa: minus its derivative by the scale factor.
    pub wa: T,
}

/// The parameters of a [`Cosmology`], in the order of its fields, as astropy calls them.
pub static PARAMETERS: [ProfileParameter; 5] = [
    ProfileParameter::new(
        "H0",
        ParameterKind::positive(r#"{ "uniform": { "low": 20.0, "high": 150.0 } }"#),
        "km/s/Mpc",
        "H_0",
        "The Hubble constant.",
    ),
    ProfileParameter::new(
        "Om0",
        ParameterKind::Other { low: 0.0, high: 2.0, prior: r#"{ "uniform": { "low": 0.05, "high": 0.5 } }"# },
        "",
        r"\Omega_\mathrm{m}",
        "The density of matter today over the critical one.",
    ),
    ProfileParameter::new(
        "Ok0",
        ParameterKind::Other { low: -1.0, high: 1.0, prior: r#"{ "normal": { "loc": 0.0, "scale": 0.1 } }"# },
        "",
        r"\Omega_\mathrm{k}",
        "The density of curvature today over the critical one; positive in an open universe.",
    ),
    ProfileParameter::new(
        "w0",
        ParameterKind::Other { low: -5.0, high: 1.0, prior: r#"{ "uniform": { "low": -2.5, "high": -0.4 } }"# },
        "",
        "w_0",
        "Pressure over density of the dark energy today.",
    ),
    ProfileParameter::new(
        "wa",
        ParameterKind::Other { low: -10.0, high: 10.0, prior: r#"{ "normal": { "loc": 0.0, "scale": 0.5 } }"# },
        "",
        "w_a",
        "Minus the derivative of w by the scale factor.",
    ),
];

impl<T: Number> Cosmology<T> {
    /// Flat, with a cosmological constant.
    pub fn flat(h0: T, om0: T) -> Self {
        let zero = T::constant(0.0);
        Cosmology { h0, om0, ok0: zero, w0: T::constant(-1.0), wa: zero }
    }

    /// From the numbers of [`PARAMETERS`].
    pub fn of([h0, om0, ok0, w0, wa]: [T; 5]) -> Self {
        Cosmology { h0, om0, ok0, w0, wa }
    }

    /// E^2 = H^2 / H0^2 at ln(1 + z).
    pub(super) fn expansion(&self, ln_x: T) -> T {
        let x = ln_x.exp();
        let x2 = x * x;
        let ode0 = -(self.om0 + self.ok0) + 1.0;
        // -3 wa z / (1 + z) = -3 wa (1 - 1 / x).
        let power = (self.w0 + self.wa + 1.0) * ln_x * 3.0;
        let dark = (power + self.wa * (T::constant(1.0) / x - 1.0) * 3.0).exp();
        self.om0 * x2 * x + self.ok0 * x2 + ode0 * dark
    }
}
