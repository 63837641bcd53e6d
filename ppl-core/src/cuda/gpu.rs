//! Gpu: one CUDA device with a stream of its own, and launches on it.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cudarc::driver::{CudaContext, CudaStream, result, sys};

use super::cache::Compiler;
use super::driver::checked;
use super::emulator::Emulator;
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
