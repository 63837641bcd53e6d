//! The clock of a fit.

use std::time::{Duration, Instant};

use ppl_infer::Executor;

/// Seconds of each stage, those in earlier processes too.
pub(super) struct Clock {
    pub seconds: Vec<(&'static str, f64)>,
    told: Duration,
    since: Instant,
}

impl Clock {
    pub fn new() -> Self {
        Clock { seconds: vec![], told: Duration::ZERO, since: Instant::now() }
    }

    pub fn lap(&mut self, stage: &'static str, executor: &Executor<'_>) {
        let earlier = executor.earlier() - self.told;
        self.seconds.push((stage, (earlier + self.since.elapsed()).as_secs_f64()));
        (self.told, self.since) = (executor.earlier(), Instant::now());
    }
}
