//! The arguments of every command, and what `--help` says of them.

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

const FIRST_STEPS: &str = "\
First steps:
  arclet demo                                   simulate a lens, fit it, compare with the truth
  arclet simulate mock.json --out mock          make an image of a lens of your own
  arclet fit mock/system.json --out result      fit it: pictures, numbers and draws in `result`

A system is one JSON file: the data (image, noise, PSF), the components, and priors where the defaults do not suit:
  {
    \"data\":   { \"image\": \"image.fits\", \"noise\": \"noise.fits\", \"psf\": \"psf.fits\", \"pixel_scale\": 0.05 },
    \"lens\":   [ { \"name\": \"lens\", \"profile\": \"epl\" }, { \"name\": \"shear\", \"profile\": \"shear\" } ],
    \"light\":  [ { \"name\": \"light\", \"profile\": \"sersic\" } ],
    \"source\": [ { \"name\": \"source\", \"profile\": \"sersic\" } ],
    \"priors\": { \"lens.theta_E\": { \"log_normal\": { \"loc\": 0.3, \"scale\": 0.2 } } }
  }

Exit code: 0 done, 2 a mistake in what was given (one line says which), 1 a failure of arclet.";

/// Strong gravitational lenses: simulate them, fit them, trace rays through them.
#[derive(Debug, Parser)]
#[command(name = "arclet", version, after_help = FIRST_STEPS, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Threads to use [default: all cores]; results do not depend on it
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<NonZero<u16>>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(DemoArguments),
    Simulate(SimulateArguments),
    Fit(FitArguments),
    Trace(TraceArguments),
    Priors(PriorsArguments),
    Bench(BenchArguments),
}

/// Simulate a lens, fit it from scratch, and set the posterior beside the truth
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet demo --out my-first-lens\n\n\
    Writes what `arclet simulate` and `arclet fit` write; look at fit.png first.")]
pub struct DemoArguments {
    /// Folder to write; must not exist yet
    #[arg(long, value_name = "DIR", default_value = "arclet-demo")]
    pub out: PathBuf,
    /// Fixes every random number: noise and draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Replace the folder if it exists
    #[arg(long)]
    pub force: bool,
}

/// Make the image of a lens: parameters with a value are fixed, the others drawn from their priors
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet simulate mock.json --out mock --seed 7\n\n\
    where the data of mock.json say how large and how noisy the image is:\n  \
    \"data\": { \"size\": [100, 100], \"pixel_scale\": 0.05, \"background_rms\": 0.01, \"psf_fwhm\": 0.1 }\n\n\
    Writes image.fits, noise.fits, psf.fits, truth.json, simulation.png, and system.json: the same system with all\n\
    parameters free and these files as data, for `arclet fit`.")]
pub struct SimulateArguments {
    /// The system, with `size`, noise and PSF under `data`
    #[arg(value_name = "SYSTEM.json")]
    pub system: PathBuf,
    /// Folder to write; must not exist yet
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Fixes the draws and the noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Replace the folder if it exists
    #[arg(long)]
    pub force: bool,
}

/// Fit a lens system to its image: from a system file to its posterior
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  arclet fit system.json --out result\n  \
    arclet fit system.json --out quick --method map          a Gaussian around the best fit, in seconds\n  \
    arclet fit system.json --out other --priors mine.json    other priors, as `arclet priors` writes them\n\n\
    Writes fit.png, corner.png, summary.json, posterior.nc (arviz.from_netcdf), model.fits, priors.json.\n\
    Ctrl-C ends the sampling and keeps the draws made so far; a second Ctrl-C ends at once and keeps nothing.")]
pub struct FitArguments {
    /// The system: data, components, priors
    #[arg(value_name = "SYSTEM.json")]
    pub system: PathBuf,
    /// Folder to write; must not exist yet
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How the posterior is found
    #[arg(long, value_enum, default_value_t = MethodName::Nuts)]
    pub method: MethodName,
    /// Chains
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=256))]
    pub chains: u16,
    /// Warm-up transitions of each chain, thrown away
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = value_parser!(u32).range(0..=10_000_000))]
    pub warmup: u32,
    /// Draws of each chain, kept
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u32).range(1..=10_000_000))]
    pub draws: u32,
    /// Fixes every random number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Priors that replace those of the system and the defaults
    #[arg(long, value_name = "FILE.json")]
    pub priors: Option<PathBuf>,
    /// Replace the folder if it exists, once the fit is done
    #[arg(long)]
    pub force: bool,
}

/// How a fit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// Draws of the No-U-Turn sampler
    Nuts,
    /// The best fit and the Gaussian around it (Laplace approximation)
    Map,
}

/// Trace rays through the lens of a system: deflection, convergence, shear, magnification at given points
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet trace system.json --points points.csv > traced.csv\n\n\
    points.csv has the header x,y and one point a line, in arcsec from the centre of the image (x right, y up).\n\
    Every lens parameter needs a value: \"parameters\": { \"theta_E\": { \"value\": 1.2 }, .. }\n\n\
    Columns: x,y arcsec; beta_x,beta_y where the ray meets the source plane, arcsec; alpha_x,alpha_y deflection,\n\
    arcsec; psi potential, arcsec^2; kappa convergence; gamma1,gamma2 shear; magnification (signed).")]
pub struct TraceArguments {
    /// The system; only `lens` is used
    #[arg(value_name = "SYSTEM.json")]
    pub system: PathBuf,
    /// CSV of points with the header x,y
    #[arg(long, value_name = "POINTS.csv")]
    pub points: PathBuf,
}

/// Print the priors in force as JSON, ready to be changed and given to `fit --priors`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet priors system.json > priors.json\n  \
    arclet fit system.json --out result --priors priors.json\n\n\
    Default priors are scaled to the data, so the system needs its image.")]
pub struct PriorsArguments {
    /// The system: data, components, priors
    #[arg(value_name = "SYSTEM.json")]
    pub system: PathBuf,
    /// Priors that replace those of the system and the defaults
    #[arg(long, value_name = "FILE.json")]
    pub priors: Option<PathBuf>,
}

/// Time one gradient of a posterior
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet bench --lanes 8 --threads 2\n\n\
    sersic: EPL + shear + Sersic source, 256 x 256 pixels, 13 x 13 PSF, 15 parameters.")]
pub struct BenchArguments {
    /// Which model
    #[arg(value_enum, value_name = "NAME", default_value_t = BenchName::Sersic)]
    pub name: BenchName,
    /// Parallel evaluations in one call
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=4096))]
    pub lanes: u16,
    /// Print one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// The models that can be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchName {
    /// EPL + shear + Sersic source, 256 x 256 pixels
    Sersic,
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
