//! Gpu: one CUDA device with a stream of its own, and launches on it.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cudarc::driver::{CudaContext, CudaStream, result, sys};

use super::cache::Compiler;
use super::driver::checked;
use super::emulator::{Command, Emulator};
use super::kernel::{Function, Kernel};
use crate::error::{Error, Result};

/// A CUDA device. Cloning is cheap; clones share the stream, on which work is done in the order in which it is given.
#[derive(Clone)]
pub struct Gpu(Arc<Inner>);

enum Inner {
    Device(Device),
    /// For tests.
    Emulated(Emulator),
}

/// A device of the driver.
pub(super) struct Device {
    pub(super) context: Arc<CudaContext>,
    /// The one that all work is on, and one for what is done beside it.
    streams: [Arc<CudaStream>; 2],
    /// Which of them is launched on.
    current: AtomicUsize,
    pub(super) compiler: Compiler,
    name: String,
}

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

impl Device {
    /// The stream that is launched on.
    pub(super) fn stream(&self) -> &Arc<CudaStream> {
        &self.streams[self.current.load(Ordering::Relaxed)]
    }
}

impl Gpu {
    /// The device of this number.
    ///
    /// # Errors
    /// [`Error::NoCuda`] where the driver, NVRTC or the device is missing.
    pub fn open(ordinal: usize) -> Result<Self> {
        let missing = |what, advice| Error::NoCuda { what, advice };
        // SAFETY: only looks for the library. What comes after would panic without it.
        if !unsafe { sys::is_culib_present() } {
            return Err(missing("no NVIDIA driver (libcuda)", "install the driver, or run on the cpu"));
        }
        let count = CudaContext::device_count().unwrap_or(0);
        if count <= i32::try_from(ordinal).unwrap_or(i32::MAX) {
            return Err(missing("no such CUDA device", "`nvidia-smi` lists those there are; or run on the cpu"));
        }
        let context = checked("open a device", CudaContext::new(ordinal))?;
        let arch = checked("ask for the architecture", context.compute_capability())?;
        let compiler = Compiler::find(arch)?;
        // SAFETY: all memory of this module is used on one stream, and synchronised by hand.
        unsafe { context.disable_event_tracking() };
        let stream = || checked("make a stream", context.new_stream());
        let streams = [stream()?, stream()?];
        let current = AtomicUsize::new(0);
        let name = checked("ask for the name", context.name())?;
        keep_memory(&context)?;
        Ok(Gpu(Arc::new(Inner::Device(Device { context, streams, current, compiler, name }))))
    }

    /// A C++ compiler and this machine in the place of a device, slow and exact: for tests of kernels and of what launches them.
    #[doc(hidden)]
    #[must_use]
    pub fn emulated() -> Self {
        Gpu(Arc::new(Inner::Emulated(Emulator::default())))
    }

