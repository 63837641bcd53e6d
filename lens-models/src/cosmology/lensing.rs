//! Lensing: what distances make of angles on the sky: the critical surface density, masses, lengths, delays.

use ppl_core::autodiff::Number;

use super::background::Cosmology;

/// The speed of light, km / s.
pub const SPEED_OF_LIGHT: f64 = 299_792.458;
/// One arcsec, radians.
pub const ARCSEC: f64 = std::f64::consts::PI / 648_000.0;
/// Kilometres in a Mpc: 648000 / pi astronomical units of 149597870.7 km each, times 1e6 (IAU 2015, resolution B2).
pub(super) const MPC: f64 = 149_597_870.7 / ARCSEC * 1e6;
/// G times the mass of the sun, km^3 / s^2 (IAU 2015, resolution B3).
pub(super) const GM_SUN: f64 = 1.327_124_4e11;
const DAY: f64 = 86_400.0;

impl<T: Number> Cosmology<T> {
    /// Sigma_cr = c^2 / (4 pi G) D_s / (D_l D_ls), solar masses per Mpc^2.
    pub fn critical_surface_density(&self, z_lens: T, z_source: T) -> T {
        let zero = T::constant(0.0);
        let [l, s] = [z_lens, z_source].map(|z| self.angular_diameter_distance(zero, z));
        let ls = self.angular_diameter_distance(z_lens, z_source);
        s / (l * ls) * (SPEED_OF_LIGHT * SPEED_OF_LIGHT / (4.0 * std::f64::consts::PI * GM_SUN) * MPC)
    }

    /// D_dt = (1 + z_l) D_l D_s / D_ls, Mpc.
    pub fn time_delay_distance(&self, z_lens: T, z_source: T) -> T {
        let zero = T::constant(0.0);
        let [l, s] = [z_lens, z_source].map(|z| self.angular_diameter_distance(zero, z));
        (z_lens + 1.0) * l * s / self.angular_diameter_distance(z_lens, z_source)
    }

    /// What a lens deflects a ray by in the plane at `z` behind it, over what it does in the plane at `z_source`:
    /// D(z_lens, z) D(z_source) / (D(z) D(z_lens, z_source)).
    pub fn deflection_scale(&self, z_lens: T, z: T, z_source: T) -> T {
        let zero = T::constant(0.0);
        let [there, source] =
            [z, z_source].map(|z| self.angular_diameter_distance(z_lens, z) / self.angular_diameter_distance(zero, z));
        there / source
    }

    /// The delay, in days, that a Fermat potential of `fermat` arcsec^2 makes: D_dt / c phi.
    pub fn delay(&self, fermat: T, z_lens: T, z_source: T) -> T {
        fermat * self.time_delay_distance(z_lens, z_source) * DAYS
    }

    /// The length of one arcsec at a redshift, kpc.
    pub fn kpc_per_arcsec(&self, z: T) -> T {
        self.angular_diameter_distance(T::constant(0.0), z) * (1e3 * ARCSEC)
    }

    /// The mass within a circle of mean convergence one, `radius` arcsec on the sky: pi (D_l theta_E)^2 Sigma_cr, solar masses.
    pub fn einstein_mass(&self, radius: T, z_lens: T, z_source: T) -> T {
        let length = self.angular_diameter_distance(T::constant(0.0), z_lens) * radius * ARCSEC;
        length * length * self.critical_surface_density(z_lens, z_source) * std::f64::consts::PI
    }
}

/// Days of delay for each Mpc of time-delay distance and arcsec^2 of Fermat potential.
pub const DAYS: f64 = MPC / SPEED_OF_LIGHT * ARCSEC * ARCSEC / DAY;
