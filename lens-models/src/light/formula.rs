//! Formula: a light profile as its pure functions, from which all else is made.

use std::marker::PhantomData;

use super::BrightnessGradient;
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{self, ProfileParameter},
    pointwise::{Partials, Pointwise, numbers},
};

/// A light profile of `N` numbers as pure functions of a position p = x + iy, written once for every kind of number.
///
/// [`light_profile!`](crate::light_profile) makes one a [`LightProfile`](super::LightProfile), in this crate or any other.
/// Functions that are generic over [`Real`] need `#[inline(always)]`, and so does what they call: else they are not compiled
/// for the processor at hand, and several times slower.
///
/// ```
/// use lens_models::light::{Formula, LightProfile};
/// use lens_models::number::{Complex, Real, Scalar};
/// use lens_models::parameter::{ProfileParameter, ParameterKind};
/// use lens_models::pointwise::Partials;
///
/// /// A round Gaussian of width 1 about the origin: I = amp exp(-|p|^2 / 2).
/// struct Blob;
///
/// impl Formula<1> for Blob {
///     const NAME: &'static str = "blob";
///     const PARAMETERS: &'static [ProfileParameter] =
///         &[ProfileParameter::new("amp", ParameterKind::Amplitude, "", "I_0", "Brightness at the centre.")];
///     type Light<S: Scalar> = S;
///
///     fn light<S: Scalar>([amp]: &[f64; 1]) -> S {
///         S::from_f64(*amp)
///     }
///     #[inline(always)]
///     fn intensity<R: Real>(amp: &R::Scalar, p: Complex<R>) -> R {
///         R::broadcast(*amp) * (R::constant(-0.5) * p.norm_sqr()).exp()
///     }
///     #[inline(always)]
///     fn gradient<R: Real>(amp: &R::Scalar, p: Complex<R>, g: R) -> Partials<R, 1> {
///         let unit = g * (R::constant(-0.5) * p.norm_sqr()).exp();
///         Partials { params: [unit], position: p.scale(-(R::broadcast(*amp) * unit)) }
///     }
/// }
/// lens_models::light_profile!(Blob);
///
/// assert_eq!(Blob.point(&[3.0], 0.0, 0.0), 3.0);
/// lens_models::check::light_profile(&Blob, &[3.0]);
/// ```
pub trait Formula<const N: usize> {
    /// Its name in a system file.
    const NAME: &'static str;
    /// Its parameters, in the order in which `light` reads them; their sizes add up to `N`.
    const PARAMETERS: &'static [ProfileParameter];
    /// What is computed once for a set of parameters.
    type Light<S: Scalar>;

    /// Prepares a set of parameters. Calls [`Scalar::from_f64`] equally often for all of them: what depends on them in
    /// number is a [`Series`](crate::number::Series).
    fn light<S: Scalar>(params: &[f64; N]) -> Self::Light<S>;
    /// The surface brightness at p.
    fn intensity<R: Real>(light: &Self::Light<R::Scalar>, p: Complex<R>) -> R;
    /// The derivatives of g I at p.
    fn gradient<R: Real>(light: &Self::Light<R::Scalar>, p: Complex<R>, g: R) -> Partials<R, N>;
}

/// The brightness of a formula as a field of one number.
pub struct Brightness<P>(PhantomData<P>);

impl<P: Formula<N>, const N: usize> Pointwise<N, 1> for Brightness<P> {
    type Prepared<S: Scalar> = P::Light<S>;

    fn prepare<S: Scalar>(params: &[f64; N]) -> P::Light<S> {
        P::light(params)
    }

    #[inline(always)]
    fn value<R: Real>(light: &P::Light<R::Scalar>, p: Complex<R>) -> [R; 1] {
        [P::intensity(light, p)]
    }

    #[inline(always)]
    fn gradient<R: Real>(light: &P::Light<R::Scalar>, p: Complex<R>, [g]: [R; 1]) -> Partials<R, N> {
        P::gradient(light, p, g)
    }
}

/// Makes a [`Formula`](crate::light::Formula) a [`LightProfile`](crate::light::LightProfile). By a macro, not for all
/// formulas, so that the SIMD loops are compiled where it stands and not again in every crate that names a profile.
#[macro_export]
macro_rules! light_profile {
    ($P:ty) => {
        const _: () = $crate::light::formula::check_size::<$P, _>();

        impl $crate::light::LightProfile for $P {
            fn name(&self) -> &'static str {
                <$P as $crate::light::Formula<_>>::NAME
            }

            fn parameters(&self) -> &'static [$crate::parameter::ProfileParameter] {
                <$P as $crate::light::Formula<_>>::PARAMETERS
            }

            fn brightness(&self, params: &[f64], x: &[f32], y: &[f32], out: &mut [f32]) {
                $crate::pointwise::add_value::<$crate::light::formula::Brightness<$P>, _, 1>(params, x, y, [out]);
            }

            fn brightness_vjp(
                &self,
                params: &[f64],
                x: &[f32],
                y: &[f32],
                g: &[f32],
                dparams: &mut [f64],
                dx: &mut [f32],
                dy: &mut [f32],
            ) {
                $crate::pointwise::add_vjp::<$crate::light::formula::Brightness<$P>, _, 1>(
                    params,
                    [x, y],
                    [g],
                    dparams,
                    [dx, dy],
                );
            }

            fn kernel(&self) -> ::std::option::Option<$crate::codegen::Kernel> {
                let name = <$P as $crate::light::Formula<_>>::NAME;
                ::std::option::Option::Some($crate::codegen::kernel::<$crate::light::formula::Brightness<$P>, _, 1>(
                    name,
                ))
            }

            fn point(&self, params: &[f64], x: f64, y: f64) -> f64 {
                $crate::light::formula::point::<$P, _>(params, x, y)
            }

            fn point_gradient(&self, params: &[f64], x: f64, y: f64) -> $crate::light::BrightnessGradient {
                $crate::light::formula::point_gradient::<$P, _>(params, x, y)
            }
        }
    };
}

/// Refuses, when it is compiled, a formula whose parameters are not `N` numbers.
#[doc(hidden)]
pub const fn check_size<P: Formula<N>, const N: usize>() {
    assert!(parameter::count(P::PARAMETERS) == N, "the sizes of PARAMETERS must add up to N");
}

/// The brightness at one point, in f64.
#[doc(hidden)]
pub fn point<P: Formula<N>, const N: usize>(params: &[f64], x: f64, y: f64) -> f64 {
    P::intensity(&P::light(&numbers(params)), complex(x, y))
}

/// The derivatives at one point, in f64.
#[doc(hidden)]
pub fn point_gradient<P: Formula<N>, const N: usize>(params: &[f64], x: f64, y: f64) -> BrightnessGradient {
    let Partials { params, position } = P::gradient(&P::light(&numbers(params)), complex(x, y), 1.0);
    BrightnessGradient { params: params.to_vec(), position: [position.re, position.im] }
}
