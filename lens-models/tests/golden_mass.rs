//! Mass profiles against mpmath (`lens.json`) and lenstronomy (`lenstronomy_epl_shear.json`), read from `ARCLET_DATA`.

mod golden;

use golden::golden;
use lens_models::{
    mass::{Epl, Lensing, MassProfile, MassSum, Shear, Sie, Sis, Sple},
    plane::{Lens, Square, caustics, critical_curves, einstein_radius},
};
use serde_json::Value;

/// A number, or a string of 17 digits.
fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is not a number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

fn pair(value: &Value) -> [f64; 2] {
    [number(&value[0]), number(&value[1])]
}

fn close(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance, "{what}: {got:e} is not {want:e}, off by {:e}", got - want);
}

/// Relative to the length of the vector.
fn close_vector(got: [f64; 2], want: [f64; 2], tolerance: f64, what: &str) {
    let error = (got[0] - want[0]).hypot(got[1] - want[1]);
    assert!(error <= tolerance * want[0].hypot(want[1]), "{what}: {got:?} is not {want:?}, off by {error:e}");
}

/// f32 deflection at one f64 point: beside the 2e-5 of alpha there is the rounding of the point itself, which moves alpha
/// by the Hessian times 6e-8 of the coordinates.
fn close_f32(profile: &dyn MassProfile, params: &[f64], x: f64, y: f64, at: &Lensing) {
    let (mut ax, mut ay) = ([0.0], [0.0]);
    profile.deflect(params, &[x as f32], &[y as f32], &mut ax, &mut ay);
    let moved = (at.f_xx.abs() + at.f_xy.abs() + at.f_yy.abs()) * 6e-8 * (x.abs() + y.abs());
    let error = (f64::from(ax[0]) - at.alpha[0]).hypot(f64::from(ay[0]) - at.alpha[1]);
    assert!(error <= 2e-5 * at.alpha[0].hypot(at.alpha[1]) + moved, "f32 at ({x}, {y}) is off by {error:e}");
}

#[test]
fn values_and_derivatives_of_the_power_law_are_those_of_mpmath() {
    let Some(golden) = golden("lens.json") else { return };
    for lens in golden["epl"].as_array().expect("a list") {
        let seed = ["r_ein", "gamma", "q", "phi", "x0", "y0"].map(|name| number(&lens["params_seed"][name]));
        let epl = ["theta_E", "gamma", "e1", "e2", "center_x", "center_y"]
            .map(|name| number(&lens["equivalents"]["lenstronomy"][name]));
        for point in lens["points"].as_array().expect("a list") {
            let (x, y) = (number(&point["x"]), number(&point["y"]));
            let want = |name: &str| number(&point[name]);
            let what = format!("{seed:?} at ({x}, {y})");
            for at in [Sple.point(&seed, x, y), Epl.point(&epl, x, y)] {
                close_vector(at.alpha, [want("alpha_x"), want("alpha_y")], 1e-12, &what);
                close(at.potential, want("psi"), 1e-12 * want("psi"), &what);
                // kappa sets the scale of the Hessian, whose entries may cancel.
                let scale = 1e-12 * want("kappa");
                close(at.kappa(), want("kappa"), scale, &what);
                for (got, name) in at.shear().into_iter().zip(["gamma1", "gamma2"]) {
                    close(got, want(name), scale, &what);
                }
                for (got, name) in [(at.f_xx, "f_xx"), (at.f_xy, "f_xy"), (at.f_yy, "f_yy")] {
                    close(got, want(name), scale, &what);
                }
                // det A loses the digits that 1 - kappa and the shear have in common.
                let size = (1.0 + want("kappa")).powi(2);
                close(at.det_jacobian(), want("mu_inv"), 1e-12 * size, &what);
                close_f32(&Sple, &seed, x, y, &at);
            }
            for (column, parameter) in Sple.deflection_jacobian(&seed, x, y).into_iter().zip(Sple.parameters()) {
                let name = match parameter.name {
                    "center_x" => "x0",
                    "center_y" => "y0",
                    name => name,
                };
                let Some(want) = point.get(format!("d_alpha_d_{name}")).map(pair) else {
                    // The file has no derivatives by shape on the circle; the next test has them.
                    assert!(seed[2] == 1.0 && ["q", "phi"].contains(&name), "{what}: no d/d {name}");
                    continue;
                };
                let scale = want[0].hypot(want[1]).max(1e-3);
                let error = (column[0] - want[0]).hypot(column[1] - want[1]);
                assert!(error <= 1e-9 * scale, "{what}: d/d {name} {column:?} is not {want:?}");
            }
        }
    }
}

