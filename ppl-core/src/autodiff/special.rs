//! Special functions of one number, element by element.

use std::f64::consts::PI;

use statrs::function::gamma::digamma;

use super::elementwise::map_value;
use super::var::{Rank, Var};

impl<S: Rank> Var<S> {
    /// ln |Gamma(x)|.
    ///
    /// ```
    /// use ppl_core::Var;
    /// assert!((Var::scalar(5.0).lgamma().value()? - 24.0_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), ppl_core::Error>(())
    /// ```
    #[must_use]
    pub fn lgamma(&self) -> Self {
        Var::from_value(map_value(self.as_value(), |x| (libm::lgamma(x), digamma(x))))
    }

    /// The digamma function, the derivative of [`Var::lgamma`].
    #[must_use]
    pub fn digamma(&self) -> Self {
        Var::from_value(map_value(self.as_value(), |x| (digamma(x), trigamma(x))))
    }

    /// The error function 2 / sqrt(pi) int_0^x e^(-t^2) dt.
    #[must_use]
    pub fn erf(&self) -> Self {
        Var::from_value(map_value(self.as_value(), |x| (libm::erf(x), 2.0 / PI.sqrt() * (-x * x).exp())))
    }
}

/// The derivative of digamma: reflected to the right half, moved beyond 12 by its recurrence, and there its asymptotic series
/// (Abramowitz & Stegun 6.4.6, 6.4.7, 6.4.12).
pub(crate) fn trigamma(x: f64) -> f64 {
    if x < 0.5 {
        let s = (PI * x).sin();
        return (PI / s).powi(2) - trigamma(1.0 - x);
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 12.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    // B_2n: 1/6, -1/30, 1/42, -1/30, 5/66, -691/2730, 7/6.
    let series = [7.0 / 6.0, -691.0 / 2730.0, 5.0 / 66.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 1.0 / 6.0];
    let tail = series.iter().fold(0.0, |sum, b| sum * r + b);
    sum + 1.0 / x + 0.5 * r + tail * r / x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::{Value, check};
    use crate::shape::{Dims, Shape};

    #[test]
    fn trigamma_has_its_known_values() {
        let cases = [(1.0, PI * PI / 6.0), (0.5, PI * PI / 2.0), (3.0, PI * PI / 6.0 - 1.25)];
        for (x, expected) in cases {
            assert!((trigamma(x) / expected - 1.0).abs() < 1e-14, "{x}: {} {expected}", trigamma(x));
        }
        // psi_1(-1/2) = pi^2 / 2 + 4.
        assert!((trigamma(-0.5) / (PI * PI / 2.0 + 4.0) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn the_slope_of_every_special_function_is_right() {
        let x = Value::constant(Shape::new(2, Dims::new(&[2])), vec![0.3, 1.7, 4.2, 11.0]);
        for f in [Var::lgamma, Var::digamma, Var::erf] as [fn(&Var<(usize,)>) -> Var<(usize,)>; 3] {
            let op = |inputs: &[Value]| f(&Var::from_value(inputs[0].clone())).as_value().clone();
            check::function(op, std::slice::from_ref(&x), 1e-5, 1e-8);
        }
    }
}
