//! What a fit shows on the terminal: one line a stage, then one line a chain; nothing where stderr is not a terminal.

use std::time::{Duration, Instant};

use arclet::fit::Watch;
use arclet::infer::driver::{DrawEvent, Observer};
use arclet::infer::mcmc::NutsSettings;
use arclet::infer::progress::ProgressBars;
use indicatif::{ProgressBar, ProgressStyle};

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

impl Watch for Terminal {
    fn stage(&mut self, name: &'static str) {
        self.end_stage();
        if name == "sampling" {
            self.bars = Some(ProgressBars::new(&self.settings));
            return;
        }
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}").map(|s| s.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✓"));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(name);
        bar.enable_steady_tick(Duration::from_millis(100));
        self.spinner = Some((bar, name, Instant::now()));
    }

    fn climb(&mut self, gradients: u64, logp: f64) {
        if let Some((bar, name, _)) = &self.spinner {
            bar.set_message(format!("{name}: {gradients} gradients, log density {logp:.1}"));
        }
    }
}

impl Observer for Terminal {
    fn on_round(&mut self, live: usize) {
        if let Some(bars) = &mut self.bars {
            bars.on_round(live);
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
