//! Checks: loss and gradient of one batch on a device, and the time of every launch of a step, for tests and examples.

use ppl_core::cuda::Gpu;

use super::inputs::head;
use super::layout::Layout;
use super::machine::{Machine, Moments};
use super::products::Products;
use super::step::{RATES, Sizes};
use crate::error::Result;
use crate::network::{WeightSet, decoder_weights, encoder_weights};

/// The numbers of an optimizer that does not move.
const AT_REST: [f32; RATES] = [0.0, 0.1, 0.001, 10.0, 1000.0, 1e-8, 1.0, f32::INFINITY];

/// The negative ELBO of a batch of images of 64 x 64 pixels in training, by draws of z from normal numbers `[draw][image][latent]`; its
/// gradient by every weight; and, under their names, the running statistics after the step.
///
/// # Errors
/// Weights that are missing; what the device says.
pub fn gradient(
    gpu: &Gpu,
    products: Products,
    weights: &WeightSet,
    images: &[&[f32]],
    noise: &[f32],
) -> Result<(f64, WeightSet)> {
    let (layout, machine) = at_rest(gpu, products, weights, images, noise)?;
    let inputs = [head(images.len(), AT_REST, (0..images.len()).map(|image| (image, 0))), noise.to_vec()].concat();
    machine.begin(&inputs)?;
    let outcome = machine.outcome()?;
    let gradient = machine.gradient()?;
    let mut all = WeightSet::default();
    for specs in [encoder_weights(), decoder_weights()] {
        for (name, tensor) in layout.set(&gradient, &specs)?.iter() {
            all.insert(name, &tensor.dims, tensor.numbers.clone())?;
        }
    }
    Ok((outcome.loss, all))
}

/// Milliseconds of every launch of a step, by name and size: the mean of so many, each waited for together with its like.
///
/// # Errors
/// As [`gradient`].
pub fn times(
    gpu: &Gpu,
    products: Products,
    weights: &WeightSet,
    images: &[&[f32]],
    noise: &[f32],
    repeats: u32,
) -> Result<Vec<(String, f64)>> {
    let (layout, machine) = at_rest(gpu, products, weights, images, noise)?;
    Ok(machine.times(&layout, products, repeats)?)
}

fn at_rest(
    gpu: &Gpu,
    products: Products,
    weights: &WeightSet,
    images: &[&[f32]],
    noise: &[f32],
) -> Result<(Layout, Machine)> {
    let layout = Layout::new();
    let numbers = layout.numbers(weights)?;
    let moments = Moments { means: vec![0.0; layout.len], squares: vec![0.0; layout.len] };
    let draws = noise.len() / (images.len() * crate::network::LATENT);
    let sizes = Sizes { images: images.len(), draws, clip: None, galaxies: images.len() };
    let machine = Machine::new(gpu, &layout, sizes, products, &numbers, &moments)?;
    machine.galaxies(images)?;
    Ok((layout, machine))
}
