//! --device: what computes, opened.

use ppl_core::{Device, Error, Processor};

use super::args::DeviceName;
use super::failure::Result;

/// Opens what was asked for; `auto` falls back on the processor and says so.
pub fn open(name: DeviceName) -> Result<Processor> {
    match name {
        DeviceName::Cpu => Ok(Processor::Cpu),
        DeviceName::Cuda => Ok(Processor::open(Device::Cuda(0))?),
        DeviceName::Auto => match Processor::open(Device::Cuda(0)) {
            Err(Error::NoCuda { what, .. }) => {
                tracing::warn!("{what}: running on the cpu");
                Ok(Processor::Cpu)
            }
            opened => Ok(opened?),
        },
    }
}
