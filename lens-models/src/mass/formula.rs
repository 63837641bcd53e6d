//! Formula: a mass profile as its complex functions, from which all else is made.

use std::marker::PhantomData;

use ppl_core::autodiff::Dual;

use super::slopes::{difference, steps};
use super::{Lensing, Slopes};
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{self, ProfileParameter},
    pointwise::{Partials, Pointwise, numbers},
};

/// A mass profile of `N` numbers as pure functions of a position p = x + iy, written once for every kind of number.
///
/// [`mass_profile!`](crate::mass_profile) makes one a [`MassProfile`](super::MassProfile), in this crate or any other.
/// Functions that are generic over [`Real`] need `#[inline(always)]`, and so does what they call: else they are not compiled
/// for the processor at hand, and several times slower.
///
/// ```
/// use lens_models::mass::{Formula, MassProfile};
/// use lens_models::number::{Complex, Real, Scalar};
/// use lens_models::parameter::{ProfileParameter, ParameterKind};
/// use lens_models::pointwise::Partials;
///
/// /// A sheet of constant convergence about the origin: alpha = kappa p.
/// struct Sheet;
///
/// impl Formula<1> for Sheet {
///     const NAME: &'static str = "sheet";
///     const PARAMETERS: &'static [ProfileParameter] =
///         &[ProfileParameter::new("kappa", ParameterKind::Shear, "", r"\kappa", "Convergence.")];
///     type Lens<S: Scalar> = S;
///
///     fn lens<S: Scalar>([kappa]: &[f64; 1]) -> S {
///         S::from_f64(*kappa)
///     }
///     #[inline(always)]
///     fn alpha<R: Real>(kappa: &R::Scalar, p: Complex<R>) -> Complex<R> {
///         p.scale(R::broadcast(*kappa))
///     }
///     #[inline(always)]
///     fn gradient<R: Real>(kappa: &R::Scalar, p: Complex<R>, g: Complex<R>) -> Partials<R, 1> {
///         Partials { params: [g.dot(p)], position: g.scale(R::broadcast(*kappa)) }
///     }
///     fn potential(kappa: &f64, p: Complex<f64>) -> f64 {
///         0.5 * kappa * p.norm_sqr()
///     }
/// }
/// lens_models::mass_profile!(Sheet);
///
/// assert_eq!(Sheet.point(&[0.1], 2.0, 0.0).alpha, [0.2, 0.0]);
/// lens_models::check::mass_profile(&Sheet, &[0.1]);
/// ```
pub trait Formula<const N: usize> {
    /// Its name in a system file.
    const NAME: &'static str;
    /// Its parameters, in the order in which `lens` reads them; their sizes add up to `N`.
    const PARAMETERS: &'static [ProfileParameter];
    /// What is computed once for a set of parameters.
    type Lens<S: Scalar>;

    /// Prepares a set of parameters. Calls [`Scalar::from_f64`] equally often for all of them: what depends on them in
    /// number is a [`Series`](crate::number::Series).
    fn lens<S: Scalar>(params: &[f64; N]) -> Self::Lens<S>;
    /// The deflection at p.
    fn alpha<R: Real>(lens: &Self::Lens<R::Scalar>, p: Complex<R>) -> Complex<R>;
    /// The derivatives of g . alpha at p; that by position is the Hessian of the potential times g.
    fn gradient<R: Real>(lens: &Self::Lens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, N>;
    /// The potential at p, arcsec^2.
    fn potential(lens: &Self::Lens<f64>, p: Complex<f64>) -> f64;
    /// The derivatives of the potential at p by the parameters: by central differences, good to about 1e-11, unless it says better.
    fn potential_slopes(params: &[f64; N], p: Complex<f64>) -> [f64; N] {
        let (mut moved, mut all) = (*params, [0.0; N]);
        for (i, h) in steps(Self::PARAMETERS, params).enumerate().take(N) {
            [all[i]] = difference(h, |by| {
                moved[i] = params[i] + by;
                [Self::potential(&Self::lens(&moved), p)]
            });
            moved[i] = params[i];
        }
        all
    }
}

/// The deflection of a formula as a field of two numbers.
pub struct Deflection<P>(PhantomData<P>);

impl<P: Formula<N>, const N: usize> Pointwise<N, 2> for Deflection<P> {
    type Prepared<S: Scalar> = P::Lens<S>;

    fn prepare<S: Scalar>(params: &[f64; N]) -> P::Lens<S> {
        P::lens(params)
    }

    #[inline(always)]
    fn value<R: Real>(lens: &P::Lens<R::Scalar>, p: Complex<R>) -> [R; 2] {
        let alpha = P::alpha(lens, p);
        [alpha.re, alpha.im]
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &P::Lens<R::Scalar>, p: Complex<R>, [gx, gy]: [R; 2]) -> Partials<R, N> {
        P::gradient(lens, p, complex(gx, gy))
    }
}

/// Makes a [`Formula`](crate::mass::Formula) a [`MassProfile`](crate::mass::MassProfile). By a macro, not for all formulas,
/// so that the SIMD loops are compiled where it stands and not again in every crate that names a profile.
#[macro_export]
macro_rules! mass_profile {
    ($P:ty) => {
        const _: () = $crate::mass::formula::check_size::<$P, _>();

        impl $crate::mass::MassProfile for $P {
            fn name(&self) -> &'static str {
                <$P as $crate::mass::Formula<_>>::NAME
            }

            fn parameters(&self) -> &'static [$crate::parameter::ProfileParameter] {
                <$P as $crate::mass::Formula<_>>::PARAMETERS
            }

            fn deflect(&self, params: &[f64], x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]) {
                $crate::pointwise::add_value::<$crate::mass::formula::Deflection<$P>, _, 2>(params, x, y, [ax, ay]);
            }

