//! The command line: arguments in, one command run on one pool of threads, an exit code out.

mod args;
mod basins;
mod bench;
mod best;
mod demo;
mod device;
mod export;
mod failure;
mod fit;
mod folder;
mod galaxies;
mod gallery;
mod import;
mod label;
mod log;
mod manifest;
mod output;
mod picture;
mod pretty;
mod priors;
mod report;
mod selftest;
mod sensitivity;
mod simulate;
mod source_card;
mod source_sheet;
mod stop;
mod summary;
mod task;
mod trace;
mod train;
mod warning;
mod watch;

use std::panic::catch_unwind;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use failure::{Failure, Result};

/// Runs the command that the program was called with: 0 if it did what was asked, 2 for the user's mistake, 1 for ours.
pub fn main() -> ExitCode {
    failure::quiet_panics();
    warning::install();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return failure::of_arguments(&error),
    };
    match catch_unwind(|| run(arguments)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => failure.exit(),
        Err(_) => Failure::panicked().exit(),
    }
}

/// One pool for everything, so that `--threads` holds for all of a command.
fn run(arguments: Arguments) -> Result<()> {
    let file = arguments.log.as_deref();
    log::set(arguments.quiet, file).map_err(|e| Failure::io("write", file.unwrap_or(Path::new("the log")), &e))?;
    let threads = arguments.threads.map_or(0, |n| usize::from(n.get()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Failure::ours)?;
    pool.install(|| match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Sensitivity(arguments) => sensitivity::run(&arguments),
        Command::Galaxies(arguments) => galaxies::run(&arguments),
        Command::TrainSource(arguments) => train::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Priors(arguments) => priors::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Selftest(arguments) => selftest::run(&arguments),
    })
}
