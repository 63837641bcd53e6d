//! The optics of a system at given values: its lens mapping, through one plane of lenses or several.

use std::collections::BTreeMap;

use lens_models::cosmology::Cosmology;
use lens_models::mass::{MassSum, SplinePotential};
use lens_models::plane::{Curve, Lens, LensMapping, Perturbed, Planes, PlanesTo, einstein_radius, image_near};
use lens_models::system::{Redshifts, Role, System};

use super::FitError;
use super::values::{each, masses, universe};

/// The deflectors of a system.
pub(super) struct Optics {
    /// The lenses of the plane of the first.
    mass: MassSum,
    params: Vec<f64>,
    /// Their centres.
    centers: Vec<[f64; 2]>,
    /// Potentials on grids, where all lenses are in one plane.
    potentials: Vec<SplinePotential>,
    /// All lenses, where a lens or a source has a redshift of its own.
    deep: Option<Deep>,
    universe: Option<(Redshifts, Cosmology)>,
}

struct Deep {
    planes: Planes,
    redshifts: Redshifts,
    last_source: f64,
}

impl Optics {
    /// At these values of all parameters; none without a lens.
    pub fn of(system: &System, best: &BTreeMap<String, Vec<f64>>) -> Result<Option<Self>, FitError> {
        let planes = system.planes(|component, p| best.get(&component.site(p)))?;
        let of_planes =
            |planes| Some(Deep { planes, redshifts: system.redshifts()?, last_source: system.last_source()? });
        let deep = planes.and_then(of_planes);
        let (mass, params, centers) = masses(each(&system.main_plane(), Role::Lens, best));
        let potentials = system.potentials(|component, p| best.get(&component.site(p)))?;
        let some = deep.is_some() || !params.is_empty() || !potentials.is_empty();
        Ok(some.then_some(Optics { mass, params, centers, potentials, deep, universe: universe(system, best) }))
    }

    /// Whether a lens of the plane of the first has a centre.
    pub fn has_center(&self) -> bool {
        !self.centers.is_empty()
    }

    /// Whether all lenses are in one plane, and one of them has a centre.
    pub fn has_one_center(&self) -> bool {
        self.deep.is_none() && self.centers.len() == 1
    }

    /// The lenses of the plane of the first alone.
    pub fn main(&self) -> Lens<'_> {
        Lens::new(&self.mass, &self.params)
    }

    /// The lenses of the plane of the first and potentials on grids.
    pub fn perturbed(&self) -> Perturbed<'_> {
        Perturbed::new(self.main(), &self.potentials)
    }

    /// Through all planes to the last source.
    pub fn mapping(&self) -> Box<dyn LensMapping + '_> {
        self.boxed(self.to_last_source())
    }

    /// Through all planes to point sources, which are at the redshift of the cosmology.
    pub fn to_points(&self) -> Box<dyn LensMapping + '_> {
        self.boxed(self.planes_to_points())
    }

    /// The delay of point sources that a difference of Fermat potentials is, days; none without a cosmology.
    pub fn delay(&self, fermat: f64) -> Option<f64> {
        let single = || self.universe.map(|(z, cosmology)| cosmology.delay(fermat, z.lens, z.source));
        self.planes_to_points().map_or_else(single, |planes| Some(planes.delay(fermat)))
    }

    fn boxed<'a>(&'a self, planes: Option<PlanesTo<'a>>) -> Box<dyn LensMapping + 'a> {
        match planes {
            Some(planes) => Box::new(planes),
            None => Box::new(self.perturbed()),
        }
    }

    fn planes_to_points(&self) -> Option<PlanesTo<'_>> {
        self.deep.as_ref().map(|deep| deep.planes.to(deep.redshifts.source))
    }

    /// Where the centres of the lenses are seen.
    pub fn centers(&self) -> Vec<[f64; 2]> {
        self.to_last_source().map_or_else(|| self.centers.clone(), |planes| planes.centers())
    }

    /// The cuts about all centres.
    pub fn cuts(&self) -> Vec<Curve> {
        self.to_last_source().map_or_else(|| self.main().cuts(&self.centers), |planes| planes.cuts())
    }

    /// The Einstein radius about where the centre of the first lens is seen, for a source at the redshift of the cosmology.
    pub fn einstein_radius(&self) -> Option<f64> {
        let center = *self.centers.first()?;
        let Some(Deep { planes, redshifts, .. }) = &self.deep else { return einstein_radius(&self.main(), center) };
        // Lenses in front of it shift it.
        let seen = image_near(&planes.to(redshifts.lens), center, center).map_or(center, |image| image.position);
        einstein_radius(&planes.to(redshifts.source), seen)
    }

    fn to_last_source(&self) -> Option<PlanesTo<'_>> {
        self.deep.as_ref().map(|deep| deep.planes.to(deep.last_source))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A lens and a second one, of this radius and at this redshift.
    fn optics(second: f64, z: f64) -> Optics {
        let lens = |name: &str, theta: f64, x: f64, z: f64| {
            format!(
                r#"{{ "name": "{name}", "profile": "sis", "redshift": {z}, "parameters": {{ "theta_E": {{ "value": {theta} }},
                    "center_x": {{ "value": {x} }}, "center_y": {{ "value": 0 }} }} }}"#
            )
        };
        let json = format!(
            r#"{{ "cosmology": {{ "z_lens": 0.5, "z_source": 2.0 }}, "lens": [ {}, {} ] }}"#,
            lens("lens", 1.2, 0.0, 0.5),
            lens("second", second, 0.4, z)
        );
        let system = System::from_json(&json, Path::new("s.json"), Path::new(".")).unwrap();
        let values: BTreeMap<String, Vec<f64>> =
            system.components.iter().flat_map(|c| c.fixed_sites()).map(|(site, v)| (site, v.clone())).collect();
        Optics::of(&system, &values).unwrap().unwrap()
    }

    #[test]
    fn a_second_lens_without_mass_changes_nothing_and_one_in_front_shifts_the_first() {
        let radius = |optics: &Optics| optics.einstein_radius().unwrap();
        for z in [0.2, 0.5, 1.0] {
            assert!((radius(&optics(1e-12, z)) - 1.2).abs() < 1e-9, "{z}");
            assert!(radius(&optics(0.3, z)) > 1.25, "{z}");
        }
        // Behind the lens its centre is seen twice or more, in front of it the lens is.
        let far_from_lens = |optics: &Optics| optics.centers().iter().map(|c| c[0].hypot(c[1])).fold(0.0, f64::max);
        assert!(optics(0.3, 1.0).centers().len() > 2 && far_from_lens(&optics(0.3, 1.0)) > 0.5);
        assert!(optics(0.3, 0.2).centers().iter().any(|c| c[0] < -0.01));
    }

    #[test]
    fn a_source_at_the_redshift_of_the_cosmology_behind_one_plane_has_the_mapping_of_the_lens() {
        let optics = optics(0.3, 0.5);
        let (through, lens) = (optics.mapping().ray([1.7, -0.4]), optics.main().ray([1.7, -0.4]));
        assert!((0..2).all(|i| (through.position[i] - lens.position[i]).abs() < 1e-14));
        assert_eq!(optics.cuts().len(), optics.main().cuts(&optics.centers).len());
    }
}
