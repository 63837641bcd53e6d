//! The checks of a mass profile.

use super::points::{about_center, as_f32, difference, names, sunflower};
use crate::{
    mass::{MassProfile, slopes::steps},
    parameter,
};

/// Holds a mass profile to what all have in common: alpha is the gradient of the potential and free of curl, every
/// derivative is the central difference, the f32 slices agree with the f64 points, and the centre is finite.
///
/// # Panics
/// Where it is not so: the message has the profile, the point and the derivative.
pub fn mass_profile(profile: &dyn MassProfile, params: &[f64]) {
    let name = profile.name();
    assert_eq!(params.len(), parameter::count(profile.parameters()), "{name}: numbers of the parameters");
    let alpha = |params: &[f64], x, y| profile.point(params, x, y).alpha;
    let names = names(profile.parameters());
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

        let [dx, dy] = [[1.0, 0.0], [0.0, 1.0]]
            .map(|[dx, dy]| six_differences(h, |k| profile.point(params, x + k * dx, y + k * dy).fields()));
        let slopes = profile.slopes(params, x, y);
        assert_eq!(slopes.at.fields(), at.fields(), "{}", what("its slopes' own point"));
        // Second derivatives grow as 1 / r^2 beside a point mass: measured by the largest of their kind.
        let [xxx, xxy, xyy, yyy] = slopes.third;
        let size = slopes.third.iter().fold(0.1, |size: f64, t| size.max(t.abs()));
        for (got, want) in [(dx[3], xxx), (dy[3], xxy), (dx[4], xxy), (dy[4], xyy), (dx[5], xyy), (dy[5], yyy)] {
            assert!((got - want).abs() <= 1e-6 * size, "{}: {got} is not {want}", what("d^3 psi"));
        }
        let steps = steps(profile.parameters(), params);
        for (i, (by_param, h)) in slopes.params.iter().zip(steps).enumerate() {
            let moved = |k: f64| {
                let mut params = params.to_vec();
                params[i] += k;
                profile.point(&params, x, y).fields()
            };
            // Not the step of a derivative that is a difference itself.
            let got = six_differences(0.7 * h, moved);
            let size = by_param.iter().fold(0.1, |size: f64, d| size.max(d.abs()));
            for (field, (got, want)) in got.iter().zip(by_param).enumerate() {
                let of = format!("slope of field {field} by {}", names[i]);
                assert!((got - want).abs() <= 1e-6 * size, "{}: {got} is not {want}", what(&of));
            }
        }

        for (i, column) in profile.deflection_jacobian(params, x, y).into_iter().enumerate() {
            let moved = |k: f64| {
                let mut params = params.to_vec();
                params[i] += k;
                alpha(&params, x, y)
            };
            close(difference(h.min(1e-3), moved), column, 1e-7, &what(&names[i]));
        }
    }
    slices_agree_with_points(profile, params);
    center_is_finite(profile, params);
}

/// The central difference of five points of all fields.
fn six_differences(h: f64, f: impl Fn(f64) -> [f64; 6]) -> [f64; 6] {
    let [p2, p1, m1, m2] = [2.0, 1.0, -1.0, -2.0].map(|k| f(k * h));
    std::array::from_fn(|i| (8.0 * (p1[i] - m1[i]) - (p2[i] - m2[i])) / (12.0 * h))
}

fn close(got: [f64; 2], want: [f64; 2], tolerance: f64, what: &str) {
    let error = (got[0] - want[0]).hypot(got[1] - want[1]);
    assert!(error <= tolerance * want[0].hypot(want[1]).max(0.1), "{what}: {got:?} is not {want:?}");
}

