//! Cosmology: distances between redshifts, and what they make of angles: masses, lengths, delays.

mod background;
mod distance;
mod halo;
mod lensing;

pub use background::{Cosmology, PARAMETERS};
pub use halo::{Concentration, truncated_share};
pub use lensing::{ARCSEC, DAYS, SPEED_OF_LIGHT};