#[test]
fn derivatives_by_ellipticity_are_those_of_mpmath_on_the_circle_too() {
    let Some(golden) = golden("lens.json") else { return };
    for row in golden["epl_complex_ellipticity_grad"]["rows"].as_array().expect("a list") {
        let [theta_e, gamma, e1, e2, x, y] = ["theta_E", "gamma", "e1", "e2", "x", "y"].map(|name| number(&row[name]));
        let params = [theta_e, gamma, e1, e2, 0.0, 0.0];
        let what = row.to_string();
        close_vector(Epl.point(&params, x, y).alpha, pair(&row["alpha"]), 1e-12, &what);
        let columns = Epl.deflection_jacobian(&params, x, y);
        for (index, name) in [(1, "gamma"), (2, "e1"), (3, "e2")] {
            close_vector(columns[index], pair(&row[format!("d_alpha_d_{name}")]), 1e-9, &what);
        }
        // And those of the f32 path: 2e-5 of the length.
        for (index, name) in [(1, "gamma"), (2, "e1"), (3, "e2")] {
            let want = pair(&row[format!("d_alpha_d_{name}")]);
            let got = [[1.0, 0.0], [0.0, 1.0]].map(|[gx, gy]| {
                let mut d = [0.0; 6];
                Epl.deflect_vjp(&params, [&[x as f32], &[y as f32]], [&[gx], &[gy]], &mut d, [&mut [], &mut []]);
                d[index]
            });
            close_vector(got, want, 2e-5, &what);
        }
    }
}

#[test]
fn power_law_with_shear_is_lenstronomys() {
    let Some(golden) = golden("lenstronomy_epl_shear.json") else { return };
    let mass = MassSum::new([&Epl as _, &Shear as _]);
    for case in golden["cases"].as_array().expect("a list") {
        let params: Vec<f64> = mass
            .parameters()
            .enumerate()
            .map(|(i, parameter)| number(&case["kwargs_lens"][usize::from(i >= 6)][parameter.name]))
            .collect();
        let lens = Lens::new(&mass, &params);
        let want = |name: &str| numbers(&case[name]);
        let (x, y) = (want("x"), want("y"));
        let [psi, ax, ay, kappa] = ["potential", "alpha_x", "alpha_y", "kappa"].map(want);
        let [f_xx, f_xy, f_yy, mu] = ["f_xx", "f_xy", "f_yy", "magnification"].map(want);
        for i in 0..x.len() {
            let what = format!("{params:?} at ({}, {})", x[i], y[i]);
            let at = lens.at(x[i], y[i]);
            close_vector(at.alpha, [ax[i], ay[i]], 1e-12, &what);
            close(at.potential, psi[i], 1e-12 * psi[i].abs().max(1.0), &what);
            let scale = 1e-12 * kappa[i].max(0.1);
            close(at.kappa(), kappa[i], scale, &what);
            for (got, want) in [(at.f_xx, f_xx[i]), (at.f_xy, f_xy[i]), (at.f_yy, f_yy[i])] {
                close(got, want, scale, &what);
            }
            // The inverse, because mu itself has no error bound near a critical curve.
            close(at.det_jacobian(), 1.0 / mu[i], 1e-12 * (1.0 + kappa[i]).powi(2), &what);
            assert_eq!(lens.jacobian(x[i], y[i]), at.jacobian());
        }
    }
}

