//! The lens on the tape: rays, light, the sky as a camera sees it, and its likelihood, each one fused operation.

mod brightness;
mod deflector;
mod expose;
#[cfg(feature = "cuda")]
mod gpu;
mod image_log_prob;
mod keys;
mod light_model;
mod planes;
mod positions;
mod scalars;
#[cfg(feature = "cuda")]
mod selftest;
mod split;
#[cfg(test)]
mod tests_data;

pub use brightness::{LightComponent, brightness, sky};
pub use deflector::{Deflector, trace_rays};
pub use expose::expose;
#[cfg(feature = "cuda")]
pub use gpu::kernel_sources;
pub use image_log_prob::image_log_prob;
pub use keys::Keys;
pub(crate) use light_model::Analytic;
pub use light_model::{LightKind, LightModel, Template, formula};
pub use planes::{deflection, weighted_sum};
pub use positions::points;
pub(crate) use scalars::scalars_of;
#[cfg(feature = "cuda")]
pub use selftest::selftest;
