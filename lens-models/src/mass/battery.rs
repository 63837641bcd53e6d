//! The tests that every mass profile is under.

use super::{Epl, MassProfile, MassSum, Shear, Sie, Sis, Sple, by_name, names};

/// Points of a sunflower about the centre of the image, from 0.15" to 3.5"; 83 so that the last chunk is a short one.
fn sunflower() -> impl Iterator<Item = (f64, f64)> {
    (0..83).map(|k| {
        let k = f64::from(k);
        let (sin, cos) = (2.399_963_229_728_653 * k).sin_cos();
        let r = 3.5 * ((k + 0.2) / 83.0).sqrt();
        // Rounded, so that the f32 and the f64 path see the same point.
        (f64::from((r * cos) as f32), f64::from((r * sin) as f32))
    })
}

fn norm([x, y]: [f64; 2]) -> f64 {
    x.hypot(y)
}

/// The central difference of five points: its error is h^4 f^(5) / 30 and the rounding of f over h.
fn difference(h: f64, f: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
    let [p2, p1, m1, m2] = [2.0, 1.0, -1.0, -2.0].map(|k| f(k * h));
    [0, 1].map(|i| (8.0 * (p1[i] - m1[i]) - (p2[i] - m2[i])) / (12.0 * h))
}

fn close(got: [f64; 2], want: [f64; 2], tolerance: f64, what: &str) {
    let error = norm([got[0] - want[0], got[1] - want[1]]);
    assert!(error <= tolerance * norm(want).max(0.1), "{what}: {got:?} is not {want:?}");
}

fn battery(profile: &dyn MassProfile, params: &[f64]) {
    let name = profile.name();
    assert_eq!(params.len(), profile.parameters().len());
    let alpha = |params: &[f64], x, y| profile.point(params, x, y).alpha;

    for (x, y) in sunflower() {
        let at = profile.point(params, x, y);
        let what = |of: &str| format!("{name} {params:?} at ({x}, {y}): {of}");
        // Rounding 1e-16 / h against h^4 / r^4: both near 1e-11 for h = 3e-4 r.
        let h = 3e-4 * x.hypot(y);
        // alpha is the gradient of psi; its derivatives are the Hessian, so that div alpha = 2 kappa and curl alpha = 0.
        let slope =
            |dx: f64, dy: f64| difference(h, |k| [profile.point(params, x + k * dx, y + k * dy).potential, 0.0])[0];
        close([slope(1.0, 0.0), slope(0.0, 1.0)], at.alpha, 1e-8, &what("grad psi"));
        let along_x = difference(h, |k| alpha(params, x + k, y));
        let along_y = difference(h, |k| alpha(params, x, y + k));
        close(along_x, [at.f_xx, at.f_xy], 1e-7, &what("d alpha / dx"));
        close(along_y, [at.f_xy, at.f_yy], 1e-7, &what("d alpha / dy"));
        close([along_x[0] + along_y[1], along_x[1] - along_y[0]], [2.0 * at.kappa(), 0.0], 1e-7, &what("div and curl"));

        for (i, column) in profile.deflection_jacobian(params, x, y).into_iter().enumerate() {
            let parameter = profile.parameters()[i];
            let moved = |k: f64| {
                let mut params = params.to_vec();
                params[i] += k;
                alpha(&params, x, y)
            };
            close(difference(h.min(1e-3), moved), column, 1e-7, &what(parameter.name));
        }
    }

    slices_agree_with_points(profile, params);
    center_is_finite(profile, params);
}

