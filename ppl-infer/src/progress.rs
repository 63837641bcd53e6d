//! Progress of a run on the terminal: one line a chain; silent where stderr is not a terminal.

use crate::mcmc::SamplerSettings;
use crate::observer::{DrawEvent, Observer, Phase, Round};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Time between two updates of the terminal: at most 10 a second.
const REFRESH: Duration = Duration::from_millis(100);
/// Chains beyond this share one line, so that the lines fit on a screen.
const MOST_LINES: usize = 16;
/// Width of a bar in characters; the whole line then fits into 80.
const WIDTH: u64 = 10;

/// An observer that shows how far each chain is, its phase, step size, divergences and remaining time, and the gradients a second.
///
/// ```
/// use ppl_infer::{Executor, NutsSettings, progress::ProgressBars};
/// let settings = NutsSettings::default();
/// let executor = Executor::new().observe(ProgressBars::new(&settings));
/// ```
#[derive(Debug)]
pub struct ProgressBars {
    /// None where nobody looks: then an event costs one comparison.
    terminal: Option<ProgressBar>,
    run: RunState,
    shown: Instant,
    /// Rounds between two looks at the clock, which would cost as much as a gradient of a small model.
    stride: u32,
    until_look: u32,
    looked: Instant,
}

/// What is known of the run, apart from the clock.
#[derive(Debug, Clone)]
struct RunState {
    started: Instant,
    warmup: usize,
    draws: usize,
    gradients: u64,
    chains: Vec<ChainState>,
}

/// What is known of one chain.
#[derive(Debug, Clone, Default)]
struct ChainState {
    /// Transitions that were done before this run was resumed.
    skipped: usize,
    done: usize,
    sampling: bool,
    step_size: f64,
    divergences: u64,
}

impl ProgressBars {
    /// Lines on stderr, or nothing at all where stderr is not a terminal (or the terminal is dumb).
    pub fn new<K>(settings: &SamplerSettings<K>) -> ProgressBars {
        // Twice our own rate, so that the terminal's limit never swallows an update of ours.
        Self::on(settings, ProgressDrawTarget::stderr_with_hz(20))
    }

    fn on<K>(settings: &SamplerSettings<K>, target: ProgressDrawTarget) -> ProgressBars {
        let terminal = (!target.is_hidden()).then(|| {
            // The message is all there is: one redraw shows all chains at the same moment.
            let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::with_draw_target(None, target).with_style(style)
        });
        let now = Instant::now();
        let run = RunState {
            started: now,
            warmup: settings.warmup,
            draws: settings.draws,
            gradients: 0,
            chains: vec![ChainState::default(); settings.chains],
        };
        ProgressBars { terminal, run, shown: now, stride: 1, until_look: 1, looked: now }
    }

    fn show(&mut self, now: Instant) {
        if let Some(terminal) = &self.terminal {
            terminal.set_message(self.run.text(now));
            self.shown = now;
        }
    }
}

impl Observer for ProgressBars {
    fn on_round(&mut self, round: &Round) {
        if self.terminal.is_none() {
            return;
        }
        self.run.gradients += round.lanes as u64;
        self.until_look -= 1;
        if self.until_look > 0 {
            return;
        }
        let now = Instant::now();
        let since = now - self.looked;
        // A look every 5 to 20 milliseconds is often enough; slow models get one every round.
        if since < REFRESH / 20 {
            self.stride = (self.stride * 2).min(1 << 16);
        } else if since > REFRESH / 5 {
            self.stride = (self.stride / 2).max(1);
        }
        self.until_look = self.stride;
        self.looked = now;
        if now - self.shown >= REFRESH {
            self.show(now);
        }
    }

    fn on_draw(&mut self, event: &DrawEvent<'_>) {
        if self.terminal.is_some() {
            self.run.take(event);
        }
    }
}

/// The last state stays on the terminal.
impl Drop for ProgressBars {
    fn drop(&mut self) {
        self.show(Instant::now());
        if let Some(terminal) = &self.terminal {
            terminal.abandon();
        }
    }
}

impl RunState {
    fn take(&mut self, event: &DrawEvent<'_>) {
        let sampling = event.phase == Phase::Sampling;
        let before = event.iteration + if sampling { self.warmup } else { 0 };
        let Some(chain) = self.chains.get_mut(event.chain) else { return };
        if chain.done == 0 {
            chain.skipped = before;
        }
        *chain = ChainState {
            skipped: chain.skipped,
            done: before + 1,
            sampling,
            step_size: event.stats.step_size,
            divergences: event.divergences,
        };
    }

    /// All lines.
    fn text(&self, now: Instant) -> String {
        let elapsed = now - self.started;
        let total = self.warmup + self.draws;
        let mut text = String::new();
        if self.chains.len() <= MOST_LINES {
            for (index, chain) in self.chains.iter().enumerate() {
                text += &line(&format!("chain {}", index + 1), std::slice::from_ref(chain), total, elapsed);
            }
        } else {
            text += &line(&format!("{} chains", self.chains.len()), &self.chains, total, elapsed);
        }
        let rate = self.gradients as f64 / elapsed.as_secs_f64().max(1e-3);
        // Writing to a String cannot fail.
        let _ = write!(text, "{rate:.0} gradients/s, {:#}", HumanDuration(elapsed));
        text
    }
}

