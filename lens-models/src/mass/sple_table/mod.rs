//! SpleTable: the elliptical power law by a table of integrals, as the paper's appendix A has it.

mod cuda;
mod integral;
mod lens;
mod nodes;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use lens::{At, Lens};
use nodes::{Axis, Curve};

use super::{Formula, Lensing, MassProfile, Sple};
use crate::codegen::Kernel;
use crate::error::{Error, Result};
use crate::parameter::ProfileParameter;
use crate::pointwise::numbers;

/// The profile of [`Sple`], `r_ein gamma q phi center_x center_y`, with the deflection of appendix A of Chianese et al. 2020.
///
/// The integrals A1-A2, with A3-A4, are tabulated on the unit circle at r_Ein = 1 over {eta, q, gamma} and interpolated
/// linearly in each. For a point at (r cos eta, r sin eta) from the centre, along the axes of the ellipse:
///
/// ```text
/// alpha_i(theta) = sign(theta_i) r^(2 - gamma) r_Ein^(gamma - 1) T_i(eta, q, gamma)      (A5-A7)
/// ```
///
/// Kept to be held against the exact [`Sple`], which is more accurate and needs no table. Its derivatives are those of the
/// interpolant, that by q, gamma or eta constant along it from node to node; it has a curl, so that [`MassProfile::point`] gives the
/// symmetric part of its Hessian, and Euler's (theta . alpha) / (3 - gamma) as potential, which is that of the exact deflection.
/// A q or a gamma outside the table gives NaN. How far off it is: `docs/sple-table.md`.
///
/// The table is made when a deflection is first asked for.
///
/// ```
/// use lens_models::mass::{MassProfile, Sple, SpleTable};
///
/// let (table, params) = (SpleTable::new(33, 17, 17)?, [1.3, 2.1, 0.7, 0.4, 0.0, 0.0]);
/// let (got, exact) = (table.point(&params, 1.0, 0.5).alpha, Sple.point(&params, 1.0, 0.5).alpha);
/// assert!((got[0] - exact[0]).hypot(got[1] - exact[1]) < 2e-3);
/// # Ok::<(), lens_models::Error>(())
/// ```
#[derive(Debug)]
pub struct SpleTable {
    axes: [Axis; 3],
    table: OnceLock<Vec<[f64; 2]>>,
}

/// The table that a system file names: 65 angles, 33 axis ratios in [0.1, 1] and 33 slopes in [1.1, 2.9], inside which
/// the default priors lie. The paper does not say how large its own is.
pub static SPLE_TABLE: SpleTable = SpleTable::with_ranges([65, 33, 33], Q, GAMMA);

/// At q = 0, where the paper's begins, rho is infinite.
const Q: [f64; 2] = [0.1, 1.0];
const GAMMA: [f64; 2] = [1.1, 2.9];

impl SpleTable {
    /// A table of so many nodes, ends included: eta in [0, pi/2], q in [0.1, 1], gamma in [1.1, 2.9].
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for fewer than two nodes along any of them.
    pub fn new(n_eta: usize, n_q: usize, n_gamma: usize) -> Result<Self> {
        Self::within([n_eta, n_q, n_gamma], Q, GAMMA)
    }

    /// A table of so many nodes in eta, q and gamma, with these ends of q and gamma.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for fewer than two nodes, and for ends that are not 0 < low < high <= 1 for q and
    /// 1 < low < high < 3 for gamma.
    pub fn within(nodes: [usize; 3], q: [f64; 2], gamma: [f64; 2]) -> Result<Self> {
        let refuse = |what, value, allowed| Err(Error::OutOfRange { what, value, allowed });
        for (what, n) in ["n_eta", "n_q", "n_gamma"].into_iter().zip(nodes) {
            if n < 2 {
                return refuse(what, n as f64, "at least 2: a cell of the table lies between two nodes");
            }
        }
        if q[1].is_nan() || q[1] > 1.0 {
            return refuse("the highest q of the table", q[1], "at most 1");
        }
        if !(0.0 < q[0] && q[0] < q[1]) {
            return refuse("the lowest q of the table", q[0], "above 0 and below the highest");
        }
        if gamma[1].is_nan() || gamma[1] >= 3.0 {
            return refuse("the highest gamma of the table", gamma[1], "below 3");
        }
        if !(1.0 < gamma[0] && gamma[0] < gamma[1]) {
            return refuse("the lowest gamma of the table", gamma[0], "above 1 and below the highest");
        }
        Ok(Self::with_ranges(nodes, q, gamma))
    }

