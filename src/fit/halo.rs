//! Haloes: the masses and concentrations that the angles of NFW profiles stand for.

use lens_models::cosmology::{Cosmology, truncated_share};
use lens_models::system::{Component, Profile, Redshifts};

use super::values::number;

/// `NAME.m200` (solar masses) and `NAME.concentration` of a component with `Rs` and `alpha_Rs`, and `NAME.total_mass` of one with `r_trunc`, a
/// number for each copy; nothing for any other.
pub(super) fn quantities(
    component: &Component,
    copies: &[(&Profile, Vec<Vec<f64>>)],
    (redshifts, cosmology): (Redshifts, Cosmology),
) -> Vec<(String, Vec<f64>)> {
    let z = component.redshift.unwrap_or(redshifts.lens);
    // The angles of a Hernquist profile have other names, `sigma0` among them.
    let one = |(profile, values): &(&Profile, Vec<Vec<f64>>)| {
        let of = |name: &str| number(profile, values, name);
        let (rs, alpha) = (of("Rs")?, of("alpha_Rs")?);
        let [m200, c] = cosmology.halo_mass(rs, alpha, z, redshifts.source);
        Some((m200, c, of("r_trunc").map(|r| m200 * truncated_share(c, r / rs))))
    };
    let all: Vec<_> = copies.iter().filter_map(one).collect();
    if all.is_empty() {
        return vec![];
    }
    let name = |what: &str| format!("{}.{what}", component.name);
    let mut quantities = vec![
        (name("concentration"), all.iter().map(|halo| halo.1).collect()),
        (name("m200"), all.iter().map(|halo| halo.0).collect()),
    ];
    let total: Option<Vec<f64>> = all.iter().map(|halo| halo.2).collect();
    quantities.extend(total.map(|total| (name("total_mass"), total)));
    quantities
}
