//! What a command shows on the terminal while it works: a line a stage or a chain; nothing where stderr is not a terminal.

use std::time::{Duration, Instant};

use arclet::infer::mcmc::NutsSettings;
use arclet::infer::observer::{DrawEvent, Observer, Round};
use arclet::infer::progress::ProgressBars;
use indicatif::{ProgressBar, ProgressStyle};

/// A spinner, and what stands in its place at the end.
const TICKS: &str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✓";

/// Shows the progress of one fit.
pub struct Terminal {
    settings: NutsSettings,
    spinner: Option<(ProgressBar, &'static str, Instant)>,
    bars: Option<ProgressBars>,
}

impl Terminal {
    /// For a run of these chains, warm-up transitions and draws.
    pub fn new(chains: usize, warmup: usize, draws: usize) -> Self {
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
