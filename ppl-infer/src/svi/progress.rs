//! Progress of SVI on the terminal: one line; silent where stderr is not a terminal.

use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::settings::SviSettings;
use crate::observer::{Observer, Round};

/// Time between two updates of the terminal: at most 10 a second.
const REFRESH: Duration = Duration::from_millis(100);

/// An observer that shows how many steps are taken, the mean loss since it last looked, steps a second and the remaining time.
#[derive(Debug)]
pub struct LossLine {
    /// None where nobody looks.
    terminal: Option<ProgressBar>,
    steps: u64,
    taken: u64,
    /// Sum and number of the losses since the line was last written.
    losses: (f64, u64),
    started: Instant,
    shown: Instant,
}

impl LossLine {
    /// A line on stderr for a run that has taken so many steps already.
    pub fn new(settings: &SviSettings, taken: u64) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(20);
        let terminal = (!target.is_hidden()).then(|| {
            let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::with_draw_target(None, target).with_style(style)
        });
        let now = Instant::now();
        LossLine { terminal, steps: settings.steps, taken, losses: (0.0, 0), started: now, shown: now }
    }

    fn text(&self, done: u64, since: Duration) -> String {
        let (sum, n) = self.losses;
        let pace = done as f64 / since.as_secs_f64().max(1e-9);
        let left = Duration::from_secs_f64((self.steps.saturating_sub(self.taken) as f64 / pace.max(1e-9)).min(1e9));
        let (taken, steps, loss) = (self.taken, self.steps, sum / n.max(1) as f64);
        format!("SVI  {taken} / {steps} steps  loss {loss:.4}  {pace:.1} steps/s  {} left", HumanDuration(left))
    }
}

impl Observer for LossLine {
    fn on_round(&mut self, round: &Round) {
        self.taken += 1;
        self.losses = (self.losses.0 - round.objective, self.losses.1 + 1);
        let Some(terminal) = &self.terminal else { return };
        let now = Instant::now();
        if now - self.shown >= REFRESH {
            let done = round.gradients / round.lanes.max(1) as u64;
            terminal.set_message(self.text(done, now - self.started));
            (self.shown, self.losses) = (now, (0.0, 0));
        }
    }
}

/// The last state stays on the terminal.
impl Drop for LossLine {
    fn drop(&mut self) {
        if let Some(terminal) = &self.terminal {
            terminal.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_the_mean_loss_the_pace_and_what_is_left() {
        let mut line = LossLine::new(&SviSettings { steps: 1000, ..Default::default() }, 100);
        for loss in [3.0, 4.0] {
            line.on_round(&Round { solver: "SVI", lanes: 1, gradients: 2, objective: -loss });
        }
        let text = line.text(2, Duration::from_millis(100));
        assert_eq!(text, "SVI  102 / 1000 steps  loss 3.5000  20.0 steps/s  45 seconds left");
    }
}
