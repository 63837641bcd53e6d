//! Single: one f32 as a number, where the processor has no vectors worth using.

use super::{
    Real,
    exp_ln::{self, Bits, FRACTION, ONE, SQRT_HALF},
};

impl Real for f32 {
    type Scalar = f32;
    #[inline(always)]
    fn broadcast(value: f32) -> f32 {
        value
    }
    #[inline(always)]
    fn mul_add(self, a: f32, b: f32) -> f32 {
        // `f32::mul_add` is a library call where FMA is not enabled at compile time.
        self * a + b
    }
    #[inline(always)]
    fn exp(self) -> f32 {
        exp_ln::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> f32 {
        exp_ln::ln(self)
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn at_least(self, floor: f32) -> f32 {
        if self < floor { floor } else { self }
    }
    #[inline(always)]
    fn above(self, floor: f32, value: f32) -> f32 {
        if self <= floor { 0.0 } else { value }
    }
}

impl Bits for f32 {
    #[inline(always)]
    fn at_most(self, top: f32) -> f32 {
        if self > top { top } else { self }
    }
    #[inline(always)]
    fn power_of_two(self) -> f32 {
        f32::from_bits((self.to_bits() << 23).wrapping_add(ONE))
    }
    #[inline(always)]
    fn split(self) -> (f32, f32) {
        let shifted = self.to_bits().wrapping_sub(SQRT_HALF);
        let e = (shifted as i32 >> 23) as f32;
        (e, f32::from_bits((shifted & FRACTION).wrapping_add(SQRT_HALF)))
    }
    #[inline(always)]
    fn if_positive(self, value: f32) -> f32 {
        if self > 0.0 { value } else { f32::NAN }
    }
}
