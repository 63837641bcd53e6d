//! The arguments of `import` and `export`.

use std::path::PathBuf;

use clap::Args;

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
