//! The likelihood of point sources behind several planes of lenses, at images, magnifications and arrival times that are lenstronomy's
//! (`tests/data/plane_mapping.json`, made by `scripts/golden/plane_mapping.py`), and its gradient.

use std::path::Path;

use lens_models::system::{PointTerms, PointsModel, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, handler};
use serde_json::{Map, Value, json};

const ERRORS: [f64; 3] = [0.003, 0.1, 0.5];

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// x, y, magnification and arrival time of the images of a row that are neither faint nor about to merge.
fn images(row: &Value) -> Vec<[f64; 4]> {
    let all = row["images"].as_array().expect("a list").iter().map(|image| [0, 1, 2, 3].map(|i| number(&image[i])));
    all.filter(|image| (0.2..40.0).contains(&image[2].abs())).collect()
}

/// The rows with three such images at least.
fn rows() -> Vec<Value> {
    let table: Value = serde_json::from_str(include_str!("data/plane_mapping.json")).expect("the table is JSON");
    let rows = table["rows"].as_array().expect("a list").iter();
    rows.filter(|row| images(row).len() > 2).cloned().collect()
}

/// What is seen, so many errors beside what the model has.
fn off(i: usize) -> f64 {
    0.4 * (1.7 * i as f64).sin()
}

/// The system of a row, whose positions, flux ratios and delays are those of the row but for `off`; with everything free under flat priors, or
/// the source alone.
fn system(row: &Value, more: &Value, all_free: bool) -> System {
    let images = images(row);
    let [position_error, ratio_error, delay_error] = ERRORS;
    let ratio = |i: usize| (images[i][2] / images[0][2]).abs() + ratio_error * off(2 * i);
    let delay = |i: usize| images[i][3] - images[0][3] + delay_error * off(3 * i);
    let later = || 1..images.len();
    let mut points = json!({
        "name": "quasar",
        "positions": images.iter().enumerate().map(|(i, image)| [0, 1].map(|k| image[k] + position_error * off(i + 9 * k))).collect::<Vec<_>>(),
        "position_errors": position_error,
        "flux_ratios": later().map(ratio).collect::<Vec<_>>(),
        "flux_ratio_errors": ratio_error,
        "delays": later().map(delay).collect::<Vec<_>>(),
        "delay_errors": delay_error,
    });
    for (key, value) in more.as_object().expect("an object") {
        points[key] = value.clone();
    }
    let mut priors = Map::new();
    let mut flat = |site: String| priors.insert(site, json!({ "improper_uniform": {} }));
    let mut lenses = vec![];
    for (i, lens) in row["lens"].as_array().expect("a list").iter().enumerate() {
        let own = lens[2].as_object().expect("an object");
        let mut entry = json!({ "name": format!("lens{i}"), "profile": lens[0], "redshift": lens[1] });
        if all_free {
            own.keys().for_each(|name| {
                flat(format!("lens{i}.{name}"));
            });
        } else {
            let values = own.iter().map(|(name, v)| (name.clone(), json!({ "value": v })));
            entry["parameters"] = Value::Object(values.collect());
        }
        lenses.push(entry);
    }
    if points.get("source").is_none() {
        flat("quasar.center_x".to_owned());
        flat("quasar.center_y".to_owned());
    }
    let mut cosmology = json!({ "z_lens": row["lens"][0][1], "z_source": row["z_source"] });
    if all_free {
        flat("cosmology.H0".to_owned());
        flat("cosmology.Om0".to_owned());
    } else {
        let [h0, om0] = [0, 1].map(|i| json!({ "value": row["cosmology"][i] }));
        cosmology["parameters"] = json!({ "H0": h0, "Om0": om0 });
    }
    let json = json!({ "lens": lenses, "points": [points], "cosmology": cosmology, "priors": priors });
    System::from_json(&json.to_string(), Path::new("s.json"), Path::new(".")).expect("a system")
}

fn density(system: &System) -> ModelDensity<impl Fn(&mut Ctx) -> ppl_core::Result<()> + use<>> {
    let model = PointsModel::new(system).expect("a model").with_points(PointTerms::Given);
    ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.priors.clone())).expect("a density")
}

fn at(density: &impl LogDensity, position: &[f64]) -> (f64, Vec<f64>) {
    let (mut logp, mut grad) = (vec![0.0], vec![0.0; position.len()]);
    density.logp_and_grad(position, &mut logp, &mut grad).expect("a density");
    (logp[0], grad)
}