/// The f32 slices against the f64 points: 2e-5 of alpha, and of the sum of the absolute terms of a gradient.
fn slices_agree_with_points(profile: &dyn MassProfile, params: &[f64]) {
    let points: Vec<(f64, f64)> = sunflower().collect();
    let x: Vec<f32> = points.iter().map(|p| p.0 as f32).collect();
    let y: Vec<f32> = points.iter().map(|p| p.1 as f32).collect();
    let (mut ax, mut ay) = (vec![1.0; x.len()], vec![-2.0; x.len()]);
    profile.deflect(params, &x, &y, &mut ax, &mut ay);
    for (i, &(x, y)) in points.iter().enumerate() {
        let got = [f64::from(ax[i]) - 1.0, f64::from(ay[i]) + 2.0];
        close(got, profile.point(params, x, y).alpha, 2e-5, profile.name());
    }

    let gx: Vec<f32> = (0..x.len()).map(|i| (i as f32).sin()).collect();
    let gy: Vec<f32> = (0..x.len()).map(|i| (2.0 * i as f32).cos()).collect();
    let (mut got, mut again) = (vec![1.0; params.len()], vec![1.0; params.len()]);
    profile.deflect_vjp(params, &x, &y, &gx, &gy, &mut got);
    profile.deflect_vjp(params, &x, &y, &gx, &gy, &mut again);
    assert_eq!(got, again, "equal input gives equal bits");
    let jacobians: Vec<_> = points.iter().map(|&(x, y)| profile.deflection_jacobian(params, x, y)).collect();
    for k in 0..params.len() {
        let terms =
            || (0..x.len()).map(|i| f64::from(gx[i]) * jacobians[i][k][0] + f64::from(gy[i]) * jacobians[i][k][1]);
        let scale: f64 = terms().map(f64::abs).sum();
        let (got, want) = (got[k] - 1.0, terms().sum::<f64>());
        assert!((got - want).abs() <= 2e-5 * scale, "{} d{k}: {got} is not {want}", profile.name());
    }
}

fn center_is_finite(profile: &dyn MassProfile, params: &[f64]) {
    let of = |name: &str| profile.parameters().iter().position(|p| p.name == name).map_or(0.0, |i| params[i]);
    // Beside the centre by less than any pixel, and on it, as f32 and as f64 have it.
    for (dx, dy) in [(0.0, 0.0), (1e-12, 0.0), (0.0, 1e-7), (-1e-5, 1e-5)] {
        let (x, y) = (of("center_x") + dx, of("center_y") + dy);
        let at = profile.point(params, x, y);
        assert!([at.potential, at.f_xx, at.f_xy, at.f_yy].into_iter().chain(at.alpha).all(f64::is_finite));
        assert!(profile.deflection_jacobian(params, x, y).iter().flatten().all(|d| d.is_finite()));
        let (x, y, mut d) = ([x as f32], [y as f32], vec![0.0; params.len()]);
        let (mut ax, mut ay) = ([0.0], [0.0]);
        profile.deflect(params, &x, &y, &mut ax, &mut ay);
        profile.deflect_vjp(params, &x, &y, &[1.0], &[1.0], &mut d);
        assert!(ax[0].is_finite() && ay[0].is_finite() && d.iter().all(|d| d.is_finite()));
    }
    assert_eq!(profile.point(params, of("center_x"), of("center_y")).alpha, [0.0, 0.0]);
}

