//! The operations of an image that shines, on a GPU against themselves on the host.

use ppl_core::Result;
use ppl_core::autodiff::check_gpu::{DeviceErrors, device_errors};
use ppl_core::autodiff::{Dims, Shape, Value};
use ppl_core::cuda::Gpu;

use super::brightness::Brightness;
use super::interpolation::{CubicSpline, Linear};
use super::moments::Moments;
use super::placed::PARAMS;
use super::spline::Coefficients;

/// Placements: inside, turned, partly outside.
const ROWS: [[f64; PARAMS]; 3] = [[0.1, -0.05, 2.0, 1.3, 0.4], [-0.1, 0.1, 1.5, 0.8, -1.0], [0.6, 0.7, 1.1, 2.0, 2.5]];

/// The errors of every operation for so many lanes, at most three.
pub(in crate::op) fn selftest(gpu: &Gpu, seed: u64, lanes: usize) -> Result<Vec<DeviceErrors>> {
    let case = format!("lanes {lanes}");
    let wave = |shape: Shape, step: f32, size: f32| {
        let at = |i: usize| size * (step * i as f32 + 0.37 * seed as f32).sin() + 0.1;
        Value::constant(shape, (0..shape.len()).map(at).collect::<Vec<f32>>())
    };
    let image = |lanes: usize| wave(Shape::new(lanes, Dims::new(&[64, 64])), 0.9, 0.5);
    let positions = wave(Shape::new(lanes, Dims::new(&[2, 5003])), 1.7, 1.4);
    let param = |i: usize| {
        let rows: Vec<f64> = (0..lanes).map(|lane| ROWS[lane % ROWS.len()][i]).collect();
        Value::constant(Shape::new(lanes, Dims::SCALAR), rows)
    };
    let inputs: Vec<Value> = [image(lanes), positions].into_iter().chain((0..PARAMS).map(param)).collect();
    let linear = device_errors(gpu, &format!("bilinear, {case}"), Brightness::<2, Linear>::default, &inputs, &[])?;
    let cubic = device_errors(gpu, &format!("cubic, {case}"), Brightness::<4, CubicSpline>::default, &inputs, &[])?;
    let spline = device_errors(gpu, &case, || Coefficients, &[image(lanes)], &[])?;
    let moments = device_errors(gpu, &case, Moments::default, &[image(lanes)], &[])?;
    Ok(vec![linear, cubic, spline, moments])
}
