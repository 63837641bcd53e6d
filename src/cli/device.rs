//! --device: what computes, opened.

use ppl_core::{Device, Processor};

use super::args::DeviceName;
use super::failure::Result;

/// Opens what was asked for; `auto` falls back on the processor and says so.
pub fn open(name: DeviceName) -> Result<Processor> {
    match name {
        DeviceName::Cpu => Ok(Processor::Cpu),
        DeviceName::Cuda => Ok(Processor::open(Device::Cuda(0))?),
        DeviceName::Auto => Ok(Processor::open(Device::Cuda(0)).unwrap_or_else(|missing| {
            tracing::warn!("{missing}; running on the cpu");
            Processor::Cpu
        })),
    }
}
