//! The tests that every light profile is under.

use super::{LightProfile, Sersic, SersicLenstronomyBn, by_name, names};

/// Points of a sunflower about the centre of the image, to 3.5"; 83 so that the last chunk is a short one.
fn sunflower() -> Vec<(f64, f64)> {
    let point = |k: u32| {
        let k = f64::from(k);
        let (sin, cos) = (2.399_963_229_728_653 * k).sin_cos();
        let r = 3.5 * ((k + 0.2) / 83.0).sqrt();
        // Rounded, so that the f32 and the f64 path see the same point.
        (f64::from((r * cos) as f32), f64::from((r * sin) as f32))
    };
    (0..83).map(point).collect()
}

/// The central difference of five points: its error is h^4 f^(5) / 30 and the rounding of f over h.
fn difference(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

fn battery(profile: &dyn LightProfile, params: &[f64]) {
    let name = profile.name();
    assert_eq!(params.len(), profile.parameters().len());
    for (x, y) in sunflower() {
        let value = profile.point(params, x, y);
        let gradient = profile.point_gradient(params, x, y);
        // Rounding 1e-15 / h against h^4 / r^4: both near 1e-11 for h = 3e-4 r.
        let h = 3e-4 * x.hypot(y);
        let check = |got: f64, want: f64, of: &str| {
            let bound = 1e-7 * (want.abs() + value.abs() / x.hypot(y));
            assert!((got - want).abs() <= bound, "{name} {params:?} at ({x}, {y}), {of}: {got} is not {want}");
        };
        check(gradient.position[0], difference(h, |k| profile.point(params, x + k, y)), "x");
        check(gradient.position[1], difference(h, |k| profile.point(params, x, y + k)), "y");
        for (i, parameter) in profile.parameters().iter().enumerate() {
            let moved = |k: f64| {
                let mut params = params.to_vec();
                params[i] += k;
                profile.point(&params, x, y)
            };
            check(gradient.params[i], difference(h.min(2e-4), moved), parameter.name);
        }
    }
    slices_agree_with_points(profile, params);
    center_is_finite(profile, params);
}

/// The f32 slices against the f64 points: 2e-5 of the brightness, and of the absolute terms of a gradient.
fn slices_agree_with_points(profile: &dyn LightProfile, params: &[f64]) {
    let points = sunflower();
    let x: Vec<f32> = points.iter().map(|p| p.0 as f32).collect();
    let y: Vec<f32> = points.iter().map(|p| p.1 as f32).collect();
    let mut out = vec![0.0; x.len()];
    profile.brightness(params, &x, &y, &mut out);
    for (&got, &(x, y)) in out.iter().zip(&points) {
        let want = profile.point(params, x, y);
        assert!((f64::from(got) - want).abs() <= 2e-5 * want, "{} at ({x}, {y}): {got} is not {want}", profile.name());
    }
    let before = out.clone();
    profile.brightness(params, &x, &y, &mut out);
    assert!(out.iter().zip(&before).all(|(out, before)| *out == 2.0 * before), "brightness is added");

    let g: Vec<f32> = (0..x.len()).map(|i| (i as f32).sin()).collect();
    let (mut d, mut dx, mut dy) = (vec![1.0; params.len()], vec![0.5; x.len()], vec![-0.5; x.len()]);
    profile.brightness_vjp(params, &x, &y, &g, &mut d, &mut dx, &mut dy);
    let mut without = vec![1.0; params.len()];
    profile.brightness_vjp(params, &x, &y, &g, &mut without, &mut [], &mut []);
    assert_eq!(d, without, "the parameters' gradient does not depend on the positions' being wanted");
    let gradients: Vec<_> = points.iter().map(|&(x, y)| profile.point_gradient(params, x, y)).collect();
    for (k, got) in d.into_iter().enumerate() {
        let terms = || gradients.iter().zip(&g).map(|(gradient, &g)| f64::from(g) * gradient.params[k]);
        let (scale, want) = (terms().map(f64::abs).sum::<f64>(), terms().sum::<f64>());
        assert!((got - 1.0 - want).abs() <= 2e-5 * scale, "{} d{k}: {got} is not {want}", profile.name());
    }
    for (i, gradient) in gradients.iter().enumerate() {
        let want = gradient.position.map(|d| f64::from(g[i]) * d);
        let scale = want[0].hypot(want[1]);
        for (got, want) in [f64::from(dx[i]) - 0.5, f64::from(dy[i]) + 0.5].into_iter().zip(want) {
            // 2e-5, and the rounding of the sum with 0.5.
            assert!((got - want).abs() <= 2e-5 * scale + 6e-8, "{}: {got} is not {want}", profile.name());
        }
    }
}

fn center_is_finite(profile: &dyn LightProfile, params: &[f64]) {
    let of = |name: &str| profile.parameters().iter().position(|p| p.name == name).map_or(0.0, |i| params[i]);
    for (dx, dy) in [(0.0, 0.0), (1e-12, 0.0), (0.0, 1e-7), (-1e-5, 1e-3)] {
        let (x, y) = (of("center_x") + dx, of("center_y") + dy);
        let gradient = profile.point_gradient(params, x, y);
        assert!(profile.point(params, x, y).is_finite());
        assert!(gradient.params.iter().chain(&gradient.position).all(|d| d.is_finite()));
        let (mut d, mut px, mut py) = (vec![0.0; params.len()], [0.0], [0.0]);
        profile.brightness_vjp(params, &[x as f32], &[y as f32], &[1.0], &mut d, &mut px, &mut py);
        assert!(d.iter().all(|d| d.is_finite()) && px[0].is_finite() && py[0].is_finite());
    }
}

#[test]
fn sersic_passes_the_battery() {
    battery(&Sersic, &[2.0, 0.8, 1.0, 0.0, 0.0, 0.0, 0.0]);
    battery(&Sersic, &[0.7, 0.3, 4.0, 0.2, -0.3, 0.0625, -0.03125]);
    battery(&Sersic, &[1.0, 1.5, 0.5, -0.5, 0.1, 0.0625, -0.03125]);
}

#[test]
fn sersic_with_lenstronomys_bn_passes_the_battery() {
    battery(&SersicLenstronomyBn, &[0.7, 0.3, 4.0, 0.2, -0.3, 0.0625, -0.03125]);
}

#[test]
fn half_of_the_light_falls_within_the_half_light_ellipse() {
    // The flux within R is 2 pi int I R dR for any ellipticity; I on a ray at right angles, in ln R.
    let flux = |outer: f64| {
        let (steps, inner) = (20_000, 1e-4_f64);
        let h = (outer / inner).ln() / f64::from(steps);
        let ring = |k: i32| {
            let r = inner * (h * f64::from(k)).exp();
            r * r * Sersic.point(&[1.0, 0.7, 2.5, 0.0, 0.0, 0.0, 0.0], r, 0.0)
        };
        h * ((1..steps).map(ring).sum::<f64>() + 0.5 * (ring(0) + ring(steps)))
    };
    // The trapezium's error is (h ln-slope)^2 / 12, the missing centre 1e-7, the missing outskirts less.
    assert!((flux(0.7) / flux(700.0) - 0.5).abs() < 1e-6);
}

#[test]
fn parameters_outside_their_support_give_nan() {
    assert!(Sersic.point(&[1.0, -0.5, 1.0, 0.0, 0.0, 0.0, 0.0], 0.5, 0.7).is_nan());
    assert!(Sersic.point(&[1.0, 0.5, -1.0, 0.0, 0.0, 0.0, 0.0], 0.5, 0.7).is_nan());
    let mut out = [0.0];
    Sersic.brightness(&[1.0, 0.5, 1.0, 0.9, 0.9, 0.0, 0.0], &[0.5], &[0.7], &mut out);
    assert!(out[0].is_nan());
}

#[test]
fn the_registry_finds_each_profile_by_its_own_name() {
    assert_eq!(names().collect::<Vec<_>>(), ["sersic", "sersic_lenstronomy_bn"]);
    for name in names() {
        assert_eq!(by_name(name).map(LightProfile::name), Some(name));
    }
}
