//! Rays through several planes on a GPU, their scales from the host.

use ppl_core::Result;
use ppl_core::autodiff::{Body, Launch, Launches, Places};
use ppl_core::cuda::{Argument, At};

use super::THREADS;

/// The kernels of rays through several planes.
pub(super) const SOURCE: (&str, &str) =
    ("ray_sum", concat!(include_str!("../../../kernels/sums.cu"), include_str!("../../../kernels/ray_sum.cu")));

/// The body of a ray through so many planes: inputs are theta, the deflections, and their scales.
pub(in crate::op) fn ray_sum(planes: usize, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let (n, lanes) = (places.output_shape().dims.len(), places.lanes());
    let grid = [places.gpu().blocks(n, lanes, THREADS), lanes, 1];
    let arrays = (0..=planes).map(|i| places.pixels(i)).collect::<Result<Vec<_>>>()?;
    let scales = (planes + 1..=2 * planes).map(|i| places.numbers(i)).collect::<Result<Vec<_>>>()?;
    let by_arrays: Vec<u64> = (0..=planes).map(|i| places.by_pixels(i).map_or(0, |by| by.at.address())).collect();
    let by_scales: Vec<u64> =
        (planes + 1..=2 * planes).map(|i| places.by_numbers(i).map_or(0, |at| at.address())).collect();
    let [arrays, array_steps] = places.table(&arrays)?;
    let [scales, scale_steps] = places.table(&scales)?;
    let partial: At<f64> = places.scratch(lanes * grid[0] * planes)?;
    let arrived: At<u32> = places.scratch(lanes)?;
    let common = [n.into(), planes.into(), arrays, array_steps, scales, scale_steps];
    let back = [
        places.cotangent_pixels()?.into(),
        places.constant(&by_arrays)?.into(),
        places.constant(&by_scales)?.into(),
        partial.into(),
        arrived.into(),
    ];
    let launch = |name, ends: &[Argument]| -> Result<_> {
        let arguments = common.iter().chain(ends).copied().collect();
        Ok(vec![Launch::new(places.kernel(SOURCE, name)?, grid, THREADS, arguments)])
    };
    let value = launch("ray_sum", &[places.out_pixels()?.into()])?;
    let vjp = launch("ray_sum_vjp", &back)?;
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp }))
}