    pub(super) fn backend(&self) -> Backend<'_> {
        match &*self.0 {
            Inner::Device(device) => Backend::Device(device),
            Inner::Emulated(emulator) => Backend::Emulated(emulator),
        }
    }

    /// Its name, architecture and compiler, in a line.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.backend() {
            Backend::Device(device) => format!("{}, {}", device.name, device.compiler),
            Backend::Emulated(_) => "emulated".to_owned(),
        }
    }

    /// How many multiprocessors it has.
    #[must_use]
    pub fn multiprocessors(&self) -> usize {
        let attribute = sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
        match self.backend() {
            Backend::Device(device) => {
                device.context.attribute(attribute).map_or(1, |n| usize::try_from(n).unwrap_or(1)).max(1)
            }
            Backend::Emulated(_) => 1,
        }
    }

    /// Blocks of so many threads along the points of each of so many lanes, for kernels whose threads walk along them: enough to fill the
    /// device a few times, each with points for its threads.
    #[must_use]
    pub fn blocks(&self, points: usize, lanes: usize, threads: usize) -> usize {
        let most = points.div_ceil(threads).max(1);
        (8 * self.multiprocessors()).div_ceil(lanes.max(1)).clamp(1, most)
    }

    /// Bytes that are free.
    ///
    /// # Errors
    /// What the driver says.
    pub fn free_bytes(&self) -> Result<usize> {
        match self.backend() {
            Backend::Device(_) => {
                self.bind()?;
                checked("ask for free memory", result::mem_get_info()).map(|(free, _)| free)
            }
            Backend::Emulated(_) => Ok(1 << 30),
        }
    }

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
        if grid.contains(&0) {
            return Ok(());
        }
        let mut words: Vec<u64> = arguments.iter().map(Argument::word).collect();
        let narrow = |n: usize| u32::try_from(n).ok();
        let sizes: Option<Vec<u32>> = grid.into_iter().chain(block).map(narrow).collect();
        let (Some([a, b, c, x, y, z]), Some(shared)) = (sizes.as_deref(), narrow(shared)) else {
            return Err(Error::Cuda { what: "launch a kernel", text: "more blocks than there can be".to_owned() });
        };
        match (self.backend(), &kernel.0) {
            (Backend::Device(device), Function::Device(function)) => {
                let mut pointers: Vec<*mut c_void> =
                    words.iter_mut().map(|word| std::ptr::from_mut(word).cast()).collect();
                let (grid, block, stream) = ((*a, *b, *c), (*x, *y, *z), device.stream().cu_stream());
                // SAFETY: the kernel is loaded, and each argument lies in a word of its own; that they are what the kernel takes is
                // what its caller sees to.
                let done = unsafe {
                    result::launch_kernel(function.cu_function(), grid, block, shared, stream, &mut pointers)
                };
                checked("launch a kernel", done)
            }
            (Backend::Emulated(emulator), Function::Emulated(kernel)) => {
                let sizes = [*a, *b, *c, *x, *y, *z];
                emulator.give(Command::Launch { kernel: kernel.clone(), sizes, words });
                Ok(())
            }
            _ => Err(Error::Cuda { what: "launch a kernel", text: "it is of another device".to_owned() }),
        }
    }

    /// Launches `aside` and `launches` so that the device may do both at the same time; what comes after waits for both.
    ///
    /// # Errors
    /// What they return.
    pub fn beside(&self, aside: impl FnOnce() -> Result<()>, launches: impl FnOnce() -> Result<()>) -> Result<()> {
        let Backend::Device(device) = self.backend() else {
            aside()?;
            return launches();
        };
        let [stream, side] = &device.streams;
        let waits = |stream: &Arc<CudaStream>, other: &Arc<CudaStream>| {
            checked("join two streams", other.record_event(None).and_then(|event| stream.wait(&event)))
        };
        waits(side, stream)?;
        device.current.store(1, Ordering::Relaxed);
        let done = aside();
        device.current.store(0, Ordering::Relaxed);
        done?;
        launches()?;
        waits(stream, side)
    }

    /// Waits until everything that was launched is done.
    ///
    /// # Errors
    /// What went wrong meanwhile.
    pub fn synchronize(&self) -> Result<()> {
        match self.backend() {
            Backend::Device(device) => checked("run kernels", device.streams[0].synchronize()),
            Backend::Emulated(_) => Ok(()),
        }
    }

    /// Makes the device that of this thread.
    pub(super) fn bind(&self) -> Result<()> {
        match self.backend() {
            Backend::Device(device) => checked("use a device", device.context.bind_to_thread()),
            Backend::Emulated(_) => Ok(()),
        }
    }

    /// The stream as the driver knows it, for libraries that launch on it; none of an emulated device.
    #[must_use]
    pub fn stream(&self) -> sys::CUstream {
        match self.backend() {
            Backend::Device(device) => device.stream().cu_stream(),
            Backend::Emulated(_) => std::ptr::null_mut(),
        }
    }
}

/// Lets the pool of a device keep memory that is given back, for the next who takes some.
fn keep_memory(context: &CudaContext) -> Result<()> {
    let mut all = u64::MAX;
    let attribute = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the device is there, and the attribute is a number of 64 bits.
    let done = unsafe {
        result::device::get_default_mem_pool(context.cu_device())
            .and_then(|pool| result::mem_pool::set_attribute(pool, attribute, std::ptr::from_mut(&mut all).cast()))
    };
    checked("set up the pool of memory", done)
}

/// What stands behind a [`Gpu`].
pub(super) enum Backend<'g> {
    Device(&'g Device),
    Emulated(&'g Emulator),
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({})", self.describe())
    }
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
