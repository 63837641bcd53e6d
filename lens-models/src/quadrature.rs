//! Quadrature: the rule of Gauss and Legendre, for any number of points.

/// The nodes on [-1, 1], ascending, each with its weight: exact for polynomials of degree 2 `points` - 1.
///
/// The zeros of the Legendre polynomial by Newton's method, and their weights (Abramowitz & Stegun 25.4.29).
///
/// ```
/// let rule = lens_models::quadrature::gauss_legendre(3);
/// let integral: f64 = rule.iter().map(|[x, weight]| weight * x.powi(4)).sum();
/// assert!((integral - 0.4).abs() < 1e-15);
/// ```
pub fn gauss_legendre(points: usize) -> Vec<[f64; 2]> {
    (0..points).map(|i| gauss_legendre_node(points, i)).collect()
}

/// One node of the rule of [`gauss_legendre`] with its weight.
pub fn gauss_legendre_node(points: usize, i: usize) -> [f64; 2] {
    let mut x = -((i as f64 + 0.75) / (points as f64 + 0.5) * std::f64::consts::PI).cos();
    let mut slope = 1.0;
    // Convergence is quadratic from a start this near.
    for _ in 0..6 {
        let (value, before) = legendre(points, x);
        slope = points as f64 * (x * value - before) / (x * x - 1.0);
        x -= value / slope;
    }
    [x, 2.0 / ((1.0 - x * x) * slope * slope)]
}

/// The Legendre polynomials of degrees `n` and `n` - 1.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    (0..n).fold((1.0, 0.0), |(value, before), k| {
        let k = k as f64;
        (((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0), value)
    })
}

#[cfg(test)]
mod tests {
    use super::gauss_legendre;

    #[test]
    fn the_rule_is_exact_for_polynomials_of_its_degree() {
        for points in 1..=32 {
            let rule = gauss_legendre(points);
            for power in 0..2 * points as i32 {
                // On [0, 2], where no power is odd.
                let got: f64 = rule.iter().map(|[x, weight]| weight * (1.0 + x).powi(power)).sum();
                let want = 2_f64.powi(power + 1) / f64::from(power + 1);
                // Rounding of the nodes near 2, times the power.
                assert!((got - want).abs() < 1e-13 * want, "{points} points, x^{power}: {got} is not {want}");
            }
        }
    }
}
