//! Storage: the numbers of a value, f64 or f32, wherever they are.

use crate::device::Device;
use crate::pool;

/// The kind of number that a value is made of: parameters are f64 on the host, pixels f32 on their device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Double precision, on the host.
    F64,
    /// Single precision pixels.
    F32,
}

/// A buffer of numbers of one kind. What holds them is private, so that a device may be added without touching its users.
#[derive(Debug)]
pub struct Storage(Buffer);

#[derive(Debug)]
enum Buffer {
    F64(Vec<f64>),
    F32(Vec<f32>),
}

use Buffer::{F32, F64};

impl Storage {
    /// Zeros; pixels come from the pool of their thread.
    pub fn zeros(element: Element, len: usize) -> Self {
        match element {
            Element::F64 => Storage(F64(vec![0.0; len])),
            Element::F32 => Storage(F32(pool::zeros(len))),
        }
    }

    /// Numbers that will all be written before they are read.
    pub(super) fn unwritten(element: Element, len: usize) -> Self {
        match element {
            Element::F64 => Storage(F64(vec![0.0; len])),
            Element::F32 => Storage(F32(pool::take(len))),
        }
    }

    /// The kind of its numbers.
    pub fn element(&self) -> Element {
        match &self.0 {
            F64(_) => Element::F64,
            F32(_) => Element::F32,
        }
    }

    /// Where they are.
    pub fn device(&self) -> Device {
        Device::Cpu
    }

    /// How many.
    pub fn len(&self) -> usize {
        match &self.0 {
            F64(v) => v.len(),
            F32(v) => v.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The host numbers; empty for pixels.
    #[inline]
    pub fn numbers(&self) -> &[f64] {
        match &self.0 {
            F64(v) => v,
            F32(_) => &[],
        }
    }

    /// The pixels; empty for host numbers.
    #[inline]
    pub fn pixels(&self) -> &[f32] {
        match &self.0 {
            F32(v) => v,
            F64(_) => &[],
        }
    }

    pub(super) fn numbers_mut(&mut self) -> &mut [f64] {
        match &mut self.0 {
            F64(v) => v,
            F32(_) => &mut [],
        }
    }

    pub(super) fn pixels_mut(&mut self) -> &mut [f32] {
        match &mut self.0 {
            F32(v) => v,
            F64(_) => &mut [],
        }
    }

    /// All of it as f64, whatever the kind.
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.0 {
            F64(v) => v.clone(),
            F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
        }
    }
}

impl Clone for Storage {
    fn clone(&self) -> Self {
        Storage(match &self.0 {
            F64(v) => F64(v.clone()),
            F32(v) => F32(v.clone()),
        })
    }
}

impl From<Vec<f64>> for Storage {
    fn from(numbers: Vec<f64>) -> Self {
        Storage(F64(numbers))
    }
}

impl From<Vec<f32>> for Storage {
    fn from(pixels: Vec<f32>) -> Self {
        Storage(F32(pixels))
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let F32(pixels) = &mut self.0 {
            pool::give_back(std::mem::take(pixels));
        }
    }
}