#[test]
fn epl_passes_the_battery() {
    for (gamma, q, phi) in [(2.0, 0.75, 0.4), (1.5, 0.3, 2.0), (2.5, 0.5, -1.0), (2.1, 0.1, 0.3), (1.9, 0.999, 1.0)] {
        let f: f64 = (1.0 - q) / (1.0 + q);
        battery(&Epl, &[1.3, gamma, f * f64::cos(2.0 * phi), f * f64::sin(2.0 * phi), 0.0625, -0.03125]);
    }
    battery(&Epl, &[1.1, 2.05, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn sple_passes_the_battery() {
    for (gamma, q, phi) in [(2.0, 0.75, 0.4), (1.7, 0.2, 2.0), (2.3, 0.95, -1.0)] {
        battery(&Sple, &[1.3, gamma, q, phi, 0.0625, -0.03125]);
    }
}

#[test]
fn sis_passes_the_battery() {
    battery(&Sis, &[1.3, 0.0625, -0.03125]);
}

#[test]
fn sie_passes_the_battery() {
    battery(&Sie, &[1.3, 0.2, -0.1, 0.0625, -0.03125]);
}

#[test]
fn shear_passes_the_battery_at_zero_too() {
    battery(&Shear, &[0.03, -0.05]);
    battery(&Shear, &[0.0, 0.0]);
}

#[test]
fn profiles_of_one_kind_of_lens_agree() {
    let (x, y) = (0.7, -0.9);
    let sis = Sis.point(&[1.1, 0.1, 0.2], x, y);
    let sie = Sie.point(&[1.1, 0.0, 0.0, 0.1, 0.2], x, y);
    let sple = Sple.point(&[1.1, 2.0, 1.0, 0.7, 0.1, 0.2], x, y);
    for other in [sie, sple] {
        // A handful of roundings.
        close(other.alpha, sis.alpha, 1e-15, "alpha");
        assert!((other.potential - sis.potential).abs() < 1e-15 && (other.f_xy - sis.f_xy).abs() < 1e-15);
    }
}

#[test]
fn parameters_outside_their_support_give_nan() {
    let alpha = |params: [f64; 6]| Epl.point(&params, 0.5, 0.7).alpha[0];
    assert!(alpha([-1.0, 2.0, 0.0, 0.0, 0.0, 0.0]).is_nan());
    assert!(alpha([1.0, 3.0, 0.1, 0.0, 0.0, 0.0]).is_nan());
    assert!(alpha([1.0, 1.0, 0.1, 0.0, 0.0, 0.0]).is_nan());
    assert!(alpha([1.0, 2.0, 0.9, 0.9, 0.0, 0.0]).is_nan());
    let mut ax = [0.0; 3];
    Epl.deflect(&[1.0, 2.0, 0.9, 0.9, 0.0, 0.0], &[0.1, 0.5, 0.9], &[0.5; 3], &mut ax, &mut [0.0; 3]);
    assert!(ax.iter().all(|a| a.is_nan()));
}

#[test]
fn the_registry_finds_each_profile_by_its_own_name_and_no_other() {
    assert_eq!(names().collect::<Vec<_>>(), ["epl", "sple", "shear", "sis", "sie"]);
    for name in names() {
        assert_eq!(by_name(name).map(MassProfile::name), Some(name));
    }
    assert!(by_name("EPL").is_none());
}

#[test]
fn a_sum_is_the_sum_of_its_parts() {
    let (epl, shear) = ([1.2, 2.1, 0.1, -0.05, 0.01, 0.02], [0.03, -0.02]);
    let params = [&epl[..], &shear].concat();
    let sum = MassSum::new([&Epl as _, &Shear as _]);
    assert_eq!(sum.len(), 8);
    assert_eq!(sum.parameters().last().map(|p| p.name), Some("gamma2"));
    let (x, y) = (0.8, -0.3);
    assert_eq!(sum.point(&params, x, y), Epl.point(&epl, x, y) + Shear.point(&shear, x, y));
    let (xs, ys, gx, gy) = ([0.8_f32, 0.2], [-0.3_f32, 1.4], [1.0, 0.5], [-1.0, 2.0]);
    let mut together = [0.0; 8];
    sum.deflect_vjp(&params, &xs, &ys, &gx, &gy, &mut together);
    let mut apart = [0.0; 8];
    Epl.deflect_vjp(&epl, &xs, &ys, &gx, &gy, &mut apart[..6]);
    Shear.deflect_vjp(&shear, &xs, &ys, &gx, &gy, &mut apart[6..]);
    assert_eq!(together, apart);
    let (mut ax, mut ay) = ([0.0; 2], [0.0; 2]);
    sum.deflect(&params, &xs, &ys, &mut ax, &mut ay);
    close([ax[0].into(), ay[0].into()], sum.point(&params, 0.8_f32.into(), (-0.3_f32).into()).alpha, 1e-6, "sum");
    assert_eq!(sum.deflection_jacobian(&params, x, y).len(), 8);
}
