//! Sersic: the radial profile of bulges and of smooth discs (Sersic 1963).

/// exp(-b (r^(1/n) - 1)), r in half-light radii; 1 at the half-light radius.
#[must_use]
pub fn sersic(r: f64, index: f64) -> f64 {
    (-b(index) * (r.powf(1.0 / index) - 1.0)).exp()
}

/// b such that half of the light lies inside r = 1, to 1e-3 for n >= 0.5 and 2e-3 at 0.4 (Ciotti & Bertin 1999, eq. 18).
#[must_use]
pub fn b(index: f64) -> f64 {
    let m = 1.0 / index;
    2.0 * index - 1.0 / 3.0 + m * (4.0 / 405.0 + m * (46.0 / 25_515.0 + m * 131.0 / 1_148_175.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_light_lies_inside_the_half_light_radius() {
        for index in [0.4, 0.5, 1.0, 2.5, 4.0] {
            // P(2n, b) = 1/2, by the incomplete gamma function.
            let half = statrs::function::gamma::gamma_lr(2.0 * index, b(index));
            assert!((half - 0.5).abs() < 2e-3, "{index}: {half}");
        }
    }
}
