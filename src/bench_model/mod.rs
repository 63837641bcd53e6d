//! The models that benches time: one definition for criterion and for `arclet bench`.

mod decoder;
mod lens;
mod paper;
mod schools;
mod sersic;
mod systems;

pub use decoder::decoder;
pub use paper::paper;
pub use schools::schools;
pub use sersic::sersic;
pub use systems::{BenchError, Make, systems};

use ppl_core::density::Explanation;
use ppl_core::{Ctx, LogDensity, ModelDensity, Processor};

type Model = Box<dyn Fn(&mut Ctx) -> ppl_core::Result<()>>;

/// A posterior and where to evaluate it.
pub struct BenchModel {
    density: ModelDensity<Model>,
    position: Vec<f64>,
    what: &'static str,
}

/// Repeated evaluations in buffers of their own.
pub struct Calls<'m> {
    density: &'m ModelDensity<Model>,
    positions: Vec<f64>,
    logp: Vec<f64>,
    grad: Vec<f64>,
}

impl BenchModel {
    /// The same on a processor.
    ///
    /// # Errors
    /// An operation that the processor has no body for.
    pub fn on(self, processor: &Processor) -> ppl_core::Result<Self> {
        Ok(BenchModel { density: self.density.on(processor)?, ..self })
    }

    /// What it is, in a line.
    pub fn describe(&self) -> &'static str {
        self.what
    }

    /// Its log density.
    pub fn density(&self) -> &dyn LogDensity {
        &self.density
    }

    /// The operations of its plan, with what each takes for so many lanes.
    ///
    /// # Errors
    /// What the model returns.
    pub fn explain(&self, lanes: usize) -> ppl_core::Result<Option<Explanation>> {
        self.density.explain(&self.calls(lanes).positions)
    }

    /// Evaluations of so many lanes at once, each at a place of its own.
    pub fn calls(&self, lanes: usize) -> Calls<'_> {
        self.calls_around(lanes, 1e-4)
    }

    /// The same with the places so far from each other, unconstrained.
    pub fn calls_around(&self, lanes: usize, spread: f64) -> Calls<'_> {
        let dim = self.position.len();
        let beside = |i: usize| self.position[i % dim] + spread * ((i / dim) as f64 + 0.1 * (i % dim) as f64).sin();
        let positions = (0..lanes * dim).map(beside).collect();
        Calls { density: &self.density, positions, logp: vec![0.0; lanes], grad: vec![0.0; lanes * dim] }
    }
}

impl Calls<'_> {
    /// Evaluates at places nearby, as a plan is trusted only after it has agreed with the model at some.
    ///
    /// # Errors
    /// What the model returns.
    pub fn warm_up(&mut self) -> ppl_core::Result<()> {
        let home = self.positions.clone();
        for step in 1..=8 {
            self.positions.iter_mut().zip(&home).for_each(|(q, home)| *q = home + 1e-6 * f64::from(step));
            self.evaluate()?;
        }
        self.positions = home;
        Ok(())
    }

    /// One call: log density and gradient of every lane.
    ///
    /// # Errors
    /// What the model returns.
    pub fn evaluate(&mut self) -> ppl_core::Result<(&[f64], &[f64])> {
        self.density.logp_and_grad(&self.positions, &mut self.logp, &mut self.grad)?;
        Ok((&self.logp, &self.grad))
    }
}
