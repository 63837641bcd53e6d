//! The likelihood of point sources against `tests/data/point_log_prob.json`, which `scripts/golden/point_log_prob.py` made, and its gradient.

use std::path::Path;

use lens_models::Error;
use lens_models::system::{PointTerms, PointsModel, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, handler};
use serde_json::{Value, json};

const NAMES: [&str; 13] = [
    "lens.theta_E",
    "lens.gamma",
    "lens.e1",
    "lens.e2",
    "lens.center_x",
    "lens.center_y",
    "shear.gamma1",
    "shear.gamma2",
    "quasar.center_x",
    "quasar.center_y",
    "cosmology.H0",
    "cosmology.Om0",
    "cosmology.Ok0",
];

fn table() -> Value {
    serde_json::from_str(include_str!("data/point_log_prob.json")).expect("the table is JSON")
}

/// The system of the table with priors that are flat: its density is its likelihood.
fn system(seen: &Value, more: &Value) -> Result<System, Error> {
    let mut points = seen.clone();
    points["name"] = json!("quasar");
    for (key, value) in more.as_object().expect("an object") {
        points[key] = value.clone();
    }
    let z = &table()["z"];
    let marginal = points.get("source").is_some_and(|source| source == "marginal");
    let flat = |name: &&str| !(marginal && name.starts_with("quasar"));
    let priors: serde_json::Map<String, Value> = NAMES
        .iter()
        .filter(|name| flat(name))
        .map(|name| ((*name).to_owned(), json!({ "improper_uniform": {} })))
        .collect();
    let json = json!({
        "lens": [{ "name": "lens", "profile": "epl" }, { "name": "shear", "profile": "shear" }],
        "points": [points],
        "cosmology": { "z_lens": z[0], "z_source": z[1] },
        "priors": priors
    });
    System::from_json(&json.to_string(), Path::new("s.json"), Path::new("."))
}

fn density(system: &System, terms: PointTerms) -> impl LogDensity + use<> {
    let model = PointsModel::new(system).expect("a model").with_points(terms);
    ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.priors.clone())).expect("a density")
}

fn at(density: &impl LogDensity, positions: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut logp, mut grad) = (vec![0.0; positions.len() / density.dim()], vec![0.0; positions.len()]);
    density.logp_and_grad(positions, &mut logp, &mut grad).expect("a density");
    (logp, grad)
}

#[test]
fn the_likelihood_is_that_of_lenstronomy_astropy_and_scipy_and_its_gradient_that_of_differences() {
    let table = table();
    let rows = table["rows"].as_array().expect("a list");
    let ways = [
        ("image_plane", json!({})),
        ("source_plane", json!({ "likelihood": "source_plane" })),
        ("marginal", json!({ "source": "marginal" })),
    ];
    for (way, more) in ways {
        let density = density(&system(&table["seen"], &more).expect("a system"), PointTerms::Given);
        let position = |row: &Value| {
            let all: Vec<f64> =
                row["at"].as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect();
            let kept = (0..13).filter(|i| density.dim() == 13 || !(8..10).contains(i));
            kept.map(|i| all[i]).collect::<Vec<f64>>()
        };
        // All rows as lanes of one evaluation.
        let positions: Vec<f64> = rows.iter().flat_map(position).collect();
        let (logp, grad) = at(&density, &positions);
        for (row, got) in rows.iter().zip(&logp) {
            let want = row[way].as_f64().expect("a number");
            // Images to 1e-12 arcsec, in units of 3 mas, with residuals of some hundred deviations.
            assert!((got - want).abs() < 1e-7 * want.abs().max(1.0), "{way}: {got} is not {want}");
        }
        let dim = density.dim();
        for (lane, row) in rows.iter().map(position).enumerate() {
            for i in 0..dim {
                let h = 1e-6 * row[i].abs().max(0.1);
                let moved = |by: f64| {
                    let mut row = row.clone();
                    row[i] += by;
                    at(&density, &row).0[0]
                };
                let numeric = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
                let got = grad[lane * dim + i];
                // Rounding of a log density near 100 over 1e-6, and slopes of 1e5 along the position of the source.
                assert!((got - numeric).abs() < 1e-5 * numeric.abs().max(10.0), "{way}, {i}: {got} is not {numeric}");
            }
        }
    }
}

#[test]
fn a_lens_without_an_image_where_one_is_seen_has_no_density_and_leaves_the_other_lanes_alone() {
    let table = table();
    let density = density(&system(&table["seen"], &json!({})).expect("a system"), PointTerms::Given);
    let good: Vec<f64> =
        table["rows"][0]["at"].as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect();
    let mut bad = good.clone();
    bad[8] = 0.9;
    let (logp, grad) = at(&density, &[good.clone(), bad].concat());
    assert_eq!(logp[1], f64::NEG_INFINITY);
    let (alone, grad_alone) = at(&density, &good);
    assert_eq!((logp[0], &grad[..13]), (alone[0], &grad_alone[..]));
}

