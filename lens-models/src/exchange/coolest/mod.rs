//! COOLEST: the standard JSON for lens models (Galan et al. 2023, doi:10.21105/joss.05567), read and written.
//!
//! Arcsec; x to the right and y upwards, as here. Angles are in degrees, counter-clockwise from +y, within (-90, 90]: phi = 90 + `phi`
//! degrees from +x. Radii are on the intermediate axis. The brightness of a formula is per square arcsec: `amp` = `I_eff` times the
//! area of a pixel. Sersic's b_n is 1.9992 n - 0.3271 there.
//!
//! | COOLEST | here |
//! |---|---|
//! | `SIE` (`theta_E q phi center_x center_y`) | `sie`; written of `sis` too |
//! | `PEMD` (and `gamma`) | `epl`; written of `sple` too |
//! | `ExternalShear` (`gamma_ext phi_ext`) | `shear` |
//! | `ConvergenceSheet` (`kappa_s`) | `convergence` |
//! | `Sersic` (`I_eff theta_eff n q phi center_x center_y`) | `sersic_lenstronomy_bn`; written of `sersic`, `exponential`, `de_vaucouleurs` too |
//! | `Uniform` (`A`) | `uniform` |
//!
//! Refused are profiles without a counterpart, and NIE, SPEMD and NFW, of which the standard leaves the normalisation open.

mod angle;
mod observation;
mod prior;
mod profile;
mod read;
mod write;

pub use observation::{NoiseFile, Observation, PsfFile};
pub use read::read;
pub use write::{Redshifts, Statistics, write};
