//! The checks that every profile passes, for those of this crate and of any other.

mod examples;
mod light;
mod mass;
mod points;

pub use examples::{EXAMPLES, example};
pub use light::light_profile;
pub use mass::mass_profile;
