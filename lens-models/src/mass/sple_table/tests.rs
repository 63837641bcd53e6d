//! The table against the exact profile, and its derivatives against its own differences.

use std::f64::consts::FRAC_PI_2;

use rayon::prelude::*;

use super::nodes::Axis;
use super::{SPLE_TABLE, SpleTable};
use crate::mass::{MassProfile, Sple};

/// A table coarse enough that points are easily kept within its cells.
fn coarse() -> SpleTable {
    SpleTable::new(9, 7, 5).unwrap()
}

/// Parameters within a cell of `coarse`: its q are 0.1 + 0.15 i, its gamma 1.1 + 0.45 i.
const PARAMS: [f64; 6] = [1.3, 1.9, 0.6, 0.4, 0.0625, -0.03125];

/// Points at 0.4" to 3", in all four quadrants of the ellipse, in the middle part of cells of eta of `coarse`.
fn points() -> Vec<(f64, f64)> {
    let at = |k: usize| {
        let (quadrant, cell) = (k % 4, (3 * k) % 8);
        let eta = (cell as f64 + 0.3 + 0.05 * (k % 9) as f64) / 8.0 * FRAC_PI_2;
        let angle = PARAMS[3] + eta + quadrant as f64 * FRAC_PI_2;
        let r = 0.4 + 0.1 * k as f64;
        // Rounded, so that the f32 and the f64 path see the same point.
        (f64::from((PARAMS[4] + r * angle.cos()) as f32), f64::from((PARAMS[5] + r * angle.sin()) as f32))
    };
    (0..27).map(at).collect()
}

fn close(got: [f64; 2], want: [f64; 2], tolerance: f64, what: &str) {
    let error = (got[0] - want[0]).hypot(got[1] - want[1]);
    assert!(error <= tolerance * want[0].hypot(want[1]).max(0.1), "{what}: {got:?} is not {want:?}, off by {error:e}");
}

/// The central difference of five points.
fn difference(f: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
    let h = 1e-4;
    let [p2, p1, m1, m2] = [2.0, 1.0, -1.0, -2.0].map(|k| f(k * h));
    [0, 1].map(|i| (8.0 * (p1[i] - m1[i]) - (p2[i] - m2[i])) / (12.0 * h))
}

#[test]
fn the_quadrature_is_the_exact_deflection_at_every_node() {
    // Two sizes, so that the angles next to the major axis, where the integrand is steepest, are near and nearer.
    for table in [SpleTable::new(65, 10, 10).unwrap(), SpleTable::new(513, 4, 4).unwrap()] {
        let [eta, q, gamma] = table.axes;
        for (row, nodes) in table.nodes().chunks(eta.nodes).enumerate() {
            let (q, gamma) = (q.node(row / gamma.nodes), gamma.node(row % gamma.nodes));
            for (k, got) in nodes.iter().enumerate() {
                let (sin, cos) = eta.node(k).sin_cos();
                let exact = Sple.point(&[1.0, gamma, q, 0.0, 0.0, 0.0], cos, sin).alpha;
                close(*got, exact, 1e-10, &format!("eta {}, q {q}, gamma {gamma}", eta.node(k)));
            }
        }
    }
}

#[test]
fn a_lens_at_the_nodes_is_the_exact_one_at_every_radius_and_scale() {
    // q and gamma are nodes, phi is 0, and the points are on the ray of a node of eta: A5-A7 alone are left.
    let table = coarse();
    for (gamma, q) in [(1.1, 0.25), (1.55, 0.1), (2.0, 0.7), (2.45, 1.0), (2.9, 0.55)] {
        for (r_ein, r) in [(1.0, 2.0), (1.7, 0.3), (0.6, 4.0)] {
            let params = [r_ein, gamma, q, 0.0, 0.1, -0.2];
            for (k, signs) in [(1, [1.0, 1.0]), (3, [-1.0, 1.0]), (5, [-1.0, -1.0]), (6, [1.0, -1.0])] {
                let (sin, cos) = (f64::from(k) / 8.0 * FRAC_PI_2).sin_cos();
                let (x, y) = (0.1 + signs[0] * r * cos, -0.2 + signs[1] * r * sin);
                let (got, exact) = (table.point(&params, x, y), Sple.point(&params, x, y));
                close(got.alpha, exact.alpha, 1e-9, "alpha");
                close([got.potential, 0.0], [exact.potential, 0.0], 1e-9, "potential");
            }
        }
    }
}

