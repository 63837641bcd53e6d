//! Light profiles against lenstronomy (`lenstronomy_sersic.json`) and mpmath (`lens.json`), read from `ARCLET_DATA`.

mod golden;

use golden::golden;
use lens_models::light::{LightProfile, Sersic, SersicLenstronomyBn, sersic_bn, sersic_bn_lenstronomy};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

#[test]
fn bn_is_mpmaths_and_lenstronomys() {
    let Some(golden) = golden("lens.json") else { return };
    let tables = [
        ("sersic_bn_exact", sersic_bn as fn(f64) -> _, 1e-13),
        ("sersic_bn_lenstronomy", sersic_bn_lenstronomy, 1e-15),
    ];
    for (table, bn, tolerance) in tables {
        let rows = golden[table].as_object().expect("a table");
        assert!(rows.len() >= 9);
        for (n, want) in rows {
            let (n, want): (f64, f64) = (n.parse().expect("n is a number"), number(want));
            assert!((bn(n).b - want).abs() <= tolerance * want, "{table}: b_{n} = {} is not {want}", bn(n).b);
        }
    }
}

#[test]
fn brightness_is_lenstronomys() {
    let Some(golden) = golden("lenstronomy_sersic.json") else { return };
    let profile = &SersicLenstronomyBn;
    for case in golden["cases"].as_array().expect("a list") {
        let params: Vec<f64> = profile.parameters().iter().map(|p| number(&case["kwargs"][0][p.name])).collect();
        let [x, y, sb] = ["x", "y", "sb"].map(|name| numbers(&case[name]));
        for i in 0..x.len() {
            let got = profile.point(&params, x[i], y[i]);
            // The exponent, up to 20 here, multiplies the rounding of its argument.
            assert!((got - sb[i]).abs() <= 1e-12 * sb[i], "{params:?} at ({}, {}): {got} is not {}", x[i], y[i], sb[i]);
        }
        let (fx, fy): (Vec<f32>, Vec<f32>) = x.iter().zip(&y).map(|(&x, &y)| (x as f32, y as f32)).unzip();
        let mut out = vec![0.0; x.len()];
        profile.brightness(&params, &fx, &fy, &mut out);
        for i in 0..x.len() {
            assert!((f64::from(out[i]) - sb[i]).abs() <= 2e-5 * sb[i], "f32: {} is not {}", out[i], sb[i]);
        }
    }
}

#[test]
fn exact_and_approximate_bn_differ_only_by_bn() {
    // At the half-light radius both profiles are `amp`; elsewhere their exponents are as their b_n.
    let params = [2.0, 0.8, 4.0, 0.1, -0.2, 0.0, 0.0];
    for (x, y) in [(0.1, 0.2), (1.0, -0.5), (-2.0, 1.0)] {
        let exponents = [Sersic.point(&params, x, y), SersicLenstronomyBn.point(&params, x, y)].map(|i| (i / 2.0).ln());
        let ratio = sersic_bn(4.0).b / sersic_bn_lenstronomy(4.0).b;
        assert!((exponents[0] / exponents[1] / ratio - 1.0).abs() < 1e-12);
    }
}
