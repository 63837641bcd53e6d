//! The plane of the lens: single points, critical curves, caustics and cuts, the Einstein radius.

mod critical;
mod cut;
mod einstein_radius;
mod lens;
mod smooth;

pub use critical::{Curve, Square};
pub use lens::Lens;
