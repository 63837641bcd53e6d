//! Lights that are sums: shapelets against `tests/data/shapelets.json`, which `scripts/golden/shapelets.py` made with lenstronomy, and two
//! Sersics of one centre against the two; and systems that have them.

use std::path::Path;

use lens_models::light::{LightProfile, Sersic, Shapelet};
use lens_models::op::{DoubleSersic, LightModel, Shapelets};
use lens_models::system::{Scales, System, SystemModel, simulate};
use ppl_core::autodiff::{Dims, Shape, Value};
use ppl_core::{Array, Ctx, LogDensity, ModelDensity, handler};
use serde_json::Value as Json;

fn number(value: &Json) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

fn numbers(value: &Json) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

struct Point {
    at: [f64; 2],
    value: f64,
    /// The sum of the absolute terms.
    size: f64,
    by_position: Vec<f64>,
    /// By beta and the centre.
    by_place: Vec<f64>,
    by_amps: Vec<f64>,
}

struct Row {
    shapelets: Shapelets,
    amps: Vec<f64>,
    place: Vec<f64>,
    points: Vec<Point>,
}

fn rows() -> Vec<Row> {
    let table: Json = serde_json::from_str(include_str!("data/shapelets.json")).expect("the table is JSON");
    let point = |p: &Json| Point {
        at: [number(&p["x"]), number(&p["y"])],
        value: number(&p["value"]),
        size: number(&p["size"]),
        by_position: numbers(&p["by_position"]),
        by_place: numbers(&p["by_place"]),
        by_amps: numbers(&p["by_amps"]),
    };
    let row = |row: &Json| Row {
        shapelets: Shapelets::new(row["n_max"].as_u64().expect("an order") as usize).expect("up to 20"),
        amps: numbers(&row["amps"]),
        place: numbers(&row["place"]),
        points: row["points"].as_array().expect("a list").iter().map(point).collect(),
    };
    table["rows"].as_array().expect("a list").iter().map(row).collect()
}

#[test]
fn shapelets_are_lenstronomys_in_f64_with_all_derivatives() {
    for Row { shapelets, amps, place, points } in rows() {
        for p in &points {
            let (mut value, mut by_place, mut by_position) = (0.0, [0.0; 3], [0.0; 2]);
            for (k, ([n1, n2], amp)) in shapelets.orders().zip(&amps).enumerate() {
                let params = [&[*amp, n1 as f64, n2 as f64], &place[..]].concat();
                value += Shapelet.point(&params, p.at[0], p.at[1]);
                let gradient = Shapelet.point_gradient(&params, p.at[0], p.at[1]);
                (0..3).for_each(|i| by_place[i] += gradient.params[3 + i]);
                (0..2).for_each(|i| by_position[i] += gradient.position[i]);
                assert_eq!(gradient.params[1..3], [0.0, 0.0], "orders are given");
                // The recurrence of order 20 loses two digits where its function is small.
                let error = (gradient.params[0] - p.by_amps[k]).abs();
                assert!(
                    error <= 1e-12 * p.by_amps[k].abs() + 1e-14,
                    "d amp[{k}]: {} is not {}",
                    gradient.params[0],
                    p.by_amps[k]
                );
            }
            assert!((value - p.value).abs() <= 1e-10 * p.size + 1e-12, "{value} is not {}", p.value);
            for (got, want) in [(&by_place[..], &p.by_place), (&by_position[..], &p.by_position)] {
                let size = want.iter().fold(p.size, |m, d| m.max(d.abs()));
                for (got, want) in got.iter().zip(want) {
                    assert!((got - want).abs() <= 1e-8 * size, "{got} is not {want} at {:?}", p.at);
                }
            }
        }
    }
}