#[test]
fn the_derivatives_are_those_of_the_interpolant() {
    let table = coarse();
    for (x, y) in points() {
        let alpha = |params: &[f64], x, y| table.point(params, x, y).alpha;
        let what = |of: &str| format!("at ({x}, {y}), by {of}");
        for ((i, column), parameter) in
            table.deflection_jacobian(&PARAMS, x, y).into_iter().enumerate().zip(table.parameters())
        {
            let moved = |k: f64| {
                let mut params = PARAMS;
                params[i] += k;
                alpha(&params, x, y)
            };
            close(column, difference(moved), 1e-9, &what(parameter.name));
        }
        let at = table.point(&PARAMS, x, y);
        let (by_x, by_y) = (difference(|k| alpha(&PARAMS, x + k, y)), difference(|k| alpha(&PARAMS, x, y + k)));
        close([at.f_xx, at.f_yy], [by_x[0], by_y[1]], 1e-9, &what("x of x and y of y"));
        close([at.f_xy, 0.0], [0.5 * (by_x[1] + by_y[0]), 0.0], 1e-9, &what("the other"));
    }
}

#[test]
fn slices_agree_with_points() {
    let table = coarse();
    let (x, y): (Vec<f32>, Vec<f32>) = points().iter().map(|&(x, y)| (x as f32, y as f32)).unzip();
    let n = x.len();
    let (mut ax, mut ay) = (vec![1.0; n], vec![-2.0; n]);
    table.deflect(&PARAMS, &x, &y, &mut ax, &mut ay);
    let g: [Vec<f32>; 2] =
        [(0..n).map(|i| (i as f32).sin()).collect(), (0..n).map(|i| (2.0 * i as f32).cos()).collect()];
    let (mut d, mut dx, mut dy) = ([1.0; 6], vec![0.5; n], vec![-0.5; n]);
    table.deflect_vjp(&PARAMS, [&x, &y], [&g[0], &g[1]], &mut d, [&mut dx, &mut dy]);
    let mut without = [1.0; 6];
    table.deflect_vjp(&PARAMS, [&x, &y], [&g[0], &g[1]], &mut without, [&mut [], &mut []]);
    assert_eq!(d, without, "the parameters' gradient does not depend on the positions' being wanted");
    let mut want = [1.0; 6];
    for (i, (px, py)) in points().into_iter().enumerate() {
        let at = table.point(&PARAMS, px, py);
        // The rounding of f32 near 3.
        close([(ax[i] - 1.0).into(), (ay[i] + 2.0).into()], at.alpha, 5e-7, "deflect");
        let g = [g[0][i], g[1][i]].map(f64::from);
        let columns = table.deflection_jacobian(&PARAMS, px, py);
        columns.iter().zip(&mut want).for_each(|([a, b], want)| *want += g[0] * a + g[1] * b);
        // Moving a point is moving the centre the other way.
        let by_position = [4, 5].map(|i| -(g[0] * columns[i][0] + g[1] * columns[i][1]));
        close([f64::from(dx[i]) - 0.5, f64::from(dy[i]) + 0.5], by_position, 2e-6, "by position");
    }
    for (got, want) in d.into_iter().zip(want) {
        assert!((got - want).abs() < 1e-12 * want.abs().max(1.0), "{got} is not {want}");
    }
}

#[test]
fn the_centre_and_the_axes_are_finite() {
    let [r_ein, gamma, _, phi, x0, y0] = PARAMS;
    for (q, gamma) in [(0.6, gamma), (1.0, 2.0), (1.0, 2.9), (0.1, 1.1)] {
        let params = [r_ein, gamma, q, phi, x0, y0];
        let (cos, sin) = (phi.cos(), phi.sin());
        for (dx, dy) in [(0.0, 0.0), (1e-12, 0.0), (-1e-5, 1e-5), (cos, sin), (-sin, cos), (-cos, -sin), (1.0, 0.0)] {
            let at = SPLE_TABLE.point(&params, x0 + dx, y0 + dy);
            assert!(
                [at.potential, at.f_xx, at.f_xy, at.f_yy, at.alpha[0], at.alpha[1]].iter().all(|v| v.is_finite()),
                "{at:?}"
            );
            let jacobian = SPLE_TABLE.deflection_jacobian(&params, x0 + dx, y0 + dy);
            assert!(jacobian.iter().flatten().all(|d| d.is_finite()), "{jacobian:?}");
        }
        assert_eq!(SPLE_TABLE.point(&params, x0, y0).alpha, [0.0, 0.0]);
    }
}

