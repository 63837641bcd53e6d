//! Real: what a formula may do with a number, and the f64 that does it.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Scalar, Series};

/// What a formula may do with a real number, be it one f64, several f32, or a line of a GPU's program.
///
/// There is no comparison that gives a `bool`: lanes differ, and a program is written before there are numbers.
///
/// ```
/// use lens_models::number::Real;
///
/// /// sqrt(1 + r^2), for any number.
/// fn softened<R: Real>(r: R) -> R {
///     r.mul_add(r, R::constant(1.0)).sqrt()
/// }
/// assert_eq!(softened(0.0_f64), 1.0);
/// ```
pub trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// The type of one lane.
    type Scalar: Scalar;
    /// The same number in every lane.
    fn broadcast(value: Self::Scalar) -> Self;
    /// A literal.
    #[inline(always)]
    fn constant(value: f64) -> Self {
        Self::broadcast(Self::Scalar::from_f64(value))
    }
    /// self * a + b, fused where the processor does it in one instruction.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// e^self.
    fn exp(self) -> Self;
    /// Natural logarithm of a positive, normal number.
    fn ln(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// The larger of two; a NaN in `self` stays.
    fn at_least(self, floor: Self) -> Self;
    /// `value` where self > floor, else 0; a NaN in `self` gives `value`.
    fn above(self, floor: Self, value: Self) -> Self;
    /// `value` where self > floor, else `other`, exactly; `other` must be finite everywhere.
    #[inline(always)]
    fn above_or(self, floor: Self, value: Self, other: Self) -> Self {
        // Not other + above(value - other), which rounds to the larger of the two.
        self.above(floor, value) + (other - self.above(floor, other))
    }
    /// Goes through the rows of a series from the last to the first: state = step(state, row).
    #[inline(always)]
    fn fold_back<const M: usize, const K: usize>(
        series: &Series<Self::Scalar, M>,
        start: [Self; K],
        step: impl Fn([Self; K], [Self; M]) -> [Self; K],
    ) -> [Self; K] {
        let mut state = start;
        for row in series.rows().iter().rev() {
            let mut wide = [Self::constant(0.0); M];
            for (wide, c) in wide.iter_mut().zip(row) {
                *wide = Self::broadcast(*c);
            }
            state = step(state, wide);
        }
        state
    }
}

impl Real for f64 {
    type Scalar = f64;
    #[inline(always)]
    fn broadcast(value: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn mul_add(self, a: f64, b: f64) -> f64 {
        // `f64::mul_add` is a library call where FMA is not enabled at compile time.
        self * a + b
    }
    #[inline(always)]
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> f64 {
        f64::ln(self)
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn at_least(self, floor: f64) -> f64 {
        if self < floor { floor } else { self }
    }
    #[inline(always)]
    fn above(self, floor: f64, value: f64) -> f64 {
        if self <= floor { 0.0 } else { value }
    }
}
