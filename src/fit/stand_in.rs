//! Stand-ins: simple lights in the place of sources that a network makes, while the lens is looked for.

use lens_models::system::{Component, Profile, Role, System};
use ppl_core::Values;

/// The system with a stand-in for every source that has one, and without potentials on grids; none where there is neither.
pub(super) fn simplified(system: &System) -> Option<System> {
    let of = |component: &Component| match &component.profile {
        Profile::Light(light) if component.role == Role::Source => light.stand_in(),
        _ => None,
    };
    if !system.components.iter().any(|component| of(component).is_some() || none_of(component).is_some()) {
        return None;
    }
    let simple = |component: &Component| {
        if let Some(none) = none_of(component) {
            let fixed = none.into_iter().chain(component.fixed.clone()).collect();
            return Component { fixed, ..component.clone() };
        }
        let Some(light) = of(component) else { return component.clone() };
        let has = |name: &str| light.parameters().iter().any(|p| p.name == name);
        let fixed = component.fixed.iter().filter(|(name, _)| has(name)).map(|(name, v)| (*name, v.clone())).collect();
        // A width of each band is a radius of each.
        let own = light.parameters().iter().map(|p| p.name);
        let per_band = |name: &&str| component.per_band.contains(if *name == "R_sersic" { &"scale" } else { name });
        let per_band = own.filter(per_band).collect();
        Component { profile: Profile::Light(light), fixed, per_band, ..component.clone() }
    };
    let components: Vec<Component> = system.components.iter().map(simple).collect();
    // A prior of a width or a brightness means another thing for the stand-in, and none to what is fixed.
    let kept = |site: &str| {
        components.iter().zip(&system.components).any(|(simple, component)| {
            let shared = |name: &str| of(component).is_none() || name.starts_with("center");
            let shared = |name: &str| shared(name) && none_of(component).is_none();
            simple.profile.parameters().iter().any(|p| shared(p.name) && simple.site(p) == site)
        })
    };
    let priors = system.priors.filtered(kept);
    Some(System { components, priors, ..system.clone() })
}

/// The values of the simplified system as values of the system.
pub(super) fn translated(system: &System, simple: &System, values: &Values) -> Values {
    let mut translated = Values::new();
    for (component, simple) in system.components.iter().zip(&simple.components) {
        let own = |name: &str| values.get(&simple.site_of(name));
        let given = |name: &str| component.fixed.get(name).and_then(|numbers| numbers.first().copied());
        match &component.profile {
            Profile::Light(light) if component.role == Role::Source && light.stand_in().is_some() => {
                let of = |name: &str| own(name).and_then(|v| v.numbers().first().copied()).or_else(|| given(name));
                for (name, numbers) in light.like_stand_in(&of).into_iter().filter(|(name, _)| given(name).is_none()) {
                    translated = with(translated, component.site_of(name), numbers);
                }
            }
            Profile::Potential(grid) => {
                for (name, numbers) in grid.none().into_iter().filter(|(name, _)| given(name).is_none()) {
                    translated = with(translated, component.site_of(name), numbers);
                }
            }
            profile => {
                for parameter in profile.parameters() {
                    if let Some(value) = own(parameter.name) {
                        translated.insert(component.site(parameter), value.clone());
                    }
                }
            }
        }
    }
    translated
}

/// A potential that is free, as none.
fn none_of(component: &Component) -> Option<Vec<(&'static str, Vec<f64>)>> {
    match &component.profile {
        Profile::Potential(grid) if !component.fixed.contains_key("xi") => Some(grid.none()),
        _ => None,
    }
}

/// The values with one more, a number or several.
fn with(values: Values, site: String, numbers: Vec<f64>) -> Values {
    match numbers[..] {
        [number] => values.with(site, number),
        _ => values.with(site, numbers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn system() -> System {
        let json = r#"{
            "lens": [ { "name": "lens", "profile": "epl" } ],
            "source": [ { "name": "galaxy", "profile": "vae", "parameters": { "center_x": { "value": 0.1 } } } ],
            "priors": { "lens.gamma": { "normal": { "loc": 2.0, "scale": 0.1 } },
                        "galaxy.center_y": { "normal": { "loc": 0.2, "scale": 0.1 } },
                        "galaxy.amp": { "half_normal": { "scale": 1.0 } } }
        }"#;
        System::from_json_with(json, Path::new("s.json"), Path::new("."), &vae_source::profile::profiles()).unwrap()
    }

    #[test]
    fn a_network_is_searched_for_as_a_sersic_profile_with_the_priors_that_mean_the_same() {
        let simple = simplified(&system()).unwrap();
        assert_eq!(simple.components[1].profile.name(), "sersic");
        assert_eq!(simple.components[1].fixed["center_x"], [0.1]);
        let kept = |site: &str| simple.priors.names().any(|name| name == site);
        assert!(kept("lens.gamma") && kept("galaxy.center_y") && !kept("galaxy.amp"));
        assert!(simplified(&simple).is_none());
    }

    #[test]
    fn what_each_band_has_for_itself_it_has_of_the_stand_in_too() {
        let json = r#"{
            "data": [ { "name": "a", "size": [8, 8], "pixel_scale": 0.1 }, { "name": "b", "size": [8, 8], "pixel_scale": 0.1 } ],
            "lens": [ { "name": "lens", "profile": "epl" } ],
            "source": [ { "name": "galaxy", "profile": "vae", "per_band": ["amp", "scale"] } ] }"#;
        let system =
            System::from_json_with(json, Path::new("s.json"), Path::new("."), &vae_source::profile::profiles())
                .unwrap();
        let simple = simplified(&system).unwrap();
        assert_eq!(simple.components[2].site_of("R_sersic"), "galaxy.b.R_sersic");
        let found =
            [("galaxy.a.R_sersic", 0.2), ("galaxy.b.R_sersic", 0.3), ("galaxy.a.amp", 0.4), ("galaxy.b.amp", 0.5)];
        let found = found.into_iter().fold(Values::new(), |all, (site, v)| all.with(site, v));
        let values = translated(&system, &simple, &found.with("galaxy.center_x", 0.1));
        let scales = ["a", "b"].map(|band| values.numbers(&format!("galaxy.{band}.scale")).map(<[f64]>::to_vec));
        assert_eq!(scales, [Some(vec![8.0 * 0.2]), Some(vec![8.0 * 0.3])]);
        assert_eq!(values.numbers("galaxy.b.amp"), Some(&[2.5][..]));
        assert!(values.numbers("galaxy.z").is_some() && values.numbers("galaxy.center_x") == Some(&[0.1][..]));
    }

    #[test]
    fn its_values_become_those_of_the_network_and_nothing_else() {
        let found = Values::new().with("lens.theta_E", 1.2).with("galaxy.R_sersic", 0.2).with("galaxy.amp", 0.3);
        let values = translated(
            &system(),
            &simplified(&system()).unwrap(),
            &found.with("galaxy.center_y", 0.4).with("galaxy.n_sersic", 1.0),
        );
        assert_eq!(values.numbers("lens.theta_E"), Some(&[1.2][..]));
        assert_eq!(values.numbers("galaxy.center_y"), Some(&[0.4][..]));
        assert_eq!(values.numbers("galaxy.scale"), Some(&[1.6][..]));
        assert_eq!(values.numbers("galaxy.z").map(<[f64]>::len), Some(64));
        assert!(values.get("galaxy.center_x").is_none() && values.get("galaxy.n_sersic").is_none());
    }
}