#[test]
fn parameters_outside_the_table_give_nan() {
    let at = |q: f64, gamma: f64| {
        let (mut ax, mut ay, mut d) = ([0.0], [0.0], [0.0; 6]);
        let params = [1.0, gamma, q, 0.0, 0.0, 0.0];
        SPLE_TABLE.deflect(&params, &[0.5], &[0.7], &mut ax, &mut ay);
        SPLE_TABLE.deflect_vjp(&params, [&[0.5], &[0.7]], [&[1.0], &[1.0]], &mut d, [&mut [], &mut []]);
        [f64::from(ax[0]), f64::from(ay[0]), d[0]]
    };
    for (q, gamma) in [(0.099, 2.0), (1.001, 2.0), (0.5, 1.09), (0.5, 2.91), (f64::NAN, 2.0), (0.5, f64::NAN)] {
        assert!(at(q, gamma).iter().all(|v| v.is_nan()), "q {q}, gamma {gamma}");
    }
    assert!(SPLE_TABLE.point(&[-1.0, 2.0, 0.5, 0.0, 0.0, 0.0], 0.5, 0.7).alpha[0].is_nan());
    for (q, gamma) in [(0.1, 1.1), (1.0, 2.9)] {
        assert!(at(q, gamma).iter().all(|v| v.is_finite()), "the ends belong to the table");
    }
}

#[test]
fn a_table_may_be_asked_for_the_first_time_by_many_threads() {
    let table = SpleTable::new(33, 17, 17).unwrap();
    let alpha = |_| table.point(&PARAMS, 0.5, 0.7).alpha;
    let all: Vec<_> = (0..64).into_par_iter().map(alpha).collect();
    assert!(all.iter().all(|alpha| *alpha == all[0] && alpha[0].is_finite()));
}

/// The rms deflection error at points in the middle of cells, relative to the exact one; `q` and `gamma` say which.
fn error(table: &SpleTable, qs: &[f64], gammas: &[f64], etas: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (q, gamma, eta) in
        qs.iter().flat_map(|q| gammas.iter().flat_map(move |g| etas.iter().map(move |e| (*q, *g, *e))))
    {
        let params = [1.0, gamma, q, 0.0, 0.0, 0.0];
        let (sin, cos) = eta.sin_cos();
        let (got, exact) = (table.point(&params, cos, sin).alpha, Sple.point(&params, cos, sin).alpha);
        sum += ((got[0] - exact[0]).powi(2) + (got[1] - exact[1]).powi(2)) / (exact[0].powi(2) + exact[1].powi(2));
    }
    (sum / (qs.len() * gammas.len() * etas.len()) as f64).sqrt()
}

#[test]
fn the_error_falls_as_the_square_of_the_cells_in_every_direction() {
    let many = |axis: Axis| -> Vec<f64> { (0..129).map(|i| Axis { nodes: 129, ..axis }.node(i)).collect() };
    let ranges = SpleTable::within([2; 3], [0.3, 1.0], [1.4, 2.6]).unwrap().axes;
    let few = ranges.map(|axis| (0..3).map(|i| Axis { nodes: 3, ..axis }.node(i)).collect::<Vec<_>>());
    for direction in 0..3 {
        // Nodes of the other two alone: there, the error of this direction is all.
        let points = [0, 1, 2].map(|i| if i == direction { many(ranges[i]) } else { few[i].clone() });
        let at = |cells: usize| {
            let mut nodes = [3; 3];
            nodes[direction] = cells + 1;
            let table = SpleTable::within(nodes, [0.3, 1.0], [1.4, 2.6]).unwrap();
            error(&table, &points[1], &points[2], &points[0])
        };
        let (coarse, fine) = (at(16), at(32));
        let ratio = coarse / fine;
        assert!((3.0..5.0).contains(&ratio), "direction {direction}: {coarse:e} / {fine:e} = {ratio}");
    }
}

#[test]
fn a_table_without_a_cell_or_outside_the_profile_is_refused() {
    let refused = |table: crate::Result<SpleTable>, what: &str| {
        let text = table.err().unwrap().to_string();
        assert!(text.contains(what), "{text}");
    };
    refused(SpleTable::new(1, 3, 3), "n_eta = 1 is not allowed; it must be at least 2");
    refused(SpleTable::new(3, 0, 3), "n_q = 0");
    refused(SpleTable::new(3, 3, 1), "n_gamma = 1");
    refused(SpleTable::within([3; 3], [0.0, 1.0], [1.5, 2.5]), "the lowest q of the table = 0");
    refused(SpleTable::within([3; 3], [0.2, 1.1], [1.5, 2.5]), "the highest q of the table = 1.1");
    refused(SpleTable::within([3; 3], [0.2, 0.9], [2.5, 1.5]), "the lowest gamma of the table = 2.5");
    refused(SpleTable::within([3; 3], [0.2, 0.9], [1.5, f64::NAN]), "the highest gamma of the table = NaN");
}
