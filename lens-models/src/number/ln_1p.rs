//! ln(1 + x) / x, without a loss of digits at small x.

use super::Real;

/// |x| below which the series is taken, and its terms: the next is 3e-14.
const SMALL: f64 = 0.15;
const TERMS: u32 = 15;

/// ln(1 + x) / x for x > -0.15; 1 at 0.
///
/// ```
/// let x = 1e-9_f64;
/// assert!((lens_models::number::ln_1p_over(x) - (1.0 - 0.5 * x)).abs() < 1e-15);
/// ```
#[inline(always)]
pub fn ln_1p_over<R: Real>(x: R) -> R {
    let c = R::constant;
    let small = c(SMALL);
    // The smaller of x and SMALL.
    let inside = -((-x).at_least(-small));
    let mut near = c(0.0);
    for k in (1..=TERMS).rev() {
        near = (-inside).mul_add(near, c(1.0 / f64::from(k)));
    }
    let far = (c(1.0) + x).ln() / x;
    x.above_or(small, far, near)
}

#[cfg(test)]
mod tests {
    use super::ln_1p_over;

    #[test]
    fn it_is_ln_1p_over_x_in_f64_and_in_lanes() {
        for k in 1..4_000 {
            let x = f64::from((0.005 * f64::from(k) - 0.149) as f32);
            let want = x.ln_1p() / x;
            // The first term that is left out, at -0.149.
            assert!((ln_1p_over(x) - want).abs() < 1e-13, "{x}");
            let got = ln_1p_over(x as f32);
            // Rounding of 1 + x where the series ends, over x.
            assert!((f64::from(got) - want).abs() < 8e-7, "{x}");
        }
        assert_eq!(ln_1p_over(0.0), 1.0);
    }
}
