//! Selftest: a device held against the host, by every operation that has a body for it and by whole densities.

use ppl_core::Processor;

use crate::bench_model::BenchError;
#[cfg(feature = "cuda")]
use crate::bench_model::{BenchModel, systems};

/// Errors above this, relative to the norm, are no rounding of f32.
pub const TOLERANCE: f64 = 1e-5;

/// Numbers of images that the decoder is tested with: its kernels differ for few and for many.
#[cfg(feature = "cuda")]
const IMAGES: [usize; 5] = [1, 2, 5, 16, 70];

/// Numbers of lanes that densities are compared with, in this order: few, many, as differences along all directions of a model have, and
/// few again.
#[cfg(feature = "cuda")]
const LANES: [usize; 6] = [1, 5, 16, 64, 152, 4];

/// In one image of so many a number of the decoder lies so near to the kink of its ReLU that rounding takes it across,
#[cfg(feature = "cuda")]
const KINKED: usize = 50;

/// and its gradient jumps by less than this, relative to its norm.
#[cfg(feature = "cuda")]
const JUMP: f64 = 1e-3;

/// How far from the truth densities are compared, unconstrained.
#[cfg(feature = "cuda")]
const SPREAD: f64 = 0.02;

/// What came of one check.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The operation or the density.
    pub name: String,
    /// Relative error of its value.
    pub value: f64,
    /// Relative error of its gradient.
    pub gradient: f64,
    /// Whether both are within [`TOLERANCE`].
    pub passed: bool,
}

#[cfg(feature = "cuda")]
impl Outcome {
    fn new(name: String, value: f64, gradient: f64) -> Self {
        Outcome { name, value, gradient, passed: value <= TOLERANCE && gradient <= TOLERANCE }
    }
}

/// All checks of a processor; none of the host, which is what the others are held against.
///
/// # Errors
/// What the device says.
pub fn selftest(processor: &Processor, seed: u64) -> Result<Vec<Outcome>, BenchError> {
    match processor {
        #[cfg(feature = "cuda")]
        Processor::Cuda(gpu) => {
            let operations =
                [lens_models::op::selftest(gpu, seed, &[1, 3])?, vae_source::selftest(gpu, seed, &IMAGES)?].concat();
            let mut all: Vec<Outcome> =
                operations.into_iter().map(|e| Outcome::new(e.name, e.value, e.gradient)).collect();
            all.extend(densities(processor, &LANES)?);
            Ok(all)
        }
        _ => {
            let _ = seed;
            Ok(vec![])
        }
    }
}

/// The densities of seven systems with so many lanes.
///
/// # Errors
/// What the device says.
#[cfg(feature = "cuda")]
pub fn densities(processor: &Processor, lanes: &[usize]) -> Result<Vec<Outcome>, BenchError> {
    let mut all = vec![];
    for (name, make) in systems()? {
        // One density for all of them: a number of lanes must not change what the next one gives.
        let (host, device) = (make()?, make()?.on(processor)?);
        for lanes in lanes {
            all.push(density(&format!("density: {name}, lanes {lanes}"), &host, &device, *lanes)?);
        }
    }
    Ok(all)
}

/// The density of a model, and its gradient in the lane where it is worst: with a decoder, of all lanes but one in [`KINKED`].
#[cfg(feature = "cuda")]
fn density(name: &str, host: &BenchModel, device: &BenchModel, lanes: usize) -> Result<Outcome, BenchError> {
    use ppl_core::autodiff::check_gpu::relative;

    // Away from the truth of a mock, where the terms of a gradient cancel and leave their rounding.
    let (mut on_host, mut on_device) = (host.calls_around(lanes, SPREAD), device.calls_around(lanes, SPREAD));
    let (logp, grad) = on_host.evaluate()?;
    // Twice: what the first leaves behind must not change the second.
    on_device.evaluate()?;
    let (own_logp, own_grad) = on_device.evaluate()?;
    let dim = grad.len() / lanes;
    let mut gradients: Vec<f64> =
        own_grad.chunks(dim).zip(grad.chunks(dim)).map(|(own, host)| relative(own, host)).collect();
    // A NaN is the largest.
    gradients.sort_by(|a, b| b.total_cmp(a));
    let kinked = if name.contains("decoder") { lanes / KINKED } else { 0 };
    let gradient = if gradients[0] < JUMP { gradients[kinked] } else { gradients[0] };
    Ok(Outcome::new(name.to_owned(), relative(own_logp, logp), gradient))
}
