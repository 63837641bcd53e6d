//! The weighted sum of arrays of one shape on a GPU.

use super::body::{Body, Places};
use super::launches::{Launch, Launches};
use crate::cuda::Argument;
use crate::error::{Error, Result};

const SOURCE: (&str, &str) = ("weighted_sum", include_str!("../../kernels/weighted_sum.cu"));
const THREADS: usize = 256;

/// The CUDA C of this crate by name.
#[must_use]
pub fn kernel_sources() -> Vec<(String, String)> {
    [SOURCE, crate::cuda::COPY].map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
}

/// The body of an operation that is the sum of its inputs, all pixels of one shape, each times a number of its own.
///
/// # Errors
/// Inputs that are no pixels; no memory.
pub fn weighted_sum_body(places: &mut Places<'_>, weights: &[f32]) -> Result<Box<dyn Body>> {
    let (n, lanes) = (places.output_shape().dims.len(), places.lanes());
    let inputs = (0..places.len()).map(|i| places.pixels(i)).collect::<Result<Vec<_>>>()?;
    let sinks: Vec<u64> = (0..places.len()).map(|i| places.by_pixels(i).map_or(0, |by| by.at.address())).collect();
    let [from, steps] = places.table(&inputs)?;
    let (sinks, weight) = (places.constant(&sinks)?, places.constant(weights)?);
    let sizes: [Argument; 2] = [n.into(), weights.len().into()];
    let ends = [from, steps, weight.into(), places.out_pixels()?.into()];
    let value = sizes.into_iter().chain(ends).collect();
    let ends = [steps, weight.into(), places.cotangent_pixels()?.into(), sinks.into()];
    let vjp = sizes.into_iter().chain(ends).collect();
    let grid = [places.gpu().blocks(n, lanes, THREADS), lanes, 1];
    let launch = |name, arguments| Ok::<_, Error>(Launch::new(places.kernel(SOURCE, name)?, grid, THREADS, arguments));
    let (value, vjp) = (vec![launch("weighted_sum", value)?], vec![launch("weighted_sum_vjp", vjp)?]);
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp }))
}
