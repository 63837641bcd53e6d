//! The plane of the lens: single points, critical curves, caustics and cuts, the Einstein radius, images of point sources, rays through several planes.

mod chain;
mod critical;
mod cut;
mod einstein_radius;
mod images;
mod lens;
mod mapping;
mod multi;
mod perturbed;
mod smooth;
mod turns;

pub(crate) use chain::LensChain;
pub use critical::{Curve, Square, caustics, critical_curves};
pub use einstein_radius::einstein_radius;
pub use images::{PointImage, image_near, images, square_of_images};
pub use lens::Lens;
pub use mapping::{LensMapping, Ray};
pub use multi::{Planes, PlanesTo};
pub use perturbed::Perturbed;
pub use smooth::smooth_critical_curves;
