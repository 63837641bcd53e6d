//! Holds the body of an operation on a GPU against the operation on the host.

use std::any::Any;

use super::body::{Places, SharedNumbers, Spot};
use super::inputs::{Gradients, Inputs};
use super::op::{FusedOp, Output};
use super::operand::Out;
use super::place::{Place, Sinks};
use super::storage::{Element, Storage};
use super::value::Value;
use crate::cuda::{Gpu, Pinned};
use crate::error::Result;

/// How far a device is off, relative to the norm of what the host gives.
#[derive(Clone, Debug)]
pub struct DeviceErrors {
    /// The operation, and what was special about the case.
    pub name: String,
    /// Of the output.
    pub value: f64,
    /// Of the gradient of each input of pixels, and of all host numbers together, the largest.
    pub gradient: f64,
    /// Of the gradient of all host numbers, lane by lane.
    pub lanes: Vec<f64>,
}

/// Room for prepared numbers, in words of 8 bytes.
const ROOM: usize = 1 << 16;

/// Runs an operation on the host and on a GPU at these inputs, all of which want a gradient but those in `fixed`, with a cotangent
/// without symmetry, forwards and backwards apart and as one. On the GPU outputs hold NaN before, and gradients what is added to, then NaN where they are written.
///
/// # Errors
/// Shapes that the operation refuses, no body for the device, what the driver says.
pub fn device_errors<O: FusedOp>(
    gpu: &Gpu,
    case: &str,
    make: impl Fn() -> O,
    inputs: &[Value],
    fixed: &[usize],
) -> Result<DeviceErrors> {
    let host = Host::run(make(), inputs, fixed)?;
    let name = format!("{}{}{case}", O::NAME, if case.is_empty() { "" } else { ", " });
    let mut all = DeviceErrors { name, value: 0.0, gradient: 0.0, lanes: vec![] };
    for alone in [false, true] {
        let mut op = make();
        op.shape(&inputs.iter().map(Value::shape).collect::<Vec<_>>())?;
        let errors = host.compare(gpu, &op, inputs, alone)?;
        all.value = worst(all.value, errors.value);
        all.gradient = worst(all.gradient, errors.gradient);
        all.lanes = errors.lanes;
    }
    Ok(all)
}

/// What the host gives.
struct Host {
    output: Output,
    cotangent: Storage,
    value: Storage,
    /// None where it is not wanted.
    gradients: Vec<Option<Storage>>,
}

impl Host {
    fn run(mut op: impl FusedOp, inputs: &[Value], fixed: &[usize]) -> Result<Self> {
        let output = op.shape(&inputs.iter().map(Value::shape).collect::<Vec<_>>())?;
        let Output { shape, element } = output;
        let wanted = |i: usize| !fixed.contains(&i);
        let cotangent: Vec<f64> = (0..shape.len()).map(|i| (0.7 * i as f64 + 0.3).sin() + 0.1).collect();
        let cotangent = of(element, &cotangent);
        let mut value = Storage::zeros(element, shape.len());
        let places: Vec<Place<'_>> =
            inputs.iter().enumerate().map(|(i, v)| Place::of(v.shape(), wanted(i), v.peek())).collect();
        {
            let (numbers, pixels): (&mut [f64], &mut [f32]) = match element {
                Element::F64 => (value.numbers_mut(), &mut []),
                Element::F32 => (&mut [], value.pixels_mut()),
            };
            op.value(Inputs(&places), &mut Out { shape: &shape, numbers, pixels });
        }
        let zeros = |(i, v): (usize, &Value)| wanted(i).then(|| Storage::zeros(v.element(), v.shape().len()));
        let mut gradients: Vec<Option<Storage>> = inputs.iter().enumerate().map(zeros).collect();
        {
            let mut sinks = vec![];
            for (v, g) in inputs.iter().zip(&mut gradients) {
                sinks.push(match g {
                    Some(g) => Place::of_mut(v.shape(), g),
                    None => Place::new(v.shape(), false),
                });
            }
            let (out, c) = (Place::of(shape, true, &value), Place::of(shape, true, &cotangent));
            op.vjp(Inputs(&places), out.operand(), c.operand(), &mut Gradients(Sinks(&sinks)));
        }
        Ok(Host { output, cotangent, value, gradients })
    }

