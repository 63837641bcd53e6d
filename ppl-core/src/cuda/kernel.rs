//! Kernel: a function that is launched.

use cudarc::driver::{CudaFunction, sys};

use super::driver::checked;
use super::emulator::EmulatedKernel;
use crate::error::Result;

/// A function that is launched. Cloning is cheap.
#[derive(Clone)]
pub struct Kernel(pub(super) Function);

/// Where it runs.
#[derive(Clone)]
pub(super) enum Function {
    Device(CudaFunction),
    Emulated(EmulatedKernel),
}

impl Kernel {
    /// Lets blocks of it have so many bytes of dynamic shared memory, where that is more than 48 KiB.
    ///
    /// # Errors
    /// More than the device has.
    pub fn allow_shared(&self, bytes: usize) -> Result<()> {
        let attribute = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        match &self.0 {
            Function::Device(function) => checked("take shared memory", function.set_attribute(attribute, bytes)),
            Function::Emulated(_) => Ok(()),
        }
    }
}
