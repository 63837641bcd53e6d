//! Numbers: one source of every formula, for one f64, for many f32 at a time, and for the text of a GPU's program.
//!
//! A formula is written for any [`Real`]; what it computes once for a set of parameters is kept in any [`Scalar`].

mod carlson;
mod complex;
mod dual;
mod exp_ln;
pub(crate) mod lanes;
mod ln_1p;
pub(crate) mod pair;
mod real;
mod scalar;
mod series;
mod single;

pub use carlson::{Carlson, carlson};
pub use complex::{Complex, complex};
pub use ln_1p::ln_1p_over;
pub use real::Real;
pub use scalar::Scalar;
pub use series::Series;