fn normal(deviation: f64, error: f64) -> f64 {
    -0.5 * deviation * deviation - error.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

#[test]
fn the_likelihood_through_several_planes_is_that_of_lenstronomys_images() {
    let (mut worst, rows) = (0.0_f64, rows());
    for row in &rows {
        let n = images(row).len();
        let [position, ratio, delay] = ERRORS;
        let positions: f64 = (0..2 * n).map(|i| normal(off(i % n + 9 * (i / n)), position)).sum();
        let rest: f64 = (1..n).map(|i| normal(off(2 * i), ratio) + normal(off(3 * i), delay)).sum();
        let source = [0, 1].map(|i| number(&row["source"][i]));
        let got = at(&density(&system(row, &json!({}), false)), &source).0;
        let off = (got - positions - rest).abs();
        worst = worst.max(off);
        // Delays of some hundred days to 1e-7, in units of half a day; magnifications to 1e-8.
        assert!(off < 1e-5, "{got} is not {}: {row}", positions + rest);
    }
    println!("{} systems; worst log density {worst:.1e}", rows.len());
    assert!(rows.len() > 15);
}

#[test]
fn in_the_plane_of_the_source_it_is_a_parabola_whose_integral_is_the_marginal_one() {
    for row in rows().iter().step_by(3) {
        let source = [0, 1].map(|i| number(&row["source"][i]));
        let in_plane = density(&system(row, &json!({ "likelihood": "source_plane" }), false));
        let h = 1e-3;
        let f = |i: f64, j: f64| at(&in_plane, &[source[0] + h * i, source[1] + h * j]).0;
        let [xx, yy] = [(1.0, 0.0), (0.0, 1.0)].map(|(i, j)| f(i, j) + f(-i, -j) - 2.0 * f(0.0, 0.0));
        let xy = 0.25 * (f(1.0, 1.0) + f(-1.0, -1.0) - f(1.0, -1.0) - f(-1.0, 1.0));
        let [x, y] = [0.5 * (f(1.0, 0.0) - f(-1.0, 0.0)), 0.5 * (f(0.0, 1.0) - f(0.0, -1.0))];
        assert!(
            (f(3.0, -2.0) - f(0.0, 0.0) - 3.0 * x + 2.0 * y - 4.5 * xx - 2.0 * yy + 6.0 * xy).abs() < 1e-6 * xx.abs()
        );
        let det = xx * yy - xy * xy;
        let top = f(0.0, 0.0) - 0.5 * (yy * x * x - 2.0 * xy * x * y + xx * y * y) / det;
        let want = top + (2.0 * std::f64::consts::PI).ln() - 0.5 * det.ln() + 2.0 * h.ln();
        let got = at(
            &density(&system(row, &json!({ "likelihood": "source_plane", "source": "marginal" }), true)),
            &point(row, false),
        )
        .0;
        assert!((got - want).abs() < 1e-5, "{got} is not {want}");
    }
}

/// The parameters of a row in the order of its sites.
fn point(row: &Value, with_source: bool) -> Vec<f64> {
    let system = system(row, &if with_source { json!({}) } else { json!({ "source": "marginal" }) }, true);
    let density = density(&system);
    let of = |site: &str| match site.split_once('.') {
        Some(("quasar", name)) => number(&row["source"][usize::from(name == "center_y")]),
        Some(("cosmology", name)) => number(&row["cosmology"][usize::from(name == "Om0")]),
        Some((lens, name)) => number(&row["lens"][lens[4..].parse::<usize>().expect("a number")][2][name]),
        None => f64::NAN,
    };
    density.layout().entries().iter().map(|entry| of(&entry.name)).collect()
}

#[test]
fn a_lens_without_the_images_that_are_seen_has_no_density_and_leaves_the_other_lanes_alone() {
    let row = &rows()[0];
    let density = density(&system(row, &json!({}), true));
    let good = point(row, true);
    let source =
        density.layout().entries().iter().find(|entry| &*entry.name == "quasar.center_x").expect("a site").offset;
    let (mut moved, mut bad) = (good.clone(), good.clone());
    moved[source] += 1e-4;
    bad[source] += 5.0;
    let (mut logp, mut grad) = (vec![0.0; 3], vec![0.0; 3 * good.len()]);
    density.logp_and_grad(&[&good[..], &bad, &moved].concat(), &mut logp, &mut grad).expect("a density");
    assert_eq!(logp[1], f64::NEG_INFINITY);
    for (lane, position) in [(0, good), (2, moved)] {
        let (alone, of_alone) = at(&density, &position);
        assert_eq!((logp[lane], &grad[lane * position.len()..(lane + 1) * position.len()]), (alone, &of_alone[..]));
    }
}

#[test]
fn its_gradient_goes_to_the_lenses_of_all_planes_the_source_and_the_cosmology() {
    let mut worst = 0.0_f64;
    for row in rows().iter().step_by(4) {
        for (more, with_source) in [
            (json!({}), true),
            (json!({ "likelihood": "source_plane" }), true),
            (json!({ "likelihood": "source_plane", "source": "marginal" }), false),
        ] {
            let density = density(&system(row, &more, true));
            let position = point(row, with_source);
            assert_eq!(position.len(), density.dim());
            let (logp, grad) = at(&density, &position);
            assert!(logp.is_finite());
            for (i, got) in grad.iter().enumerate() {
                let h = 1e-6 * position[i].abs().max(0.1);
                let moved = |by: f64| {
                    let mut position = position.clone();
                    position[i] += by;
                    at(&density, &position).0
                };
                let numeric = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
                let off = (got - numeric).abs() / numeric.abs().max(10.0);
                worst = worst.max(off);
                // As with one plane: rounding of a log density near 100 over 1e-6, and slopes of 1e5 along the source.
                assert!(off < 3e-5, "{more}, {i}: {got} is not {numeric}");
            }
        }
    }
    println!("worst gradient {worst:.1e}");
}