#[test]
fn rays_images_and_einstein_radius_of_a_lens_with_shear_are_right() {
    let Some(golden) = golden("lens.json") else { return };
    let system = &golden["epl_shear_system"];
    let mass = MassSum::new([&Epl as _, &Shear as _]);
    let params: Vec<f64> = mass
        .parameters()
        .enumerate()
        .map(|(i, parameter)| number(&system["params_lenstronomy"][usize::from(i >= 6)][parameter.name]))
        .collect();
    let lens = Lens::new(&mass, &params);

    let rays = &system["ray_grid"];
    let [x, y, beta_x, beta_y, mag, kappa] =
        ["x", "y", "beta_x", "beta_y", "mag", "kappa"].map(|name| numbers(&rays[name]));
    for i in 0..x.len() {
        let [bx, by] = lens.beta(x[i], y[i]);
        close(bx, beta_x[i], 1e-14, "beta_x");
        close(by, beta_y[i], 1e-14, "beta_y");
        close(lens.kappa(x[i], y[i]), kappa[i], 1e-12 * kappa[i].max(1.0), "kappa");
        close(1.0 / lens.magnification(x[i], y[i]), 1.0 / mag[i], 1e-11 * (1.0 + kappa[i]).powi(2), "mu");
    }

    for source in system["images"].as_array().expect("a list") {
        let beta = pair(&source["beta"]);
        let [x, y, mu, fermat] = ["x", "y", "mu", "fermat_potential"].map(|name| numbers(&source[name]));
        for i in 0..x.len() {
            // The images were found with a residual of 1e-14; mu and the Fermat potential are lenstronomy's.
            let [bx, by] = lens.beta(x[i], y[i]);
            close((bx - beta[0]).hypot(by - beta[1]), 0.0, 1e-12, "the image's source");
            close(lens.magnification(x[i], y[i]), mu[i], 1e-10 * mu[i].abs(), "mu");
            let [ax, ay] = lens.deflection(x[i], y[i]);
            let phi = 0.5 * (ax * ax + ay * ay) - lens.potential(x[i], y[i]);
            close(phi, fermat[i], 1e-11, "the Fermat potential");
        }
    }

    // "EPL only": the shear does not change it, for its flux through any circle is zero about its own origin.
    let epl = MassSum::new([&Epl as _]);
    let radius = einstein_radius(&Lens::new(&epl, &params[..6]), [params[4], params[5]]).unwrap_or(f64::NAN);
    let want = number(&system["effective_einstein_radius_EPL_only_mean_kappa_circle"]);
    close(radius, want, 1e-9, "the Einstein radius");
    let with_shear = einstein_radius(&lens, [params[4], params[5]]).unwrap_or(f64::NAN);
    close(with_shear, radius, 1e-12, "the Einstein radius with shear");

    // Four images inside both caustics, two between them: the inner caustic separates the two sources.
    let square = Square { center: [0.0, 0.0], half_width: 2.5, cells: 200 };
    let critical = critical_curves(&lens, square);
    let caustics = caustics(&lens, &critical);
    assert_eq!(caustics.len(), 1, "steeper than isothermal: no radial critical curve");
    let inside = |[x, y]: [f64; 2]| {
        let points = &caustics[0].points;
        let next = points.iter().cycle().skip(1);
        points
            .iter()
            .zip(next)
            .filter(|(p, q)| (p[1] > y) != (q[1] > y) && x < p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0]))
            .count()
            % 2
            == 1
    };
    assert!(inside(pair(&system["images"][0]["beta"])) && !inside(pair(&system["images"][1]["beta"])));
}

#[test]
fn sis_sie_and_shear_are_lenstronomys() {
    let Some(golden) = golden("lens.json") else { return };
    // lenstronomy's SIE has a core of 1e-10 arcsec, and its Hessian is a difference of deflections over 1e-10 arcsec.
    let profiles: [(&str, &dyn MassProfile, f64, f64); 3] =
        [("SIS", &Sis, 1e-12, 1e-12), ("SIE", &Sie, 3e-10, 2e-6), ("SHEAR", &Shear, 1e-15, 1e-15)];
    for (name, profile, tolerance, tolerance_of_hessian) in profiles {
        let case = &golden["other_profiles_lenstronomy_1.14.2"][name];
        let params: Vec<f64> = profile.parameters().iter().map(|p| number(&case["params"][p.name])).collect();
        let want = |name: &str| numbers(&case[name]);
        let (x, y) = (want("x"), want("y"));
        for i in 0..x.len() {
            let at = profile.point(&params, x[i], y[i]);
            close_f32(profile, &params, x[i], y[i], &at);
            let all = [
                ("alpha_x", at.alpha[0], tolerance),
                ("alpha_y", at.alpha[1], tolerance),
                ("psi", at.potential, tolerance),
                ("f_xx", at.f_xx, tolerance_of_hessian),
                ("f_xy", at.f_xy, tolerance_of_hessian),
                ("f_yy", at.f_yy, tolerance_of_hessian),
            ];
            for (of, got, tolerance) in all {
                close(got, want(of)[i], tolerance, &format!("{name} {of}"));
            }
        }
    }
}
