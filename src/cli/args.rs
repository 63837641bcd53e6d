//! The arguments of every command, and what `--help` says of them.

use std::num::NonZero;
use std::path::PathBuf;

use arclet::lens::cosmology::Concentration;
use arclet::source::training::Preset;

use serde::{Deserialize, Serialize};

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum, value_parser};

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

/// How a fit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum MethodName {
    /// Draws of the No-U-Turn sampler
    Nuts,
    /// The best fit and the Gaussian around it (Laplace approximation)
    Map,
}

/// Map where a dark halo of given mass would be seen: what it would gain there, and what the data say
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet sensitivity result/best.json --out map --masses 8,9,10 --cells 16\n\n\
    The system needs redshifts (`cosmology`) and values to begin with, as the best.json of a fit has. A truncated NFW halo of each mass is tried\n\
    at each place, everything else being fitted anew: on the data (gain), and on the noise-free image of the best model without it, where what\n\
    is lost is what such a halo would gain on average if it were there (expected).\n\n\
    Writes sensitivity.fits (EXPECTED_1, .., GAIN_1, .., nats, one of each mass), sensitivity.json, sensitivity.png.")]
pub struct SensitivityArguments {
    /// The system: data, and components with values
    #[arg(value_name = "SYSTEM.json")]
    pub system: PathBuf,
    /// Folder to write; must not exist yet
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Masses: lg M200 in solar masses
    #[arg(long, value_name = "LG,..", value_delimiter = ',', default_value = "8,9,10", value_parser = log_mass)]
    pub masses: Vec<f64>,
    /// Places along each side of the map
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = value_parser!(u16).range(2..=200))]
    pub cells: u16,
    /// Half the width of the map, arcsec, at most half that of the image [default: that]
    #[arg(long, value_name = "ARCSEC", value_parser = positive)]
    pub half_width: Option<f64>,
    /// Radius of the truncation in scale radii
    #[arg(long, value_name = "TAU", default_value_t = 10.0, value_parser = positive)]
    pub tau: f64,
    /// The relation that concentrations are on
    #[arg(long, value_enum, default_value_t = RelationName::DuttonMaccio2014)]
    pub concentration: RelationName,
    /// Replace what arclet wrote in the folder before
    #[arg(long)]
    pub force: bool,
}

fn log_mass(text: &str) -> Result<f64, String> {
    let allowed = |mass: &f64| *mass > 7.0 && *mass < 11.0;
    text.trim().parse().ok().filter(allowed).ok_or_else(|| "give the lg of solar masses, between 7 and 11".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let allowed = |number: &f64| *number > 0.0 && *number < 1e6;
    text.parse().ok().filter(allowed).ok_or_else(|| "give a positive number".to_owned())
}

/// The relations between mass and concentration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RelationName {
    /// Dutton & Maccio (2014)
    #[value(name = "dutton_maccio_2014")]
    DuttonMaccio2014,
    /// Duffy et al. (2008)
    #[value(name = "duffy_2008")]
    Duffy2008,
}

impl From<RelationName> for Concentration {
    fn from(name: RelationName) -> Self {
        match name {
            RelationName::DuttonMaccio2014 => Concentration::DuttonMaccio2014,
            RelationName::Duffy2008 => Concentration::Duffy2008,
        }
    }
}

/// Make a set of galaxies for a neural source to learn from: real ones of GalSim catalogues, or simulated ones
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("origin").required(true).args(["catalog", "simulate"]),
    after_help = "Examples:\n  arclet galaxies --simulate 2000 --out galaxies\n  \
    arclet galaxies --catalog real_galaxy_catalog_23.5.fits --out cosmos      with its images beside it\n\n\
    A galaxy is kept if its Sersic fit did not fail, if its stamp has --min-side pixels or more, and if its signal\n\
    max(I_1/4) / sigma_noise lies within --signal, where I_1/4 is the image downsampled by 4. It is cropped to a square,\n\
    downscaled to --side, and divided by its maximum.\n\n\
    Writes galaxies.safetensors (images, sigma, split, pixel_scale, ident) and galaxies.png, a sheet of up to 100 of them."
)]
pub struct GalaxiesArguments {
    /// Catalogue of real galaxies in the format of GalSim; several are put together
    #[arg(long, value_name = "CAT.fits")]
    pub catalog: Vec<PathBuf>,
    /// Simulate galaxies until this many pass the cuts
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub simulate: Option<u32>,
    /// Folder to write; must not exist yet
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Fixes the split into training, test and validation, and the simulated galaxies
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Pixels a side of the prepared images
    #[arg(long, value_name = "PIXELS", default_value_t = 64)]
    pub side: u32,
    /// Stamps smaller than this are dropped
    #[arg(long, value_name = "PIXELS", default_value_t = 64)]
    pub min_side: u32,
    /// Galaxies whose signal lies outside are dropped
    #[arg(long, value_name = "LO:HI", default_value = "15:50", value_parser = range)]
    pub signal: Range,
    /// Take the noise out of the images, by non-local means at the noise of each
    #[arg(long)]
    pub denoise: bool,
    /// Point-spread function of the simulated survey, on its pixels
    #[arg(long, value_name = "PSF.fits", conflicts_with = "catalog")]
    pub psf: Option<PathBuf>,
    /// What simulated galaxies are drawn from; JSON, of which the defaults may be left out
    #[arg(long, value_name = "FILE.json", conflicts_with = "catalog")]
    pub population: Option<PathBuf>,
    /// Replace what arclet wrote in the folder before, once the set is whole
    #[arg(long)]
    pub force: bool,
}

