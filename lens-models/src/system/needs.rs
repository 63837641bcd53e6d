//! What the components of a system file need of each other, and what they cannot be together with.

use super::component::{Component, Profile, Role};
use super::entry::form;
use super::lens_planes;
use crate::error::{Error, Result};

/// What point sources need beside themselves.
pub(super) fn of_points(components: &[Component], file: &str) -> Result<()> {
    let has = |role| components.iter().any(|c| c.role == role);
    if has(Role::Points) && !has(Role::Lens) {
        let hint = "a component without which points have one image each";
        return Err(Error::MissingKey { place: file.to_owned(), key: "lens", hint });
    }
    let delayed = |c: &Component| matches!(&c.profile, Profile::Points(points) if points.delays.is_some());
    if components.iter().any(delayed) && !has(Role::Cosmology) {
        let hint = "an object with `z_lens` and `z_source`, as there are `delays`";
        return Err(Error::MissingKey { place: file.to_owned(), key: "cosmology", hint });
    }
    Ok(())
}

/// What redshifts of components need: a cosmology, and lenses in front of its source.
pub(super) fn of_planes(components: &[Component], file: &str) -> Result<()> {
    if !components.iter().any(|component| component.redshift.is_some()) {
        return Ok(());
    }
    let redshifts =
        components.iter().find_map(|c| if let Profile::Cosmology(z) = &c.profile { Some(*z) } else { None });
    let hint = "an object with `z_lens` and `z_source`, as a component has a `redshift`";
    let missing = || Error::MissingKey { place: file.to_owned(), key: "cosmology", hint };
    let redshifts = redshifts.ok_or_else(missing)?;
    for (name, z) in lens_planes::of_role(components, Role::Lens) {
        if z >= redshifts.source {
            let place = format!("{file}: `redshift` of `{name}`");
            let expected =
                format!("a lens in front of `z_source` = {}, which its parameters are for", redshifts.source);
            return Err(Error::WrongForm { place, expected });
        }
    }
    Ok(())
}

/// What a potential on a grid cannot be together with: it bends the rays of one plane, and no points.
pub(super) fn of_potentials(components: &[Component], file: &str) -> Result<()> {
    let Some(grid) = components.iter().find(|c| matches!(c.profile, Profile::Potential(_))) else { return Ok(()) };
    let place = || format!("{file}: `{}`", grid.name);
    if grid.count > 1 {
        return Err(form(&place(), "no `count`: one grid is one component"));
    }
    if components.iter().any(|c| c.redshift.is_some()) {
        return Err(form(
            &place(),
            "lenses and sources without a `redshift` of their own beside a potential on a grid",
        ));
    }
    if components.iter().any(|c| c.role == Role::Points) {
        return Err(form(&place(), "no `points` beside a potential on a grid, which bends the rays of images alone"));
    }
    Ok(())
}

/// What a halo needs to be an angle.
pub(super) fn of_halos(components: &[Component], file: &str) -> Result<()> {
    let halo = components.iter().find(|c| matches!(c.profile, Profile::Halo(_)));
    match halo {
        Some(_) if !components.iter().any(|c| c.role == Role::Cosmology) => {
            let hint = "an object with `z_lens` and `z_source`, as there is a `subhalo`";
            Err(Error::MissingKey { place: file.to_owned(), key: "cosmology", hint })
        }
        _ => Ok(()),
    }
}