/// The f32 slices against the f64 points: 2e-5 of alpha, and of the sum of the absolute terms of a gradient.
fn slices_agree_with_points(profile: &dyn MassProfile, params: &[f64]) {
    let name = profile.name();
    let points = sunflower();
    let (x, y) = as_f32(&points);
    let (mut ax, mut ay) = (vec![1.0; x.len()], vec![-2.0; x.len()]);
    profile.deflect(params, &x, &y, &mut ax, &mut ay);
    for (i, &(x, y)) in points.iter().enumerate() {
        let got = [f64::from(ax[i]) - 1.0, f64::from(ay[i]) + 2.0];
        close(got, profile.point(params, x, y).alpha, 2e-5, name);
    }

    let gx: Vec<f32> = (0..x.len()).map(|i| (i as f32).sin()).collect();
    let gy: Vec<f32> = (0..x.len()).map(|i| (2.0 * i as f32).cos()).collect();
    let vjp = |dx: &mut [f32], dy: &mut [f32]| {
        let mut d = vec![1.0; params.len()];
        profile.deflect_vjp(params, [&x, &y], [&gx, &gy], &mut d, [dx, dy]);
        d
    };
    let (mut dx, mut dy) = (vec![0.5; x.len()], vec![-0.5; x.len()]);
    let got = vjp(&mut dx, &mut dy);
    assert_eq!(got, vjp(&mut [], &mut []), "{name}: equal input gives equal bits, whether positions are wanted or not");

    let jacobians: Vec<_> = points.iter().map(|&(x, y)| profile.deflection_jacobian(params, x, y)).collect();
    for k in 0..params.len() {
        let terms =
            || (0..x.len()).map(|i| f64::from(gx[i]) * jacobians[i][k][0] + f64::from(gy[i]) * jacobians[i][k][1]);
        let scale: f64 = terms().map(f64::abs).sum();
        let (got, want) = (got[k] - 1.0, terms().sum::<f64>());
        assert!((got - want).abs() <= 2e-5 * scale, "{name} d{k}: {got} is not {want}");
    }
    for (i, &(px, py)) in points.iter().enumerate() {
        let at = profile.point(params, px, py);
        let [g0, g1] = [gx[i], gy[i]].map(f64::from);
        let want = [at.f_xx * g0 + at.f_xy * g1, at.f_xy * g0 + at.f_yy * g1];
        let scale = (at.f_xx.abs() + at.f_xy.abs() + at.f_yy.abs()) * g0.hypot(g1);
        for (got, want) in [f64::from(dx[i]) - 0.5, f64::from(dy[i]) + 0.5].into_iter().zip(want) {
            // 2e-5, and the rounding of the sum with 0.5.
            let what = format!("{name} {params:?} at ({px}, {py}), by position");
            assert!((got - want).abs() <= 2e-5 * scale + 6e-8, "{what}: {got} is not {want}");
        }
    }
}

fn center_is_finite(profile: &dyn MassProfile, params: &[f64]) {
    for (x, y) in about_center(profile.parameters(), params) {
        let what = format!("{} {params:?} at ({x}, {y})", profile.name());
        let at = profile.point(params, x, y);
        let all = [at.potential, at.f_xx, at.f_xy, at.f_yy].into_iter().chain(at.alpha);
        assert!(all.clone().all(f64::is_finite), "{what}: {at:?}");
        assert!(
            profile.deflection_jacobian(params, x, y).iter().flatten().all(|d| d.is_finite()),
            "{what}: derivatives"
        );
        let (x, y, mut d) = ([x as f32], [y as f32], vec![0.0; params.len()]);
        let [mut ax, mut ay, mut dx, mut dy] = [[0.0]; 4];
        profile.deflect(params, &x, &y, &mut ax, &mut ay);
        profile.deflect_vjp(params, [&x, &y], [&[1.0], &[1.0]], &mut d, [&mut dx, &mut dy]);
        let slices = [ax[0], ay[0], dx[0], dy[0]];
        assert!(slices.iter().all(|v| v.is_finite()) && d.iter().all(|d| d.is_finite()), "{what}: {slices:?}, {d:?}");
    }
}
