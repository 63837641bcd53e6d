//! Profiles against `tests/data/profiles.json`, which `scripts/golden/profiles.py` made from lenstronomy and the literature.

use lens_models::light;
use lens_models::mass;
use lens_models::parameter::ProfileParameter;
use serde_json::Value;

use crate::read::list;

/// The largest of the numbers without their signs.
fn size(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |size, v| size.max(v.abs()))
}

fn difference(got: &[f64], want: &[f64]) -> f64 {
    size(&got.iter().zip(want).map(|(got, want)| got - want).collect::<Vec<_>>())
}

/// Holds a profile to its rows: the field and its derivatives by position to 1e-9, those by parameter to 1e-8, relative to
/// their size; `at` gives the field, and its derivatives by parameter and by position.
fn hold(
    name: &str,
    table: &Value,
    parameters: &[ProfileParameter],
    at: impl Fn(&[f64], f64, f64) -> (Vec<f64>, Vec<Vec<f64>>),
) {
    let names: Vec<&str> = parameters.iter().map(|p| p.name).collect();
    assert_eq!(table["names"], serde_json::json!(names), "{name}");
    let rows = table["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), 200, "{name}");
    let mut worst = [0.0_f64; 3];
    for row in rows {
        let all = list(&row[0]);
        let (params, point) = all.split_at(names.len());
        let (field, derivatives) = at(params, point[0], point[1]);
        let want = list(&row[1]);
        worst[0] = worst[0].max(difference(&field, &want) / size(&want));
        let wanted: Vec<Vec<f64>> = row[2].as_array().expect("a list").iter().map(list).collect();
        assert_eq!(derivatives.len(), wanted.len(), "{name}");
        let (by_params, by_position) = derivatives.split_at(names.len());
        let (want_params, want_position) = wanted.split_at(names.len());
        for (got, wanted) in by_position.iter().zip(want_position) {
            // Entries of a Hessian may cancel: measured by all of it.
            worst[1] = worst[1].max(difference(got, wanted) / size(&want_position.concat()).max(1e-3 * size(&want)));
        }
        for (got, wanted) in by_params.iter().zip(want_params) {
            // Each by itself, but one that passes through zero by a thousandth of the largest.
            worst[2] = worst[2].max(difference(got, wanted) / size(wanted).max(1e-3 * size(&want_params.concat())));
        }
    }
    let [field, by_position, by_params] = worst;
    println!("{name}: field {field:.1e}, by position {by_position:.1e}, by parameter {by_params:.1e}");
    assert!(field < 1e-9 && by_position < 1e-9 && by_params < 1e-8, "{name}: {worst:?}");
}

fn table() -> Value {
    serde_json::from_str(include_str!("../data/profiles.json")).expect("the table is JSON")
}

#[test]
fn mass_profiles_are_lenstronomys() {
    let table = table();
    let mut held = 0;
    for profile in mass::ALL {
        let Some(rows) = table["mass"].get(profile.name()) else { continue };
        held += 1;
        hold(profile.name(), rows, profile.parameters(), |params, x, y| {
            let at = profile.point(params, x, y);
            let by_params = profile.deflection_jacobian(params, x, y).into_iter().map(|d| d.to_vec());
            let by_position = [vec![at.f_xx, at.f_xy], vec![at.f_xy, at.f_yy]];
            (at.alpha.to_vec(), by_params.chain(by_position).collect())
        });
    }
    assert_eq!(Some(held), table["mass"].as_object().map(serde_json::Map::len), "each of the table is a profile");
}

#[test]
fn light_profiles_are_lenstronomys() {
    let table = table();
    let mut held = 0;
    for profile in light::ALL {
        let Some(rows) = table["light"].get(profile.name()) else { continue };
        held += 1;
        hold(profile.name(), rows, profile.parameters(), |params, x, y| {
            let gradient = profile.point_gradient(params, x, y);
            let derivatives = gradient.params.iter().chain(&gradient.position).map(|d| vec![*d]);
            (vec![profile.point(params, x, y)], derivatives.collect())
        });
    }
    assert_eq!(Some(held), table["light"].as_object().map(serde_json::Map::len), "each of the table is a profile");
}
