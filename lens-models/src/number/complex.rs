//! Complex: positions, deflections and shears as complex numbers over any real type.

use std::ops::{Add, Mul, Neg, Sub};

use super::Real;

/// re + i im.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Complex<R> {
    /// Real part.
    pub re: R,
    /// Imaginary part.
    pub im: R,
}

/// re + i im.
#[inline(always)]
pub const fn complex<R>(re: R, im: R) -> Complex<R> {
    Complex { re, im }
}

impl<R: Real> Complex<R> {
    /// The same scalar complex number in every lane.
    #[inline(always)]
    pub fn broadcast(z: Complex<R::Scalar>) -> Self {
        complex(R::broadcast(z.re), R::broadcast(z.im))
    }

    /// re - i im.
    #[inline(always)]
    pub fn conj(self) -> Self {
        complex(self.re, -self.im)
    }

    /// |z|^2.
    #[inline(always)]
    pub fn norm_sqr(self) -> R {
        self.re.mul_add(self.re, self.im * self.im)
    }

    /// z times a real number.
    #[inline(always)]
    pub fn scale(self, k: R) -> Self {
        complex(self.re * k, self.im * k)
    }

    /// i z.
    #[inline(always)]
    pub fn times_i(self) -> Self {
        complex(-self.im, self.re)
    }

    /// z^2.
    #[inline(always)]
    pub fn square(self) -> Self {
        self * self
    }

    /// Re(conj(self) other): the scalar product of two vectors.
    #[inline(always)]
    pub fn dot(self, other: Self) -> R {
        self.re.mul_add(other.re, self.im * other.im)
    }
}

impl<R: Real> Add for Complex<R> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        complex(self.re + o.re, self.im + o.im)
    }
}

impl<R: Real> Sub for Complex<R> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        complex(self.re - o.re, self.im - o.im)
    }
}

impl<R: Real> Neg for Complex<R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        complex(-self.re, -self.im)
    }
}

impl<R: Real> Mul for Complex<R> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        complex(self.re.mul_add(o.re, -(self.im * o.im)), self.re.mul_add(o.im, self.im * o.re))
    }
}
