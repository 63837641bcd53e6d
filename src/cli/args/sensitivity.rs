//! The arguments of `sensitivity`.

use std::path::PathBuf;

use arclet::lens::cosmology::Concentration;
use clap::{Args, ValueEnum, value_parser};

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
