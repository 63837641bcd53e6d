//! The integrals A1-A4 on the unit circle, by quadrature.

use crate::quadrature::gauss_legendre;

/// Points of the rule on each panel.
const POINTS: usize = 10;

/// The width of a panel at u = 0 that is not halved any more: what is left there is u to a power of at least 1, and its error
/// is below 1e-11.
const FINEST: f64 = 1.0 / 16_384.0;

/// Where the deflection is asked for: an angle from the major axis on the unit circle, and a lens of r_Ein = 1.
///
/// With u = (rho' / rho)^(3 - gamma), rho' kappa(rho') d rho' = rho^(3 - gamma) / 2 du, and A1, A2 are
///
/// ```text
/// alpha_i = q rho^(3 - gamma) theta_i  integral_0^1 omega^(2i - 1) / (theta_1^2 + omega^4 theta_2^2) du
/// ```
///
/// whose integrand is bounded at u = 0 for every slope.
#[derive(Clone, Copy)]
pub(super) struct Integral {
    theta: [f64; 2],
    q: f64,
    gamma: f64,
    /// rho of the point, eq. 12 with its square: rho^2 = theta_1^2 + theta_2^2 / q^2.
    rho: f64,
    /// Where Delta = 0: there, rho'^2 (1 - q^2) = e^(2 i eta).
    branch: [f64; 2],
}

impl Integral {
    pub(super) fn new(eta: f64, q: f64, gamma: f64) -> Self {
        let theta = [eta.cos(), eta.sin()];
        let rho = theta[0].hypot(theta[1] / q);
        let power = 0.5 * (3.0 - gamma);
        let (sin, cos) = (2.0 * eta * power).sin_cos();
        let radius = (rho * rho * (1.0 - q * q)).powf(-power);
        Self { theta, q, gamma, rho, branch: [radius * cos, radius * sin] }
    }

    /// The deflection.
    pub(super) fn alpha(&self, rule: &Rule) -> [f64; 2] {
        let [t1, t2] = self.theta;
        // The limit of A3: omega = 1 everywhere.
        let [i1, i2] = if self.q == 1.0 { [1.0, 1.0] } else { self.panel(0.0, 1.0, rule) };
        let scale = self.q * self.rho.powf(3.0 - self.gamma);
        [scale * t1 * i1, scale * t2 * i2]
    }

    /// The integrals over [a, b]: halved until no branch point is nearer than the panel is wide, so that the rule's error is
    /// (2 + sqrt(5))^(-2 POINTS), 3e-13.
    fn panel(&self, a: f64, b: f64, rule: &Rule) -> [f64; 2] {
        let [re, im] = self.branch;
        let away = (re - re.clamp(a, b)).hypot(im);
        let done = b - a <= away && (b - a <= a || b <= FINEST);
        // Where a branch point is closer than rounding can tell there is nothing left to halve.
        if done || b - a < 1e-12 {
            return rule.integrate(a, b, |u| self.integrand(u));
        }
        let middle = 0.5 * (a + b);
        let ([l1, l2], [r1, r2]) = (self.panel(a, middle, rule), self.panel(middle, b, rule));
        [l1 + r1, l2 + r2]
    }

    /// omega / (theta_1^2 + omega^4 theta_2^2) and omega^3 / (the same), with A3 and A4; r = 1.
    fn integrand(&self, u: f64) -> [f64; 2] {
        let [s1, s2] = self.theta.map(|t| t * t);
        let rho = self.rho * u.powf(1.0 / (3.0 - self.gamma));
        let x = rho * rho * (1.0 - self.q * self.q);
        let delta = ((x + s2 - s1).powi(2) + 4.0 * s1 * s2).sqrt();
        let omega2 = (delta + 1.0 + x) / (delta + 1.0 - x);
        let value = omega2.sqrt() / (s1 + omega2 * omega2 * s2);
        [value, value * omega2]
    }
}

/// The Gauss-Legendre rule of `POINTS` points on [-1, 1]: each point with its weight.
pub(super) struct Rule(Vec<[f64; 2]>);

impl Rule {
    pub(super) fn new() -> Self {
        Self(gauss_legendre(POINTS))
    }

    fn integrate(&self, a: f64, b: f64, f: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
        let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
        self.0.iter().fold([0.0; 2], |[s1, s2], [x, weight]| {
            let [f1, f2] = f(middle + half * x);
            [s1 + half * weight * f1, s2 + half * weight * f2]
        })
    }
}
