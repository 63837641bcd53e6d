//! The elliptical power law against `tests/data/epl.json`, which `scripts/golden/epl.py` made from the literature's formula.

use lens_models::mass::{Epl, MassProfile};
use serde_json::Value;

use crate::read::{number, numbers};

/// Relative to the length of the vector.
fn close(got: [f64; 2], want: [f64; 2], tolerance: f64, what: &str) {
    let error = (got[0] - want[0]).hypot(got[1] - want[1]);
    assert!(error <= tolerance * want[0].hypot(want[1]), "{what}: {got:?} is not {want:?}, off by {error:e}");
}

#[test]
fn deflection_potential_and_all_derivatives_are_those_of_the_literature() {
    let table: Value = serde_json::from_str(include_str!("../data/epl.json")).expect("the table is JSON");
    let names: Vec<&str> = Epl.parameters().iter().map(|p| p.name).collect();
    assert_eq!(table["names"], serde_json::json!(names));
    let rows = table["rows"].as_array().expect("a list");
    assert!(rows.len() >= 50);
    for row in rows {
        let params: Vec<f64> = row["params"].as_array().expect("a list").iter().map(number).collect();
        let [x, y] = numbers(&row["point"]);
        let what = |of: &str| format!("{params:?} at ({x}, {y}), {of}");
        let at = Epl.point(&params, x, y);
        close(at.alpha, numbers(&row["alpha"]), 1e-12, &what("alpha"));
        close([at.potential, 0.0], [number(&row["potential"]), 0.0], 1e-12, &what("potential"));
        let [along_x, along_y] = [0, 1].map(|axis| numbers::<2>(&row["by_position"][axis]));
        // The Hessian's entries may cancel: the scale is that of all of them.
        let size = along_x[0].hypot(along_x[1]).max(along_y[0].hypot(along_y[1]));
        for (got, want) in [(at.f_xx, along_x[0]), (at.f_xy, along_x[1]), (at.f_xy, along_y[0]), (at.f_yy, along_y[1])]
        {
            assert!((got - want).abs() <= 1e-12 * size, "{}: {got} is not {want}", what("by position"));
        }
        for (i, column) in Epl.deflection_jacobian(&params, x, y).into_iter().enumerate() {
            close(column, numbers(&row["by_params"][i]), 1e-9, &what(names[i]));
        }
    }
}
