//! A lens of given parameters: A5-A7, and their derivatives.

use super::nodes::Curve;

/// |w|^2 below which a point is the centre, as for [`Epl`](crate::mass::Epl).
const CORE: f64 = 1e-18;

/// What is prepared for a set of parameters.
pub(super) struct Lens {
    pub(super) gamma: f64,
    pub(super) center: [f64; 2],
    r_ein: f64,
    /// cos and sin of phi.
    turn: [f64; 2],
    /// None where the parameters lie outside the table.
    curve: Option<Curve>,
}

/// The deflection at a point and all its derivatives.
pub(super) struct At {
    pub(super) alpha: [f64; 2],
    /// d alpha / dx and d alpha / dy. The interpolant has a curl: its Hessian is not symmetric.
    pub(super) position: [[f64; 2]; 2],
    /// d alpha / d (r_ein, gamma, q, phi, center_x, center_y).
    pub(super) params: [[f64; 2]; 6],
}

impl Lens {
    pub(super) fn new([r_ein, gamma, _, phi, x0, y0]: [f64; 6], curve: Option<Curve>) -> Self {
        Self { gamma, center: [x0, y0], r_ein, turn: [phi.cos(), phi.sin()], curve }
    }

    /// From the axes of the ellipse to those of the image.
    fn back(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [cos, sin] = self.turn;
        [cos * x - sin * y, sin * x + cos * y]
    }

    /// The deflection and its derivatives; all are 0 at the centre and NaN outside the table.
    pub(super) fn at(&self, x: f64, y: f64) -> At {
        let Some(curve) = &self.curve else { return At::constant(f64::NAN) };
        let [cos, sin] = self.turn;
        let (dx, dy) = (x - self.center[0], y - self.center[1]);
        let (x, y) = (cos * dx + sin * dy, cos * dy - sin * dx);
        let r2 = x * x + y * y;
        if r2 < CORE {
            return At::constant(0.0);
        }
        // A6 and A7: r^(2 - gamma) r_Ein^(gamma - 1), arcsec; a negative r_Ein gives NaN.
        let (ln_r, ln_r_ein) = (0.5 * r2.ln(), self.r_ein.ln());
        let scale = ((2.0 - self.gamma) * ln_r + (self.gamma - 1.0) * ln_r_ein).exp();
        // A5. At a sign of zero either neighbour will do.
        let sign = [x.signum(), y.signum()];
        let [value, by_q, by_gamma, by_eta] =
            curve.at(y.abs().atan2(x.abs())).map(|[a, b]| [scale * sign[0] * a, scale * sign[1] * b]);
        let [eta_x, eta_y] = [-y * sign[0] * sign[1] / r2, x * sign[0] * sign[1] / r2];
        let [r_x, r_y] = [x, y].map(|w| (2.0 - self.gamma) * w / r2);
        let along = |eta: f64, r: f64| [0, 1].map(|i| by_eta[i] * eta + value[i] * r);
        let (by_x, by_y) = (along(eta_x, r_x), along(eta_y, r_y));
        // The ellipse turns against the point, and its axes turn the deflection.
        let by_phi = [y * by_x[0] - x * by_y[0] - value[1], y * by_x[1] - x * by_y[1] + value[0]];
        let slope = [0, 1].map(|i| by_gamma[i] + (ln_r_ein - ln_r) * value[i]);

        let alpha = self.back(value);
        let (bx, by) = (self.back(by_x), self.back(by_y));
        let position = [[0, 1].map(|i| cos * bx[i] - sin * by[i]), [0, 1].map(|i| sin * bx[i] + cos * by[i])];
        let by_r_ein = alpha.map(|a| (self.gamma - 1.0) / self.r_ein * a);
        let [x0, y0] = position.map(|column| column.map(|d| -d));
        At { alpha, position, params: [by_r_ein, self.back(slope), self.back(by_q), self.back(by_phi), x0, y0] }
    }
}

impl At {
    fn constant(value: f64) -> Self {
        At { alpha: [value; 2], position: [[value; 2]; 2], params: [[value; 2]; 6] }
    }
}
