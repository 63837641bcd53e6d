//! The checks of a light profile.

use super::points::{about_center, as_f32, difference, names, sunflower};
use crate::{light::LightProfile, parameter};

/// Holds a light profile to what all have in common: every derivative is the central difference, the f32 slices agree with
/// the f64 points, and the centre is finite.
///
/// # Panics
/// Where it is not so: the message has the profile, the point and the derivative.
pub fn light_profile(profile: &dyn LightProfile, params: &[f64]) {
    let name = profile.name();
    assert_eq!(params.len(), parameter::count(profile.parameters()), "{name}: numbers of the parameters");
    let names = names(profile.parameters());
    let unseen = unseen(profile, params);
    for (x, y) in sunflower() {
        let value = profile.point(params, x, y);
        let gradient = profile.point_gradient(params, x, y);
        // Rounding 1e-15 / h against h^4 / r^4: both near 1e-11 for h = 2e-4 r.
        let h = 2e-4 * x.hypot(y);
        let check = |got: f64, want: f64, of: &str| {
            let bound = 1e-7 * (want.abs() + value.abs() / x.hypot(y)) + unseen;
            assert!((got - want).abs() <= bound, "{name} {params:?} at ({x}, {y}), {of}: {got} is not {want}");
        };
        let slope = |h: f64, f: &dyn Fn(f64) -> f64| difference(h, |k| [f(k), 0.0])[0];
        check(gradient.position[0], slope(h, &|k| profile.point(params, x + k, y)), "x");
        check(gradient.position[1], slope(h, &|k| profile.point(params, x, y + k)), "y");
        for (i, name) in names.iter().enumerate() {
            let moved = |k: f64| {
                let mut params = params.to_vec();
                params[i] += k;
                profile.point(&params, x, y)
            };
            check(gradient.params[i], slope(h.min(1e-4), &moved), name);
        }
    }
    slices_agree_with_points(profile, params);
    center_is_finite(profile, params);
}

/// A brightness that nobody sees beside that of the brightest point: what falls as a bell has tails steeper than any difference can follow,
/// down to numbers that f32 does not have.
fn unseen(profile: &dyn LightProfile, params: &[f64]) -> f64 {
    1e-12 * sunflower().into_iter().map(|(x, y)| profile.point(params, x, y).abs()).fold(0.0, f64::max)
}

/// The f32 slices against the f64 points: 2e-5 of the brightness, and of the absolute terms of a gradient.
fn slices_agree_with_points(profile: &dyn LightProfile, params: &[f64]) {
    let points = sunflower();
    let (x, y) = as_f32(&points);
    let unseen = unseen(profile, params);
    let mut out = vec![0.0; x.len()];
    profile.brightness(params, &x, &y, &mut out);
    for (&got, &(x, y)) in out.iter().zip(&points) {
        let want = profile.point(params, x, y);
        let error = (f64::from(got) - want).abs();
        assert!(error <= 2e-5 * want.abs() + unseen, "{} at ({x}, {y}): {got} is not {want}", profile.name());
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
    for (x, y) in about_center(profile.parameters(), params) {
        let what = format!("{} {params:?} at ({x}, {y})", profile.name());
        let gradient = profile.point_gradient(params, x, y);
        assert!(profile.point(params, x, y).is_finite(), "{what}");
        assert!(gradient.params.iter().chain(&gradient.position).all(|d| d.is_finite()), "{what}: {gradient:?}");
        let (mut d, [mut px, mut py]) = (vec![0.0; params.len()], [[0.0]; 2]);
        profile.brightness_vjp(params, &[x as f32], &[y as f32], &[1.0], &mut d, &mut px, &mut py);
        assert!(d.iter().chain(&[px[0], py[0]].map(f64::from)).all(|d| d.is_finite()), "{what}: slices");
    }
}
