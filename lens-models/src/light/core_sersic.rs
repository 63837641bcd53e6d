//! CoreSersic: a Sersic profile whose centre is a power law, as in galaxies that have merged.

use super::sersic::{At, SersicLight, by_shape};
use super::{Formula, Sersic};
use crate::{
    number::{Complex, Real, Scalar},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// The core-Sersic law: `amp R_sersic Rb n_sersic gamma e1 e2 center_x center_y`, with the exact b_n and R as in [`Sersic`].
///
/// ```text
/// I = amp [1 + (Rb / R)^3]^(gamma / 3) exp(-b_n {[(R^3 + Rb^3) / R_sersic^3]^(1 / (3 n)) - 1})
/// ```
///
/// (Trujillo et al. 2004, doi:10.1086/382712, with the sharpness 3 and the amplitude of lenstronomy's `CORE_SERSIC`.) Where
/// R < 1e-4 arcsec the brightness is that at 1e-4 arcsec. A break radius below zero gives NaN.
#[derive(Clone, Copy, Debug)]
pub struct CoreSersic;

/// What is computed once for a set of parameters.
#[derive(Clone, Copy, Debug)]
pub struct CoreSersicLight<S> {
    outer: SersicLight<S>,
    rb: S,
    gamma: S,
}

/// The quantities that value and gradient have in common.
struct Core<R> {
    at: At<R>,
    /// (Rb / R)^3 over Rb.
    cube: R,
    /// ln(1 + (Rb / R)^3).
    ln_core: R,
    /// ln[(R^3 + Rb^3)^(1/3) / R_sersic].
    ln_ratio: R,
    /// The power in the exponent.
    power: R,
    /// I / amp.
    unit: R,
}

#[inline(always)]
fn core<R: Real>(light: &CoreSersicLight<R::Scalar>, p: Complex<R>) -> Core<R> {
    let [rb, gamma, n, b] = [light.rb, light.gamma, light.outer.n, light.outer.b].map(R::broadcast);
    let (one, third) = (R::constant(1.0), R::constant(1.0 / 3.0));
    let at = At::new(&light.outer, p);
    let cube = rb * rb / (at.r2 * at.r2.sqrt());
    let ln_core = rb.mul_add(cube, one).ln();
    let ln_ratio = third.mul_add(ln_core, at.ln_ratio);
    let power = (ln_ratio / n).exp();
    let unit = (gamma * third).mul_add(ln_core, b - b * power).exp();
    Core { at, cube, ln_core, ln_ratio, power, unit }
}

crate::light_profile!(CoreSersic);

impl Formula<9> for CoreSersic {
    const NAME: &'static str = "core_sersic";
    const PARAMETERS: &'static [ProfileParameter] = &[
        ProfileParameter {
            doc: "Surface brightness at R_sersic of the profile without a core.",
            ..Sersic::PARAMETERS[0]
        },
        ProfileParameter { doc: "Half-light radius of the profile without a core.", ..Sersic::PARAMETERS[1] },
        ProfileParameter::new(
            "Rb",
            ParameterKind::Other {
                low: 0.0,
                high: f64::INFINITY,
                prior: r#"{"log_normal": {"loc": -2.3, "scale": 1.0}}"#,
            },
            "arcsec",
            r"R_\mathrm{b}",
            "Radius at which the core begins.",
        ),
        Sersic::PARAMETERS[2],
        ProfileParameter::new(
            "gamma",
            ParameterKind::Other {
                low: f64::NEG_INFINITY,
                high: f64::INFINITY,
                prior: r#"{"truncated_normal": {"loc": 0.2, "scale": 0.2, "low": 0.0, "high": 1.5}}"#,
            },
            "",
            r"\gamma",
            "Slope inside the core: I falls as R^-gamma.",
        ),
        E1,
        E2,
        CENTER_X,
        CENTER_Y,
    ];
    type Light<S: Scalar> = CoreSersicLight<S>;

    fn light<S: Scalar>(&[amp, radius, rb, n, gamma, e1, e2, x0, y0]: &[f64; 9]) -> CoreSersicLight<S> {
        CoreSersicLight {
            outer: Sersic::light(&[amp, radius, n, e1, e2, x0, y0]),
            rb: S::from_f64(if rb >= 0.0 { rb } else { f64::NAN }),
            gamma: S::from_f64(gamma),
        }
    }

    #[inline(always)]
    fn intensity<R: Real>(light: &CoreSersicLight<R::Scalar>, p: Complex<R>) -> R {
        R::broadcast(light.outer.amp) * core(light, p).unit
    }

    #[inline(always)]
    fn gradient<R: Real>(light: &CoreSersicLight<R::Scalar>, p: Complex<R>, g: R) -> Partials<R, 9> {
        let Core { at, cube, ln_core, ln_ratio, power, unit } = core(light, p);
        let SersicLight { amp, radius, n, b, db_dn, .. } = light.outer;
        let [amp, radius, n, b, db_dn] = [amp, radius, n, b, db_dn].map(R::broadcast);
        let [rb, gamma] = [light.rb, light.gamma].map(R::broadcast);
        let (one, two, third) = (R::constant(1.0), R::constant(2.0), R::constant(1.0 / 3.0));
        let inv_n = one / n;

        // ln I = ln amp + gamma / 3 ln_core + b - b power, d power = power d(ln_ratio / n);
        // with k = (Rb / R)^3, d ln_core / 3 = k / (1 + k) d ln(Rb / R) and d ln_ratio = (dR / R + k dRb / Rb) / (1 + k).
        let g_unit = g * unit;
        let g_light = g_unit * amp;
        let fall = g_light * b * power * inv_n;
        let share = one / rb.mul_add(cube, one);
        let d_rb = (g_light * gamma - fall) * cube * share;
        let d_n = fall * ln_ratio * inv_n + g_light * db_dn * (one - power);
        let d_ln_r = -((g_light * gamma * rb).mul_add(cube, fall) * share);
        let ([d_e1, d_e2], position) = by_shape(&light.outer, &at, d_ln_r * at.outside / (two * at.r2));
        let d_gamma = g_light * third * ln_core;
        let [x, y] = [-position.re, -position.im];
        Partials { params: [g_unit, fall / radius, d_rb, d_n, d_gamma, d_e1, d_e2, x, y], position }
    }
}
