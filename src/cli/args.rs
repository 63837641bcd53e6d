//! The arguments of every command, and what `--help` says of them.

mod bench;
mod exchange;
mod fit;
mod galaxies;
mod inspect;
mod sensitivity;
mod simulate;
mod train;

pub use bench::{BenchArguments, BenchName, SelftestArguments};
pub use exchange::{ExportArguments, ImportArguments};
pub use fit::{FitArguments, MethodName};
pub use galaxies::GalaxiesArguments;
pub use inspect::{PriorsArguments, TraceArguments};
pub use sensitivity::SensitivityArguments;
pub use simulate::{DemoArguments, SimulateArguments};
pub use train::TrainArguments;

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

const FIRST_STEPS: &str = "\
First steps:
  arclet demo                                   simulate a lens, fit it, compare with the truth
  arclet simulate mock.json --out mock          make an image of a lens of your own
  arclet fit mock/system.json --out result      fit it: pictures, numbers and draws in `result`
  arclet galaxies --simulate 500 --out galaxies make galaxies that a neural source can learn from

A system is one JSON file: the data (image, noise, PSF), the components, and priors where the defaults do not suit:
  {
    \"data\":   { \"image\": \"image.fits\", \"noise\": \"noise.fits\", \"psf\": \"psf.fits\", \"pixel_scale\": 0.05 },
    \"lens\":   [ { \"name\": \"lens\", \"profile\": \"epl\" }, { \"name\": \"shear\", \"profile\": \"shear\" } ],
    \"light\":  [ { \"name\": \"light\", \"profile\": \"sersic\" } ],
    \"source\": [ { \"name\": \"source\", \"profile\": \"sersic\" } ],
    \"priors\": { \"lens.theta_E\": { \"log_normal\": { \"loc\": 0.3, \"scale\": 0.2 } } }
  }

Exit code: 0 done, 2 a mistake in what was given (one line says which), 1 a failure of arclet.";

/// Strong gravitational lenses: simulate them, fit them, trace rays through them, make galaxies to learn sources from.
#[derive(Debug, Parser)]
#[command(name = "arclet", version, after_help = FIRST_STEPS, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Threads to use [default: all cores]; results do not depend on it
    #[arg(long, global = true, value_name = "N", display_order = 100)]
    pub threads: Option<NonZero<u16>>,
    /// Show neither progress nor the report; warnings and errors are still said
    #[arg(long, global = true, display_order = 101)]
    pub quiet: bool,
    /// Add what is said, and how far a fit is, to this file, each line with its time
    #[arg(long, global = true, value_name = "FILE", display_order = 102)]
    pub log: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(DemoArguments),
    Simulate(SimulateArguments),
    Fit(FitArguments),
    Sensitivity(SensitivityArguments),
    Galaxies(GalaxiesArguments),
    TrainSource(TrainArguments),
    Trace(TraceArguments),
    Priors(PriorsArguments),
    Import(ImportArguments),
    Export(ExportArguments),
    Bench(BenchArguments),
    Selftest(SelftestArguments),
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum DeviceName {
    /// All cores of this machine
    #[default]
    Cpu,
    /// An NVIDIA GPU
    Cuda,
    /// A GPU where there is one
    Auto,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn threads_are_told_before_or_after_the_command() {
        for line in [["arclet", "--threads", "3", "demo"], ["arclet", "demo", "--threads", "3"]] {
            let parsed = Arguments::try_parse_from(line).map(|a| a.threads.map(u16::from));
            assert!(matches!(parsed, Ok(Some(3))), "{line:?}");
        }
        assert!(Arguments::try_parse_from(["arclet", "--threads", "0", "demo"]).is_err());
    }
}
