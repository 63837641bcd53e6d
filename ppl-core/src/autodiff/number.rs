//! Number: what a formula may do with a number, be it a plain f64 or one with its slopes.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::dual::Dual;

/// What a formula may do with a number: written once, it gives values on `f64`, and values with slopes on [`Dual`].
///
/// ```
/// use ppl_core::autodiff::{Dual, Number};
///
/// fn gaussian<T: Number>(x: T) -> T {
///     (-(x * x) * 0.5).exp()
/// }
/// let [x] = Dual::variables([1.0]);
/// assert_eq!(gaussian(x).value, gaussian(1.0));
/// assert_eq!(gaussian(x).slopes, [-gaussian(1.0)]);
/// ```
pub trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// A number that depends on nothing.
    fn constant(value: f64) -> Self;
    /// The number without its slopes, to branch on.
    fn value(self) -> f64;
    /// e^x.
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// ln(1 + x), without a loss of digits at small x.
    fn ln_1p(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The sine.
    fn sin(self) -> Self;
    /// The cosine.
    fn cos(self) -> Self;
}

impl Number for f64 {
    fn constant(value: f64) -> f64 {
        value
    }
    fn value(self) -> f64 {
        self
    }
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    fn ln(self) -> f64 {
        f64::ln(self)
    }
    fn ln_1p(self) -> f64 {
        f64::ln_1p(self)
    }
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    fn sin(self) -> f64 {
        f64::sin(self)
    }
    fn cos(self) -> f64 {
        f64::cos(self)
    }
}

impl<const N: usize> Number for Dual<N> {
    fn constant(value: f64) -> Self {
        Dual::constant(value)
    }
    fn value(self) -> f64 {
        self.value
    }
    fn exp(self) -> Self {
        Dual::exp(self)
    }
    fn ln(self) -> Self {
        Dual::ln(self)
    }
    fn ln_1p(self) -> Self {
        self.chain(self.value.ln_1p(), 1.0 / (1.0 + self.value))
    }
    fn sqrt(self) -> Self {
        Dual::sqrt(self)
    }
    fn sin(self) -> Self {
        Dual::sin(self)
    }
    fn cos(self) -> Self {
        Dual::cos(self)
    }
}
