//! Processors: what evaluates a density. A [`Device`] that was opened.

#[cfg(feature = "cuda")]
use crate::cuda::Gpu;
use crate::device::Device;
#[cfg(not(feature = "cuda"))]
use crate::error::Error;
use crate::error::Result;

/// A device that was found and opened; cloning is cheap.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Processor {
    /// The host.
    #[default]
    Cpu,
    /// A GPU.
    #[cfg(feature = "cuda")]
    Cuda(Gpu),
}

impl Processor {
    /// Opens a device.
    ///
    /// # Errors
    /// [`NoCuda`](crate::Error::NoCuda) where the driver, the compiler of kernels or the device is missing.
    pub fn open(device: Device) -> Result<Self> {
        match device {
            Device::Cpu => Ok(Processor::Cpu),
            #[cfg(feature = "cuda")]
            Device::Cuda(number) => Gpu::open(number).map(Processor::Cuda),
            #[cfg(not(feature = "cuda"))]
            Device::Cuda(_) => Err(Error::NoCuda {
                what: "built without the feature `cuda`",
                advice: "build with it, or run on the cpu",
            }),
        }
    }

    /// Its name on a command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Processor::Cpu => "cpu",
            #[cfg(feature = "cuda")]
            Processor::Cuda(_) => "cuda",
        }
    }

    /// What it is, in a line.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Processor::Cpu => "cpu".to_owned(),
            #[cfg(feature = "cuda")]
            Processor::Cuda(gpu) => format!("cuda ({})", gpu.describe()),
        }
    }
}
