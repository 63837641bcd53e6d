//! The plane of the lens: single points, critical curves and caustics, the Einstein radius.

mod critical;
mod einstein_radius;
mod lens;

pub use critical::{Curve, Square};
pub use lens::Lens;