#[test]
fn shapelets_in_f32_are_those_in_f64_and_far_ones_are_dark() {
    // A spiral out to 2.5 beta; 83 so that the last chunk is a short one.
    let at = |k: u32| (0.03 * f64::from(k) * f64::from(k).cos(), 0.03 * f64::from(k) * f64::from(k).sin());
    let (x, y): (Vec<f32>, Vec<f32>) = (0..83).map(at).map(|(x, y)| (x as f32, y as f32)).unzip();
    let g: Vec<f32> = (0..83).map(|k| (k as f32).sin()).collect();
    for orders in [[0.0, 0.0], [1.0, 0.0], [2.0, 3.0], [7.0, 4.0]] {
        let params = [&[1.3], &orders[..], &[0.9, 0.0625, -0.03125]].concat();
        let (mut d, mut dx, mut dy, mut out) = (vec![0.0; 6], vec![0.0; 83], vec![0.0; 83], vec![0.0; 83]);
        Shapelet.brightness(&params, &x, &y, &mut out);
        Shapelet.brightness_vjp(&params, &x, &y, &g, &mut d, &mut dx, &mut dy);
        let (mut sums, mut sizes) = (vec![0.0; 6], vec![0.0_f64; 6]);
        for i in 0..83 {
            let (px, py, weight) = (f64::from(x[i]), f64::from(y[i]), f64::from(g[i]));
            let gradient = Shapelet.point_gradient(&params, px, py);
            // Of order one; where a function passes through 0 its terms cancel.
            assert!((f64::from(out[i]) - Shapelet.point(&params, px, py)).abs() < 2e-6);
            assert!((f64::from(dx[i]) - weight * gradient.position[0]).abs() < 1e-5);
            assert!((f64::from(dy[i]) - weight * gradient.position[1]).abs() < 1e-5);
            for (k, by) in gradient.params.iter().enumerate() {
                sums[k] += weight * by;
                sizes[k] += (weight * by).abs();
            }
        }
        for k in 0..6 {
            assert!((d[k] - sums[k]).abs() <= 1e-5 * sizes[k], "{orders:?} d{k}: {} is not {}", d[k], sums[k]);
        }
    }
    let far = Shapelet.point(&[1.0, 20.0, 20.0, 0.05, 0.0, 0.0], 10.0, 10.0);
    let mut out = [0.0_f32];
    Shapelet.brightness(&[1.0, 20.0, 20.0, 0.05, 0.0, 0.0], &[10.0], &[10.0], &mut out);
    assert_eq!((far, out), (0.0, [0.0]));
    assert!(Shapelet.point(&[1.0, 2.0, 2.0, -0.05, 0.0, 0.0], 0.1, 0.1).is_nan());
}

/// A number or a vector, as parameters of light models are.
fn value(numbers: &[f64]) -> Value {
    let dims = if numbers.len() == 1 { Dims::SCALAR } else { Dims::new(&[numbers.len()]) };
    Value::constant(Shape::new(1, dims), numbers.to_vec())
}

/// Points as positions of a light model.
fn positions(points: &[[f64; 2]]) -> Array {
    let at = [0, 1].map(|axis| points.iter().map(|p| p[axis] as f32).collect::<Vec<f32>>()).concat();
    Array::constant(&[2, points.len()], at).expect("it fits")
}

#[test]
fn the_model_of_shapelets_on_the_tape_is_lenstronomys_to_the_rounding_of_pixels() {
    for Row { shapelets, amps, place, points } in rows() {
        let params: Vec<Value> = std::iter::once(&amps[..]).chain(place.chunks(1)).map(value).collect();
        let at = positions(&points.iter().map(|p| p.at).collect::<Vec<_>>());
        let light = shapelets.brightness(&at, None, &params).expect("it fits");
        let units = shapelets.units(&at, None, &params).expect("it fits");
        for (i, p) in points.iter().enumerate() {
            assert!((f64::from(light.lane(0)[i]) - p.value).abs() <= 2e-5 * p.size + 1e-12, "{}", p.value);
            for (unit, want) in units.iter().zip(&p.by_amps) {
                assert!((f64::from(unit.lane(0)[i]) - want).abs() <= 2e-5 * want.abs() + 2e-6, "{want}");
            }
        }
    }
}

