//! Ellipse: deflectors whose convergence is one of R alone, the shape that they share, and how they become profiles.
//!
//! With w the position from the centre, e = e1 + i e2, k = (1 + |e|^2) / (1 - |e|^2) and h = 2 e / (1 - |e|^2), so that k^2 - |h|^2 = 1,
//!
//! ```text
//! rho = k w - h conj(w),   R^2 = Re(conj(w) rho) = k |w|^2 - Re(conj(h) w^2) = q x1^2 + x2^2 / q
//! ```
//!
//! are smooth at e = 0, and a deflection is alpha = P w + Q rho with P and Q real functions of |w|^2, R^2 and k ([`Steep`](super::steep)), or
//! an integral over ellipses ([`Shells`](super::shells)).

use crate::number::{Complex, Real, Scalar, complex};

/// Where a deflector is and how flat.
#[derive(Clone, Copy, Debug)]
pub struct Ellipse<S> {
    center: Complex<S>,
    e: Complex<S>,
    pub k: S,
    pub h: Complex<S>,
    /// 2 / (1 - |e|^2).
    two_over: S,
}

/// A position in the coordinates of an ellipse.
pub struct At<R> {
    pub w: Complex<R>,
    pub rho: Complex<R>,
    pub k: R,
    pub h: Complex<R>,
    /// |w|^2.
    pub r2: R,
    /// R^2.
    pub big_r2: R,
}

impl<S: Scalar> Ellipse<S> {
    /// From `[e1, e2, center_x, center_y]`; |e| of 1 or more gives NaN.
    pub fn new([e1, e2, x0, y0]: [f64; 4]) -> Self {
        let s = S::from_f64;
        let norm = e1 * e1 + e2 * e2;
        let minus = if norm < 1.0 { 1.0 - norm } else { f64::NAN };
        Self {
            center: complex(s(x0), s(y0)),
            e: complex(s(e1), s(e2)),
            k: s((1.0 + norm) / minus),
            h: complex(s(2.0 * e1 / minus), s(2.0 * e2 / minus)),
            two_over: s(2.0 / minus),
        }
    }

    #[inline(always)]
    pub fn at<R: Real<Scalar = S>>(&self, p: Complex<R>) -> At<R> {
        let (k, h) = (R::broadcast(self.k), Complex::broadcast(self.h));
        let w = p - Complex::broadcast(self.center);
        let rho = w.scale(k) - h * w.conj();
        // R^2 is never below 0, but its rounding may be.
        At { w, rho, k, h, r2: w.norm_sqr(), big_r2: w.dot(rho).at_least(R::constant(0.0)) }
    }

    /// The derivatives by e from those by k and by h.
    #[inline(always)]
    pub fn by_e<R: Real<Scalar = S>>(&self, by_k: R, by_h: Complex<R>) -> Complex<R> {
        let (e, two_over) = (Complex::broadcast(self.e), R::broadcast(self.two_over));
        // dk = 4 (e . de) / (1 - |e|^2)^2, dh = 2 de / (1 - |e|^2) + 4 e (e . de) / (1 - |e|^2)^2.
        (e.scale(two_over * (by_k + e.dot(by_h))) + by_h).scale(two_over)
    }
}

/// g . alpha of a deflector at a point, and its derivatives.
pub struct Parts<R> {
    /// g . alpha.
    pub value: R,
    /// By the position.
    pub position: Complex<R>,
    /// By k and by h.
    pub by_k: R,
    pub by_h: Complex<R>,
    /// By a number that changes what there is of each component, and by one that changes how wide each is.
    pub share: R,
    pub width: R,
    /// By the logarithm of the distance from the centre.
    pub by_ln_r: R,
}

/// How a convergence of R becomes a deflection.
pub trait Deflector {
    /// What is computed once for a lens.
    type Of<S: Scalar>;
    /// The deflection.
    fn alpha<R: Real>(of: &Self::Of<R::Scalar>, at: &At<R>) -> Complex<R>;
    /// g . alpha and its derivatives.
    fn parts<R: Real>(of: &Self::Of<R::Scalar>, at: &At<R>, g: Complex<R>) -> Parts<R>;
    /// The potential, 0 at the centre.
    fn potential(of: &Self::Of<f64>, at: &At<f64>) -> f64;
}

