//! Launches: a kernel, how many threads run it, and what it is given.
#![allow(unsafe_code)]

use std::ffi::c_void;

use cudarc::driver::sys;

use super::driver::checked;
use super::emulator::Command;
use super::gpu::{Backend, Device, Gpu};
use super::kernel::{Function, Kernel};
use crate::error::{Error, Result};

/// What a kernel is given: an address or a number.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// A place in the memory of the device, or none (null).
    Address(u64),
    /// An `int`.
    Int(i32),
    /// A `float`.
    Float(f32),
    /// A `double`.
    Double(f64),
    /// An `unsigned long long`.
    Long(u64),
}

/// The first compute capability with launches that begin early.
const EARLY: i32 = 9;
/// The first CUDA of which a driver captures such launches.
const EARLY_IN_GRAPHS: i32 = 12_030;
/// What asks for them: no GPU has run them yet, and the emulated one begins nothing early.
const ASKED_FOR: &str = "ARCLET_EARLY_LAUNCHES";

impl Gpu {
    /// Runs a kernel with so many blocks, of so many threads, with so many bytes of dynamic shared memory.
    ///
    /// # Errors
    /// What the driver says of the launch; what goes wrong while the kernel runs is said by [`Gpu::synchronize`].
    pub fn launch(
        &self,
        kernel: &Kernel,
        grid: [usize; 3],
        block: [usize; 3],
        shared: usize,
        arguments: &[Argument],
    ) -> Result<()> {
        self.launch_when(false, kernel, grid, block, shared, arguments)
    }

    /// The same; with `early`, where the device can and `ARCLET_EARLY_LAUNCHES` is set, from the moment on at which all blocks of the kernel launched before it have begun and
    /// say so. A kernel that is launched early waits itself for the end of the one before, before it reads or writes what that one does
    /// (`griddepcontrol.wait`), and what was launched just before on the stream has to be a kernel.
    ///
    /// # Errors
    /// As of [`Gpu::launch`].
    pub fn launch_when(
        &self,
        early: bool,
        kernel: &Kernel,
        grid: [usize; 3],
        block: [usize; 3],
        shared: usize,
        arguments: &[Argument],
    ) -> Result<()> {
        if grid.contains(&0) {
            return Ok(());
        }
        let mut words: Vec<u64> = arguments.iter().map(Argument::word).collect();
        let narrow = |n: usize| u32::try_from(n).ok();
        let sizes: Option<Vec<u32>> = grid.into_iter().chain(block).map(narrow).collect();
        let (Some(&[a, b, c, x, y, z]), Some(shared)) = (sizes.as_deref(), narrow(shared)) else {
            return Err(Error::Cuda { what: "launch a kernel", text: "more blocks than there can be".to_owned() });
        };
        match (self.backend(), &kernel.0) {
            (Backend::Device(device), Function::Device(function)) => {
                let mut pointers: Vec<*mut c_void> =
                    words.iter_mut().map(|word| std::ptr::from_mut(word).cast()).collect();
                let mut attributes = if early && begins_early(device)? { vec![early_attribute()] } else { vec![] };
                let config = sys::CUlaunchConfig {
                    gridDimX: a,
                    gridDimY: b,
                    gridDimZ: c,
                    blockDimX: x,
                    blockDimY: y,
                    blockDimZ: z,
                    sharedMemBytes: shared,
                    hStream: device.stream().cu_stream(),
                    numAttrs: u32::from(!attributes.is_empty()),
                    attrs: attributes.as_mut_ptr(),
                };
                let (kernel, none) = (function.cu_function(), std::ptr::null_mut());
                // SAFETY: the kernel is loaded, and each argument lies in a word of its own; that they are what the kernel takes is
                // what its caller sees to.
                let done = unsafe { sys::cuLaunchKernelEx(&config, kernel, pointers.as_mut_ptr(), none) };
                checked("launch a kernel", done.result())
            }
            (Backend::Emulated(emulator), Function::Emulated(kernel)) => {
                let sizes = [a, b, c, x, y, z];
                emulator.give(Command::Launch { kernel: kernel.clone(), sizes, words });
                Ok(())
            }
            _ => Err(Error::Cuda { what: "launch a kernel", text: "it is of another device".to_owned() }),
        }
    }
}

/// Whether kernels of a device can begin before those before them have ended.
fn begins_early(device: &Device) -> Result<bool> {
    if std::env::var_os(ASKED_FOR).is_none() {
        return Ok(false);
    }
    let mut driver = 0;
    // SAFETY: the driver is there, and the number is written to.
    checked("ask for the version of the driver", unsafe { sys::cuDriverGetVersion(&mut driver) }.result())?;
    let capability = checked("ask for the architecture", device.context.compute_capability())?;
    Ok(capability.0 >= EARLY && driver >= EARLY_IN_GRAPHS)
}

fn early_attribute() -> sys::CUlaunchAttribute {
    let id = sys::CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    let value = sys::CUlaunchAttributeValue { programmaticStreamSerializationAllowed: 1 };
    sys::CUlaunchAttribute { id, pad: [0; 4], value }
}

impl Argument {
    /// Its bytes, from the first on.
    fn word(&self) -> u64 {
        match *self {
            Argument::Address(n) | Argument::Long(n) => n,
            Argument::Int(n) => u64::from(n.cast_unsigned()),
            Argument::Float(x) => u64::from(x.to_bits()),
            Argument::Double(x) => x.to_bits(),
        }
    }
}

impl From<i32> for Argument {
    fn from(n: i32) -> Self {
        Argument::Int(n)
    }
}

/// Sizes and counts are `int` in kernels; one beyond it is caught by the kernel's own bounds, as it is negative there.
impl From<usize> for Argument {
    fn from(n: usize) -> Self {
        Argument::Int(i32::try_from(n).unwrap_or(-1))
    }
}

impl From<f32> for Argument {
    fn from(x: f32) -> Self {
        Argument::Float(x)
    }
}

impl From<f64> for Argument {
    fn from(x: f64) -> Self {
        Argument::Double(x)
    }
}
