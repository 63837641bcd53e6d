//! The arguments of `galaxies`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, value_parser};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_numbers_in_order() {
        assert_eq!(range("15:50"), Ok(Range([15.0, 50.0])));
        assert_eq!(range("-1e3: 2.5"), Ok(Range([-1e3, 2.5])));
        for wrong in ["", "15", "15-50", "50:15", "15:15", "a:b", "15:", "nan:3", "0:inf", "1:2:3"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
