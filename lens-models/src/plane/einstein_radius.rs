//! The effective Einstein radius: within it the mean convergence is one.

use super::Lens;

impl Lens<'_> {
    /// The effective Einstein radius: that of the circle about `center` within which the mean convergence is 1, arcsec.
    ///
    /// The mean is the flux of alpha through the circle, <alpha_r> / R. None if no radius between 1e-6 and 1e4 arcsec
    /// has it.
    pub fn einstein_radius(&self, center: [f64; 2]) -> Option<f64> {
        /// The trapezium rule on a circle converges exponentially; 512 angles hold 1e-12 down to q = 0.2.
        const ANGLES: usize = 512;
        // ln of the mean convergence; of a negative one, the ln of something less than 1.
        let excess = |ln_radius: f64| {
            let radius = ln_radius.exp();
            let radial = (0..ANGLES).map(|k| {
                let (sin, cos) = (std::f64::consts::TAU * (k as f64 + 0.5) / ANGLES as f64).sin_cos();
                let [ax, ay] = self.deflection(center[0] + radius * cos, center[1] + radius * sin);
                ax * cos + ay * sin
            });
            (radial.sum::<f64>() / (ANGLES as f64 * radius)).max(1e-9).ln()
        };
        let (mut low, mut high) = (1e-6_f64.ln(), 1e4_f64.ln());
        let (mut above, mut below) = (excess(low), excess(high));
        if !(above > 0.0 && below < 0.0) {
            return None;
        }
        // False position (the Illinois variant) on ln kappa over ln R, on which a power law is a straight line.
        let mut last = 0.0;
        for _ in 0..100 {
            let middle = (low * below - high * above) / (below - above);
            let value = excess(middle);
            if value.abs() < 1e-13 || high - low < 1e-13 {
                return Some(middle.exp());
            }
            if value > 0.0 {
                (low, above) = (middle, value);
                if last > 0.0 {
                    below *= 0.5;
                }
            } else {
                (high, below) = (middle, value);
                if last < 0.0 {
                    above *= 0.5;
                }
            }
            last = value;
        }
        Some((0.5 * (low + high)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::Lens;
    use crate::mass::{MassSum, Shear, Sis};

    #[test]
    fn it_is_theta_e_for_the_isothermal_sphere_and_none_without_mass() {
        let mass = MassSum::new([&Sis as _]);
        let radius = Lens::new(&mass, &[1.2, 0.0, 0.0]).einstein_radius([0.0, 0.0]);
        assert!((radius.unwrap_or(f64::NAN) - 1.2).abs() < 1e-12);
        let sheet = MassSum::new([&Shear as _]);
        assert_eq!(Lens::new(&sheet, &[0.1, 0.0]).einstein_radius([0.0, 0.0]), None);
    }
}
