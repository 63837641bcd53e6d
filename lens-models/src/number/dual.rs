//! Dual numbers as numbers of a formula: what a profile's gradient needs to have slopes of its own.

use ppl_core::autodiff::Dual;

use super::Real;

impl<const N: usize> Real for Dual<N> {
    type Scalar = f64;
    #[inline(always)]
    fn broadcast(value: f64) -> Self {
        Dual::constant(value)
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }
    #[inline(always)]
    fn exp(self) -> Self {
        Dual::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Dual::ln(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        // At 0 the slope is infinite, and 0 times it is no number where nothing depends on the point.
        if self.value == 0.0 { Dual::constant(0.0) } else { Dual::sqrt(self) }
    }
    #[inline(always)]
    fn at_least(self, floor: Self) -> Self {
        if self.value < floor.value { floor } else { self }
    }
    #[inline(always)]
    fn above(self, floor: Self, value: Self) -> Self {
        if self.value <= floor.value { Dual::constant(0.0) } else { value }
    }
}
