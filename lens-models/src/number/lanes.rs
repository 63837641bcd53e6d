//! Lanes: several f32 at a time, by plain loops that LLVM turns into vector instructions.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Real;

/// Several f32, operated on by plain loops that LLVM turns into vector instructions.
///
/// `FMA` says that the function it is inlined into was compiled for a processor with fused multiply-add.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<const N: usize, const FMA: bool>(pub [f32; N]);

/// How many lanes there are with fused multiply-add: one register of AVX-512, two of AVX2, four of NEON.
///
/// Without it there is one: a processor of before 2013 takes 2 ms for 256 x 256 deflections where others take 0.1 ms, and
/// nobody waits for a third vector version to compile.
pub const LANES: usize = 16;

impl<const N: usize, const FMA: bool> Lanes<N, FMA> {
    /// The sum of the lanes, in f64.
    #[inline(always)]
    pub fn sum(self) -> f64 {
        self.0.iter().map(|&lane| f64::from(lane)).sum()
    }

    #[inline(always)]
    fn map(self, f: impl Fn(f32) -> f32) -> Self {
        let mut out = self.0;
        for lane in &mut out {
            *lane = f(*lane);
        }
        Self(out)
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self.0;
        for (lane, other) in out.iter_mut().zip(other.0) {
            *lane = f(*lane, other);
        }
        Self(out)
    }
}

impl<const N: usize, const FMA: bool> Real for Lanes<N, FMA> {
    type Scalar = f32;
    #[inline(always)]
    fn broadcast(value: f32) -> Self {
        Self([value; N])
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        let mut out = self.0;
        for (lane, (a, b)) in out.iter_mut().zip(a.0.into_iter().zip(b.0)) {
            *lane = fused::<FMA>(*lane, a, b);
        }
        Self(out)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        self.map(exp::<FMA>)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.map(ln::<FMA>)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(f32::sqrt)
    }
    #[inline(always)]
    fn at_least(self, floor: Self) -> Self {
        self.zip(floor, |lane, floor| if lane < floor { floor } else { lane })
    }
    #[inline(always)]
    fn above(self, floor: Self, value: Self) -> Self {
        let mut out = self.0;
        for (lane, (floor, value)) in out.iter_mut().zip(floor.0.into_iter().zip(value.0)) {
            *lane = if *lane <= floor { 0.0 } else { value };
        }
        Self(out)
    }
}

impl<const N: usize, const FMA: bool> Add for Lanes<N, FMA> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        self.zip(o, |a, b| a + b)
    }
}

impl<const N: usize, const FMA: bool> Sub for Lanes<N, FMA> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        self.zip(o, |a, b| a - b)
    }
}

impl<const N: usize, const FMA: bool> Mul for Lanes<N, FMA> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        self.zip(o, |a, b| a * b)
    }
}

impl<const N: usize, const FMA: bool> Div for Lanes<N, FMA> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        self.zip(o, |a, b| a / b)
    }
}

impl<const N: usize, const FMA: bool> Neg for Lanes<N, FMA> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

/// a * b + c; fused only where that is one instruction.
#[inline(always)]
fn fused<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// e^x with a relative error below 2e-7 for |x| < 87; saturates at both ends of f32's normal range. NaN stays NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r by the minimax polynomial of Cephes' `expf`.
#[inline(always)]
fn exp<const FMA: bool>(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits: no float-to-int conversion.
    const ROUND: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = fused::<FMA>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fused::<FMA>(n, -0.693_359_4, x);
    let r = fused::<FMA>(n, 2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = fused::<FMA>(p, r, c);
    }
    let e = fused::<FMA>(p, r * r, r) + 1.0;
    e * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// ln x with a relative error below 2e-7 for positive normal x. NaN and negative numbers give NaN.
///
/// x = 2^e (1 + m) with 1 + m in [sqrt(1/2), sqrt(2)), and ln(1 + m) by the minimax polynomial of Cephes' `logf`.
#[inline(always)]
fn ln<const FMA: bool>(x: f32) -> f32 {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF) as i32;
    let e = (shifted >> 23) as f32;
    let m = f32::from_bits(((shifted & 0x007f_ffff) as u32).wrapping_add(SQRT_HALF)) - 1.0;
    let mut p = 7.037_683_6e-2;
    for c in [
        -1.151_461e-1,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        0.333_333_3,
    ] {
        p = fused::<FMA>(p, m, c);
    }
    let m2 = m * m;
    let mut y = m * m2 * p;
    y = fused::<FMA>(e, -2.121_944_4e-4, y);
    y = fused::<FMA>(m2, -0.5, y);
    let y = fused::<FMA>(e, 0.693_359_4, m + y);
    if x > 0.0 { y } else { f32::NAN }
}

#[cfg(test)]
mod tests {
    use super::{exp, ln};

    #[test]
    fn exp_is_good_to_2e_7_over_its_range() {
        for i in 0..2_000_000 {
            let x = -86.9 + 174.0 * (i as f32 / 2e6);
            let truth = f64::from(x).exp();
            for got in [exp::<false>(x), exp::<true>(x)] {
                let error = (f64::from(got) / truth - 1.0).abs();
                assert!(error < 2e-7, "exp({x}) = {got}, relative error {error}");
            }
        }
    }

    #[test]
    fn ln_is_good_to_2e_7_over_its_range() {
        let check = |x: f32| {
            let truth = f64::from(x).ln();
            for got in [ln::<false>(x), ln::<true>(x)] {
                let error = (f64::from(got) - truth).abs();
                assert!(error <= 2e-7 * truth.abs(), "ln({x}) = {got}, not {truth}");
            }
        };
        // Every 997th normal number, and every one within 1e-4 of the zero of ln.
        (0x0080_0000..0x7f80_0000_u32).step_by(997).for_each(|bits| check(f32::from_bits(bits)));
        (0.9999_f32.to_bits()..1.0001_f32.to_bits()).for_each(|bits| check(f32::from_bits(bits)));
    }

    #[test]
    fn exp_saturates_and_nan_stays_nan() {
        assert!(exp::<false>(-1e30) > 0.0 && exp::<false>(-1e30) < 2e-38);
        assert!(exp::<false>(1e30).is_finite() && exp::<false>(1e30) > 1e38);
        assert_eq!(exp::<false>(0.0), 1.0);
        assert!(exp::<false>(f32::NAN).is_nan() && ln::<false>(f32::NAN).is_nan() && ln::<false>(-1.0).is_nan());
    }
}