/// One line for the chains that share it, each of `total` transitions.
fn line(label: &str, chains: &[ChainState], total: usize, elapsed: Duration) -> String {
    let sum = |count: fn(&ChainState) -> usize| chains.iter().map(count).sum::<usize>();
    let (all, done, skipped) = (total * chains.len(), sum(|chain| chain.done), sum(|chain| chain.skipped));
    let phase = match chains.iter().filter(|chain| chain.sampling).count() {
        _ if done >= all => "done",
        0 => "warm-up",
        n if n == chains.len() => "sampling",
        _ => "mixed",
    };
    let step = chains.iter().map(|chain| chain.step_size).sum::<f64>() / chains.len() as f64;
    let divergences: u64 = chains.iter().map(|chain| chain.divergences).sum();
    let filled = (WIDTH * done as u64).checked_div(all as u64).unwrap_or(WIDTH).min(WIDTH);
    let bar: String = (0..WIDTH).map(|i| if i < filled { '█' } else { '░' }).collect();
    let remaining = if done >= all || done == skipped {
        String::new()
    } else {
        let left = elapsed.mul_f64((all - done) as f64 / (done - skipped) as f64);
        format!("  ETA {:#}", HumanDuration(left))
    };
    let digits = all.to_string().len();
    format!("{label}  {bar}  {done:digits$}/{all}  {phase:8}  step {step:.2e}  {divergences} divergent{remaining}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcmc::{DrawStats, NutsSettings};
    use std::io;
    use std::sync::{Arc, Mutex};

    /// A terminal that remembers what was flushed to it.
    #[derive(Debug, Clone, Default)]
    struct Recorder {
        flushes: Arc<Mutex<usize>>,
        text: Arc<Mutex<String>>,
    }

    impl indicatif::TermLike for Recorder {
        fn width(&self) -> u16 {
            120
        }
        fn height(&self) -> u16 {
            40
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, s: &str) -> io::Result<()> {
            self.write_str(s)?;
            self.write_str("\n")
        }
        fn write_str(&self, s: &str) -> io::Result<()> {
            *self.text.lock().unwrap() += s;
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            *self.flushes.lock().unwrap() += 1;
            Ok(())
        }
    }

    fn settings(chains: usize) -> NutsSettings {
        NutsSettings { chains, warmup: 50, draws: 150, ..NutsSettings::default() }
    }

    fn event(chain: usize, phase: Phase, iteration: usize, stats: &DrawStats) -> DrawEvent<'_> {
        DrawEvent { chain, phase, iteration, position: &[], stats, divergences: 3 }
    }

    fn bars(chains: usize) -> (ProgressBars, Recorder) {
        let recorder = Recorder::default();
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(recorder.clone()), 20);
        (ProgressBars::on(&settings(chains), target), recorder)
    }

    #[test]
    fn each_chain_tells_where_it_is() {
        let (mut progress, _) = bars(2);
        let stats = DrawStats { step_size: 0.25, ..DrawStats::default() };
        for iteration in 0..20 {
            progress.on_draw(&event(0, Phase::Warmup, iteration, &stats));
        }
        for iteration in 0..150 {
            progress.on_draw(&event(1, Phase::Sampling, iteration, &stats));
        }
        let now = progress.run.started + Duration::from_secs(2);
        progress.run.gradients = 1000;
        let text = progress.run.text(now);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "chain 1  █░░░░░░░░░   20/200  warm-up   step 2.50e-1  3 divergent  ETA 18s");
        assert_eq!(lines[1], "chain 2  ██████████  200/200  done      step 2.50e-1  3 divergent");
        assert_eq!(lines[2], "500 gradients/s, 2s");
    }

    #[test]
    fn a_resumed_run_counts_its_own_time_only() {
        let (mut progress, _) = bars(1);
        let stats = DrawStats::default();
        for iteration in 50..100 {
            progress.on_draw(&event(0, Phase::Sampling, iteration, &stats));
        }
        // 150 of 200 are done, 50 to go; the first event tells that 100 were done before, so 50 took 5 s.
        let text = progress.run.text(progress.run.started + Duration::from_secs(5));
        assert!(text.contains("150/200  sampling") && text.contains("ETA 5s"), "{text}");
    }

    #[test]
    fn many_chains_share_a_line() {
        let (progress, _) = bars(100);
        let text = progress.run.text(progress.run.started);
        assert_eq!(text.lines().count(), 2);
        assert!(text.starts_with("100 chains") && text.contains("0/20000"));
    }

    #[test]
    fn the_terminal_is_updated_ten_times_a_second_at_most_and_at_the_end() {
        let (mut progress, recorder) = bars(4);
        let begin = Instant::now();
        let mut rounds = 0_u64;
        let round = Round { solver: "NUTS", lanes: 4, gradients: 4, objective: 0.0 };
        while begin.elapsed() < Duration::from_millis(350) {
            progress.on_round(&round);
            rounds += 1;
        }
        assert_eq!(progress.run.gradients, 4 * rounds);
        let allowed = (begin.elapsed().as_millis() / 100) as usize;
        let during = *recorder.flushes.lock().unwrap();
        assert!((1..=allowed).contains(&during), "{during} updates where {allowed} are allowed");
        drop(progress);
        assert!(*recorder.flushes.lock().unwrap() > during);
        assert!(recorder.text.lock().unwrap().contains("chain 4"));
    }

    #[test]
    fn nobody_looking_means_nothing_done() {
        let mut progress = ProgressBars::on(&settings(1), ProgressDrawTarget::hidden());
        progress.on_round(&Round { solver: "NUTS", lanes: 1, gradients: 1, objective: 0.0 });
        progress.on_draw(&event(0, Phase::Warmup, 0, &DrawStats::default()));
        assert!(progress.terminal.is_none());
        assert_eq!(progress.run.gradients, 0);
    }
}
