//! Redshifts: how far lens and source are, and in which universe: the `cosmology` of a system file.

use ppl_core::autodiff::Value;
use ppl_core::{Result, Var};

use crate::cosmology::{Cosmology, DAYS};
use crate::error::{self, Error};
use crate::op::{Keys, angular_diameter_distances, scalars_of};

/// The redshifts of a system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Redshifts {
    /// Of the lens.
    pub lens: f64,
    /// Of the source.
    pub source: f64,
}

impl Redshifts {
    /// Its name in a system file, and the first part of its sites.
    pub const NAME: &'static str = "cosmology";
    pub(super) const KEYS: [&'static str; 2] = ["z_lens", "z_source"];

    /// What a parameter of the cosmology is where nothing is said of it: flat, with a cosmological constant.
    pub fn default_of(parameter: &str) -> f64 {
        match parameter {
            "H0" => 70.0,
            "Om0" => 0.3,
            "w0" => -1.0,
            _ => 0.0,
        }
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// A redshift that is missing or none; a source that is not behind the lens.
    pub(super) fn read(keys: &Keys<'_>) -> error::Result<Self> {
        let of = |key: &'static str, hint| {
            let given: Option<f64> = keys.get(key)?;
            let missing = || Error::MissingKey { place: keys.place().to_owned(), key, hint };
            given.ok_or_else(missing)
        };
        let lens = of("z_lens", "the redshift of the lens")?;
        let source = of("z_source", "the redshift of the source")?;
        if !(lens > 0.0 && lens < source && source < 1e4) {
            let place = format!("{}: `z_lens` and `z_source`", keys.place());
            return Err(Error::WrongForm { place, expected: "redshifts with 0 < z_lens < z_source".to_owned() });
        }
        Ok(Redshifts { lens, source })
    }

    /// The days that a Fermat potential of 1 arcsec^2 takes: D_dt / c.
    pub(super) fn days(&self, cosmology: &[Value]) -> Result<Var> {
        let parameters = self.parameters(cosmology)?;
        let pairs = [(0.0, self.lens), (0.0, self.source), (self.lens, self.source)];
        let [l, s, ls] = angular_diameter_distances(&parameters, &pairs)?.unstack()?;
        Ok(l * s / ls * ((1.0 + self.lens) * DAYS))
    }

    /// H0, Om0, Ok0, w0 and wa one by one.
    pub(super) fn parameters(&self, values: &[Value]) -> Result<[Var; 5]> {
        let all = scalars_of(values)?;
        let got = all.len();
        all.try_into().map_err(|_| ppl_core::Error::ArrayLength { expected: 5, got })
    }

    /// The mass within an Einstein radius (solar masses), its length (kpc) and the time-delay distance (Mpc).
    pub fn scales(&self, cosmology: Cosmology, einstein_radius: f64) -> [(&'static str, f64); 3] {
        let Redshifts { lens, source } = *self;
        [
            ("einstein_mass", cosmology.einstein_mass(einstein_radius, lens, source)),
            ("einstein_radius_kpc", einstein_radius * cosmology.kpc_per_arcsec(lens)),
            ("time_delay_distance", cosmology.time_delay_distance(lens, source)),
        ]
    }
}
