//! The operations of a network that have a body on a GPU, against themselves on the host.

use ppl_core::autodiff::check_gpu::{DeviceErrors, device_errors};
use ppl_core::autodiff::{Dims, Element, Shape, Value};
use ppl_core::cuda::Gpu;

use super::reshape::Reshape;
use crate::error::Result;

/// The errors for so many lanes.
pub(crate) fn selftest(gpu: &Gpu, lanes: usize) -> Result<Vec<DeviceErrors>> {
    let shape = Shape::new(lanes, Dims::new(&[7, 143]));
    let numbers: Vec<f64> = (0..shape.len()).map(|i| (1.3 * i as f64 + 0.2).sin()).collect();
    let pixels = Value::constant(shape, numbers.iter().map(|x| *x as f32).collect::<Vec<f32>>());
    let numbers = Value::constant(shape, numbers);
    let cases = [
        ("pixels to pixels", pixels.clone(), Element::F32),
        ("pixels to numbers", pixels, Element::F64),
        ("numbers to pixels", numbers, Element::F32),
    ];
    let one = |(case, x, element): (&str, Value, Element)| {
        device_errors(gpu, &format!("{case}, lanes {lanes}"), || Reshape::to(&[143, 7], element), &[x], &[])
    };
    Ok(cases.into_iter().map(one).collect::<ppl_core::Result<_>>()?)
}
