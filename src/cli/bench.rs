//! bench: the time of one gradient.

use std::time::Instant;

use arclet::bench_model::{decoder, paper, schools, sersic};

use super::args::{BenchArguments, BenchName};
use super::failure::{Failure, Result};
use super::{device, report};

/// Calls before the clock starts: threads awake, buffers there, clock speed settled.
const WARM_UP: usize = 10;
/// Timed calls at least, and seconds at least.
const CALLS: usize = 50;
const SECONDS: f64 = 1.0;
/// Seconds that a clock tells well.
const CLOCK: f64 = 100e-6;

/// Runs the command.
pub fn run(arguments: &BenchArguments) -> Result<()> {
    if arguments.weights.is_some() && arguments.name != BenchName::Paper {
        return Err(Failure::user("`--weights` goes with `arclet bench paper` alone"));
    }
    let (name, model) = match arguments.name {
        BenchName::Sersic => ("sersic", sersic()?),
        BenchName::Schools => ("schools", schools()?),
        BenchName::Decoder => ("decoder", decoder()?),
        BenchName::Paper => ("paper", paper(arguments.weights.as_deref())?),
    };
    let lanes = usize::from(arguments.lanes);
    let processor = device::open(arguments.device)?;
    let model = model.on(&processor)?;
    if arguments.explain {
        let explained = model.explain(lanes)?.map_or_else(|| "run as written\n".to_owned(), |e| e.to_string());
        return report::stdout(&format!("{name}: {}\ndevice: {}\n{explained}", model.describe(), processor.describe()));
    }
    let device = if arguments.json { processor.name().to_owned() } else { processor.describe() };
    let mut calls = model.calls(lanes);
    calls.warm_up()?;
    for _ in 0..WARM_UP {
        calls.evaluate()?;
    }
    let (mut times, begin) = (vec![], Instant::now());
    // What takes less than a clock can tell is timed many at once.
    let start = Instant::now();
    calls.evaluate()?;
    let together = (CLOCK / start.elapsed().as_secs_f64()).ceil().clamp(1.0, 1e4);
    while times.len() < CALLS || begin.elapsed().as_secs_f64() < SECONDS {
        let start = Instant::now();
        for _ in 0..together as usize {
            calls.evaluate()?;
        }
        times.push(1e3 * start.elapsed().as_secs_f64() / together);
    }
    times.sort_by(f64::total_cmp);
    let at = |fraction: f64| times[((times.len() - 1) as f64 * fraction).round() as usize] / lanes as f64;
    let (median, threads) = (at(0.5), rayon::current_num_threads());
    if arguments.json {
        let line = serde_json::json!({
            "name": name, "ms_per_gradient": median, "lanes": lanes, "threads": threads, "device": device,
        });
        return report::stdout(&format!("{line}\n"));
    }
    report::stdout(&format!(
        "{name}: {}\n{median:.6} ms per value and gradient (median of {} times, 16-84 %: {:.6}-{:.6})\nlanes a call: {lanes}, threads: {threads}, device: {device}\n",
        model.describe(),
        times.len(),
        at(0.16),
        at(0.84),
    ))
}
