//! Bodies: what an operation does on a GPU, and the places in its memory that it does it on.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::inputs::Inputs;
use crate::cuda::{Argument, At, Buffer, Gpu, Kernel, Plain};
use crate::error::{Error, Result};
use crate::shape::Shape;

/// What an operation launches on a GPU, for the number of lanes that it was made for.
///
/// Both methods are called once, while their launches are captured: what they launch must follow from the places alone, never from
/// numbers. Equal numbers give equal bits: sums are taken in a fixed order, floating-point atomics are out.
pub trait Body: Send {
    /// Fills what [`Places::prepared`] set aside, from the host numbers among the inputs, before each run forwards.
    ///
    /// # Errors
    /// [`Error::DeviceRoom`] where the numbers do not fit; the workspace is then laid out with more room.
    fn prepare(&mut self, _inputs: Inputs<'_>, _room: &mut [f32]) -> Result<()> {
        Ok(())
    }

    /// Launches what writes the output.
    ///
    /// # Errors
    /// What the driver says.
    fn value(&self) -> Result<()>;

    /// Launches what **adds** the gradient of each pixel input that wants one, and **writes** that of each lane of host numbers.
    ///
    /// # Errors
    /// What the driver says.
    fn vjp(&self) -> Result<()>;

    /// Launches both, where the way back begins with this operation.
    ///
    /// # Errors
    /// What the driver says.
    fn both(&self) -> Result<()> {
        self.value()?;
        self.vjp()
    }
}

/// An address for the first lane, and how many numbers the next lane is further on: 0 where all lanes share them.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<T> {
    /// The first lane.
    pub at: At<T>,
    /// From lane to lane.
    pub step: usize,
}

impl<T> Lanes<T> {
    /// As two arguments of a kernel: `T* x, int x_step`.
    #[must_use]
    pub fn arguments(self) -> [Argument; 2] {
        [self.at.into(), self.step.into()]
    }
}

/// One input or output of an operation on a GPU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) shape: Shape,
    /// One of the two.
    pub(super) pixels: Option<At<f32>>,
    pub(super) numbers: Option<At<f64>>,
    /// Where the gradient (of an output: the cotangent) is.
    pub(super) by_pixels: Option<At<f32>>,
    pub(super) by_numbers: Option<At<f64>>,
    /// Whether nothing has added to the gradient before.
    pub(super) alone: bool,
}

/// Numbers on a device that all workspaces of a plan share, by operation and order.
#[derive(Clone, Default)]
pub struct SharedNumbers(Arc<Mutex<Numbers>>);

/// Buffers of any kind of numbers, by the place of their operation in the plan and their name.
type Numbers = HashMap<(usize, String), Arc<dyn Any + Send + Sync>>;

/// Where an operation finds its inputs, its output and their gradients on a GPU, and where it takes what it needs beside them.
pub struct Places<'a> {
    pub(super) gpu: &'a Gpu,
    pub(super) inputs: &'a [Spot],
    pub(super) output: Spot,
    /// Times this much room is set aside for prepared numbers.
    pub(super) growth: usize,
    /// Room for prepared numbers that is left: address and words of 8 bytes.
    pub(super) room: (At<f64>, usize),
    pub(super) prepared: usize,
    /// Inputs whose gradients are written, not added to.
    pub(super) claimed: Vec<usize>,
    /// The place of the operation in its plan.
    pub(super) step: usize,
    pub(super) shared: &'a SharedNumbers,
    pub(super) kept: &'a mut Vec<Box<dyn Any + Send>>,
}

