//! The products of images with each other and with the data on a GPU.

use std::sync::Arc;

use ppl_core::autodiff::{Body, Launch, Launches, Places};
use ppl_core::cuda::{Argument, At};
use ppl_core::{Error, Result};

use super::THREADS;
use crate::data::ImageData;
use crate::linear::count;

/// The kernels.
pub(super) const SOURCE: (&str, &str) = ("image_products", include_str!("../../../kernels/image_products.cu"));
/// Pixels of a tile, rows that fit into it, and sums that a thread holds, as in the source.
const TILE: usize = 32;
const MOST: usize = 160;
const HELD: usize = 4;
/// Blocks along the pixels of one lane, whose sums are kept until they are added up.
const BLOCKS: usize = 256;

/// The body of the products of so many images, the input behind them (if there is one) added to them; `inverse` is 1 / sigma.
pub(in crate::op) fn image_products(
    data: &Arc<ImageData>,
    inverse: &[f32],
    images: usize,
    places: &mut Places<'_>,
) -> Result<Box<dyn Body>> {
    let (n, lanes, pairs) = (data.image.pixels.len(), places.lanes(), count(images));
    if images + 1 > MOST {
        let operation = "image_products of more than 159 images";
        return Err(Error::NoDeviceBody { operation, device: ppl_core::Device::Cuda(0) });
    }
    let inputs = (0..places.len()).map(|i| places.pixels(i)).collect::<Result<Vec<_>>>()?;
    let sinks: Vec<u64> = (0..places.len()).map(|i| places.by_pixels(i).map_or(0, |by| by.at.address())).collect();
    let together = lanes > 1 && inputs.iter().zip(&sinks).any(|(input, sink)| input.step == 0 && *sink != 0);
    let rows: Vec<i32> = (0..=images).flat_map(|i| (i..=images).flat_map(move |j| [i as i32, j as i32])).collect();
    let blocks = places.gpu().blocks(n, lanes, TILE).min(BLOCKS);
    let partial: At<f64> = places.scratch(lanes * blocks * pairs)?;
    let [inputs, steps] = places.table(&inputs)?;
    let common: [Argument; 7] = [
        n.into(),
        images.into(),
        inputs,
        steps,
        places.shared("data", || data.image.pixels.clone())?.into(),
        places.shared("inverse", || inverse.to_vec())?.into(),
        usize::from(places.len() > images).into(),
    ];
    let (rows, sinks) = (places.constant(&rows)?, places.constant(&sinks)?);
    let launch = |name, grid, arguments: Vec<Argument>| {
        Ok::<_, Error>(Launch::new(places.kernel(SOURCE, name)?, grid, THREADS, arguments))
    };
    let sums = common.into_iter().chain([pairs.into(), rows.into(), partial.into()]).collect();
    let ends = vec![pairs.into(), blocks.into(), partial.into(), places.out_numbers()?.into()];
    let value = vec![
        launch("image_products", [blocks, lanes, pairs.div_ceil(THREADS * HELD)], sums)?,
        launch("image_products_sum", [pairs.div_ceil(THREADS), lanes, 1], ends)?,
    ];
    let back = [places.cotangent_numbers()?.into(), sinks.into(), usize::from(together).into()];
    let vjp = vec![launch("image_products_vjp", [blocks, lanes, 1], common.into_iter().chain(back).collect())?];
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp }))
}
