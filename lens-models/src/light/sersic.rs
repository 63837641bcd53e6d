//! Sersic: the light of most galaxies, with elliptical isophotes and without trigonometry.
//!
//! I(R) = amp exp(-b_n [(R / R_sersic)^(1/n) - 1]) (Sersic 1963; Graham & Driver 2005, doi:10.1071/AS05001).

use super::{BnWithSlope, Formula, sersic_bn, sersic_bn_lenstronomy};
use crate::{
    number::{Complex, Real, Scalar, complex},
    parameter::{CENTER_X, CENTER_Y, E1, E2, ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// Sersic's law with the exact b_n: `amp R_sersic n_sersic e1 e2 center_x center_y`.
///
/// `amp` is the surface brightness at R = R_sersic. R^2 = q x1^2 + x2^2 / q, x1 along the major axis, which is
/// |w - e conj(w)|^2 / (1 - |e|^2) for the position w from the centre and e = e1 + i e2: smooth at e = 0.
///
/// Where R < 1e-4 arcsec the brightness is that at 1e-4 arcsec (lenstronomy's smoothing), with gradient zero with
/// respect to position, ellipticity and centre: R^(1/n) has no derivative at R = 0.
#[derive(Clone, Copy, Debug)]
pub struct Sersic;

/// Sersic's law with lenstronomy's b_n = 1.9992 n - 0.3271; otherwise as [`Sersic`].
#[derive(Clone, Copy, Debug)]
pub struct SersicLenstronomyBn;

/// R^2 below which a point is the centre.
const CORE: f64 = 1e-8;

/// What is computed once for a set of parameters.
#[derive(Clone, Copy, Debug)]
pub struct SersicLight<S> {
    pub(super) amp: S,
    pub(super) radius: S,
    pub(super) n: S,
    e: Complex<S>,
    center: Complex<S>,
    one_minus_e2: S,
    ln_radius2: S,
    pub(super) b: S,
    pub(super) db_dn: S,
}

fn prepare<S: Scalar>(&[amp, radius, n, e1, e2, x0, y0]: &[f64; 7], bn: fn(f64) -> BnWithSlope) -> SersicLight<S> {
    let s = S::from_f64;
    let BnWithSlope { b, db_dn } = bn(n);
    let one_minus_e2 = 1.0 - (e1 * e1 + e2 * e2);
    SersicLight {
        amp: s(amp),
        radius: s(radius),
        n: s(n),
        e: complex(s(e1), s(e2)),
        center: complex(s(x0), s(y0)),
        one_minus_e2: s(if one_minus_e2 > 0.0 { one_minus_e2 } else { f64::NAN }),
        ln_radius2: s(2.0 * radius.ln()),
        b: s(b),
        db_dn: s(db_dn),
    }
}

/// The quantities that value and gradient have in common.
pub(super) struct At<R> {
    w: Complex<R>,
    zeta: Complex<R>,
    /// R^2, at least CORE.
    pub r2: R,
    /// 1 outside the core, 0 inside.
    pub outside: R,
    /// ln(R / R_sersic).
    pub ln_ratio: R,
    /// (R / R_sersic)^(1/n).
    power: R,
    /// I / amp.
    unit: R,
}

impl<R: Real> At<R> {
    #[inline(always)]
    pub fn new(light: &SersicLight<R::Scalar>, p: Complex<R>) -> Self {
        let core = R::constant(CORE);
        let w = p - Complex::broadcast(light.center);
        let zeta = w - Complex::broadcast(light.e) * w.conj();
        let bare = zeta.norm_sqr() / R::broadcast(light.one_minus_e2);
        let r2 = bare.at_least(core);
        let outside = bare.above(core, R::constant(1.0));
        let ln_ratio = R::constant(0.5) * (r2.ln() - R::broadcast(light.ln_radius2));
        let power = (ln_ratio / R::broadcast(light.n)).exp();
        let b = R::broadcast(light.b);
        let unit = (b - b * power).exp();
        Self { w, zeta, r2, outside, ln_ratio, power, unit }
    }
}

/// From the derivative by R^2 those by e and by position.
#[inline(always)]
pub(super) fn by_shape<R: Real>(light: &SersicLight<R::Scalar>, at: &At<R>, d_r2: R) -> ([R; 2], Complex<R>) {
    let e = Complex::broadcast(light.e);
    let inv_norm = R::constant(1.0) / R::broadcast(light.one_minus_e2);
    // R^2 = |zeta|^2 / (1 - |e|^2), zeta = w - e conj(w): d |zeta|^2 = 2 Re(conj(zeta) (dw - e d conj(w) - de conj(w))).
    let two = R::constant(2.0);
    let d_norm = two * d_r2 * inv_norm;
    let d_shape = two * d_r2 * at.r2 * inv_norm;
    let zeta_w = at.zeta * at.w;
    let d_e = [d_shape * e.re - d_norm * zeta_w.re, d_shape * e.im - d_norm * zeta_w.im];
    (d_e, (at.zeta - e * at.zeta.conj()).scale(d_norm))
}

crate::light_profile!(Sersic);

impl Formula<7> for Sersic {
    const NAME: &'static str = "sersic";
    const PARAMETERS: &'static [ProfileParameter] = &[
        ProfileParameter::new("amp", ParameterKind::Amplitude, "", "I_e", "Surface brightness at R_sersic."),
        ProfileParameter::new(
            "R_sersic",
            ParameterKind::Radius,
            "arcsec",
            "R_e",
            "Half-light radius: sqrt(q) times semi-major.",
        ),
        ProfileParameter::new(
            "n_sersic",
            ParameterKind::SersicIndex,
            "",
            "n",
            "1: exponential disc, 4: de Vaucouleurs.",
        ),
        E1,
        E2,
        CENTER_X,
        CENTER_Y,
    ];
    type Light<S: Scalar> = SersicLight<S>;

    fn light<S: Scalar>(params: &[f64; 7]) -> SersicLight<S> {
        prepare(params, sersic_bn)
    }

    #[inline(always)]
    fn intensity<R: Real>(light: &SersicLight<R::Scalar>, p: Complex<R>) -> R {
        R::broadcast(light.amp) * At::new(light, p).unit
    }

    #[inline(always)]
    fn gradient<R: Real>(light: &SersicLight<R::Scalar>, p: Complex<R>, g: R) -> Partials<R, 7> {
        let at = At::new(light, p);
        let At { r2, outside, ln_ratio, power, unit, .. } = at;
        let [amp, radius, n, b, db_dn] = [light.amp, light.radius, light.n, light.b, light.db_dn].map(R::broadcast);
        let (one, two) = (R::constant(1.0), R::constant(2.0));
        let inv_n = one / n;

        // I = amp exp(b - b power), d power = power [d ln R / n - dR_sersic / (n R_sersic) - ln_ratio dn / n^2].
        let g_unit = g * unit;
        let g_light = g_unit * amp;
        let fall = g_light * b * power * inv_n;
        let d_n = fall * ln_ratio * inv_n + g_light * db_dn * (one - power);

        let d_r2 = -(fall * outside) / (two * r2);
        let ([d_e1, d_e2], position) = by_shape(light, &at, d_r2);
        Partials { params: [g_unit, fall / radius, d_n, d_e1, d_e2, -position.re, -position.im], position }
    }
}

crate::light_profile!(SersicLenstronomyBn);

/// The two profiles differ in name and b_n.
impl Formula<7> for SersicLenstronomyBn {
    const NAME: &'static str = "sersic_lenstronomy_bn";
    const PARAMETERS: &'static [ProfileParameter] = Sersic::PARAMETERS;
    type Light<S: Scalar> = SersicLight<S>;

    fn light<S: Scalar>(params: &[f64; 7]) -> SersicLight<S> {
        prepare(params, sersic_bn_lenstronomy)
    }

    #[inline(always)]
    fn intensity<R: Real>(light: &SersicLight<R::Scalar>, p: Complex<R>) -> R {
        Sersic::intensity(light, p)
    }

    #[inline(always)]
    fn gradient<R: Real>(light: &SersicLight<R::Scalar>, p: Complex<R>, g: R) -> Partials<R, 7> {
        Sersic::gradient(light, p, g)
    }
}
