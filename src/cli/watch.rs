//! What a command shows while it works: on a terminal a line a stage or a chain, elsewhere a plain line every so often.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use arclet::infer::mcmc::NutsSettings;
use arclet::infer::observer::{DrawEvent, Observer, Phase, Round};
use arclet::infer::progress::ProgressBars;
use indicatif::{ProgressBar, ProgressStyle};

use super::log;

/// Time between two plain lines.
const EVERY: Duration = Duration::from_secs(10);

/// Shows the progress of one fit where it is wanted: on the terminal, as plain lines, in the log.
pub struct Watch {
    terminal: Option<Terminal>,
    lines: Lines,
}

impl Watch {
    /// For a run of these chains, warm-up transitions and draws.
    pub fn new(chains: usize, warmup: usize, draws: usize) -> Self {
        let (loud, looked_at) = (!log::is_quiet(), std::io::stderr().is_terminal());
        let terminal = (loud && looked_at).then(|| Terminal::new(chains, warmup, draws));
        Watch { terminal, lines: Lines::new(chains, warmup, draws, loud && !looked_at) }
    }
}

impl Observer for Watch {
    fn on_stage(&mut self, name: &'static str) {
        self.terminal.iter_mut().for_each(|terminal| terminal.on_stage(name));
        self.lines.on_stage(name);
    }

    fn on_round(&mut self, round: &Round) {
        self.terminal.iter_mut().for_each(|terminal| terminal.on_round(round));
        self.lines.on_round(round);
    }

    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        self.terminal.iter_mut().for_each(|terminal| terminal.on_draw(event));
        self.lines.on_draw(event);
    }
}

/// Says in plain lines how far a fit is: on stderr every so often, in the log at the end of each stage too.
struct Lines {
    said: bool,
    stage: Option<(&'static str, Instant)>,
    last: Instant,
    /// Transitions of each chain, and how many of all.
    done: Vec<usize>,
    warmup: usize,
    total: usize,
    divergent: Vec<u64>,
}

impl Lines {
    fn new(chains: usize, warmup: usize, draws: usize, said: bool) -> Self {
        let (done, divergent, total) = (vec![0; chains], vec![0; chains], chains * (warmup + draws));
        Lines { said, stage: None, last: Instant::now(), done, warmup, total, divergent }
    }

    fn end_stage(&mut self) {
        if let Some((name, since)) = self.stage.take() {
            log::line(&format!("{name}: {:.1} s", since.elapsed().as_secs_f64()));
        }
    }

    /// One line on where a stage is.
    fn text(&self, name: &str, seconds: f64, round: &Round) -> String {
        let (gradients, total) = (round.gradients, self.total);
        match self.done.iter().sum::<usize>() {
            0 => format!("{name}: {gradients} gradients, log density {:.1}, {seconds:.0} s", round.objective),
            done => {
                let divergent: u64 = self.divergent.iter().sum();
                format!(
                    "{name}: {done} of {total} transitions, {divergent} divergent, {gradients} gradients, {seconds:.0} s"
                )
            }
        }
    }
}

impl Observer for Lines {
    fn on_stage(&mut self, name: &'static str) {
        self.end_stage();
        self.stage = Some((name, Instant::now()));
    }

    fn on_round(&mut self, round: &Round) {
        if self.last.elapsed() < EVERY {
            return;
        }
        self.last = Instant::now();
        let Some((name, since)) = self.stage else { return };
        let line = self.text(name, since.elapsed().as_secs_f64(), round);
        log::line(&line);
        if self.said {
            eprintln!("{line}");
        }
    }

    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        let before = if event.phase == Phase::Sampling { self.warmup } else { 0 };
        if let (Some(done), Some(divergent)) = (self.done.get_mut(event.chain), self.divergent.get_mut(event.chain)) {
            (*done, *divergent) = (before + event.iteration + 1, event.divergences);
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.end_stage();
    }
}

/// A spinner, and what stands in its place at the end.
const TICKS: &str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✓";

/// Shows the progress of one fit on a terminal.
struct Terminal {
    settings: NutsSettings,
    spinner: Option<(ProgressBar, &'static str, Instant)>,
    bars: Option<ProgressBars>,
}

impl Terminal {
    fn new(chains: usize, warmup: usize, draws: usize) -> Self {
        let settings = NutsSettings { chains, warmup, draws, ..NutsSettings::default() };
        Terminal { settings, spinner: None, bars: None }
    }

