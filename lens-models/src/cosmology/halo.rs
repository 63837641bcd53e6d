//! Haloes: what a mass and a concentration are on the sky, and back.

use std::f64::consts::{LN_2, PI};

use ppl_core::autodiff::Number;

use super::background::Cosmology;
use super::lensing::{ARCSEC, GM_SUN, MPC};

/// The mean density within r200 over the critical one.
const OVERDENSITY: f64 = 200.0;
/// Most steps of Newton's method for a concentration, and the length of the last one.
const STEPS: usize = 100;
const CLOSE: f64 = 1e-13;

/// Where the concentration c = r200 / Rs of a halo comes from. Both relations are of relaxed and unrelaxed haloes above 1e10 solar masses
/// and are carried on below as they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concentration {
    /// lg c = a + b lg(M200 / [1e12 / h]), b = -0.101 + 0.026 z, a = 0.520 + 0.385 exp(-0.617 z^1.21): Dutton & Maccio (2014,
    /// doi:10.1093/mnras/stu742, eq. 7, 10 and 11). The scatter is 0.11 in lg c.
    #[default]
    DuttonMaccio2014,
    /// c = 5.71 (M200 / [2e12 / h])^-0.084 (1 + z)^-0.47: Duffy et al. (2008, doi:10.1111/j.1745-3933.2008.00537.x, table 1, the full
    /// sample to z = 2).
    Duffy2008,
    /// It is a number of its own.
    Free,
}

impl Concentration {
    /// All of them.
    pub const ALL: [Concentration; 3] =
        [Concentration::DuttonMaccio2014, Concentration::Duffy2008, Concentration::Free];

    /// Its name in a system file.
    pub fn name(self) -> &'static str {
        match self {
            Concentration::DuttonMaccio2014 => "dutton_maccio_2014",
            Concentration::Duffy2008 => "duffy_2008",
            Concentration::Free => "free",
        }
    }

    /// The concentration of a halo of 10^`log10_m200` solar masses at z. `given` is c itself where it is free; else how far lg c lies above
    /// the relation.
    pub fn of<T: Number>(self, log10_m200: T, given: T, z: f64, h0: T) -> T {
        let ln_10 = std::f64::consts::LN_10;
        // lg M200 in units of 10^pivot / h.
        let above = |pivot: f64| log10_m200 + (h0 / 100.0).ln() / ln_10 - pivot;
        let lg = match self {
            Concentration::Free => return given,
            Concentration::DuttonMaccio2014 => {
                above(12.0) * (-0.101 + 0.026 * z) + (0.520 + 0.385 * (-0.617 * z.powf(1.21)).exp())
            }
            Concentration::Duffy2008 => above(2e12_f64.log10()) * -0.084 + (5.71 * (1.0 + z).powf(-0.47)).log10(),
        };
        ((lg + given) * ln_10).exp()
    }
}

/// m(c) = ln(1 + c) - c / (1 + c): the mass of an NFW halo within c Rs over 4 pi rho_s Rs^3.
fn share<T: Number>(c: T) -> T {
    c.ln_1p() - c / (c + 1.0)
}

impl<T: Number> Cosmology<T> {
    /// The critical density 3 H(z)^2 / (8 pi G), solar masses per Mpc^3 (not comoving).
    pub fn critical_density(&self, z: T) -> T {
        self.h0 * self.h0 * self.expansion(z.ln_1p()) * (3.0 * MPC / (8.0 * PI * GM_SUN))
    }

    /// `Rs` and `alpha_Rs` (arcsec) of the NFW halo at `z` of 10^`log10_m200` solar masses within the radius r200 of a mean density of 200
    /// critical ones, and of concentration c = r200 / Rs; `alpha_Rs` is that of a source at `z_source`:
    ///
    /// ```text
    /// r200 = (3 M200 / (800 pi rho_c))^(1/3),   Rs = r200 / (c D_l),   rho_s = 200/3 rho_c c^3 / m(c),   m(c) = ln(1 + c) - c / (1 + c)
    /// alpha_Rs = 4 rho_s (D_l Rs)^2 (1 - ln 2) / (Sigma_cr D_l)
    /// ```
    ///
    /// which is lenstronomy's `LensCosmo.nfw_physical2angle`.
    pub fn halo_angles(&self, log10_m200: T, c: T, z: T, z_source: T) -> [T; 2] {
        let critical = self.critical_density(z);
        let distance = self.angular_diameter_distance(T::constant(0.0), z);
        let ln_cube = log10_m200 * std::f64::consts::LN_10 - (critical * (4.0 * PI / 3.0 * OVERDENSITY)).ln();
        let rs = (ln_cube / 3.0).exp() / c;
        let rho = critical * c * c * c / share(c) * (OVERDENSITY / 3.0);
        let alpha = rho * rs * rs / self.critical_surface_density(z, z_source) * (4.0 * (1.0 - LN_2));
        [rs, alpha].map(|length| length / distance / ARCSEC)
    }
}