/// A convergence of R with `K` numbers of its own.
pub trait Ellipsoid<const K: usize> {
    /// What deflects.
    type By: Deflector;
    /// Prepares a set of parameters; one outside its support gives NaN.
    fn prepare<S: Scalar>(params: &[f64; K]) -> <Self::By as Deflector>::Of<S>;
    /// The derivatives of g . alpha by its own parameters.
    fn by_own<R: Real>(params: [R; K], parts: &Parts<R>) -> [R; K];
}

/// A deflector with its place, its shape and its numbers.
pub struct Placed<D: Deflector, S: Scalar, const K: usize> {
    pub of: D::Of<S>,
    pub ellipse: Ellipse<S>,
    pub own: [S; K],
}

/// Makes the [`Ellipsoid`] `$P` of `$k` numbers a profile of `$n`: its own, then `e1 e2 center_x center_y`.
macro_rules! profile {
    ($P:ty, $k:literal, $n:literal, $name:literal, $parameters:expr) => {
        $crate::mass_profile!($P);

        impl $crate::mass::Formula<$n> for $P {
            const NAME: &'static str = $name;
            const PARAMETERS: &'static [$crate::parameter::ProfileParameter] = $parameters;
            type Lens<S: $crate::number::Scalar> =
                $crate::mass::ellipse::Placed<<$P as $crate::mass::ellipse::Ellipsoid<$k>>::By, S, $k>;

            fn lens<S: $crate::number::Scalar>(params: &[f64; $n]) -> Self::Lens<S> {
                let own: [f64; $k] = ::std::array::from_fn(|i| params[i]);
                let ellipse = $crate::mass::ellipse::Ellipse::new(::std::array::from_fn(|i| params[$k + i]));
                let of = <$P as $crate::mass::ellipse::Ellipsoid<$k>>::prepare(&own);
                $crate::mass::ellipse::Placed { of, ellipse, own: own.map(S::from_f64) }
            }

            #[inline(always)]
            fn alpha<R: $crate::number::Real>(
                lens: &Self::Lens<R::Scalar>,
                p: $crate::number::Complex<R>,
            ) -> $crate::number::Complex<R> {
                $crate::mass::ellipse::alpha::<$P, R, $k>(lens, p)
            }

            #[inline(always)]
            fn gradient<R: $crate::number::Real>(
                lens: &Self::Lens<R::Scalar>,
                p: $crate::number::Complex<R>,
                g: $crate::number::Complex<R>,
            ) -> $crate::pointwise::Partials<R, $n> {
                $crate::mass::ellipse::gradient::<$P, R, $k, $n>(lens, p, g)
            }

            fn potential(lens: &Self::Lens<f64>, p: $crate::number::Complex<f64>) -> f64 {
                $crate::mass::ellipse::potential::<$P, $k>(lens, p)
            }
        }
    };
}

pub(super) use profile;

/// The deflection at p.
#[inline(always)]
pub(super) fn alpha<P: Ellipsoid<K>, R: Real, const K: usize>(
    lens: &Placed<P::By, R::Scalar, K>,
    p: Complex<R>,
) -> Complex<R> {
    P::By::alpha(&lens.of, &lens.ellipse.at(p))
}

/// The derivatives of g . alpha by all parameters and by position.
#[inline(always)]
pub(super) fn gradient<P: Ellipsoid<K>, R: Real, const K: usize, const N: usize>(
    lens: &Placed<P::By, R::Scalar, K>,
    p: Complex<R>,
    g: Complex<R>,
) -> crate::pointwise::Partials<R, N> {
    let parts = P::By::parts(&lens.of, &lens.ellipse.at(p), g);
    let own = P::by_own(lens.own.map(R::broadcast), &parts);
    let by_e = lens.ellipse.by_e(parts.by_k, parts.by_h);
    let place = [by_e.re, by_e.im, -parts.position.re, -parts.position.im];
    let params = std::array::from_fn(|i| if i < K { own[i] } else { place[i - K] });
    crate::pointwise::Partials { params, position: parts.position }
}

/// The potential at p.
pub(super) fn potential<P: Ellipsoid<K>, const K: usize>(lens: &Placed<P::By, f64, K>, p: Complex<f64>) -> f64 {
    P::By::potential(&lens.of, &lens.ellipse.at(p))
}
