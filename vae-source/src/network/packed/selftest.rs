//! The decoder on a GPU against itself on the host.

use std::sync::Arc;

use ppl_core::autodiff::check_gpu::{DeviceErrors, device_errors};
use ppl_core::autodiff::{Dims, Shape, Value};
use ppl_core::cuda::Gpu;

use super::layers::Layers;
use super::op::Decode;
use crate::error::Result;
use crate::network::WeightSet;
use crate::network::decoder::{LATENT, decoder_weights};

/// The errors for so many lanes.
pub(crate) fn selftest(gpu: &Gpu, seed: u64, lanes: usize) -> Result<DeviceErrors> {
    let relu = Layers::new(&WeightSet::initial(&decoder_weights(), seed))?;
    // Both activations, each by kernels for few images and for many.
    let rounding = if lanes.is_multiple_of(2) { 0.2 } else { 0.0 };
    let layers = Arc::new(relu.rounded(rounding).unwrap_or(relu));
    let shape = Shape::new(lanes, Dims::new(&[LATENT]));
    let z: Vec<f64> = (0..shape.len()).map(|i| 1.5 * (1.3 * i as f64 + 0.2).sin()).collect();
    let z = Value::constant(shape, z);
    let mut errors =
        device_errors(gpu, &format!("lanes {lanes}, rounding {rounding}"), || Decode::new(layers.clone()), &[z], &[])?;
    // With ReLU, in one image of fifty a number lies so near to zero that rounding takes it across the kink of ReLU, and the gradient of that
    // image is another. The lane in the middle is of an image without.
    errors.lanes.sort_by(f64::total_cmp);
    let in_the_middle = errors.lanes.get((lanes - 1) / 2).copied().unwrap_or(f64::NAN);
    errors.gradient = if errors.lanes.iter().all(|e| e.is_finite()) { in_the_middle } else { f64::NAN };
    Ok(errors)
}
