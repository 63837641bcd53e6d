//! Sequential Monte Carlo: particles carried from a reference to a posterior, which may have many separate modes, and its evidence.
//!
//! ```
//! use ppl_core::LogDensity;
//! use ppl_infer::{Executor, smc::{Reference, SmcSettings, smc}, target::FnDensity};
//! use rand_distr::{Distribution, StandardNormal};
//!
//! /// A normal of width 5.
//! struct Broad;
//!
//! impl LogDensity for Broad {
//!     fn dim(&self) -> usize {
//!         1
//!     }
//!     fn logp_and_grad(&self, x: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
//!         for ((x, lp), g) in x.iter().zip(logp).zip(grad) {
//!             (*lp, *g) = (-x * x / 50.0 - (5.0 * std::f64::consts::TAU.sqrt()).ln(), -x / 25.0);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! impl Reference for Broad {
//!     fn draw(&self, seed: u64, n: usize) -> ppl_infer::Result<Vec<f64>> {
//!         let mut rng = ppl_core::rng::keyed(seed, "broad", 0);
//!         Ok((0..n).map(|_| 5.0 * { let z: f64 = StandardNormal.sample(&mut rng); z }).collect())
//!     }
//! }
//!
//! // Two modes at -4 and 4, the second three times as heavy; together they weigh 4.
//! let two = FnDensity::new(1, |x, g| {
//!     let bump = |at: f64| (-50.0 * (x[0] - at).powi(2)).exp() * 10.0 / std::f64::consts::TAU.sqrt();
//!     let (a, b) = (bump(-4.0), 3.0 * bump(4.0));
//!     g[0] = -100.0 * (a * (x[0] + 4.0) + b * (x[0] - 4.0)) / (a + b);
//!     (a + b).ln()
//! });
//! let settings = SmcSettings { runs: 1, particles: 4000, ..SmcSettings::default() };
//! let run = &smc(&two, &Broad, &settings, &mut Executor::new())?[0];
//! assert!((run.log_evidence - 4.0_f64.ln()).abs() < 0.15);
//! let right = run.draws.iter().filter(|x| **x > 0.0).count() as f64 / 4000.0;
//! assert!((right - 0.75).abs() < 0.1);
//! # Ok::<(), ppl_infer::Error>(())
//! ```

mod gaussian;
mod joined;
mod metric;
mod mixture;
mod population;
mod reference;
mod run;
mod settings;

pub use gaussian::Gaussian;
pub use joined::Joined;
pub use mixture::Mixture;
pub use reference::Reference;
pub use run::{SmcRun, smc};
pub use settings::SmcSettings;
