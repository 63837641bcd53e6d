//! Distances between the planes of a system, on the tape, and what rays through them need.

use ppl_core::autodiff::Value;
use ppl_core::{Result, Var};

use super::redshifts::Redshifts;
use crate::op::angular_diameter_distances;

/// A redshift as a key: whole numbers of 1e-9.
pub(super) type Place = i64;

pub(super) fn place(z: f64) -> Place {
    (z * 1e9).round() as Place
}

/// Angular diameter distances, Mpc.
pub(super) struct PlaneDistances {
    pairs: Vec<(f64, f64)>,
    distances: Var<(usize,)>,
    /// The redshift that the parameters of lenses are for.
    source: f64,
}

impl PlaneDistances {
    /// All at once: to each plane, to the convention's source, and from each lens to each plane behind it and to that source.
    pub fn new(redshifts: &Redshifts, cosmology: &[Value], lenses: &[f64], planes: &[f64]) -> Result<Self> {
        let mut pairs = vec![(0.0, redshifts.source)];
        pairs.extend(planes.iter().map(|z| (0.0, *z)));
        for lens in lenses {
            pairs.push((*lens, redshifts.source));
            pairs.extend(planes.iter().filter(|z| *z > lens).map(|z| (*lens, *z)));
        }
        let distances = angular_diameter_distances(&redshifts.parameters(cosmology)?, &pairs)?;
        Ok(PlaneDistances { pairs, distances, source: redshifts.source })
    }

    fn between(&self, from: f64, to: f64) -> Result<Var> {
        self.distances.get(self.pairs.iter().position(|pair| *pair == (from, to)).unwrap_or_default())
    }

    /// B: what a lens deflects by in the plane at z, over what its parameters say.
    pub fn scale(&self, lens: f64, z: f64) -> Result<Var> {
        let there = self.between(lens, z)? * self.between(0.0, self.source)?;
        Ok(there / (self.between(0.0, z)? * self.between(lens, self.source)?))
    }

    /// D_dt = (1 + z_lens) D(z_lens) D(z) / D(z_lens, z).
    pub fn time_delay_distance(&self, lens: f64, z: f64) -> Result<Var> {
        Ok(self.between(0.0, lens)? * self.between(0.0, z)? / self.between(lens, z)? * (1.0 + lens))
    }
}
