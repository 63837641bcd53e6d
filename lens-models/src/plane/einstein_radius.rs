//! The effective Einstein radius: within it the mean convergence is one.

use super::LensMapping;

/// The effective Einstein radius: that of the circle about `center` within which the mean convergence (behind several planes of lenses, the
/// effective one) is 1, arcsec.
///
/// The mean is the flux of alpha = theta - beta through the circle, <alpha_r> / R. None if no radius between 1e-6 and 1e4 arcsec
/// has it.
pub fn einstein_radius(map: &dyn LensMapping, center: [f64; 2]) -> Option<f64> {
    /// The trapezium rule on a circle converges exponentially; 512 angles hold 1e-12 down to q = 0.2.
    const ANGLES: usize = 512;
    let directions: [[f64; 2]; ANGLES] = std::array::from_fn(|k| {
        let (sin, cos) = (std::f64::consts::TAU * (k as f64 + 0.5) / ANGLES as f64).sin_cos();
        [cos, sin]
    });
    // ln of the mean convergence; of a negative one, the ln of something less than 1.
    let excess = |ln_radius: f64| {
        let radius = ln_radius.exp();
        let circle = directions.map(|[cos, sin]| [center[0] + radius * cos, center[1] + radius * sin]);
        let radial = circle
            .iter()
            .zip(map.rays(&circle))
            .zip(&directions)
            .map(|((seen, ray), along)| (0..2).map(|i| (seen[i] - ray.position[i]) * along[i]).sum::<f64>());
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

#[cfg(test)]
mod tests {
    use super::einstein_radius;
    use crate::mass::{MassSum, Shear, Sis};
    use crate::plane::Lens;

    #[test]
    fn it_is_theta_e_for_the_isothermal_sphere_and_none_without_mass() {
        let mass = MassSum::new([&Sis as _]);
        let radius = einstein_radius(&Lens::new(&mass, &[1.2, 0.0, 0.0]), [0.0, 0.0]);
        assert!((radius.unwrap_or(f64::NAN) - 1.2).abs() < 1e-12);
        let sheet = MassSum::new([&Shear as _]);
        assert_eq!(einstein_radius(&Lens::new(&sheet, &[0.1, 0.0]), [0.0, 0.0]), None);
    }
}
