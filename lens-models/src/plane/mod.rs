//! The plane of the lens: single points, critical curves, caustics and cuts, the Einstein radius, images of point sources.

mod critical;
mod cut;
mod einstein_radius;
mod images;
mod lens;
mod smooth;
mod turns;

pub use critical::{Curve, Square};
pub use images::PointImage;
pub use lens::Lens;
