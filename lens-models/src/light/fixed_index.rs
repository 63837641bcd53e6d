//! The laws of Sersic with a fixed index: the exponential disc and de Vaucouleurs' bulge.

use super::{Formula, Sersic, sersic::SersicLight};
use crate::{
    number::{Complex, Real, Scalar},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ProfileParameter},
    pointwise::Partials,
};

/// The exponential disc: `amp R_sersic e1 e2 center_x center_y`; [`Sersic`] with n = 1, whose scale length is R_sersic / 1.678.
#[derive(Clone, Copy, Debug)]
pub struct Exponential;

/// De Vaucouleurs' law (1948): `amp R_sersic e1 e2 center_x center_y`; [`Sersic`] with n = 4.
#[derive(Clone, Copy, Debug)]
pub struct DeVaucouleurs;

macro_rules! fixed_index {
    ($P:ty, $name:literal, $n:literal) => {
        crate::light_profile!($P);

        impl Formula<6> for $P {
            const NAME: &'static str = $name;
            const PARAMETERS: &'static [ProfileParameter] =
                &[Sersic::PARAMETERS[0], Sersic::PARAMETERS[1], E1, E2, CENTER_X, CENTER_Y];
            type Light<S: Scalar> = SersicLight<S>;

            fn light<S: Scalar>(&[amp, radius, e1, e2, x0, y0]: &[f64; 6]) -> SersicLight<S> {
                Sersic::light(&[amp, radius, $n, e1, e2, x0, y0])
            }

            #[inline(always)]
            fn intensity<R: Real>(light: &SersicLight<R::Scalar>, p: Complex<R>) -> R {
                Sersic::intensity(light, p)
            }

            #[inline(always)]
            fn gradient<R: Real>(light: &SersicLight<R::Scalar>, p: Complex<R>, g: R) -> Partials<R, 6> {
                let Partials { params: [amp, radius, _, e1, e2, x0, y0], position } = Sersic::gradient(light, p, g);
                Partials { params: [amp, radius, e1, e2, x0, y0], position }
            }
        }
    };
}

fixed_index!(Exponential, "exponential", 1.0);
fixed_index!(DeVaucouleurs, "de_vaucouleurs", 4.0);
