//! Radial: a potential of radius alone, and the deflectors that it makes: round ones, and those elliptical in the potential.
//!
//! With u = |w|^2 - Re(conj(eps) w^2), eps = 2 e / (1 + |e|^2) and zeta = w - eps conj(w), psi(u) has the deflection
//! A(u) zeta with A = 2 psi'(u). Along the axes u is (1 - |eps|) x1^2 + (1 + |eps|) x2^2 and |eps| = (1 - q^2) / (1 + q^2): the
//! ellipse of lenstronomy's `*_ELLIPSE_POTENTIAL`, smooth at e = 0.

use crate::{
    number::{Complex, Real, Scalar, complex},
    pointwise::Partials,
};

/// A potential of u = r^2, with `K` numbers. What it is at u below [`CORE`] is not asked.
pub trait Radial<const K: usize> {
    /// What is computed once for a set of parameters.
    type Halo<S: Scalar>;
    /// Prepares a set of parameters; one outside its support gives NaN.
    fn halo<S: Scalar>(params: &[f64; K]) -> Self::Halo<S>;
    /// A = alpha / r.
    fn pull<R: Real>(halo: &Self::Halo<R::Scalar>, u: R) -> R;
    /// A and its derivatives.
    fn slopes<R: Real>(halo: &Self::Halo<R::Scalar>, u: R) -> Slopes<R, K>;
    /// The potential, zero at u = 0 where it is finite there.
    fn potential(halo: &Self::Halo<f64>, u: f64) -> f64;
}

/// A and its derivatives by u and by each parameter.
pub struct Slopes<R, const K: usize> {
    pub pull: R,
    pub by_u: R,
    pub params: [R; K],
}

/// u below which a point is the centre, 1e-6 arcsec: it feels no deflection, and u^-2 is a number of f32.
pub const CORE: f64 = 1e-12;

/// A number that must be positive; else NaN.
pub(super) fn positive(value: f64) -> f64 {
    if value > 0.0 { value } else { f64::NAN }
}

/// Such a potential at a place, with an ellipticity.
#[derive(Clone, Copy, Debug)]
pub struct Placed<H, S> {
    halo: H,
    center: Complex<S>,
    e: Complex<S>,
    eps: Complex<S>,
    /// 2 / (1 + |e|^2).
    eps_of_e: S,
}

/// A halo at a place: `[e1, e2, x0, y0]`, or `[x0, y0]` where it is round.
pub(super) fn placed<H, S: Scalar>(halo: H, place: &[f64]) -> Placed<H, S> {
    let s = S::from_f64;
    let [e1, e2, x0, y0] = match *place {
        [e1, e2, x0, y0] => [e1, e2, x0, y0],
        [x0, y0] => [0.0, 0.0, x0, y0],
        _ => [f64::NAN; 4],
    };
    let norm = e1 * e1 + e2 * e2;
    let k = if norm < 1.0 { 2.0 / (1.0 + norm) } else { f64::NAN };
    Placed {
        halo,
        center: complex(s(x0), s(y0)),
        e: complex(s(e1), s(e2)),
        eps: complex(s(k * e1), s(k * e2)),
        eps_of_e: s(k),
    }
}

/// What value and gradient have in common.
struct At<R> {
    w: Complex<R>,
    zeta: Complex<R>,
    u: R,
    /// 1 outside the core, 0 inside.
    outside: R,
}

#[inline(always)]
fn at<H, R: Real>(lens: &Placed<H, R::Scalar>, p: Complex<R>) -> At<R> {
    let core = R::constant(CORE);
    let w = p - Complex::broadcast(lens.center);
    let zeta = w - Complex::broadcast(lens.eps) * w.conj();
    let bare = w.dot(zeta);
    At { w, zeta, u: bare.at_least(core), outside: bare.above(core, R::constant(1.0)) }
}

