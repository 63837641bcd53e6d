//! Pair: two numbers through one formula side by side.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Real;

/// Two numbers, or two vectors of lanes. A formula is a chain of instructions that wait for each other (logarithm, product,
/// exponential, quotient), longer than what a processor looks ahead; two chains side by side take little longer than one.
#[derive(Clone, Copy, Debug)]
pub struct Pair<R>(pub R, pub R);

impl<R: Real> Real for Pair<R> {
    type Scalar = R::Scalar;
    #[inline(always)]
    fn broadcast(value: R::Scalar) -> Self {
        let value = R::broadcast(value);
        Self(value, value)
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self(self.0.mul_add(a.0, b.0), self.1.mul_add(a.1, b.1))
    }
    #[inline(always)]
    fn exp(self) -> Self {
        Self(self.0.exp(), self.1.exp())
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Self(self.0.ln(), self.1.ln())
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt(), self.1.sqrt())
    }
    #[inline(always)]
    fn at_least(self, floor: Self) -> Self {
        Self(self.0.at_least(floor.0), self.1.at_least(floor.1))
    }
    #[inline(always)]
    fn above(self, floor: Self, value: Self) -> Self {
        Self(self.0.above(floor.0, value.0), self.1.above(floor.1, value.1))
    }
}

impl<R: Real> Neg for Pair<R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident),+) => {
        $(impl<R: Real> $Trait for Pair<R> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0), self.1.$method(other.1))
            }
        })+
    };
}

operators!(Add add, Sub sub, Mul mul, Div div);
