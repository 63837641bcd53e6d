//! Lanes: sixteen f32 at a time, in the vector registers of the processor at hand.

use std::ops::{Add, Div, Mul, Neg, Sub};

use fearless_simd::{Bytes, Select, Simd, SimdBase, SimdCvtFloat, SimdFloat, SimdInto, f32x16, i32x16, u32x16};

use super::{
    Real,
    exp_ln::{self, Bits, FRACTION, ONE, SQRT_HALF},
};

/// How many lanes there are: one register of AVX-512, two of AVX2, four of NEON. As many everywhere, so that sums over lanes have one
/// order.
pub const LANES: usize = 16;

/// Sixteen f32 of a processor with the instructions `S`.
///
/// Vectors of LLVM's own, not arrays that it has to make vectors of: with those this crate took three times as long to compile.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<S: Simd>(f32x16<S>);

impl<S: Simd> Lanes<S> {
    /// Sixteen numbers.
    #[inline(always)]
    pub fn load(lanes: [f32; LANES]) -> Self {
        Self(lanes.simd_into(token()))
    }

    /// The same, as an array.
    #[inline(always)]
    pub fn store(self) -> [f32; LANES] {
        *self.0.as_array()
    }
}

/// The proof that this processor has the instructions `S`, where there are lanes of them: nothing but [`crate::pointwise`] makes lanes,
/// and it was given the proof.
#[inline(always)]
#[allow(unsafe_code, reason = "a formula has no place to carry the proof in")]
fn token<S: Simd>() -> S {
    const { assert!(size_of::<S>() == 0) };
    // SAFETY: a type of no size has one value, whatever its bytes; who writes `Lanes<S>` has had a value of `S` from detection.
    unsafe { std::mem::zeroed() }
}

impl<S: Simd> Real for Lanes<S> {
    type Scalar = f32;
    #[inline(always)]
    fn broadcast(value: f32) -> Self {
        Self(f32x16::splat(token(), value))
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self(self.0.mul_add(a.0, b.0))
    }
    #[inline(always)]
    fn exp(self) -> Self {
        exp_ln::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        exp_ln::ln(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt())
    }
    #[inline(always)]
    fn at_least(self, floor: Self) -> Self {
        Self(self.0.simd_lt(floor.0).select(floor.0, self.0))
    }
    #[inline(always)]
    fn above(self, floor: Self, value: Self) -> Self {
        Self(self.0.simd_le(floor.0).select(Self::broadcast(0.0).0, value.0))
    }
}

impl<S: Simd> Bits for Lanes<S> {
    #[inline(always)]
    fn at_most(self, top: Self) -> Self {
        Self(self.0.simd_gt(top.0).select(top.0, self.0))
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        let bits: u32x16<S> = self.0.bitcast();
        Self(((bits << 23) + ONE).bitcast())
    }
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let bits: u32x16<S> = self.0.bitcast();
        let shifted = bits - SQRT_HALF;
        let exponents: i32x16<S> = shifted.bitcast();
        (Self(f32x16::float_from(exponents >> 23)), Self(((shifted & FRACTION) + SQRT_HALF).bitcast()))
    }
    #[inline(always)]
    fn if_positive(self, value: Self) -> Self {
        Self(self.0.simd_gt(Self::broadcast(0.0).0).select(value.0, Self::broadcast(f32::NAN).0))
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident),+) => {
        $(impl<S: Simd> $Trait for Lanes<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0))
            }
        })+
    };
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    /// What the lanes of this processor make of sixteen numbers, beside single numbers.
    fn check<S: Simd>(_: S, x: [f32; LANES]) {
        let lanes = Lanes::<S>::load(x);
        let zero = Lanes::<S>::broadcast(0.5);
        for (name, got, one) in [
            ("exp", lanes.exp(), x.map(Real::exp)),
            ("ln", lanes.ln(), x.map(Real::ln)),
            ("sqrt", lanes.sqrt(), x.map(f32::sqrt)),
            ("at_least", lanes.at_least(zero), x.map(|x| Real::at_least(x, 0.5))),
            ("above", lanes.above(zero, lanes), x.map(|x| Real::above(x, 0.5, x))),
            ("at_most", lanes.at_most(zero), x.map(|x| Bits::at_most(x, 0.5))),
            ("neg", -lanes, x.map(|x| -x)),
            ("mul_add", lanes.mul_add(lanes, zero), x.map(|x| x.mul_add(x, 0.5))),
        ] {
            for ((x, got), one) in x.into_iter().zip(got.store()).zip(one) {
                // The single numbers have no fused multiply-add.
                let same = got == one || got.is_nan() && one.is_nan() || (got - one).abs() <= 3e-7 * one.abs();
                assert!(same, "{name}({x}) = {got} in lanes, {one} alone");
            }
        }
    }

    #[test]
    fn lanes_do_what_single_numbers_do() {
        let level = Level::new();
        for k in 0..2000 {
            let x = std::array::from_fn(|i| ((k * LANES + i) as f32 * 0.618).sin() * 60.0);
            dispatch!(level, simd => check(simd, x));
        }
        let odd = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            f32::NAN,
            1e30,
            -1e30,
            f32::INFINITY,
            f32::MIN_POSITIVE,
            88.0,
            -87.0,
            2.0,
            1e-20,
            0.7,
            1.4,
        ];
        dispatch!(level, simd => check(simd, odd));
    }
}