impl Cosmology {
    /// M200 (solar masses) and the concentration of the NFW halo at `z` whose angles are these: the inverse of
    /// [`halo_angles`](Cosmology::halo_angles). NaN where an angle is not positive.
    pub fn halo_mass(&self, rs: f64, alpha_rs: f64, z: f64, z_source: f64) -> [f64; 2] {
        let to_length = ARCSEC * self.angular_diameter_distance(0.0, z);
        let [rs, alpha] = [rs, alpha_rs].map(|angle| angle * to_length);
        let rho = alpha * self.critical_surface_density(z, z_source) / (4.0 * rs * rs * (1.0 - LN_2));
        let critical = self.critical_density(z);
        // 3 ln c - ln m(c) rises with ln c, its slope from 1 to 3: Newton's method gets there from anywhere.
        let wanted = (3.0 * rho / (OVERDENSITY * critical)).ln();
        let mut ln_c = 10.0_f64.ln();
        for _ in 0..STEPS {
            let c = ln_c.exp();
            let m = share(c);
            let step = (wanted - 3.0 * ln_c + m.ln()) / (3.0 - (c / (1.0 + c)).powi(2) / m);
            ln_c += step;
            if step.abs() < CLOSE || step.is_nan() {
                break;
            }
        }
        let c = ln_c.exp();
        [4.0 / 3.0 * PI * OVERDENSITY * critical * (c * rs).powi(3), c]
    }
}

/// The mass of a halo to infinity that is truncated at `tau` Rs, over M200 of the one that is not ([`Tnfw`](crate::mass::Tnfw);
/// Baltz, Marshall & Oguri 2009, doi:10.1088/1475-7516/2009/01/015): with t = tau
///
/// ```text
/// t^2 / (t^2 + 1)^2 [(t^2 - 1) ln t + pi t - (t^2 + 1)] / m(c)
/// ```
pub fn truncated_share(c: f64, tau: f64) -> f64 {
    let t2 = tau * tau;
    t2 / (t2 + 1.0).powi(2) * ((t2 - 1.0) * tau.ln() + PI * tau - (t2 + 1.0)) / share(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mass_is_found_again_from_its_angles() {
        let universe = Cosmology::flat(67.0, 0.31);
        for (lg, c) in [(6.0, 40.0), (9.3, 15.0), (13.0, 4.0), (15.0, 0.7)] {
            let [rs, alpha] = universe.halo_angles(lg, c, 0.4, 1.7);
            let [mass, found] = universe.halo_mass(rs, alpha, 0.4, 1.7);
            assert!((mass.log10() - lg).abs() < 1e-11 && (found / c - 1.0).abs() < 1e-11, "{lg} {c}: {mass} {found}");
        }
        assert!(universe.halo_mass(1.0, -0.1, 0.4, 1.7)[0].is_nan());
    }

    #[test]
    fn the_share_of_a_truncated_halo_is_the_integral_of_its_density() {
        for (c, tau) in [(10.0, 3.0), (20.0, 0.5), (5.0, 30.0), (8.0, 1.0)] {
            // integral of x / (1 + x)^2 t^2 / (x^2 + t^2) dx, by the trapezoidal rule in ln x.
            let (n, from, to) = (400_000, -25.0_f64, 25.0_f64);
            let step = (to - from) / f64::from(n);
            let at = |i: i32| {
                let x = (from + step * f64::from(i)).exp();
                x * x / (1.0 + x).powi(2) * tau * tau / (x * x + tau * tau)
            };
            let integral = step * (0..n).map(at).sum::<f64>() / share(c);
            let got = truncated_share(c, tau);
            assert!((got / integral - 1.0).abs() < 1e-8, "{c} {tau}: {got} {integral}");
        }
    }
}
