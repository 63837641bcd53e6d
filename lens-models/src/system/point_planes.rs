//! The planes of lenses that the point sources of a system are seen through.

use std::collections::BTreeMap;

use ppl_core::Result;
use ppl_core::autodiff::Value;

use super::plane_distances::{PlaneDistances, place};
use super::redshifts::Redshifts;
use crate::op::{Between, Deflector, PointPlanes};

/// Deflectors with the redshifts of their own. The Fermat potential is in the units of a lens at the redshift of the cosmology: its time-delay
/// distance turns it into a delay.
pub(super) fn point_planes(
    deflectors: &[(Option<f64>, Deflector)],
    cosmology: Option<&(Redshifts, Vec<Value>)>,
) -> Result<PointPlanes> {
    let single = || Ok(PointPlanes::single(deflectors.iter().map(|(_, deflector)| deflector.clone()).collect()));
    let Some((redshifts, cosmology)) = cosmology else { return single() };
    let mut layers = BTreeMap::new();
    for (z, deflector) in deflectors {
        let z = z.unwrap_or(redshifts.lens);
        layers.entry(place(z)).or_insert((z, vec![])).1.push(deflector.clone());
    }
    if layers.keys().all(|at| *at == place(redshifts.lens)) {
        return single();
    }
    let (places, layers): (Vec<f64>, Vec<Vec<Deflector>>) = layers.into_values().unzip();
    let stops: Vec<f64> = places.iter().copied().chain([redshifts.source]).collect();
    let from: Vec<f64> = places.iter().copied().chain([redshifts.lens]).collect();
    let to: Vec<f64> = stops.iter().copied().chain([redshifts.lens]).collect();
    let distances = PlaneDistances::new(redshifts, cosmology, &from, &to)?;
    let unit = distances.time_delay_distance(redshifts.lens, redshifts.source)?;
    let in_front = |(front, z): (usize, &f64)| places[..front].iter().map(|lens| distances.scale(*lens, *z)).collect();
    let delays = places.iter().zip(&stops[1..]).map(|(lens, next)| {
        let [way, potential] = [*next, redshifts.source].map(|z| distances.time_delay_distance(*lens, z));
        Ok([way? / &unit, potential? / &unit])
    });
    let between = Between {
        scales: stops.iter().enumerate().map(in_front).collect::<Result<_>>()?,
        delays: delays.collect::<Result<_>>()?,
    };
    PointPlanes::several(layers, between)
}