    fn end_stage(&mut self) {
        self.bars = None;
        if let Some((bar, name, since)) = self.spinner.take() {
            bar.finish_with_message(format!("{name}: {:.1} s", since.elapsed().as_secs_f64()));
        }
    }
}

impl Observer for Terminal {
    fn on_stage(&mut self, name: &'static str) {
        self.end_stage();
        if name == "sampling" {
            self.bars = Some(ProgressBars::new(&self.settings));
            return;
        }
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}").map(|s| s.tick_chars(TICKS));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(name);
        bar.enable_steady_tick(Duration::from_millis(100));
        self.spinner = Some((bar, name, Instant::now()));
    }

    fn on_round(&mut self, round: &Round) {
        if let Some(bars) = &mut self.bars {
            bars.on_round(round);
        }
        if let Some((bar, name, _)) = &self.spinner {
            bar.set_message(format!("{name}: {} gradients, log density {:.1}", round.gradients, round.objective));
        }
    }

    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        if let Some(bars) = &mut self.bars {
            bars.on_draw(event);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.end_stage();
    }
}

/// Counts on one line how much of something is done; nothing where stderr is not a terminal.
pub struct Counter {
    bar: ProgressBar,
    name: &'static str,
    since: Instant,
}

impl Counter {
    /// Counts up to `total`.
    pub fn new(name: &'static str, total: usize) -> Self {
        let bar = ProgressBar::new(total as u64);
        let style = ProgressStyle::with_template("{spinner} {msg} [{bar:24}] {human_pos} of {human_len}, {eta} left");
        bar.set_style(
            style.map_or_else(|_| ProgressStyle::default_bar(), |s| s.tick_chars(TICKS).progress_chars("━━╌")),
        );
        bar.set_message(name);
        bar.enable_steady_tick(Duration::from_millis(100));
        Counter { bar, name, since: Instant::now() }
    }

    /// This many are done.
    pub fn set(&self, done: usize) {
        self.bar.set_position(done as u64);
    }

    /// One more is done.
    pub fn add(&self) {
        self.bar.inc(1);
    }

    /// All are done.
    pub fn finish(self) {
        let style = ProgressStyle::with_template("{spinner} {msg}").map(|s| s.tick_chars(TICKS));
        self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        self.bar.finish_with_message(format!("{}: {:.1} s", self.name, self.since.elapsed().as_secs_f64()));
    }
}

/// Shows the steps of one epoch of a training.
pub struct Steps {
    bar: ProgressBar,
    batch: usize,
    since: Instant,
    done: u64,
    /// A running mean of the ELBO an image.
    elbo: Option<f64>,
}

impl Steps {
    /// For this epoch, counted from 1, which has so many steps left.
    pub fn new(epoch: usize, batch: usize, steps: u64) -> Self {
        let bar = ProgressBar::new(steps);
        let style = ProgressStyle::with_template("{spinner} epoch {prefix} [{bar:24}] {pos} of {len}, {eta} left{msg}");
        bar.set_style(
            style.map_or_else(|_| ProgressStyle::default_bar(), |s| s.tick_chars(TICKS).progress_chars("━━╌")),
        );
        bar.set_prefix(epoch.to_string());
        bar.enable_steady_tick(Duration::from_millis(100));
        Steps { bar, batch, since: Instant::now(), done: 0, elbo: None }
    }
}

impl Observer for Steps {
    fn on_round(&mut self, round: &Round) {
        self.done += 1;
        let elbo = self.elbo.map_or(round.objective, |mean| mean + 0.05 * (round.objective - mean));
        self.elbo = Some(elbo);
        let speed = (self.done * self.batch as u64) as f64 / self.since.elapsed().as_secs_f64();
        self.bar.set_message(format!("; ELBO {elbo:.1} an image, {speed:.0} images/s"));
        self.bar.set_position(self.done);
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_tells_the_search_from_the_sampling() {
        let mut lines = Lines::new(4, 30, 70, false);
        let round = Round { solver: "NUTS", lanes: 4, gradients: 1234, objective: -56.78 };
        assert_eq!(lines.text("search", 12.3, &round), "search: 1234 gradients, log density -56.8, 12 s");
        let stats = Default::default();
        let phase = Phase::Sampling;
        // A fit that was resumed begins in the middle.
        lines.on_draw(&DrawEvent { chain: 0, phase, iteration: 9, position: &[], stats: &stats, divergences: 2 });
        let line = lines.text("sampling", 30.0, &round);
        assert_eq!(line, "sampling: 40 of 400 transitions, 2 divergent, 1234 gradients, 30 s");
    }
}
