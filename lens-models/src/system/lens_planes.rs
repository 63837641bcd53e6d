//! Rays through the lens planes of a system to the plane of each source.

use std::collections::BTreeMap;
use std::sync::Arc;

use ppl_core::autodiff::Value;
use ppl_core::{Array, Result, Var};

use super::component::{Component, Role};
use super::plane_distances::{Place, PlaneDistances, place};
use super::redshifts::Redshifts;
use super::sampled::{Behind, Slot};
use crate::grid::Grid;
use crate::op::{Deflector, PotentialGrid, deflection, ray_sum, trace_rays, weighted_sum};

/// The rays of one run, bent once for each plane of lenses and followed to each plane of sources.
pub(super) enum Rays {
    /// All lenses are in one plane, and all sources in another.
    Single(Array),
    /// By redshift.
    Several { planes: BTreeMap<Place, Array>, source: f64 },
}

/// Where lenses and sources are.
pub(super) struct Depth<'a> {
    pub redshifts: &'a Redshifts,
    /// H0, Om0, Ok0, w0 and wa.
    pub cosmology: &'a [Value],
    /// Whether none of them is sampled: scales are then plain numbers.
    pub fixed: bool,
}

/// Whether the components of a system need more than one plane of lenses and one of sources.
pub(super) fn is_deep(components: &[(Component, Vec<Slot>)]) -> bool {
    components.iter().any(|(component, _)| component.redshift.is_some())
}

impl Rays {
    /// Follows the rays of a grid, or those seen at `sky` where that is no grid, through lenses with redshifts of their own to `sources`
    /// at theirs.
    pub fn through(
        grid: Option<&Arc<Grid>>,
        sky: &Array,
        lenses: &Behind,
        sources: &[Option<f64>],
        depth: Option<Depth<'_>>,
    ) -> Result<Self> {
        let Behind { deflectors, potentials, .. } = lenses;
        let all = || deflectors.iter().map(|(_, deflector)| deflector.clone()).collect::<Vec<_>>();
        let Some(Depth { redshifts, cosmology, fixed }) = depth else {
            let bent = match grid {
                Some(grid) => trace_rays(grid, &all())?,
                None if deflectors.is_empty() => sky.clone(),
                None => weighted_sum(&[(1.0, sky), (-1.0, &deflection(sky, &all())?)])?,
            };
            return further(bent, sky, potentials).map(Rays::Single);
        };
        let mut layers: BTreeMap<Place, (f64, Vec<Deflector>)> = BTreeMap::new();
        for (z, deflector) in deflectors {
            let z = z.unwrap_or(redshifts.lens);
            layers.entry(place(z)).or_insert((z, vec![])).1.push(deflector.clone());
        }
        let mut wanted: BTreeMap<Place, f64> = layers.iter().map(|(place, (z, _))| (*place, *z)).collect();
        wanted.extend(sources.iter().map(|z| z.unwrap_or(redshifts.source)).map(|z| (place(z), z)));
        let lenses: Vec<f64> = layers.values().map(|(z, _)| *z).collect();
        let all: Vec<f64> = wanted.values().copied().collect();
        let distances = PlaneDistances::new(redshifts, cosmology, &lenses, &all)?;
        let mut planes: BTreeMap<Place, Array> = BTreeMap::new();
        let mut bent: Vec<(f64, Array)> = vec![];
        for (at, z) in &wanted {
            let scales = bent.iter().map(|(lens, _)| distances.scale(*lens, *z)).collect::<Result<Vec<_>>>()?;
            let here = summed(sky, &scales, &bent, fixed)?;
            if let Some((_, own)) = layers.get(at) {
                bent.push((*z, deflection(&here, own)?));
            }
            planes.insert(*at, here);
        }
        Ok(Rays::Several { planes, source: redshifts.source })
    }

    /// The rays in the plane of a source at this redshift.
    pub fn at(&self, z: Option<f64>) -> Option<&Array> {
        match self {
            Rays::Single(rays) => Some(rays),
            Rays::Several { planes, source } => planes.get(&place(z.unwrap_or(*source))),
        }
    }
}

/// Rays that potentials on grids bend as well.
fn further(bent: Array, sky: &Array, potentials: &[(PotentialGrid, Vec<Value>)]) -> Result<Array> {
    if potentials.is_empty() {
        return Ok(bent);
    }
    let by = potentials.iter().map(|(grid, params)| grid.deflection(sky, params)).collect::<Result<Vec<_>>>()?;
    let terms: Vec<(f64, &Array)> = std::iter::once((1.0, &bent)).chain(by.iter().map(|alpha| (-1.0, alpha))).collect();
    weighted_sum(&terms)
}

/// theta - sum B alpha.
fn summed(sky: &Array, scales: &[Var], bent: &[(f64, Array)], fixed: bool) -> Result<Array> {
    if bent.is_empty() {
        return Ok(sky.clone());
    }
    if fixed {
        let terms = scales.iter().zip(bent).map(|(scale, (_, alpha))| Ok((-scale.value()?, alpha)));
        let terms: Vec<(f64, &Array)> = std::iter::once(Ok((1.0, sky))).chain(terms).collect::<Result<_>>()?;
        return weighted_sum(&terms);
    }
    let terms: Vec<(&Var, &Array)> = scales.iter().zip(bent).map(|(scale, (_, alpha))| (scale, alpha)).collect();
    ray_sum(sky, &terms)
}

/// The redshifts of lenses and sources among components.
pub(super) fn of_role(components: &[Component], role: Role) -> impl Iterator<Item = (&str, f64)> {
    components.iter().filter(move |c| c.role == role).filter_map(|c| Some((c.name.as_str(), c.redshift?)))
}
