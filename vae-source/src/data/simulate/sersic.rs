//! Sersic: the radial profile of bulges and of smooth discs (Sersic 1963).

use lens_models::light::sersic_bn;
use statrs::function::gamma::gamma;

/// exp(-b (r^(1/n) - 1)), r in half-light radii; 1 at the half-light radius.
#[derive(Debug, Clone, Copy)]
pub struct Sersic {
    index: f64,
    b: f64,
}

impl Sersic {
    /// Of Sersic index n, with the b that has half of the light inside r = 1.
    #[must_use]
    pub fn new(index: f64) -> Self {
        Self { index, b: sersic_bn(index).b }
    }

    /// The profile at r.
    #[must_use]
    pub fn at(&self, r: f64) -> f64 {
        (-self.b * (r.powf(1.0 / self.index) - 1.0)).exp()
    }

    /// Its integral over the plane, 2 pi n e^b b^(-2n) Gamma(2n) (Graham & Driver 2005, eq. 4).
    #[must_use]
    pub fn light(&self) -> f64 {
        let Self { index, b } = *self;
        std::f64::consts::TAU * index * b.exp() * b.powf(-2.0 * index) * gamma(2.0 * index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_light_is_the_integral_of_the_profile() {
        for index in [0.5, 1.0, 2.0] {
            let profile = Sersic::new(index);
            let (h, n) = (1e-3, 60_000);
            let ring = |k: i32| {
                let r = h * (f64::from(k) + 0.5);
                std::f64::consts::TAU * r * h * profile.at(r)
            };
            let sum: f64 = (0..n).map(ring).sum();
            assert!((sum / profile.light() - 1.0).abs() < 1e-4, "{index}: {sum}");
        }
    }
}
