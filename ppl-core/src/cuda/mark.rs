//! Marks: points in what is launched, to wait for and to tell the time of the device between them.

use std::time::{Duration, Instant};

use cudarc::driver::{CudaEvent, sys};

use super::driver::checked;
use super::gpu::{Backend, Gpu};
use crate::error::Result;

/// A point in what is launched.
pub(crate) struct Mark(Kind);

enum Kind {
    Device(CudaEvent),
    Emulated(Instant),
}

/// Launches are timed so many times in a row.
const REPEATS: u32 = 16;

impl Gpu {
    /// The point after all that was launched so far, and the time there.
    pub(crate) fn mark(&self) -> Result<Mark> {
        self.mark_with(sys::CUevent_flags::CU_EVENT_DEFAULT)
    }

    /// The same without the time, to be waited for.
    pub(crate) fn milestone(&self) -> Result<Mark> {
        self.mark_with(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)
    }

    fn mark_with(&self, flags: sys::CUevent_flags) -> Result<Mark> {
        Ok(Mark(match self.backend() {
            Backend::Device(device) => {
                Kind::Device(checked("mark what was launched", device.stream().record_event(Some(flags)))?)
            }
            Backend::Emulated(_) => Kind::Emulated(Instant::now()),
        }))
    }

    /// What the device takes for some launches, the mean of many in a row, and how many there are.
    pub(crate) fn time(&self, launches: impl Fn() -> Result<()>) -> Result<(Duration, usize)> {
        let graph = self.capture(|| (0..REPEATS).try_for_each(|_| launches()))?;
        // While the first runs the second is launched: what the host takes for it is not counted.
        graph.launch()?;
        let begin = self.mark()?;
        graph.launch()?;
        let end = self.mark()?;
        self.synchronize()?;
        Ok((begin.until(&end)? / REPEATS, graph.nodes()? / REPEATS as usize))
    }
}

impl Mark {
    /// Launches one more mark here, in the place of the one before.
    pub(crate) fn renew(&self, gpu: &Gpu) -> Result<()> {
        match (&self.0, gpu.backend()) {
            (Kind::Device(event), Backend::Device(device)) => {
                checked("mark what was launched", event.record(device.stream()))
            }
            _ => Ok(()),
        }
    }

    /// Waits until the device has come here.
    pub(crate) fn wait(&self) -> Result<()> {
        match &self.0 {
            Kind::Device(event) => checked("run kernels", event.synchronize()),
            Kind::Emulated(_) => Ok(()),
        }
    }

    /// The time of the device from here to a later one, which it has reached.
    pub(crate) fn until(&self, later: &Mark) -> Result<Duration> {
        match (&self.0, &later.0) {
            (Kind::Device(from), Kind::Device(to)) => {
                let milliseconds = checked("read a time", from.elapsed_ms(to))?;
                Ok(Duration::from_secs_f64(1e-3 * f64::from(milliseconds.max(0.0))))
            }
            (Kind::Emulated(from), Kind::Emulated(to)) => Ok(to.duration_since(*from)),
            _ => Ok(Duration::ZERO),
        }
    }
}
