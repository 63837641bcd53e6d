//! Sums of Gaussians against `tests/data/mge.json`, which `scripts/golden/mge.py` made with lenstronomy's MULTI_GAUSSIAN_ELLIPSE.

use lens_models::light::{Gaussian, LightProfile};
use lens_models::op::{LightModel, Mge};
use ppl_core::Array;
use ppl_core::autodiff::{Dims, Shape, Tape, Value};
use serde_json::Value as Json;

use crate::read::{list, number};

/// What lenstronomy says of one point.
struct Point {
    at: [f64; 2],
    value: f64,
    by_shape: Vec<f64>,
    by_position: Vec<f64>,
    by_amps: Vec<f64>,
}

struct Row {
    mge: Mge,
    amps: Vec<f64>,
    shape: Vec<f64>,
    points: Vec<Point>,
}

fn rows() -> Vec<Row> {
    let table: Json = serde_json::from_str(include_str!("../data/mge.json")).expect("the table is JSON");
    let point = |p: &Json| Point {
        at: [number(&p["x"]), number(&p["y"])],
        value: number(&p["value"]),
        by_shape: list(&p["by_shape"]),
        by_position: list(&p["by_position"]),
        by_amps: list(&p["by_amps"]),
    };
    let row = |row: &Json| {
        let (amps, sigma) = (list(&row["amps"]), list(&row["sigma"]));
        Row {
            mge: Mge::new(amps.len(), [sigma[0], sigma[1]]).expect("2 to 40 Gaussians"),
            amps,
            shape: list(&row["shape"]),
            points: row["points"].as_array().expect("a list").iter().map(point).collect(),
        }
    };
    table["rows"].as_array().expect("a list").iter().map(row).collect()
}

#[test]
fn the_formula_is_lenstronomys_in_f64_with_all_derivatives() {
    for Row { mge, amps, shape, points } in rows() {
        for p in &points {
            let (mut value, mut by_shape, mut by_position) = (0.0, [0.0; 4], [0.0; 2]);
            for (k, (sigma, amp)) in mge.sigmas().iter().zip(&amps).enumerate() {
                let params = [&[*amp, *sigma], &shape[..]].concat();
                value += Gaussian.point(&params, p.at[0], p.at[1]);
                let gradient = Gaussian.point_gradient(&params, p.at[0], p.at[1]);
                (0..4).for_each(|i| by_shape[i] += gradient.params[2 + i]);
                (0..2).for_each(|i| by_position[i] += gradient.position[i]);
                // lenstronomy turns by angles: its exponents, up to 700, are wrong by a few roundings.
                let error = (gradient.params[0] - p.by_amps[k]).abs();
                assert!(
                    error <= 1e-12 * p.by_amps[k] + 1e-300,
                    "d amp[{k}]: {} is not {}",
                    gradient.params[0],
                    p.by_amps[k]
                );
            }
            assert!((value - p.value).abs() <= 1e-12 * p.value, "{value} is not {}", p.value);
            // The table's derivatives are differences.
            let size = |of: &[f64]| of.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
            for (got, want) in [(&by_shape[..], &p.by_shape), (&by_position[..], &p.by_position)] {
                for (got, expected) in got.iter().zip(want) {
                    assert!((got - expected).abs() <= 1e-8 * size(want), "{got} is not {expected} at {:?}", p.at);
                }
            }
        }
    }
}

#[test]
fn the_model_on_the_tape_is_lenstronomys_to_the_rounding_of_pixels() {
    for Row { mge, amps, shape, points } in rows() {
        let n = points.len();
        let tape = Tape::recording();
        let leaf = |numbers: &[f64]| {
            let dims = if numbers.len() == 1 { Dims::SCALAR } else { Dims::new(&[numbers.len()]) };
            Value::leaf(&tape, Shape::new(1, dims), numbers.to_vec())
        };
        let params: Vec<Value> = std::iter::once(leaf(&amps)).chain(shape.iter().map(|s| leaf(&[*s]))).collect();
        let at = [0, 1].map(|axis| points.iter().map(move |p| p.at[axis] as f32).collect::<Vec<f32>>()).concat();
        let positions = Array::leaf(&tape, 1, &[2, n], at);
        let light = mge.brightness(&positions, None, &params).expect("it fits");
        for (got, p) in light.lane(0).iter().zip(&points) {
            assert!((f64::from(*got) - p.value).abs() <= 2e-5 * p.value, "{got} is not {}", p.value);
        }
        let units = mge.units(&positions, None, &params).expect("it fits");
        for (k, unit) in units.iter().enumerate() {
            for (got, p) in unit.lane(0).iter().zip(&points) {
                assert!((f64::from(*got) - p.by_amps[k]).abs() <= 2e-5 * p.by_amps[k] + 1e-30, "unit {k}: {got}");
            }
        }
        // The sum over the points, so that one way back gives all derivatives.
        let sum =
            ppl_core::Var::<()>::from_value(ppl_core::autodiff::record(Total, &[light.as_value()]).expect("it fits"));
        tape.backward(sum.as_value()).expect("it is recorded");
        let gradient = |value: &Value| value.take_gradient().expect("it is wanted").to_f64();
        let check = |got: f64, terms: Vec<f64>, what: &str| {
            let (sum, size) = (terms.iter().sum::<f64>(), terms.iter().map(|t| t.abs()).sum::<f64>());
            assert!((got - sum).abs() <= 2e-5 * size + 1e-30, "by {what}: {got} is not {sum}");
        };
        for (k, got) in gradient(&params[0]).into_iter().enumerate() {
            check(got, points.iter().map(|p| p.by_amps[k]).collect(), "amp");
        }
        for (i, param) in params[1..].iter().enumerate() {
            let terms = points.iter().map(|p| p.by_shape[i]).collect();
            check(gradient(param)[0], terms, "shape");
        }
        let by_position = gradient(positions.as_value());
        for (i, p) in points.iter().enumerate() {
            let size = p.by_position[0].hypot(p.by_position[1]);
            for axis in 0..2 {
                let (got, want) = (by_position[axis * n + i], p.by_position[axis]);
                assert!((got - want).abs() <= 5e-5 * size, "by position: {got} is not {want}");
            }
        }
    }
}

/// The sum of pixels.
#[derive(Clone)]
struct Total;

impl ppl_core::autodiff::FusedOp for Total {
    const NAME: &'static str = "total";

    fn shape(&mut self, inputs: &[Shape]) -> ppl_core::Result<ppl_core::autodiff::Output> {
        Ok(ppl_core::autodiff::Output::numbers(Shape::new(inputs[0].lanes, Dims::SCALAR)))
    }

    fn value(&mut self, inputs: ppl_core::autodiff::Inputs<'_>, out: &mut ppl_core::autodiff::Out<'_>) {
        out.numbers()[0] = inputs.at(0).pixels().iter().map(|p| f64::from(*p)).sum();
    }

    fn vjp(
        &mut self,
        _: ppl_core::autodiff::Inputs<'_>,
        _: ppl_core::autodiff::Operand<'_>,
        cotangent: ppl_core::autodiff::Operand<'_>,
        gradients: &mut ppl_core::autodiff::Gradients<'_>,
    ) {
        let by = cotangent.numbers()[0] as f32;
        gradients.pixels(0).into_iter().flatten().for_each(|g| *g += by);
    }
}
