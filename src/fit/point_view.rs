//! The view of point sources: where the images of a model are, how bright and how late.

use std::collections::BTreeMap;

use lens_models::cosmology::Cosmology;
use lens_models::plane::{Lens, PointImage, image_near, images, square_of_images};
use lens_models::system::{Component, PointSource, Profile, Redshifts, Role, System};

use super::values::{each, masses, number, universe};

/// A point source and what a lens makes of it.
#[derive(Clone, Debug)]
pub struct PointsView {
    /// Its name.
    pub name: String,
    /// Where its images are seen, arcsec.
    pub observed: Vec<[f64; 2]>,
    /// Where it is, arcsec; none where that is integrated over.
    pub source: Option<[f64; 2]>,
    /// All images that the model has, those that arrive first in front.
    pub images: Vec<PointImage>,
    /// The image of the model for each that is seen, and its delay after the first of them in days, where there is a cosmology.
    pub matched: Vec<(PointImage, Option<f64>)>,
}

/// The point sources of a system at these values of all parameters.
pub(super) fn points_at(system: &System, best: &BTreeMap<String, Vec<f64>>) -> Vec<PointsView> {
    let (mass, params, centers) = masses(each(system, Role::Lens, best));
    let lens = Lens::new(&mass, &params);
    let universe = universe(system, best);
    let of = |component: &Component| {
        let Profile::Points(points) = &component.profile else { return None };
        let alone = System { components: vec![component.clone()], ..system.clone() };
        let (profile, values) = each(&alone, Role::Points, best).next()?;
        let source =
            number(profile, &values, "center_x").zip(number(profile, &values, "center_y")).map(|(x, y)| [x, y]);
        Some(view(component.name.clone(), points, source, &lens, &centers, universe))
    };
    system.components.iter().filter_map(of).collect()
}

fn view(
    name: String,
    points: &PointSource,
    source: Option<[f64; 2]>,
    lens: &Lens<'_>,
    centers: &[[f64; 2]],
    universe: Option<(Redshifts, Cosmology)>,
) -> PointsView {
    let mut view = PointsView { name, observed: points.positions.clone(), source, images: vec![], matched: vec![] };
    let Some(source) = source else { return view };
    // A source on a caustic has images that nobody can count; there is then nothing to show.
    view.images = images(lens, source, square_of_images(lens, source, centers), centers).unwrap_or_default();
    let matched: Vec<PointImage> = points.positions.iter().filter_map(|seen| image_near(lens, source, *seen)).collect();
    if let (Some(first), true) = (matched.first().copied(), matched.len() == points.positions.len()) {
        let delay = |image: &PointImage| {
            universe.map(|(z, cosmology)| cosmology.delay(image.fermat - first.fermat, z.lens, z.source))
        };
        view.matched = matched.iter().map(|image| (*image, delay(image))).collect();
    }
    view
}
