//! The arguments of `train-source`.

use std::path::PathBuf;

use arclet::source::training::Preset;
use clap::{Args, ValueEnum};

use super::DeviceName;

/// Train the neural source, the paper's variational autoencoder, on a set of galaxies
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet galaxies --simulate 15500 --out galaxies\n  \
    arclet train-source --data galaxies --out source --hours 4\n  \
    arclet train-source --data galaxies --out source --hours 4 --resume\n\n\
    Writes decoder.safetensors and encoder.safetensors, the weights of the highest validation ELBO, with PyTorch's names;\n\
    history.csv and loss.png; reconstructions.png; prior.safetensors; a model card; and checkpoint.bin, from which --resume goes on bit for bit.")]
pub struct TrainArguments {
    /// Folder with the galaxies.safetensors that `arclet galaxies` writes
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder to write; must not exist yet, unless --resume is given
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Settings of the training; a training that is resumed keeps its own
    #[arg(long, value_enum, default_value_t = PresetName::Fast, conflicts_with = "resume")]
    pub preset: PresetName,
    /// Epochs of the whole training, over which the rate falls [default: 16, or the plan that is resumed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub epochs: Option<u64>,
    /// Stop after so many hours, to be resumed
    #[arg(long, value_name = "H", value_parser = hours)]
    pub hours: Option<f64>,
    /// What computes: the cores of this machine, a GPU (exit code 2 where there is none), or a GPU if there is one; a training goes on
    /// with what it began with
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
    /// Go on with the training in --out
    #[arg(long)]
    pub resume: bool,
    /// Fixes the first weights, the order of the galaxies and every draw [default: 0, or the seed that is resumed]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// The presets of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PresetName {
    /// Adam with a rate of 1e-6, betas 0.5 and 0.999, ten draws of z: weeks of two cores
    Paper,
    /// One draw, turned and mirrored images, a rate of up to 3e-4: hours
    Fast,
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Paper => Preset::Paper,
            PresetName::Fast => Preset::Fast,
        }
    }
}

fn hours(text: &str) -> Result<f64, String> {
    let allowed = |hours: &f64| *hours > 0.0 && *hours < 1e5;
    text.parse().ok().filter(allowed).ok_or_else(|| "give a positive number of hours, such as 2.5".to_owned())
}
