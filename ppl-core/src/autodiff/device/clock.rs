//! A clock that is set going to see what an evaluation takes, part by part.

use std::time::Instant;

use crate::autodiff::profile::Part;
use crate::cuda::{Gpu, Graph, Mark};
use crate::error::Result;

/// What passes between host and device, while somebody looks.
#[derive(Default)]
pub(super) struct Clock(Option<Running>);

struct Running {
    since: Instant,
    parts: Vec<Part>,
    /// Around what the device works on, and how many launches that is.
    marks: Option<([Mark; 2], usize)>,
}

impl Clock {
    /// Sets it going.
    pub(super) fn start(&mut self) {
        self.0 = Some(Running { since: Instant::now(), parts: vec![], marks: None });
    }

    /// What passed, until here.
    pub(super) fn stop(&mut self) -> Vec<Part> {
        self.0.take().map_or_else(Vec::new, |running| running.parts)
    }

    /// Ends a part of the host's.
    pub(super) fn lap(&mut self, stage: usize, what: &'static str) -> Result<()> {
        let Some(running) = &mut self.0 else { return Ok(()) };
        let host = running.since.elapsed();
        let (mut device, mut launches) = (None, 0);
        if let Some(([from, to], nodes)) = running.marks.take_if(|_| what == WAIT) {
            (device, launches) = (Some(from.until(&to)?), nodes);
        }
        running.parts.push(Part { stage, what, host, device, launches });
        running.since = Instant::now();
        Ok(())
    }

    /// Launches a graph, between two marks.
    pub(super) fn launch(&mut self, gpu: &Gpu, graph: &Graph) -> Result<()> {
        let Some(running) = &mut self.0 else { return graph.launch() };
        let from = gpu.mark()?;
        graph.launch()?;
        running.marks = Some(([from, gpu.mark()?], graph.nodes()?));
        Ok(())
    }
}

/// The part in which the host waits for the device.
pub(super) const WAIT: &str = "waits for the device";
