//! The plane of the lens: single points, critical curves, caustics and cuts, the Einstein radius, images of point sources, rays through several planes.

mod critical;
mod cut;
mod einstein_radius;
mod images;
mod lens;
mod multi;
mod smooth;
mod turns;

pub use critical::{Curve, Square};
pub use images::PointImage;
pub use lens::Lens;
pub use multi::{Planes, Ray};