impl Places<'_> {
    /// The device.
    #[must_use]
    pub fn gpu(&self) -> &Gpu {
        self.gpu
    }

    /// Lanes of the output.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.output.shape.lanes
    }

    /// How many inputs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Lanes and dimensions of input `i`.
    #[must_use]
    pub fn shape(&self, i: usize) -> Shape {
        self.inputs[i].shape
    }

    /// Lanes and dimensions of the output.
    #[must_use]
    pub fn output_shape(&self) -> Shape {
        self.output.shape
    }

    /// The pixels of input `i`.
    ///
    /// # Errors
    /// It has host numbers.
    pub fn pixels(&self, i: usize) -> Result<Lanes<f32>> {
        let spot = &self.inputs[i];
        Ok(Lanes { at: spot.pixels.ok_or_else(wrong_kind)?, step: spot.shape.step() })
    }

    /// The host numbers of input `i`, as they are for the run.
    ///
    /// # Errors
    /// It has pixels.
    pub fn numbers(&self, i: usize) -> Result<Lanes<f64>> {
        let spot = &self.inputs[i];
        Ok(Lanes { at: spot.numbers.ok_or_else(wrong_kind)?, step: spot.shape.step() })
    }

    /// Where the pixels of the output go, `[lanes, dims]`.
    ///
    /// # Errors
    /// The output has host numbers.
    pub fn out_pixels(&self) -> Result<At<f32>> {
        self.output.pixels.ok_or_else(wrong_kind)
    }

    /// Where the host numbers of the output go, `[lanes, dims]`.
    ///
    /// # Errors
    /// The output has pixels.
    pub fn out_numbers(&self) -> Result<At<f64>> {
        self.output.numbers.ok_or_else(wrong_kind)
    }

    /// The cotangent of the output's pixels, `[lanes, dims]`.
    ///
    /// # Errors
    /// The output has host numbers.
    pub fn cotangent_pixels(&self) -> Result<At<f32>> {
        self.output.by_pixels.ok_or_else(wrong_kind)
    }

    /// The cotangent of the output's host numbers, `[lanes, dims]`.
    ///
    /// # Errors
    /// The output has pixels.
    pub fn cotangent_numbers(&self) -> Result<At<f64>> {
        self.output.by_numbers.ok_or_else(wrong_kind)
    }

    /// Where the gradient of the pixels of input `i` is added, if it is wanted. Lanes that share the input (step 0) share the gradient.
    #[must_use]
    pub fn by_pixels(&self, i: usize) -> Option<Lanes<f32>> {
        let spot = &self.inputs[i];
        spot.by_pixels.map(|at| Lanes { at, step: spot.shape.step() })
    }

    /// Whether the vjp is to **write** the gradient of the pixels of input `i`, whose numbers are then anything, instead of adding to it:
    /// nothing has before. Whoever asks and hears yes has to write all of it.
    #[must_use]
    pub fn sets(&mut self, i: usize) -> bool {
        let sets = self.inputs[i].alone;
        if sets {
            self.claimed.push(i);
        }
        sets
    }

    /// Where the gradient of the host numbers of input `i` is written, `[lanes of the output, dims of the input]`, if it is wanted.
    #[must_use]
    pub fn by_numbers(&self, i: usize) -> Option<At<f64>> {
        self.inputs[i].by_numbers
    }

    /// Memory for so many numbers, zero at first, for as long as the body is used.
    ///
    /// # Errors
    /// No memory.
    pub fn scratch<T: Plain>(&mut self, len: usize) -> Result<At<T>> {
        let buffer = self.gpu.buffer::<T>(len)?;
        Ok(self.keep(buffer))
    }

    /// Numbers that do not change.
    ///
    /// # Errors
    /// No memory.
    pub fn constant<T: Plain>(&mut self, numbers: &[T]) -> Result<At<T>> {
        let buffer = self.gpu.upload(numbers)?;
        Ok(self.keep(buffer))
    }

    /// Where arrays are, and their steps from lane to lane, as two arguments of a kernel: `T* const* x, const int* x_step`.
    ///
    /// # Errors
    /// No memory.
    pub fn table<T>(&mut self, arrays: &[Lanes<T>]) -> Result<[Argument; 2]> {
        let at: Vec<u64> = arrays.iter().map(|lanes| lanes.at.address()).collect();
        let steps: Vec<i32> = arrays.iter().map(|lanes| i32::try_from(lanes.step).unwrap_or(-1)).collect();
        Ok([self.constant(&at)?.into(), self.constant(&steps)?.into()])
    }

    /// Numbers that do not change and are the same for any number of lanes, such as weights: made and uploaded once a plan, and known
    /// by a name that no others of the operation have. (By name, as few lanes may ask for other ones than many.)
    ///
    /// # Errors
    /// No memory.
    pub fn shared<T: Plain>(&mut self, name: impl Into<String>, make: impl FnOnce() -> Vec<T>) -> Result<At<T>> {
        let key = (self.step, name.into());
        let mut all = self.shared.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let known = all.get(&key).and_then(|numbers| numbers.clone().downcast::<Buffer<T>>().ok());
        let buffer = match known {
            Some(buffer) => buffer,
            None => {
                let buffer = Arc::new(self.gpu.upload(&make())?);
                all.insert(key, buffer.clone());
                buffer
            }
        };
        let at = buffer.at();
        self.kept.push(Box::new(buffer));
        Ok(at)
    }

    fn keep<T: Plain>(&mut self, buffer: Buffer<T>) -> At<T> {
        let at = buffer.at();
        self.kept.push(Box::new(buffer));
        at
    }

    /// Sets room aside for numbers that [`Body::prepare`] fills: about `expected` of them, and how many there are.
    ///
    /// # Errors
    /// Called twice, or with more than a workspace has.
    pub fn prepared(&mut self, expected: usize) -> Result<(At<f32>, usize)> {
        let len = expected * self.growth;
        let (at, words) = self.room;
        if self.prepared > 0 || len.div_ceil(2) > words {
            return Err(Error::DeviceRoom { room: 2 * words, needed: len });
        }
        self.prepared = len;
        Ok((at.cast(), len))
    }

    /// A kernel of a source.
    ///
    /// # Errors
    /// What the compiler says.
    pub fn kernel(&self, source: (&str, &str), name: &str) -> Result<Kernel> {
        self.gpu.load(source.0, source.1)?.kernel(name)
    }
}

/// A body asks for another kind of numbers than its operation has: a mistake in the operation.
fn wrong_kind() -> Error {
    Error::Cuda { what: "lay out an operation", text: "it asks for another kind of numbers than it has".to_owned() }
}
