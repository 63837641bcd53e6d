//! Dual numbers: a value with its slopes by `N` quantities, for small formulas whose derivatives nobody wants to write.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number and its derivatives by `N` quantities (forward mode).
///
/// ```
/// use ppl_core::autodiff::Dual;
/// let [x, y] = Dual::variables([2.0, 3.0]);
/// let z = x * y + x.exp();
/// assert_eq!(z.value, 6.0 + 2.0_f64.exp());
/// assert_eq!(z.slopes, [3.0 + 2.0_f64.exp(), 2.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual<const N: usize> {
    /// The number.
    pub value: f64,
    /// Its derivative by each of the quantities.
    pub slopes: [f64; N],
}

impl<const N: usize> Dual<N> {
    /// A number that depends on nothing.
    #[inline(always)]
    pub fn constant(value: f64) -> Self {
        Self { value, slopes: [0.0; N] }
    }

    /// The quantities themselves.
    #[inline(always)]
    pub fn variables(values: [f64; N]) -> [Self; N] {
        std::array::from_fn(|i| {
            let mut variable = Self::constant(values[i]);
            variable.slopes[i] = 1.0;
            variable
        })
    }

    /// f(x), given f and its derivative at x.
    #[inline(always)]
    #[must_use]
    pub fn chain(self, value: f64, slope: f64) -> Self {
        Self { value, slopes: self.slopes.map(|s| slope * s) }
    }

    /// f(x, y), given f and its derivatives by x and y.
    #[inline(always)]
    fn join(self, other: Self, value: f64, by_self: f64, by_other: f64) -> Self {
        Self { value, slopes: std::array::from_fn(|i| by_self * self.slopes[i] + by_other * other.slopes[i]) }
    }

    /// e^x.
    #[inline(always)]
    #[must_use]
    pub fn exp(self) -> Self {
        let value = self.value.exp();
        self.chain(value, value)
    }

    /// The natural logarithm.
    #[inline(always)]
    #[must_use]
    pub fn ln(self) -> Self {
        self.chain(self.value.ln(), 1.0 / self.value)
    }

    /// The square root.
    #[inline(always)]
    #[must_use]
    pub fn sqrt(self) -> Self {
        let value = self.value.sqrt();
        self.chain(value, 0.5 / value)
    }

    /// The sine.
    #[inline(always)]
    #[must_use]
    pub fn sin(self) -> Self {
        self.chain(self.value.sin(), self.value.cos())
    }

    /// The cosine.
    #[inline(always)]
    #[must_use]
    pub fn cos(self) -> Self {
        self.chain(self.value.cos(), -self.value.sin())
    }

    /// The hyperbolic tangent.
    #[inline(always)]
    #[must_use]
    pub fn tanh(self) -> Self {
        let value = self.value.tanh();
        self.chain(value, 1.0 - value * value)
    }

    /// The absolute value; its slope at zero is that from the right.
    #[inline(always)]
    #[must_use]
    pub fn abs(self) -> Self {
        self.chain(self.value.abs(), if self.value < 0.0 { -1.0 } else { 1.0 })
    }

    /// x^n.
    #[inline(always)]
    #[must_use]
    pub fn powi(self, n: i32) -> Self {
        self.chain(self.value.powi(n), f64::from(n) * self.value.powi(n - 1))
    }
}

impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.chain(-self.value, -1.0)
    }
}

/// An operator between two dual numbers, and between one and a plain number on either side.
macro_rules! operator {
    ($trait:ident, $method:ident, |$x:ident, $y:ident| $value:expr, $by_x:expr, $by_y:expr) => {
        impl<const N: usize> $trait for Dual<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let ($x, $y) = (self.value, other.value);
                self.join(other, $value, $by_x, $by_y)
            }
        }

        impl<const N: usize> $trait<f64> for Dual<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                let ($x, $y) = (self.value, other);
                let _ = $y;
                self.chain($value, $by_x)
            }
        }

        impl<const N: usize> $trait<Dual<N>> for f64 {
            type Output = Dual<N>;
            #[inline(always)]
            fn $method(self, other: Dual<N>) -> Dual<N> {
                let ($x, $y) = (self, other.value);
                let _ = $x;
                other.chain($value, $by_y)
            }
        }
    };
}

operator!(Add, add, |x, y| x + y, 1.0, 1.0);
operator!(Sub, sub, |x, y| x - y, 1.0, -1.0);
operator!(Mul, mul, |x, y| x * y, y, x);
operator!(Div, div, |x, y| x / y, 1.0 / y, -x / (y * y));

#[cfg(test)]
mod tests {
    use super::*;

    type Binary = fn([Dual<2>; 2]) -> Dual<2>;

    #[test]
    fn every_slope_is_that_of_finite_differences() {
        let formulas: [Binary; 13] = [
            |[x, y]| x + y * 2.0,
            |[x, y]| 3.0 - x - y,
            |[x, y]| x * y * x,
            |[x, y]| x / y + 1.0 / x + y / 4.0,
            |[x, y]| (x * y).exp(),
            |[x, y]| (x + y).ln(),
            |[x, y]| (x * y).sqrt(),
            |[x, y]| x.sin() * y.cos(),
            |[x, y]| (x - y).tanh(),
            |[x, y]| (x - y).abs(),
            |[x, y]| (y - x).abs(),
            |[x, y]| x.powi(3) - y.powi(-2),
            |[x, y]| -(x * y) + Dual::constant(2.0) * x,
        ];
        let (at, h) = ([0.7, 1.3], 1e-6);
        for (which, f) in formulas.iter().enumerate() {
            let slopes = f(Dual::variables(at)).slopes;
            for i in 0..2 {
                let moved = |by: f64| {
                    let mut at = at;
                    at[i] += by;
                    f(Dual::variables(at)).value
                };
                let numeric = (moved(h) - moved(-h)) / (2.0 * h);
                assert!((slopes[i] - numeric).abs() < 1e-8, "formula {which}, input {i}: {} {numeric}", slopes[i]);
            }
        }
    }
}
