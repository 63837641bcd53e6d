//! Graph: launches that were captured once, given to the device all at once.
#![allow(unsafe_code)]

use cudarc::driver::{CudaGraph, sys};

use super::driver::checked;
use super::emulator::{self, Command};
use super::gpu::{Backend, Gpu};
use crate::error::{Error, Result};

/// Launches in their order, with their arguments. Whatever they point to must live as long as the graph is launched.
pub struct Graph(Captured);

enum Captured {
    Device(CudaGraph),
    Emulated(Vec<Command>),
}

// SAFETY: a graph may be used by any thread, one at a time; it is launched through the one that has it.
unsafe impl Send for Graph {}

impl Graph {
    /// Launches all of it.
    ///
    /// # Errors
    /// What the driver says; what goes wrong on the way is said by [`Gpu::synchronize`](super::Gpu::synchronize).
    pub fn launch(&self) -> Result<()> {
        match &self.0 {
            Captured::Device(graph) => checked("launch a graph", graph.launch()),
            Captured::Emulated(commands) => {
                commands.iter().for_each(emulator::run);
                Ok(())
            }
        }
    }

    /// How many launches, copies and fillings it is.
    pub(crate) fn nodes(&self) -> Result<usize> {
        match &self.0 {
            Captured::Device(graph) => {
                let mut count = 0;
                // SAFETY: the graph is there, and without a place for nodes only their number is written.
                let said = unsafe { sys::cuGraphGetNodes(graph.cu_graph(), std::ptr::null_mut(), &mut count) };
                checked("count launches", said.result()).map(|()| count)
            }
            Captured::Emulated(commands) => Ok(commands.len()),
        }
    }
}

impl Gpu {
    /// What `launches` launches, as one graph. Nothing of it is run.
    ///
    /// # Errors
    /// What `launches` returns, and what cannot be captured.
    pub fn capture(&self, launches: impl FnOnce() -> Result<()>) -> Result<Graph> {
        let device = match self.backend() {
            Backend::Device(device) => device,
            Backend::Emulated(emulator) => {
                emulator.begin_capture();
                let launched = launches();
                let commands = emulator.end_capture();
                return launched.map(|()| Graph(Captured::Emulated(commands)));
            }
        };
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        checked("begin a capture", device.stream().begin_capture(mode))?;
        let launched = launches();
        let graph = device.stream().end_capture(sys::CUgraphInstantiate_flags(0));
        launched?;
        let graph = checked("end a capture", graph)?.map(|graph| Graph(Captured::Device(graph)));
        graph.ok_or_else(|| Error::Cuda { what: "end a capture", text: "nothing was captured".to_owned() })
    }
}
