//! Shapelet: one function of Gauss and Hermite, of which sums make any light that is smooth.

use super::Formula;
use crate::{
    number::{Complex, Real, Scalar, Series, complex},
    parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter},
    pointwise::Partials,
};

/// I = amp phi_n1(x / beta) phi_n2(y / beta): `amp n1 n2 beta center_x center_y`, with
/// phi_n(x) = (2^n sqrt(pi) n!)^(-1/2) H_n(x) exp(-x^2 / 2) (Refregier 2003, doi:10.1046/j.1365-8711.2003.05901.x).
///
/// The orders `n1` and `n2` are whole numbers, 0 or more: they are given, and the derivatives by them are 0. By
/// phi_(n+1) = sqrt(2 / (n + 1)) x phi_n - sqrt(n / (n + 1)) phi_(n-1); where x^2 / 2 is above 80 it is 0.
#[derive(Clone, Copy, Debug)]
pub struct Shapelet;

/// What is computed once for a set of parameters.
#[derive(Clone, Debug)]
pub struct ShapeletLight<S> {
    /// amp / sqrt(pi).
    amp: S,
    unit: S,
    inv_beta: S,
    center: Complex<S>,
    /// sqrt(2 n) of both orders.
    slopes: [S; 2],
    /// The recurrence of both orders, its last step first.
    steps: [Series<S, 2>; 2],
}

/// x^2 / 2 beyond which there is no light: what is left is 1e-35, times a polynomial that f32 cannot hold further out.
const OUT: f64 = 80.0;

const ORDER: ParameterKind =
    ParameterKind::Other { low: 0.0, high: f64::INFINITY, prior: r#"{"uniform": {"low": 0.0, "high": 1.0}}"# };

/// pi^(1/4) phi_n and pi^(1/4) dphi_n/dx.
#[inline(always)]
fn phi<R: Real>(steps: &Series<R::Scalar, 2>, slope: R::Scalar, x: R) -> (R, R) {
    let down = R::constant(-0.5) * x * x;
    let start = down.above(R::constant(-OUT), down.exp());
    let [before, phi] = R::fold_back(steps, [R::constant(0.0), start], |[before, phi], [up, back]| {
        [phi, (up * x).mul_add(phi, -(back * before))]
    });
    (phi, R::broadcast(slope).mul_add(before, -(x * phi)))
}

crate::light_profile!(Shapelet);

impl Formula<6> for Shapelet {
    const NAME: &'static str = "shapelet";
    const PARAMETERS: &'static [ProfileParameter] = &[
        ProfileParameter::new("amp", ParameterKind::Coefficient, "", "a", "Amplitude."),
        ProfileParameter::new("n1", ORDER, "", "n_1", "Order along x."),
        ProfileParameter::new("n2", ORDER, "", "n_2", "Order along y."),
        ProfileParameter::new("beta", ParameterKind::Radius, "arcsec", r"\beta", "Standard deviation of the first."),
        CENTER_X,
        CENTER_Y,
    ];
    type Light<S: Scalar> = ShapeletLight<S>;

    fn light<S: Scalar>(&[amp, n1, n2, beta, x0, y0]: &[f64; 6]) -> ShapeletLight<S> {
        let s = S::from_f64;
        let unit = if beta > 0.0 { 1.0 / std::f64::consts::PI.sqrt() } else { f64::NAN };
        let steps = |n: f64| {
            Series::new(n as usize, |i| {
                let k = n - i as f64;
                [(2.0 / k).sqrt(), ((k - 1.0) / k).sqrt()]
            })
        };
        ShapeletLight {
            amp: s(amp * unit),
            unit: s(unit),
            inv_beta: s(1.0 / beta),
            center: complex(s(x0), s(y0)),
            slopes: [s((2.0 * n1).sqrt()), s((2.0 * n2).sqrt())],
            steps: [steps(n1), steps(n2)],
        }
    }

    #[inline(always)]
    fn intensity<R: Real>(light: &ShapeletLight<R::Scalar>, p: Complex<R>) -> R {
        let Complex { re: x, im: y } = (p - Complex::broadcast(light.center)).scale(R::broadcast(light.inv_beta));
        let ([along_x, along_y], [slope_x, slope_y]) = (&light.steps, light.slopes);
        R::broadcast(light.amp) * phi(along_x, slope_x, x).0 * phi(along_y, slope_y, y).0
    }

    #[inline(always)]
    fn gradient<R: Real>(light: &ShapeletLight<R::Scalar>, p: Complex<R>, g: R) -> Partials<R, 6> {
        let [amp, unit, inv_beta] = [light.amp, light.unit, light.inv_beta].map(R::broadcast);
        let Complex { re: x, im: y } = (p - Complex::broadcast(light.center)).scale(inv_beta);
        let ([along_x, along_y], [slope_x, slope_y]) = (&light.steps, light.slopes);
        let ((of_x, dx), (of_y, dy)) = (phi(along_x, slope_x, x), phi(along_y, slope_y, y));
        let zero = R::constant(0.0);
        let position = complex(dx * of_y, of_x * dy).scale(g * amp * inv_beta);
        let by_beta = -position.re.mul_add(x, position.im * y);
        Partials { params: [g * unit * of_x * of_y, zero, zero, by_beta, -position.re, -position.im], position }
    }
}
