//! The arguments of `bench` and `selftest`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use super::DeviceName;

/// Time one gradient of a posterior
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet bench --lanes 8 --threads 2\n\n\
    sersic: EPL + shear + Sersic source, 256 x 256 pixels, 13 x 13 PSF, 15 parameters.
    schools: eight schools, non-centred, 10 parameters.
    decoder: the decoder of the neural source, 64 latent numbers to 64 x 64 pixels.")]
pub struct BenchArguments {
    /// Which model
    #[arg(value_enum, value_name = "NAME", default_value_t = BenchName::Sersic)]
    pub name: BenchName,
    /// Parallel evaluations in one call
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=4096))]
    pub lanes: u16,
    /// What computes: the cores of this machine, a GPU (exit code 2 where there is none), or a GPU if there is one
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
    /// For `paper`: the decoder's weights in place of those that the program carries
    #[arg(long, value_name = "decoder.safetensors")]
    pub weights: Option<PathBuf>,
    /// Print one line of JSON
    #[arg(long)]
    pub json: bool,
    /// Print the operations with their shapes, bytes and times instead; on a GPU also what host and device do of a call
    #[arg(long, conflicts_with = "json")]
    pub explain: bool,
}

/// Hold a device against the processor: every operation, and the densities of seven systems
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet selftest --device cuda\n\n\
    Prints the relative error of each value and gradient; exit code 1 if one is above its tolerance.")]
pub struct SelftestArguments {
    /// The device to test
    #[arg(long, value_enum, default_value_t = DeviceName::Cuda)]
    pub device: DeviceName,
    /// Fixes the random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

/// The models that can be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchName {
    /// EPL + shear + Sersic source, 256 x 256 pixels
    Sersic,
    /// Eight schools, non-centred: a small model
    Schools,
    /// The decoder of the neural source, random weights
    Decoder,
    /// The posterior of Chianese et al. (2020): power law + shear + decoded source, 256 x 256 pixels
    Paper,
}
