//! MAP: the highest point of a log density from many starts at once, and the Laplace approximation there.
//!
//! ```
//! use ppl_core::LogDensity;
//! use ppl_infer::map::{LaplaceSettings, MapSettings, laplace, maximise};
//!
//! /// Independent normals with standard deviations 1 and 10.
//! struct Normals;
//!
//! impl LogDensity for Normals {
//!     fn dim(&self) -> usize {
//!         2
//!     }
//!     fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
//!         for ((q, lp), g) in positions.chunks(2).zip(logp).zip(grad.chunks_mut(2)) {
//!             *lp = -0.5 * (q[0] * q[0] + q[1] * q[1] / 100.0);
//!             g.copy_from_slice(&[-q[0], -q[1] / 100.0]);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let starts = [3.0, -4.0, 1.0, 20.0]; // two lanes
//! let best = maximise(&Normals, &starts, &MapSettings::default())?;
//! assert!(best.converged);
//! let around = laplace(&Normals, &best.position, &LaplaceSettings::default())?;
//! assert!((around.covariance[3] - 100.0).abs() < 1e-6);
//! # Ok::<(), ppl_infer::Error>(())
//! ```

mod adam;
mod curvature;
mod laplace;
mod lbfgs;
mod line_search;
mod maximise;
mod moments;
mod optimizer;
mod preconditioned;
mod probe;
mod result;
mod settings;
mod whitened;

pub use adam::{Adam, AdamSettings};
pub use curvature::{Curvature, CurvatureSettings, curvature};
pub use laplace::{Laplace, LaplaceSettings, laplace};
pub use lbfgs::{Lbfgs, LbfgsSettings};
pub use maximise::{Map, maximise, maximise_with};
pub(crate) use moments::{Float, Moments, Step};
pub use optimizer::{Best, Optimizer, Reason};
pub use preconditioned::Preconditioned;
pub use result::{LaneEnd, MapResult};
pub use settings::{MapSettings, OptimizerSettings, Pruning};
