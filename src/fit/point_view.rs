//! The view of point sources: where the images of a model are, how bright and how late.

use std::collections::BTreeMap;

use lens_models::plane::{LensMapping, PointImage, image_near, images, square_of_images};
use lens_models::system::{Component, PointSource, Profile, Role, System};

use super::FitError;
use super::optics::Optics;
use super::values::{each, number};

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
pub(super) fn points_at(system: &System, best: &BTreeMap<String, Vec<f64>>) -> Result<Vec<PointsView>, FitError> {
    let points = || system.components.iter().filter(|component| matches!(component.profile, Profile::Points(_)));
    if points().next().is_none() {
        return Ok(vec![]);
    }
    let Some(optics) = Optics::of(system, best)? else { return Ok(vec![]) };
    let (mapping, centers) = (optics.to_points(), optics.centers());
    let of = |component: &Component| {
        let Profile::Points(points) = &component.profile else { return None };
        let alone = System { components: vec![component.clone()], ..system.clone() };
        let (profile, values) = each(&alone, Role::Points, best).next()?;
        let source =
            number(profile, &values, "center_x").zip(number(profile, &values, "center_y")).map(|(x, y)| [x, y]);
        let mut view = seen(component.name.clone(), points, source, &*mapping, &centers);
        let first = view.matched.first().map_or(0.0, |(image, _)| image.fermat);
        view.matched.iter_mut().for_each(|(image, delay)| *delay = optics.delay(image.fermat - first));
        Some(view)
    };
    Ok(points().filter_map(of).collect())
}

/// A point source without the delays of its images.
fn seen(
    name: String,
    points: &PointSource,
    source: Option<[f64; 2]>,
    lens: &dyn LensMapping,
    centers: &[[f64; 2]],
) -> PointsView {
    let mut view = PointsView { name, observed: points.positions.clone(), source, images: vec![], matched: vec![] };
    let Some(source) = source else { return view };
    // A source on a caustic has images that nobody can count; there is then nothing to show.
    view.images = images(lens, source, square_of_images(lens, source, centers), centers).unwrap_or_default();
    let matched: Vec<PointImage> = points.positions.iter().filter_map(|seen| image_near(lens, source, *seen)).collect();
    if matched.len() == points.positions.len() {
        view.matched = matched.into_iter().map(|image| (image, None)).collect();
    }
    view
}
