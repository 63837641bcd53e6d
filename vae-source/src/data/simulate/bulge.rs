//! Bulge: a Sersic spheroid, which is also all there is of an early-type galaxy.

use super::sersic::Sersic;

/// An elliptical Sersic profile about the centre of its galaxy.
#[derive(Debug, Clone)]
pub struct Bulge {
    /// Its share of the galaxy's light.
    pub share: f64,
    /// Half-light radius along its major axis, arcsec.
    pub radius: f64,
    /// Sersic index.
    pub index: f64,
    /// Minor over major axis.
    pub axis_ratio: f64,
}

impl Bulge {
    /// The profile of light 1, ready to be looked up.
    #[must_use]
    pub fn profile(&self) -> Profile<'_> {
        let radial = Sersic::new(self.index);
        Profile { bulge: self, radial, light: radial.light() * self.axis_ratio * self.radius.powi(2) }
    }
}

/// A bulge of light 1.
#[derive(Debug)]
pub struct Profile<'a> {
    bulge: &'a Bulge,
    radial: Sersic,
    /// The integral of the unscaled profile.
    light: f64,
}

impl Profile<'_> {
    /// Brightness per square arcsec at (x, y) arcsec, x along the major axis.
    fn at(&self, x: f64, y: f64) -> f64 {
        let Bulge { radius, axis_ratio, .. } = *self.bulge;
        let y = y / axis_ratio;
        self.radial.at((x * x + y * y).sqrt() / radius) / self.light
    }

    /// The light of the pixel of `scale` arcsec about (x, y): the steep centre on up to 9 x 9 points, the rest at its middle.
    #[must_use]
    pub fn pixel(&self, x: f64, y: f64, scale: f64) -> f64 {
        let r = (x * x + y * y).sqrt() / scale;
        let points = match r {
            _ if r < 1.5 => 9,
            _ if r < 5.0 => 3,
            _ => 1,
        };
        let place = |k: i32| (f64::from(2 * k + 1) / f64::from(2 * points) - 0.5) * scale;
        let sum: f64 = (0..points * points).map(|k| self.at(x + place(k % points), y + place(k / points))).sum();
        sum / f64::from(points * points) * scale * scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_sum_to_the_light_of_the_bulge() {
        for (index, tolerance) in [(1.0, 1e-3), (4.0, 0.06)] {
            let bulge = Bulge { share: 1.0, radius: 0.3, index, axis_ratio: 0.6 };
            let place = |k: i32| (f64::from(k) - 199.5) * 0.03;
            let sum: f64 = (0..400 * 400).map(|k| bulge.profile().pixel(place(k % 400), place(k / 400), 0.03)).sum();
            // A de Vaucouleurs profile has 4 % of its light further out than 20 half-light radii.
            assert!((sum - 1.0).abs() < tolerance, "{index}: {sum}");
        }
    }
}
