//! The arguments of `demo` and `simulate`.

use std::path::PathBuf;

use clap::Args;

use super::DeviceName;

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
    /// What computes: the cores of this machine, a GPU (exit code 2 where there is none), or a GPU if there is one
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
    /// Replace what arclet wrote in the folder before
    #[arg(long)]
    pub force: bool,
}

/// Make the image of a lens: parameters with a value are fixed, the others drawn from their priors
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet simulate mock.json --out mock --seed 7\n\n\
    where the data of mock.json say how large and how noisy the image is:\n  \
    \"data\": { \"size\": [100, 100], \"pixel_scale\": 0.05, \"background_rms\": 0.01, \"psf_fwhm\": 0.1 }\n\n\
    Writes image.fits, noise.fits, psf.fits, truth.json, simulation.png, and system.json: the same system with all\n\
    parameters free and these files as data, for `arclet fit`.\n\
    Of several bands image-NAME.fits, noise-NAME.fits, psf-NAME.fits each.")]
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
    /// Replace what arclet wrote in the folder before
    #[arg(long)]
    pub force: bool,
}
