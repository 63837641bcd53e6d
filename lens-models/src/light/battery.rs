//! The tests that every light profile is under.

use super::{ALL, LightProfile, Sersic};
use crate::check::{self, EXAMPLES, example};

#[test]
fn every_profile_passes_the_checks() {
    for profile in ALL {
        for case in 0..EXAMPLES {
            check::light_profile(*profile, &example(profile.parameters(), case));
        }
    }
}

#[test]
fn sersic_passes_the_checks_as_a_disc_a_bulge_and_a_bar() {
    check::light_profile(&Sersic, &[2.0, 0.8, 1.0, 0.0, 0.0, 0.0, 0.0]);
    check::light_profile(&Sersic, &[0.7, 0.3, 4.0, 0.2, -0.3, 0.0625, -0.03125]);
    check::light_profile(&Sersic, &[1.0, 1.5, 0.5, -0.5, 0.1, 0.0625, -0.03125]);
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
