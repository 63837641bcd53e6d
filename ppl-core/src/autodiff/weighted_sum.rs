//! The weighted sum of arrays of one shape on a GPU.

use super::body::{Body, Places};
use crate::cuda::{Argument, Gpu, Kernel};
use crate::error::Result;

const SOURCE: (&str, &str) = ("weighted_sum", include_str!("../../kernels/weighted_sum.cu"));
const THREADS: usize = 256;

/// The CUDA C of this crate by name.
#[must_use]
pub fn kernel_sources() -> Vec<(String, String)> {
    vec![(SOURCE.0.to_owned(), SOURCE.1.to_owned())]
}

struct WeightedSum {
    gpu: Gpu,
    grid: [usize; 3],
    value: (Kernel, Vec<Argument>),
    vjp: (Kernel, Vec<Argument>),
}

/// The body of an operation that is the sum of its inputs, all pixels of one shape, each times a number of its own.
///
/// # Errors
/// Inputs that are no pixels; no memory.
pub fn weighted_sum_body(places: &mut Places<'_>, weights: &[f32]) -> Result<Box<dyn Body>> {
    let (n, lanes) = (places.output_shape().dims.len(), places.lanes());
    let inputs = (0..places.len()).map(|i| places.pixels(i)).collect::<Result<Vec<_>>>()?;
    let from: Vec<u64> = inputs.iter().map(|lanes| lanes.at.address()).collect();
    let steps: Vec<i32> = inputs.iter().map(|lanes| i32::try_from(lanes.step).unwrap_or(-1)).collect();
    let sinks: Vec<u64> = (0..places.len()).map(|i| places.by_pixels(i).map_or(0, |by| by.at.address())).collect();
    let [from, sinks] = [places.constant(&from)?, places.constant(&sinks)?];
    let (steps, weight) = (places.constant(&steps)?, places.constant(weights)?);
    let sizes: [Argument; 2] = [n.into(), weights.len().into()];
    let ends = [from.into(), steps.into(), weight.into(), places.out_pixels()?.into()];
    let value = (places.kernel(SOURCE, "weighted_sum")?, sizes.into_iter().chain(ends).collect());
    let ends = [weight.into(), places.cotangent_pixels()?.into(), sinks.into()];
    let vjp = (places.kernel(SOURCE, "weighted_sum_vjp")?, sizes.into_iter().chain(ends).collect());
    let blocks = (8 * places.gpu().multiprocessors()).div_ceil(lanes.max(1)).clamp(1, n.div_ceil(THREADS).max(1));
    Ok(Box::new(WeightedSum { gpu: places.gpu().clone(), grid: [blocks, lanes, 1], value, vjp }))
}

impl Body for WeightedSum {
    fn value(&self) -> Result<()> {
        self.gpu.launch(&self.value.0, self.grid, [THREADS, 1, 1], 0, &self.value.1)
    }

    fn vjp(&self) -> Result<()> {
        self.gpu.launch(&self.vjp.0, self.grid, [THREADS, 1, 1], 0, &self.vjp.1)
    }
}
