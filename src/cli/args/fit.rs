//! The arguments of `fit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};
use serde::{Deserialize, Serialize};

use super::DeviceName;

/// Fit a lens system to its image: from a system file to its posterior
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(after_help = "Examples:\n  arclet fit system.json --out result\n  \
    arclet fit system.json --out quick --method map          a Gaussian around the best fit, in seconds\n  \
    arclet fit system.json --out other --priors mine.json    other priors, as `arclet priors` writes them\n  \
    arclet fit result/best.json --out again                  on from the best fit, without a search\n  \
    arclet fit --resume result                               on with a fit that was ended\n\n\
    Writes fit.png, corner.png, summary.json, best.json, curves.json, posterior.nc (arviz.from_netcdf), model.fits, priors.json;\n\
    basins.json and basin-2.png, .. where the search found other readings of the image.\n\
    Ctrl-C ends the sampling and keeps the draws made so far; during the search, and the second time, it ends at once. A fit that was\n\
    ended, killed too, goes on by --resume as if nothing had happened; at most --checkpoint seconds are lost.")]
pub struct FitArguments {
    /// The system: data, components, priors
    #[arg(value_name = "SYSTEM.json", required_unless_present = "resume")]
    pub system: Option<PathBuf>,
    /// Folder to write; must not exist yet
    #[arg(long, value_name = "DIR", required_unless_present = "resume")]
    #[serde(skip)]
    pub out: Option<PathBuf>,
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
    /// Most readings of the image that are shown beside each other, where the search found several
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u8).range(1..=6))]
    pub basins: u8,
    /// Priors that replace those of the system and the defaults
    #[arg(long, value_name = "FILE.json")]
    pub priors: Option<PathBuf>,
    /// What computes: the cores of this machine, a GPU (exit code 2 where there is none), or a GPU if there is one
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
    /// Seconds between two checkpoints
    #[arg(long, value_name = "S", default_value_t = 10.0, value_parser = interval)]
    pub checkpoint: f64,
    /// Go on with the fit in this folder that was ended; it keeps all its arguments
    #[arg(
        long, value_name = "DIR",
        conflicts_with_all = ["system", "out", "method", "chains", "warmup", "draws", "seed", "basins", "priors", "device", "checkpoint", "force"]
    )]
    #[serde(skip)]
    pub resume: Option<PathBuf>,
    /// Replace what arclet wrote in the folder before, once the fit is done
    #[arg(long)]
    #[serde(skip)]
    pub force: bool,
}

fn interval(text: &str) -> Result<f64, String> {
    let allowed = |seconds: &f64| (0.01..=1e6).contains(seconds);
    text.parse().ok().filter(allowed).ok_or_else(|| "give seconds between 0.01 and 1000000".to_owned())
}

/// How a fit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum MethodName {
    /// Draws of the No-U-Turn sampler
    Nuts,
    /// The best fit and the Gaussian around it (Laplace approximation)
    Map,
}

#[cfg(test)]
mod tests {
    use crate::cli::args::Arguments;
    use clap::Parser;

    #[test]
    fn a_fit_that_is_resumed_keeps_its_arguments() {
        let parsed = |line: &[&str]| Arguments::try_parse_from([&["arclet", "fit"], line].concat()).is_ok();
        assert!(parsed(&["--resume", "out", "--threads", "2", "--quiet"]) && parsed(&["s.json", "--out", "out"]));
        for wrong in
            [&["s.json"][..], &["--out", "out"], &["--resume", "a", "--seed", "1"], &["s.json", "--resume", "a"]]
        {
            assert!(!parsed(wrong), "{wrong:?}");
        }
    }
}
