//! Values: the numbers of components, copy by copy, as operations and formulas take them.

use std::collections::BTreeMap;

use lens_models::mass::MassSum;
use lens_models::system::{Profile, Role, System};
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
    let (mut all, mut params, mut centers) = (vec![], vec![], vec![]);
    for (profile, values) in profiles {
        let center = ["center_x", "center_y"].map(|name| number(profile, &values, name));
        if let Profile::Mass(profile) = profile {
            all.push(*profile);
            params.extend(values.concat());
            if let [Some(x), Some(y)] = center {
                centers.push([x, y]);
            }
        }
    }
    (MassSum::new(all), params, centers)
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
    system.of_role(role).flat_map(move |component| {
        (0..component.count).map(move |copy| {
            let mut params = vec![];
            let mut numbers = component.numbers(copy, |p| best.get(&component.site(p)));
            for parameter in component.profile.parameters() {
                let all = numbers.by_ref().take(parameter.size);
                params.push(all.map(|(_, value)| value.unwrap_or(f64::NAN)).collect());
            }
            (&component.profile, params)
        })
    })
}