    const fn with_ranges([n_eta, n_q, n_gamma]: [usize; 3], q: [f64; 2], gamma: [f64; 2]) -> Self {
        let q = Axis { low: q[0], high: q[1], nodes: n_q };
        let gamma = Axis { low: gamma[0], high: gamma[1], nodes: n_gamma };
        Self { axes: [Axis::eta(n_eta), q, gamma], table: OnceLock::new() }
    }

    /// The deflection at every node, on the unit circle at r_Ein = 1: by q, then gamma, then eta.
    pub fn nodes(&self) -> &[[f64; 2]] {
        self.table.get_or_init(|| nodes::integrate(self.axes))
    }

    fn lens(&self, params: &[f64]) -> Lens {
        let params: [f64; 6] = numbers(params);
        Lens::new(params, Curve::new(self.axes, self.nodes(), [params[2], params[1]]))
    }
}

impl MassProfile for SpleTable {
    fn name(&self) -> &'static str {
        "sple_table"
    }

    fn parameters(&self) -> &'static [ProfileParameter] {
        Sple::PARAMETERS
    }

    /// Of the table that a system file names: a kernel knows the place of its numbers, not a table.
    fn kernel(&self) -> Option<Kernel> {
        let constants = |params: &[f64]| {
            let params: [f64; 6] = numbers(params);
            let curve = Curve::new(SPLE_TABLE.axes, SPLE_TABLE.nodes(), [params[2], params[1]]);
            cuda::constants(params, SPLE_TABLE.axes[0], curve.as_ref())
        };
        (self.axes == SPLE_TABLE.axes).then(|| cuda::kernel(constants))
    }

    fn deflect(&self, params: &[f64], x: &[f32], y: &[f32], ax: &mut [f32], ay: &mut [f32]) {
        let lens = self.lens(params);
        for (((x, y), ax), ay) in x.iter().zip(y).zip(ax).zip(ay) {
            let [dx, dy] = lens.at((*x).into(), (*y).into()).alpha;
            *ax += dx as f32;
            *ay += dy as f32;
        }
    }

    fn deflect_vjp(
        &self,
        params: &[f64],
        [x, y]: [&[f32]; 2],
        [gx, gy]: [&[f32]; 2],
        dparams: &mut [f64],
        [dx, dy]: [&mut [f32]; 2],
    ) {
        let lens = self.lens(params);
        for i in 0..x.len() {
            let at = lens.at(x[i].into(), y[i].into());
            let along = |[ax, ay]: [f64; 2]| f64::from(gx[i]) * ax + f64::from(gy[i]) * ay;
            dparams.iter_mut().zip(at.params).for_each(|(into, d)| *into += along(d));
            for (into, d) in [&mut *dx, &mut *dy].into_iter().zip(at.position) {
                if let Some(into) = into.get_mut(i) {
                    *into += along(d) as f32;
                }
            }
        }
    }

    fn point(&self, params: &[f64], x: f64, y: f64) -> Lensing {
        let lens = self.lens(params);
        let At { alpha, position: [by_x, by_y], .. } = lens.at(x, y);
        let [dx, dy] = [x - lens.center[0], y - lens.center[1]];
        Lensing {
            potential: (dx * alpha[0] + dy * alpha[1]) / (3.0 - lens.gamma),
            alpha,
            f_xx: by_x[0],
            f_xy: 0.5 * (by_x[1] + by_y[0]),
            f_yy: by_y[1],
        }
    }

    fn deflection_jacobian(&self, params: &[f64], x: f64, y: f64) -> Vec<[f64; 2]> {
        self.lens(params).at(x, y).params.to_vec()
    }
}