#[test]
fn a_search_takes_the_positions_alone_with_wide_errors() {
    let table = table();
    let density = density(&system(&table["seen"], &json!({})).expect("a system"), PointTerms::Search(0.1));
    let at_row = |row: usize| {
        let list = table["rows"][row]["at"].as_array().expect("a list");
        at(&density, &list.iter().map(|v| v.as_f64().expect("a number")).collect::<Vec<f64>>()).0[0]
    };
    // Eight numbers of 0.1 arcsec each, next to no residual.
    let top = -8.0 * (0.1 * (2.0 * std::f64::consts::PI).sqrt()).ln();
    assert!((at_row(0) - top).abs() < 1e-2 && at_row(3) < at_row(0));
}

#[test]
fn what_a_file_says_of_points_and_cosmology_is_checked() {
    let seen = &table()["seen"];
    for (key, value, said) in [
        ("positions", json!([[0.0, 1.0]]), "two images at least"),
        ("positions", json!([[0.0, "a"], [1.0, 2.0]]), "`positions`"),
        ("position_errors", json!(0.0), "a number above 0"),
        ("position_errors", json!([0.1, 0.2]), "a list of 4"),
        ("fluxes", json!([1.0, 2.0]), "a list of 4"),
        ("fluxes", json!([null, null, null, 1.0]), "two of them at least"),
        ("delays", json!([null, null, null]), "one for each image but the first"),
        ("flux_ratios", json!([1.0, 1.0, 1.0]), "flux_ratio_errors"),
        ("likelihood", json!("imageplane"), "did you mean `image_plane`?"),
        ("source", json!("fixed"), "`fixed`"),
        ("position_error", json!(0.1), "did you mean `position_errors`?"),
    ] {
        let error = system(seen, &json!({ key: value })).err().expect("an error").to_string();
        assert!(error.contains(said) && error.contains("points") && !error.contains('\n'), "{key}: {error}");
    }
    let both = json!({ "source": "marginal", "likelihood": "image_plane" });
    let error = system(seen, &both).err().expect("an error").to_string();
    assert!(error.contains("\"source_plane\"") && error.contains("linear"), "{error}");

    let read = |json: Value| System::from_json(&json.to_string(), Path::new("s.json"), Path::new("."));
    let points = json!([{ "name": "quasar", "positions": [[1, 0], [-1, 0]], "position_errors": 0.01, "delays": [3], "delay_errors": 1 }]);
    let lens = json!([{ "name": "lens", "profile": "sis" }]);
    for (json, said) in [
        (json!({ "points": points }), "`lens`"),
        (json!({ "lens": lens, "points": points }), "`cosmology`"),
        (json!({ "lens": lens, "points": points, "cosmology": { "z_lens": 0.5 } }), "`z_source`"),
        (
            json!({ "lens": lens, "points": points, "cosmology": { "z_lens": 0.5, "z_source": 0.4 } }),
            "0 < z_lens < z_source",
        ),
        (
            json!({ "lens": lens, "points": points, "cosmology": { "z_lens": 0.5, "z_source": 1.0, "H0": 70 } }),
            "no key `H0`",
        ),
        (
            json!({ "lens": lens, "points": points,
                "cosmology": { "z_lens": 0.5, "z_source": 1.0, "parameters": { "Om": { "value": 0.3 } } } }),
            "did you mean `Om0`?",
        ),
        (json!({ "lens": lens, "points": 3 }), "a list of point sources"),
        (json!({ "lens": lens, "cosmology": [] }), "an object"),
    ] {
        let error = read(json).err().expect("an error").to_string();
        assert!(error.contains(said) && !error.contains('\n'), "{said}: {error}");
    }
    // What is not given of a cosmology is fixed, unless it has a prior.
    let open = read(json!({ "lens": lens, "points": points, "cosmology": { "z_lens": 0.5, "z_source": 1.0 },
        "priors": { "cosmology.H0": { "uniform": { "low": 50, "high": 90 } } } }))
    .expect("a system");
    let cosmology = open.components.iter().find(|c| c.name == "cosmology").expect("a cosmology");
    let fixed: Vec<(&str, f64)> = cosmology.fixed.iter().map(|(name, v)| (*name, v[0])).collect();
    assert_eq!(fixed, [("Ok0", 0.0), ("Om0", 0.3), ("w0", -1.0), ("wa", 0.0)]);
}
