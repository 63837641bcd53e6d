//! The journal of several engines: a program that is ended anywhere goes on with the same numbers.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ppl_infer::map::{LaplaceSettings, MapSettings, laplace, maximise_with};
use ppl_infer::observer::{Observer, Round};
use ppl_infer::target::FnDensity;
use ppl_infer::{Executor, NutsSettings, Result, sample_around};

/// Sets a flag after so many rounds, as Ctrl-C might.
struct StopAfter<'a>(&'a AtomicBool, u64);

impl Observer for StopAfter<'_> {
    fn on_round(&mut self, _: &Round) {
        self.1 -= 1;
        self.0.store(self.1 == 0, Ordering::Relaxed);
    }
}

/// What a program of three steps comes to, and the gradients that it counts in all; `made` counts how often it made the second.
fn program(journal: Option<&Path>, stop_after: u64, made: &Cell<usize>) -> Result<(Vec<f64>, u64)> {
    // A curved ridge: many rounds in every step.
    let density = FnDensity::new(2, |x, g| {
        let bend = x[1] - x[0] * x[0];
        g.copy_from_slice(&[-x[0] + 8.0 * bend * x[0], -4.0 * bend]);
        -0.5 * x[0] * x[0] - 2.0 * bend * bend
    });
    let flag = AtomicBool::new(false);
    let mut executor = Executor::new().observe(StopAfter(&flag, stop_after)).stop(&flag);
    if let Some(folder) = journal {
        executor = executor.journal(folder, Duration::ZERO);
    }
    let best = maximise_with(&density, &[3.0, -2.0, -1.0, 4.0], &MapSettings::default(), &mut executor)?;
    let around = executor.once("curvature", |executor| {
        made.set(made.get() + 1);
        let around = laplace(&density, &best.position, &LaplaceSettings::default())?;
        executor.spend(around.gradient_count as u64);
        Ok(around)
    })?;
    let settings = NutsSettings { warmup: 30, draws: 40, chains: 2, seed: 3, ..NutsSettings::default() };
    let outcome = sample_around(&density, &around, &settings, &mut executor)?;
    let draws = outcome.samples.chains.iter().flat_map(|chain| chain.draws.clone()).collect();
    Ok((draws, executor.spent()))
}

#[test]
fn a_program_that_is_stopped_every_few_rounds_comes_to_the_same_numbers() {
    let made = Cell::new(0);
    let (draws, gradients) = program(None, u64::MAX, &made).unwrap();
    assert_eq!(draws.len(), 2 * 2 * 40);
    for every in [1, 7, 40] {
        let folder = tempfile::tempdir().unwrap();
        made.set(0);
        let mut ends = 0;
        let found = loop {
            // A stop in the first step is an error, one in the last leaves fewer draws.
            if let Ok(found) = program(Some(folder.path()), every, &made)
                && found.0.len() == draws.len()
            {
                break found;
            }
            ends += 1;
            assert!(ends < 20_000, "it does not come to an end");
        };
        assert!(ends > 2, "{ends} stops with one after {every} rounds");
        assert_eq!(found.1, gradients, "stopped after every {every} rounds");
        assert!(found.0 == draws, "stopped after every {every} rounds");
        assert_eq!(made.get(), 1, "what no engine makes is made once");
    }
}

#[test]
fn a_file_of_another_engine_in_a_journal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("00.step"), "arclet checkpoint 2 another\n").unwrap();
    let error = program(Some(folder.path()), u64::MAX, &Cell::new(0)).unwrap_err().to_string();
    assert!(error.contains("00.step is not a checkpoint of") && error.contains("start the run again"), "{error}");
}
