//! Explanation: the operations of a density and their times, as a table.

use std::fmt;
use std::time::Duration;

use crate::autodiff::{Profile, StepProfile};

/// The operations of a density in order, and of one on a GPU what host and device do of a call: what `explain` prints.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// How many lanes were evaluated together.
    pub lanes: usize,
    /// What they take.
    pub profile: Profile,
}

fn micros(time: Duration) -> f64 {
    1e6 * time.as_secs_f64()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = &self.profile.steps;
        writeln!(
            f,
            "{:>4}  {:<20} {:<24} {:>12} {:>11} {:>11}",
            "", "operation", "[lanes] + shape", "bytes", "value us", "vjp us"
        )?;
        for (i, step) in steps.iter().enumerate() {
            let shape = format!("[{}] {}", step.shape.lanes, step.shape.dims);
            let (value, vjp) = (micros(step.value), micros(step.vjp));
            let device = step.launches.map_or_else(String::new, |[v, b]| format!("  device, {v} + {b} launches"));
            writeln!(f, "{i:>4}  {:<20} {shape:<24} {:>12} {value:>11.2} {vjp:>11.2}{device}", step.name, step.bytes)?;
        }
        let mut all = |what: &str, which: fn(&&StepProfile) -> bool| {
            let of = |time: fn(&StepProfile) -> Duration| micros(steps.iter().filter(which).map(time).sum());
            let (value, vjp) = (of(|s| s.value), of(|s| s.vjp));
            let bytes: usize = steps.iter().filter(which).map(|s| s.bytes).sum();
            writeln!(f, "{:>4}  {what:<20} {:<24} {bytes:>12} {value:>11.2} {vjp:>11.2}", "", "")
        };
        if self.profile.parts.is_empty() {
            return all("all", |_| true);
        }
        all("all on the host", |step| step.launches.is_none())?;
        all("all on the device", |step| step.launches.is_some())?;
        self.parts(f)
    }
}

impl Explanation {
    /// What host and device do of a call, in its order.
    fn parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>5}  {:<28} {:>11} {:>11} {:>9}", "stage", "the host", "host us", "device us", "launches")?;
        for part in &self.profile.parts {
            let device =
                part.device.map_or_else(String::new, |time| format!(" {:>11.2} {:>9}", micros(time), part.launches));
            writeln!(f, "{:>5}  {:<28} {:>11.2}{device}", part.stage, part.what, micros(part.host))?;
        }
        let host: Duration = self.profile.parts.iter().map(|part| part.host).sum();
        let device: Duration = self.profile.parts.iter().filter_map(|part| part.device).sum();
        writeln!(f, "{:>5}  {:<28} {:>11.2} {:>11.2}", "", "the call", micros(host), micros(device))
    }
}