            fn deflect_vjp(
                &self,
                params: &[f64],
                xy: [&[f32]; 2],
                g: [&[f32]; 2],
                dparams: &mut [f64],
                dxy: [&mut [f32]; 2],
            ) {
                $crate::pointwise::add_vjp::<$crate::mass::formula::Deflection<$P>, _, 2>(params, xy, g, dparams, dxy);
            }

            fn kernel(&self) -> ::std::option::Option<$crate::codegen::Kernel> {
                let name = <$P as $crate::mass::Formula<_>>::NAME;
                ::std::option::Option::Some($crate::codegen::kernel::<$crate::mass::formula::Deflection<$P>, _, 2>(
                    name,
                ))
            }

            fn point(&self, params: &[f64], x: f64, y: f64) -> $crate::mass::Lensing {
                $crate::mass::formula::point::<$P, _>(params, x, y)
            }

            fn points(&self, params: &[f64], at: &[[f64; 2]], out: &mut [$crate::mass::Lensing]) {
                $crate::mass::formula::points::<$P, _>(params, at, out);
            }

            fn slopes(&self, params: &[f64], x: f64, y: f64) -> $crate::mass::Slopes {
                $crate::mass::formula::slopes::<$P, _>(params, x, y)
            }

            fn deflection_jacobian(&self, params: &[f64], x: f64, y: f64) -> ::std::vec::Vec<[f64; 2]> {
                $crate::mass::formula::deflection_jacobian::<$P, _>(params, x, y)
            }
        }
    };
}

/// Refuses, when it is compiled, a formula whose parameters are not `N` numbers.
#[doc(hidden)]
pub const fn check_size<P: Formula<N>, const N: usize>() {
    assert!(parameter::count(P::PARAMETERS) == N, "the sizes of PARAMETERS must add up to N");
}

/// Potential, deflection and Hessian at one point.
#[doc(hidden)]
pub fn point<P: Formula<N>, const N: usize>(params: &[f64], x: f64, y: f64) -> Lensing {
    lensing::<P, N>(&P::lens(&numbers(params)), complex(x, y))
}

/// Adds the same at many points.
#[doc(hidden)]
pub fn points<P: Formula<N>, const N: usize>(params: &[f64], at: &[[f64; 2]], out: &mut [Lensing]) {
    let lens = P::lens(&numbers(params));
    for (out, [x, y]) in out.iter_mut().zip(at) {
        *out = *out + lensing::<P, N>(&lens, complex(*x, *y));
    }
}

fn lensing<P: Formula<N>, const N: usize>(lens: &P::Lens<f64>, p: Complex<f64>) -> Lensing {
    let alpha = P::alpha(lens, p);
    let [along_x, along_y] = [complex(1.0, 0.0), complex(0.0, 1.0)].map(|g| P::gradient(lens, p, g).position);
    Lensing {
        potential: P::potential(lens, p),
        alpha: [alpha.re, alpha.im],
        f_xx: along_x.re,
        f_xy: along_x.im,
        f_yy: along_y.im,
    }
}

/// The same at one point with derivatives: the gradient of the formula, on numbers with slopes by position.
#[doc(hidden)]
pub fn slopes<P: Formula<N>, const N: usize>(params: &[f64], x: f64, y: f64) -> Slopes {
    let params = numbers(params);
    let (lens, p) = (P::lens::<f64>(&params), complex(x, y));
    let [x, y] = Dual::variables([x, y]);
    let along = |gx: f64, gy: f64| P::gradient(&lens, complex(x, y), complex(Dual::constant(gx), Dual::constant(gy)));
    let [by_x, by_y] = [along(1.0, 0.0), along(0.0, 1.0)];
    let [f_xx, f_xy, f_yy] = [by_x.position.re, by_x.position.im, by_y.position.im];
    let alpha = P::alpha(&lens, p);
    let potential_slopes = P::potential_slopes(&params, p);
    let of = |i: usize| {
        let [ax, ay] = [by_x.params[i], by_y.params[i]];
        [potential_slopes[i], ax.value, ay.value, ax.slopes[0], ax.slopes[1], ay.slopes[1]]
    };
    Slopes {
        at: Lensing {
            potential: P::potential(&lens, p),
            alpha: [alpha.re, alpha.im],
            f_xx: f_xx.value,
            f_xy: f_xy.value,
            f_yy: f_yy.value,
        },
        third: [f_xx.slopes[0], f_xx.slopes[1], f_xy.slopes[1], f_yy.slopes[1]],
        params: (0..N).map(of).collect(),
    }
}

/// (d alpha_x / dp, d alpha_y / dp) for every number p of the parameters.
#[doc(hidden)]
pub fn deflection_jacobian<P: Formula<N>, const N: usize>(params: &[f64], x: f64, y: f64) -> Vec<[f64; 2]> {
    let lens = P::lens(&numbers(params));
    let along = |g| P::gradient(&lens, complex(x, y), g).params;
    along(complex(1.0, 0.0)).into_iter().zip(along(complex(0.0, 1.0))).map(|(dx, dy)| [dx, dy]).collect()
}
