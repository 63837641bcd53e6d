//! MAP: the highest point of a log density by many climbs at once, and the Laplace approximation there.
//!
//! ```
//! use std::ops::ControlFlow;
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
//! let best = maximise(&Normals, &starts, &MapSettings::default(), &mut |_| ControlFlow::Continue(()))?;
//! assert!(best.converged);
//! let around = laplace(&Normals, &best.position, &LaplaceSettings::default())?;
//! assert!((around.covariance[3] - 100.0).abs() < 1e-6);
//! # Ok::<(), ppl_infer::Error>(())
//! ```

mod adam;
mod laplace;
mod lbfgs;
mod line_search;
mod maximise;
mod probe;
mod result;
mod settings;

pub use adam::AdamSettings;
pub use laplace::{Laplace, LaplaceSettings, laplace};
pub use lbfgs::LbfgsSettings;
pub use maximise::maximise;
pub use result::{LaneEnd, MapProgress, MapResult, Reason};
pub use settings::{MapSettings, Method, Pruning};

use result::Summit;

/// One climb: an object that asks for the gradient at one point and is resumed with the answer.
trait Climb {
    /// The point at which the log density is wanted next.
    fn ask(&self) -> &[f64];

    /// Takes log density and gradient at the point asked for; says why the climb ended, if it did.
    fn answer(&mut self, logp: f64, grad: &[f64]) -> Option<Reason>;

    /// The highest point so far; its logp is `-inf` before the first finite answer.
    fn summit(&self) -> &Summit;

    /// Steps taken so far (a line search is one step, whatever it cost in gradients).
    fn iterations(&self) -> usize;
}
