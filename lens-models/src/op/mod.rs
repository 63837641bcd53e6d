//! The lens on the tape: rays, light, the sky as a camera sees it, and its likelihood, each one fused operation.

mod brightness;
mod deflector;
mod distances;
mod double_sersic;
mod expose;
mod field_model;
#[cfg(feature = "cuda")]
mod gpu;
mod halo;
mod image_log_prob;
mod image_products;
mod keys;
mod light_model;
mod linear_log_prob;
mod mge;
mod pixels;
mod planes;
mod point_images;
mod point_lensing;
mod point_planes;
mod positions;
pub mod raster;
mod ray_sum;
mod scalars;
#[cfg(feature = "cuda")]
mod selftest;
mod shapelets;
mod spline_deflection;
mod split;
#[cfg(test)]
mod tests_data;

pub use brightness::{LightComponent, brightness, sky};
pub use deflector::{Deflector, trace_rays};
pub use distances::angular_diameter_distances;
pub use double_sersic::DoubleSersic;
pub use expose::expose;
pub use field_model::{Evidence, FieldModel, Scaling};
#[cfg(feature = "cuda")]
pub use gpu::kernel_sources;
pub use halo::{HaloAt, halo_angles};
pub use image_log_prob::image_log_prob;
pub(crate) use image_products::fixed_noise;
pub use keys::Keys;
pub(crate) use light_model::Analytic;
pub use light_model::{AMP, LightKind, LightModel, Template, formula};
pub use linear_log_prob::{LinearImages, linear_log_prob};
pub use mge::Mge;
pub(crate) use mge::MgeKind;
pub(crate) use pixels::PixelsKind;
pub use pixels::{Pixels, PotentialGrid, gaussian_field};
pub use planes::{deflection, weighted_sum};
pub use point_images::{PointImages, point_images};
pub use point_lensing::{PointFields, point_lensing};
pub use point_planes::{Between, PointPlanes, PointRays};
pub use positions::points;
pub use ray_sum::ray_sum;
pub(crate) use scalars::scalars_of;
#[cfg(feature = "cuda")]
pub use selftest::selftest;
pub use shapelets::Shapelets;
pub(crate) use shapelets::ShapeletsKind;
pub use spline_deflection::spline_deflection;
