//! Galaxies to learn from: real ones of a GalSim catalogue or simulated ones, prepared as the paper has it (section 2.2).
//!
//! ```
//! use vae_source::data::simulate::{Population, Simulator, Survey, simulate_set};
//! use vae_source::data::{Cuts, Morphology, NonLocalMeans};
//!
//! let simulator = Simulator::new(Survey::default(), Population::default(), 1)?;
//! let (galaxies, tally) = simulate_set(&simulator, 3, &Cuts::default(), &mut |_| ())?;
//! println!("{} of {} kept, {tally}", tally.kept(), tally.seen());
//! for galaxy in &galaxies {
//!     let sigma = galaxy.sigma_noise;
//!     let clean = NonLocalMeans::default().denoise(&galaxy.pixels, galaxy.side, galaxy.side, sigma)?;
//!     let shape = Morphology::measure(&galaxy.pixels, galaxy.side, galaxy.side, f64::from(sigma))?;
//!     println!("galaxy {}: C = {:.2}, denoised centre {:.2}", galaxy.ident, shape.concentration, clean[32 * 64 + 32]);
//! }
//! # Ok::<(), vae_source::Error>(())
//! ```

mod catalog;
mod crop;
mod cuts;
mod dataset;
mod denoise;
mod downscale;
mod drizzle;
mod galaxy;
mod morphology;
mod noise_level;
mod picture;
mod prepare;
mod signal;
pub mod simulate;
mod split;
mod stamp;

pub use crate::tally::{Reason, Tally};
pub use catalog::{Catalog, Entry, Note, Stamps};
pub use crop::central_square;
pub use cuts::Cuts;
pub use dataset::{Dataset, Provenance, Source};
pub use denoise::NonLocalMeans;
pub use downscale::downscale;
pub use galaxy::Galaxy;
pub use morphology::Morphology;
pub use noise_level::noise_ratio;
pub use prepare::{prepare, prepare_all};
pub use signal::signal;
pub use split::{Split, proportions, split};
pub use stamp::{SersicFit, Stamp};