/// A lower and an upper bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range(pub [f64; 2]);

fn range(text: &str) -> Result<Range, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    match text.split_once(':').map(|(lo, hi)| (number(lo), number(hi))) {
        Some((Some(lo), Some(hi))) if lo < hi => Ok(Range([lo, hi])),
        Some((Some(_), Some(_))) => Err("the first number must be below the second".to_owned()),
        _ => Err("give two numbers with a colon between them, such as 15:50".to_owned()),
    }
}

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

/// Trace rays through the lens of a system: deflection, convergence, shear, magnification at given points
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet trace system.json --points points.csv > traced.csv\n\n\
    points.csv has the header x,y and one point a line, in arcsec from the centre of the image (x right, y up).\n\
    Every lens parameter needs a value: \"parameters\": { \"theta_E\": { \"value\": 1.2 }, .. }\n\n\
    Columns: x,y arcsec; beta_x,beta_y where the ray meets the source plane, arcsec; alpha_x,alpha_y deflection,\n\
    arcsec; psi potential, arcsec^2; kappa convergence; gamma1,gamma2 shear; magnification (signed).\n\n\
    Where components have a `redshift` rays go through all planes to the last source: kappa, gamma1, gamma2 are then\n\
    those of the Jacobian of the whole ray, and psi is NaN.")]
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

/// Print the system file of a model of another program: a COOLEST file, or lenstronomy's lists and keyword arguments as JSON
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  arclet import coolest.json > system.json\n  \
    arclet import lenstronomy.json --pixel-scale 0.05 > system.json\n\n\
    lenstronomy.json is what this writes:\n  \
    json.dump({ \"kwargs_model\": kwargs_model, \"kwargs_result\": kwargs_result }, file)\n\n\
    A profile that arclet has not is refused by its name; what a system file has no place for is said on stderr.")]
pub struct ImportArguments {
    /// The file; which of the two it is, its keys say
    #[arg(value_name = "MODEL.json")]
    pub file: PathBuf,
    /// Arcsec per pixel, of lenstronomy's dictionaries, whose brightnesses are per square arcsec
    #[arg(long, value_name = "ARCSEC")]
    pub pixel_scale: Option<f64>,
}

/// Write a system, or the result of a fit, as a COOLEST file with its images beside it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  arclet export result --out result-coolest --z-lens 0.2 --z-source 0.8\n  \
    arclet export system.json --out coolest\n\n\
    Of a fit the point estimates are its best point, and the posterior statistics those of its draws.\n\
    Writes coolest.json, image.fits, noise.fits, psf.fits, mask.fits; of the images, those that the system has.")]
pub struct ExportArguments {
    /// The folder of a fit, or a system file with the values of its parameters
    #[arg(value_name = "RESULT|SYSTEM.json")]
    pub system: PathBuf,
    /// Folder to write; must not exist yet
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Redshift of the lenses
    #[arg(long, value_name = "Z")]
    pub z_lens: Option<f64>,
    /// Redshift of the sources
    #[arg(long, value_name = "Z")]
    pub z_source: Option<f64>,
    /// Of a system with several bands, the one that is written: the standard has one observation
    #[arg(long, value_name = "NAME")]
    pub band: Option<String>,
    /// Replace what arclet wrote in the folder before
    #[arg(long)]
    pub force: bool,
}

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

    #[test]
    fn a_range_is_two_numbers_in_order() {
        assert_eq!(range("15:50"), Ok(Range([15.0, 50.0])));
        assert_eq!(range("-1e3: 2.5"), Ok(Range([-1e3, 2.5])));
        for wrong in ["", "15", "15-50", "50:15", "15:15", "a:b", "15:", "nan:3", "0:inf", "1:2:3"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