#[test]
fn a_double_sersic_is_two_of_one_centre() {
    let (amp, radius, n, e1, e2) = ([1.2, 0.3], [0.4, 1.1], [3.2, 1.0], [0.1, -0.2], [0.05, 0.15]);
    let center = [0.03, -0.04];
    let params = [&amp[..], &radius, &n, &e1, &e2, &center[..1], &center[1..]].map(value);
    let points = [[0.3, 0.2], [-0.7, 1.1], [0.04, -0.03]];
    let at = positions(&points);
    let light = DoubleSersic.brightness(&at, None, &params).expect("it fits");
    let units = DoubleSersic.units(&at, None, &params).expect("it fits");
    for (i, [x, y]) in points.into_iter().enumerate() {
        let each = [0, 1].map(|k| Sersic.point(&[amp[k], radius[k], n[k], e1[k], e2[k], center[0], center[1]], x, y));
        let sum = each[0] + each[1];
        assert!((f64::from(light.lane(0)[i]) - sum).abs() <= 2e-5 * sum);
        for k in [0, 1] {
            assert!((f64::from(units[k].lane(0)[i]) * amp[k] - each[k]).abs() <= 2e-5 * each[k]);
        }
    }
}

/// A lens with a double Sersic and a source of shapelets, with these keys besides.
fn lens(keys: &str) -> System {
    let json = format!(
        r#"{{ "data": {{ "size": [24, 24], "pixel_scale": 0.1, "background_rms": 0.05, "supersampling": 1 }},
        "lens": [{{ "name": "lens", "profile": "sis", "parameters": {{ "theta_E": {{ "value": 0.7, "free": true }},
            "center_x": {{ "value": 0.0 }}, "center_y": {{ "value": 0.0 }} }} }}],
        "light": [{{ "name": "galaxy", "profile": "double_sersic" {keys}, "parameters": {{
            "R_sersic": {{ "value": [0.2, 0.6], "free": true }}, "n_sersic": {{ "value": [3.0, 1.0] }},
            "e1": {{ "value": 0.1 }}, "e2": {{ "value": [0.0, -0.2] }}, "center_x": {{ "value": 0.01 }}, "center_y": {{ "value": 0.0 }} }} }}],
        "source": [{{ "name": "source", "profile": "shapelets", "n_max": 2 {keys}, "parameters": {{
            "beta": {{ "value": 0.1, "free": true }}, "center_x": {{ "value": 0.05 }}, "center_y": {{ "value": -0.03 }} }} }}] }}"#
    );
    System::from_json(&json, Path::new("s.json"), Path::new(".")).expect("a system file")
}

#[test]
fn systems_of_both_have_a_density_whose_amplitudes_may_be_linear() {
    let amps = |mut system: System| {
        let (galaxy, source) = (vec![1.0, 0.4], vec![2.0, -0.5, 0.3, 0.2, -0.1, 0.4]);
        for component in &mut system.components {
            let amp = if component.name == "galaxy" { &galaxy } else { &source };
            component.start.insert("amp", amp.clone());
        }
        system
    };
    let data = simulate(&amps(lens("")).at_start(), 1).expect("an image").data;
    // theta_E, two radii, beta; and eight amplitudes where they are sampled.
    for (keys, dim) in [("", 4 + 8), (r#", "amp": "linear""#, 4)] {
        let system = lens(keys);
        let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, true)).expect("a model");
        let priors = system.sampled_priors();
        let density =
            ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), priors)).expect("a density");
        assert_eq!(density.dim(), dim);
        let position = density.draw_prior(1, 1).expect("a draw");
        let (mut logp, mut grad) = (vec![0.0], vec![0.0; dim]);
        density.logp_and_grad(&position, &mut logp, &mut grad).expect("it is evaluated");
        assert!(logp[0].is_finite() && grad.iter().all(|g| g.is_finite()), "{logp:?} {grad:?}");
        for (i, g) in grad.iter().enumerate() {
            let h = 1e-3;
            let at = |by: f64| {
                let (mut moved, mut logp, mut unused) = (position.clone(), vec![0.0], vec![0.0; dim]);
                moved[i] += by;
                density.logp_and_grad(&moved, &mut logp, &mut unused).expect("it is evaluated");
                logp[0]
            };
            let slope = (at(h) - at(-h)) / (2.0 * h);
            // f32 images over a step of 1e-3.
            assert!((g - slope).abs() < 5e-3 * slope.abs().max(10.0), "{i}: {g} is not {slope}");
        }
    }
}
