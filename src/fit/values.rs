//! Values: the numbers of components, copy by copy, as operations and formulas take them.

use std::collections::BTreeMap;

use lens_models::cosmology::Cosmology;
use lens_models::mass::MassSum;
use lens_models::system::{Component, Profile, Redshifts, Role, System};
use ppl_core::autodiff::{Dims, Value};

/// Numbers of parameters as values, a scalar or a vector each.
pub(super) fn constants(params: &[Vec<f64>]) -> Vec<Value> {
    let dims = |numbers: &[f64]| if numbers.len() == 1 { Dims::SCALAR } else { Dims::new(&[numbers.len()]) };
    params.iter().map(|numbers| Value::shared(dims(numbers), numbers.clone())).collect()
}

/// The sum of some mass profiles, its parameters, and the centres of those that have one.
pub(super) fn masses<'a>(
    profiles: impl Iterator<Item = (&'a Profile, Vec<Vec<f64>>)>,
) -> (MassSum, Vec<f64>, Vec<[f64; 2]>) {
    let (mut all, mut params) = (vec![], vec![]);
    for (profile, values) in profiles {
        if let Profile::Mass(profile) = profile {
            all.push(*profile);
            params.extend(values.concat());
        }
    }
    let mass = MassSum::new(all);
    let centers = mass.centers(&params);
    (mass, params, centers)
}

/// The first number of the parameter of this name.
pub(super) fn number(profile: &Profile, values: &[Vec<f64>], name: &str) -> Option<f64> {
    let place = profile.parameters().iter().position(|p| p.name == name)?;
    values[place].first().copied()
}

/// Every copy of every component of a role: its profile, and the numbers of each of its parameters.
pub(super) fn each<'a>(
    system: &'a System,
    role: Role,
    best: &'a BTreeMap<String, Vec<f64>>,
) -> impl Iterator<Item = (&'a Profile, Vec<Vec<f64>>)> + 'a {
    let universe = universe(system, best);
    // What a fit is about comes before its haloes: it is the first whose centre is asked for.
    let is_halo = |component: &&Component| matches!(component.profile, Profile::Halo(_));
    let of_role = move || system.of_role(role);
    of_role().filter(move |c| !is_halo(c)).chain(of_role().filter(is_halo)).flat_map(move |component| {
        (0..component.count).map(move |copy| {
            let numbers = component.numbers(copy, |p| best.get(&component.site(p)));
            let numbers = numbers.map(|(_, value)| value.unwrap_or(f64::NAN)).collect();
            let (profile, numbers) = component.deflecting(numbers, universe);
            let mut rest = numbers.into_iter();
            let params = profile.parameters().iter().map(|p| rest.by_ref().take(p.size).collect()).collect();
            (profile, params)
        })
    })
}

/// The redshifts of a system and its universe at these values.
pub(super) fn universe(system: &System, best: &BTreeMap<String, Vec<f64>>) -> Option<(Redshifts, Cosmology)> {
    system.universe(|component, p| best.get(&component.site(p))?.first().copied())
}