    /// The errors of the device in value and gradient; `alone`: nothing else adds to the gradients of pixels.
    fn compare(&self, gpu: &Gpu, op: &impl FusedOp, inputs: &[Value], alone: bool) -> Result<DeviceErrors> {
        let Output { shape, element } = self.output;
        let mut spots = vec![];
        let (mut pixels, mut numbers) = (vec![], vec![]);
        for (v, gradient) in inputs.iter().zip(&self.gradients) {
            let wanted = gradient.is_some();
            let spot = Spot { shape: v.shape(), pixels: None, numbers: None, by_pixels: None, by_numbers: None, alone };
            spots.push(match v.element() {
                Element::F32 => {
                    let (own, by) = (gpu.upload(v.peek().pixels())?, gpu.buffer(v.shape().len())?);
                    let spot = Spot { pixels: Some(own.at()), by_pixels: wanted.then(|| by.at()), ..spot };
                    pixels.push((spots.len(), own, by));
                    spot
                }
                Element::F64 => {
                    let lanes = vec![f64::NAN; shape.lanes * v.dims().len()];
                    let (own, by) = (gpu.upload(v.peek().numbers())?, gpu.upload(&lanes)?);
                    let spot = Spot { numbers: Some(own.at()), by_numbers: wanted.then(|| by.at()), ..spot };
                    numbers.push((spots.len(), own, by));
                    spot
                }
            });
        }
        let is_pixels = element == Element::F32;
        let [of_pixels, of_numbers] = [is_pixels, !is_pixels].map(|kind| if kind { shape.len() } else { 0 });
        let out_pixels = gpu.upload(&vec![f32::NAN; of_pixels])?;
        let out_numbers = gpu.upload(&vec![f64::NAN; of_numbers])?;
        let (c_pixels, c_numbers) = (gpu.upload(self.cotangent.pixels())?, gpu.upload(self.cotangent.numbers())?);
        let output = Spot {
            shape,
            pixels: is_pixels.then(|| out_pixels.at()),
            numbers: (!is_pixels).then(|| out_numbers.at()),
            by_pixels: is_pixels.then(|| c_pixels.at()),
            by_numbers: (!is_pixels).then(|| c_numbers.at()),
            alone: false,
        };
        let mut sent = Pinned::new(gpu, ROOM)?;
        let mut kept: Vec<Box<dyn Any + Send>> = vec![];
        let (room, shared) = ((sent.at(), ROOM), SharedNumbers::default());
        let mut layout = Places {
            gpu,
            inputs: &spots,
            output,
            growth: 1,
            room,
            prepared: 0,
            claimed: vec![],
            step: 0,
            shared: &shared,
            kept: &mut kept,
        };
        let mut body = op.body(&mut layout)?;
        let (prepared, claimed) = (layout.prepared, layout.claimed);
        // What was there before is of the size of what is added, or NaN where it is written.
        let mut before = vec![];
        for (i, _, by) in &pixels {
            let gradient = self.gradients[*i].as_ref().map_or(&[][..], Storage::pixels);
            let rms = (gradient.iter().map(|g| g * g).sum::<f32>() / gradient.len().max(1) as f32).sqrt();
            before.push(if claimed.contains(i) { f32::NAN } else { rms });
            by.write(&vec![before[before.len() - 1]; by.len()])?;
        }
        if prepared > 0 {
            let places: Vec<Place<'_>> = inputs.iter().map(|v| Place::of(v.shape(), true, v.peek())).collect();
            body.prepare(Inputs(&places), Pinned::floats(sent.host(), prepared))?;
            sent.send(ROOM)?;
        }
        if alone {
            body.both()?;
        } else {
            body.value()?;
            body.vjp()?;
        }
        gpu.synchronize()?;

        let got = match element {
            Element::F32 => Storage::from(out_pixels.download()?),
            Element::F64 => Storage::from(out_numbers.download()?),
        };
        let mut gradient = 0.0_f64;
        for ((i, _, by), before) in pixels.iter().zip(before) {
            let Some(expected) = &self.gradients[*i] else { continue };
            let before = if before.is_nan() { 0.0 } else { f64::from(before) };
            let own: Vec<f64> = by.download()?.iter().map(|g| f64::from(*g) - before).collect();
            gradient = worst(gradient, relative(&own, &expected.to_f64()));
        }
        let (mut own_numbers, mut host_numbers) = (vec![], vec![]);
        let mut by_lane = vec![(vec![], vec![]); shape.lanes];
        for (i, _, by) in &numbers {
            let Some(expected) = &self.gradients[*i] else { continue };
            let (expected, of) = (expected.to_f64(), inputs[*i].shape());
            let mut own = vec![0.0; expected.len()];
            by.download()?.iter().enumerate().for_each(|(k, g)| own[k % expected.len()] += g);
            if of.lanes == shape.lanes {
                for (lane, (own_lane, host_lane)) in by_lane.iter_mut().enumerate() {
                    own_lane.extend_from_slice(&own[of.lane(lane)]);
                    host_lane.extend_from_slice(&expected[of.lane(lane)]);
                }
            }
            own_numbers.extend(own);
            host_numbers.extend(expected);
        }
        gradient = worst(gradient, relative(&own_numbers, &host_numbers));
        let lanes = by_lane.iter().map(|(own, host)| relative(own, host)).collect();
        let value = relative(&got.to_f64(), &self.value.to_f64());
        Ok(DeviceErrors { name: String::new(), value, gradient, lanes })
    }
}

fn of(element: Element, numbers: &[f64]) -> Storage {
    match element {
        Element::F64 => Storage::from(numbers.to_vec()),
        Element::F32 => Storage::from(numbers.iter().map(|x| *x as f32).collect::<Vec<f32>>()),
    }
}

/// NaN is worse than any number.
fn worst(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// |got - expected| / |expected|; NaN where one of them is not finite.
#[must_use]
pub fn relative(got: &[f64], expected: &[f64]) -> f64 {
    let square = |x: f64| x * x;
    let off: f64 = got.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    let norm: f64 = expected.iter().copied().map(square).sum();
    if got.len() != expected.len() || !off.is_finite() || !norm.is_finite() {
        return f64::NAN;
    }
    if norm == 0.0 { off.sqrt() } else { (off / norm).sqrt() }
}