/// The deflection at p.
#[inline(always)]
pub(super) fn alpha<P: Radial<K>, R: Real, const K: usize>(
    lens: &Placed<P::Halo<R::Scalar>, R::Scalar>,
    p: Complex<R>,
) -> Complex<R> {
    let at = at(lens, p);
    at.zeta.scale(at.outside * P::pull(&lens.halo, at.u))
}

/// The derivatives of g . alpha: by the halo's `K` parameters, by its place as [`placed`] takes it, and by position.
#[inline(always)]
pub(super) fn gradient<P: Radial<K>, R: Real, const K: usize, const N: usize>(
    lens: &Placed<P::Halo<R::Scalar>, R::Scalar>,
    p: Complex<R>,
    g: Complex<R>,
) -> Partials<R, N> {
    let At { w, zeta, u, outside } = at(lens, p);
    let Slopes { pull, by_u, params } = P::slopes(&lens.halo, u);
    let (e, eps) = (Complex::broadcast(lens.e), Complex::broadcast(lens.eps));
    let (pull, along) = (outside * pull, outside * g.dot(zeta));
    let d_u = by_u * along;
    // du = 2 zeta . dw - Re(conj(d eps) w^2), d zeta = dw - eps d conj(w) - d eps conj(w).
    let position = (g - eps * g.conj()).scale(pull) + zeta.scale(d_u + d_u);
    let d_eps = -(w.square().scale(d_u) + (g * w).scale(pull));
    let d_e = (d_eps - e.scale(eps.dot(d_eps))).scale(R::broadcast(lens.eps_of_e));
    let place = [d_e.re, d_e.im, -position.re, -position.im];
    // The last of the place: a round one has no ellipticity.
    let params = std::array::from_fn(|i| if i < K { params[i] * along } else { place[4 + i - N] });
    Partials { params, position }
}

/// The potential at p.
pub(super) fn potential<P: Radial<K>, const K: usize>(lens: &Placed<P::Halo<f64>, f64>, p: Complex<f64>) -> f64 {
    let At { u, outside, .. } = at(lens, p);
    outside * P::potential(&lens.halo, u)
}

/// Makes the [`Radial`] `$Of` of `$k` numbers the profile `$P` of `$n`: its own, then `e1 e2` where it is elliptical in the potential,
/// and `center_x center_y`.
macro_rules! profile {
    ($P:ty, $Of:ty, $k:literal, $n:literal, $name:literal, $parameters:expr) => {
        $crate::mass_profile!($P);

        impl $crate::mass::Formula<$n> for $P {
            const NAME: &'static str = $name;
            const PARAMETERS: &'static [$crate::parameter::ProfileParameter] = $parameters;
            type Lens<S: $crate::number::Scalar> =
                $crate::mass::radial::Placed<<$Of as $crate::mass::radial::Radial<$k>>::Halo<S>, S>;

            fn lens<S: $crate::number::Scalar>(params: &[f64; $n]) -> Self::Lens<S> {
                let own = ::std::array::from_fn(|i| params[i]);
                let halo = <$Of as $crate::mass::radial::Radial<$k>>::halo(&own);
                $crate::mass::radial::placed(halo, &params[$k..])
            }

            #[inline(always)]
            fn alpha<R: $crate::number::Real>(
                lens: &Self::Lens<R::Scalar>,
                p: $crate::number::Complex<R>,
            ) -> $crate::number::Complex<R> {
                $crate::mass::radial::alpha::<$Of, R, $k>(lens, p)
            }

            #[inline(always)]
            fn gradient<R: $crate::number::Real>(
                lens: &Self::Lens<R::Scalar>,
                p: $crate::number::Complex<R>,
                g: $crate::number::Complex<R>,
            ) -> $crate::pointwise::Partials<R, $n> {
                $crate::mass::radial::gradient::<$Of, R, $k, $n>(lens, p, g)
            }

            fn potential(lens: &Self::Lens<f64>, p: $crate::number::Complex<f64>) -> f64 {
                $crate::mass::radial::potential::<$Of, $k>(lens, p)
            }
        }
    };
}

pub(super) use profile;
