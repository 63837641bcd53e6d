//! The CUDA C of the table: by hand, as it is no formula.

use super::nodes::{Axis, Curve};
use crate::codegen::Kernel;

/// The device functions that a [`Kernel`] has.
const FUNCTIONS: &str = include_str!("../../../kernels/sple_table.cu");
/// Numbers before the nodes, and of each node, as in the source.
const HEAD: usize = 9;
const NODE: usize = 6;

/// The kernel of a table, whose constants are the curve for a q and a gamma.
pub(super) fn kernel(constants: fn(&[f64]) -> Vec<f64>) -> Kernel {
    Kernel::by_hand("sple_table", FUNCTIONS.to_owned(), [6, 2], constants)
}

/// gamma, the centre, r_ein, cos and sin of phi, 1 or (outside the table) NaN, how many nodes there are and how far apart; then of each node the
/// deflection and its derivatives by q and by gamma.
pub(super) fn constants([r_ein, gamma, _, phi, x0, y0]: [f64; 6], eta: Axis, curve: Option<&Curve>) -> Vec<f64> {
    let inside = if curve.is_some() { 1.0 } else { f64::NAN };
    let mut all = vec![gamma, x0, y0, r_ein, phi.cos(), phi.sin(), inside, eta.nodes as f64, eta.step()];
    all.resize(HEAD + NODE * eta.nodes, 0.0);
    if let Some(curve) = curve {
        let numbers = curve.nodes.iter().flatten().flatten();
        all[HEAD..].iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
    }
    all
}
