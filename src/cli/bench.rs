//! bench: the time of one gradient.

use std::time::Instant;

use arclet::bench_model::sersic;

use super::args::{BenchArguments, BenchName};
use super::failure::Result;
use super::report;

/// Calls before the clock starts: threads awake, buffers there, clock speed settled.
const WARM_UP: usize = 10;
/// Timed calls at least, and seconds at least.
const CALLS: usize = 50;
const SECONDS: f64 = 1.0;

/// Runs the command.
pub fn run(arguments: &BenchArguments) -> Result<()> {
    let (name, model) = match arguments.name {
        BenchName::Sersic => ("sersic", sersic()?),
    };
    let lanes = usize::from(arguments.lanes);
    let mut calls = model.calls(lanes);
    for _ in 0..WARM_UP {
        calls.evaluate()?;
    }
    let (mut times, begin) = (vec![], Instant::now());
    while times.len() < CALLS || begin.elapsed().as_secs_f64() < SECONDS {
        let start = Instant::now();
        calls.evaluate()?;
        times.push(1e3 * start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let at = |fraction: f64| times[((times.len() - 1) as f64 * fraction).round() as usize] / lanes as f64;
    let (median, threads) = (at(0.5), rayon::current_num_threads());
    if arguments.json {
        let line = serde_json::json!({
            "name": name, "ms_per_gradient": median, "lanes": lanes, "threads": threads, "device": "cpu",
        });
        return report::stdout(&format!("{line}\n"));
    }
    report::stdout(&format!(
        "{name}: {}\n{median:.3} ms per value and gradient (median of {} calls, 16-84 %: {:.3}-{:.3})\nlanes a call: {lanes}, threads: {threads}, device: cpu\n",
        model.describe(),
        times.len(),
        at(0.16),
        at(0.84),
    ))
}
