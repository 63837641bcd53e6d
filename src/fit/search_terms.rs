//! Search terms: what the search for a lens takes from its point sources.

use lens_models::system::{Component, PointTerms, Profile, System};

/// What a search takes the errors of positions to be at least, in units of the extent of the images: wide enough that the lens equation
/// need not hold, and narrow enough to tell one configuration of images from another.
const SEARCH_ERROR: f64 = 0.05;
/// Where a search for point sources of this system takes their positions from: the plane of the source, with wide errors.
pub(super) fn search_terms(system: &System) -> PointTerms {
    let extent = |component: &Component| match &component.profile {
        Profile::Points(points) => Some(points.extent().0),
        _ => None,
    };
    let least = system.components.iter().filter_map(extent).fold(f64::INFINITY, f64::min);
    PointTerms::Search(if least.is_finite() { SEARCH_ERROR * least } else { 0.0 })
}
