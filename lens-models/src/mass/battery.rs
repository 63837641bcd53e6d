//! The tests that every mass profile is under.

use super::{
    ALL, Dipole, Epl, EplCore, GaussianKappa, Gnfw, Hernquist, HernquistEllipse, MassProfile, MassSum, Multipole,
    MultipoleEllipse, Nfw, NfwEllipse, NfwEllipsePotential, Nie, PseudoJaffe, PseudoJaffeEllipse,
    PseudoJaffeEllipsePotential, SersicKappa, Shear, Sie, Sis, Sple, Tnfw,
};
use crate::{
    check::{self, EXAMPLES, example},
    parameter::ParameterKind,
};

fn close(got: [f64; 2], want: [f64; 2], tolerance: f64, what: &str) {
    let error = (got[0] - want[0]).hypot(got[1] - want[1]);
    assert!(error <= tolerance * want[0].hypot(want[1]), "{what}: {got:?} is not {want:?}");
}

#[test]
fn every_profile_passes_the_checks() {
    for profile in ALL {
        for case in 0..EXAMPLES {
            check::mass_profile(*profile, &example(profile.parameters(), case));
        }
    }
}

#[test]
fn no_profile_deflects_at_its_centre() {
    for profile in ALL {
        let params = example(profile.parameters(), 1);
        let center: Vec<f64> = (profile.parameters().iter().zip(&params))
            .filter_map(|(p, value)| (p.kind == ParameterKind::Center).then_some(*value))
            .collect();
        let (x, y) = if let [x, y] = center[..] { (x, y) } else { (0.0, 0.0) };
        assert_eq!(profile.point(&params, x, y).alpha, [0.0, 0.0], "{}", profile.name());
    }
}

#[test]
fn the_power_law_passes_the_checks_when_flat_shallow_or_steep() {
    for (gamma, q, phi) in [(2.0, 0.75, 0.4), (1.5, 0.3, 2.0), (2.5, 0.5, -1.0), (2.1, 0.1, 0.3), (1.9, 0.999, 1.0)] {
        let f: f64 = (1.0 - q) / (1.0 + q);
        check::mass_profile(&Epl, &[1.3, gamma, f * f64::cos(2.0 * phi), f * f64::sin(2.0 * phi), 0.0625, -0.03125]);
    }
    check::mass_profile(&Epl, &[1.1, 2.05, 0.0, 0.0, 0.0, 0.0]);
    check::mass_profile(&Sple, &[1.3, 1.7, 0.2, 2.0, 0.0625, -0.03125]);
}

#[test]
fn halos_pass_the_checks_when_their_radii_are_equal_or_far_from_the_points() {
    for (ra, rs) in [(0.7, 0.7), (0.7, 0.700_001), (2.0, 0.3), (0.01, 9.0)] {
        check::mass_profile(&PseudoJaffe, &[1.2, ra, rs, 0.0625, -0.03125]);
    }
    for rs in [0.1, 1.0, 30.0] {
        check::mass_profile(&Nfw, &[rs, 1.1, 0.0625, -0.03125]);
        check::mass_profile(&Hernquist, &[1.1, rs, 0.0625, -0.03125]);
    }
    // Not below 0.2: the differences take steps of 1e-3.
    for (rs, r_trunc) in [(0.1, 2.0), (1.0, 0.2), (1.0, 1.0), (30.0, 6.0), (3.0, 60.0)] {
        check::mass_profile(&Tnfw, &[rs, 1.1, r_trunc, 0.0625, -0.03125]);
    }
}

#[test]
fn the_cored_ellipsoid_passes_the_checks_when_round_flat_or_nearly_singular() {
    for (e1, e2, s) in [(0.0, 0.0, 0.3), (1e-9, 1e-9, 0.3), (0.5, -0.3, 0.1), (-0.3, 0.0, 0.01), (0.01, 0.02, 3.0)] {
        check::mass_profile(&Nie, &[1.3, e1, e2, s, 0.0625, -0.03125]);
    }
}

#[test]
fn ellipsoids_pass_the_checks_when_round_flat_steep_or_far_from_the_points() {
    let place = [0.0625, -0.03125];
    let shapes = [[0.0, 0.0], [1e-9, 1e-9], [0.5, -0.3], [-0.3, 0.0]];
    for (own, e) in [[0.1, 1.1], [1.0, 1.1], [30.0, 1.1]].into_iter().zip(shapes) {
        check::mass_profile(&NfwEllipse, &[own, e, place].concat());
        check::mass_profile(&HernquistEllipse, &[[own[1], own[0]], e, place].concat());
    }
    for (gamma, e) in [(0.01, [0.2, 0.1]), (1.999, [0.0, 0.0]), (2.001, [-0.3, 0.2]), (2.6, [0.1, 0.1])] {
        check::mass_profile(&Gnfw, &[&[2.0, 1.1, gamma][..], &e, &place].concat());
    }
    for (ra, rs) in [(0.7, 0.700_1), (2.0, 0.3), (0.05, 9.0)] {
        check::mass_profile(&PseudoJaffeEllipse, &[1.2, ra, rs, 0.2, -0.1, 0.0625, -0.03125]);
    }
    for (gamma, core) in [(1.3, 0.3), (2.0, 0.05), (2.7, 1.0)] {
        check::mass_profile(&EplCore, &[1.2, gamma, core, 0.2, -0.1, 0.0625, -0.03125]);
    }
    for n in [0.31, 0.5, 1.0, 4.0, 9.0] {
        check::mass_profile(&SersicKappa, &[0.4, 0.8, n, 0.2, -0.1, 0.0625, -0.03125]);
    }
    for sigma in [0.3, 1.0, 5.0] {
        check::mass_profile(&GaussianKappa, &[1.4, sigma, -0.3, 0.2, 0.0625, -0.03125]);
    }
}

#[test]
fn profiles_that_are_others_in_another_form_agree_with_them() {
    let (x, y) = (0.7, -0.9);
    let agree = |other: &dyn MassProfile, params: &[f64], known: &dyn MassProfile, of: &[f64], tolerance: f64| {
        let (other, known) = (other.point(params, x, y), known.point(of, x, y));
        close(other.alpha, known.alpha, tolerance, "alpha");
        close([other.f_xx, other.f_xy], [known.f_xx, known.f_xy], tolerance, "Hessian");
        assert!((other.potential - known.potential).abs() <= tolerance * known.potential.abs(), "{other:?} {known:?}");
    };
    // What a sum over cores is held to.
    const SUM: f64 = 1e-10;
    agree(&NfwEllipse, &[3.0, 1.1, 0.0, 0.0, 0.1, 0.2], &Nfw, &[3.0, 1.1, 0.1, 0.2], SUM);
    agree(&Gnfw, &[3.0, 1.1, 1.0, 0.3, 0.1, 0.1, 0.2], &NfwEllipse, &[3.0, 1.1, 0.3, 0.1, 0.1, 0.2], SUM);
    agree(&HernquistEllipse, &[1.1, 0.8, 0.0, 0.0, 0.1, 0.2], &Hernquist, &[1.1, 0.8, 0.1, 0.2], SUM);
    agree(&PseudoJaffeEllipse, &[1.1, 0.2, 3.0, 0.0, 0.0, 0.1, 0.2], &PseudoJaffe, &[1.1, 0.2, 3.0, 0.1, 0.2], SUM);
    agree(&PseudoJaffeEllipse, &[1.1, 0.7, 0.7, 0.0, 0.0, 0.1, 0.2], &PseudoJaffe, &[1.1, 0.7, 0.7, 0.1, 0.2], SUM);
    agree(&EplCore, &[1.1, 2.0, 0.1, 0.2, -0.1, 0.1, 0.2], &Nie, &[1.1, 0.2, -0.1, 0.1, 0.1, 0.2], SUM);
    // The core takes (s_scale / r)^(3 - gamma) of the mass.
    agree(&EplCore, &[1.1, 1.5, 1e-6, 0.2, -0.1, 0.1, 0.2], &Epl, &[1.1, 1.5, 0.2, -0.1, 0.1, 0.2], 3e-8);
    // sigma of a Sersic profile with n = 1/2: b (R / R_sersic)^2 is R^2 / (2 sigma^2), b = ln 2.
    let (b, sigma) = (std::f64::consts::LN_2, 0.6_f64);
    let radius = (2.0 * b).sqrt() * sigma;
    let amp = 0.4 * 2.0 * std::f64::consts::TAU * sigma * sigma;
    agree(
        &SersicKappa,
        &[0.4, radius, 0.5, 0.2, -0.1, 0.1, 0.2],
        &GaussianKappa,
        &[amp, sigma, 0.2, -0.1, 0.1, 0.2],
        1e-10,
    );
    let round = [0.1, 0.4, 0.0, 0.0, 0.1, 0.2];
    let odd = [0.1, 0.4, 1.2, 0.0, 0.0, 0.1, 0.2];
    agree(&MultipoleEllipse::<1>, &odd, &Dipole, &[0.1, 0.4, 1.2, 0.1, 0.2], 1e-13);
    agree(&MultipoleEllipse::<3>, &odd, &Multipole::<3>, &[0.1, 0.4, 0.1, 0.2], 1e-13);
    agree(&MultipoleEllipse::<4>, &round, &Multipole::<4>, &[0.1, 0.4, 0.1, 0.2], 1e-13);
}

#[test]
fn ellipsoids_outside_their_support_give_nan() {
    let lenses: [(&dyn MassProfile, &[f64]); 9] = [
        (&NfwEllipse, &[-1.0, 1.0, 0.1, 0.0, 0.0, 0.0]),
        (&NfwEllipse, &[1.0, 1.0, 0.9, 0.9, 0.0, 0.0]),
        (&Gnfw, &[1.0, 1.0, 3.0, 0.1, 0.0, 0.0, 0.0]),
        (&PseudoJaffeEllipse, &[1.0, 0.0, 1.0, 0.1, 0.0, 0.0, 0.0]),
        (&PseudoJaffeEllipse, &[1.0, 0.5, -1.0, 0.1, 0.0, 0.0, 0.0]),
        (&EplCore, &[1.0, 3.0, 0.1, 0.1, 0.0, 0.0, 0.0]),
        (&SersicKappa, &[1.0, 1.0, 0.1, 0.1, 0.0, 0.0, 0.0]),
        (&GaussianKappa, &[1.0, 0.0, 0.1, 0.0, 0.0, 0.0]),
        (&MultipoleEllipse::<4>, &[1.0, 0.0, 0.9, 0.9, 0.0, 0.0]),
    ];
    for (profile, params) in lenses {
        assert!(profile.point(params, 0.5, 0.7).alpha[0].is_nan(), "{} {params:?}", profile.name());
        let mut ax = [0.0];
        profile.deflect(params, &[0.5], &[0.7], &mut ax, &mut [0.0]);
        assert!(ax[0].is_nan(), "{} {params:?} in f32", profile.name());
    }
}

#[test]
fn a_core_of_radius_zero_leaves_everything_finite() {
    let lenses: [(&dyn MassProfile, &[f64]); 4] = [
        (&Nie, &[1.3, 0.0, 0.0, 0.0, 0.0, 0.0]),
        (&Nie, &[1.3, 0.2, -0.1, 0.0, 0.0, 0.0]),
        (&PseudoJaffe, &[1.3, 0.0, 2.0, 0.0, 0.0]),
        (&PseudoJaffe, &[1.3, 0.0, 0.0, 0.0, 0.0]),
    ];
    for (profile, params) in lenses {
        for (x, y) in [(0.0, 0.0), (0.0, 0.9), (0.9, 0.0), (-0.4, 0.7)] {
            let at = profile.point(params, x, y);
            let slopes = profile.deflection_jacobian(params, x, y).into_iter().flatten();
            let mut all = slopes.chain(at.alpha).chain([at.f_xx, at.f_xy, at.f_yy, at.potential]);
            assert!(all.all(f64::is_finite), "{} {params:?} at ({x}, {y}): {at:?}", profile.name());
        }
    }
}

#[test]
fn halos_without_ellipticity_or_truncation_are_the_round_ones() {
    let (x, y) = (0.7, -0.9);
    let agree = |other: &dyn MassProfile, params: &[f64], round: &dyn MassProfile, of: &[f64], tolerance: f64| {
        let (other, round) = (other.point(params, x, y), round.point(of, x, y));
        close(other.alpha, round.alpha, tolerance, "alpha");
        close([other.f_xx, other.f_xy], [round.f_xx, round.f_xy], tolerance, "Hessian");
    };
    agree(&NfwEllipsePotential, &[3.0, 1.1, 0.0, 0.0, 0.1, 0.2], &Nfw, &[3.0, 1.1, 0.1, 0.2], 1e-15);
    agree(
        &PseudoJaffeEllipsePotential,
        &[1.1, 0.2, 3.0, 0.0, 0.0, 0.1, 0.2],
        &PseudoJaffe,
        &[1.1, 0.2, 3.0, 0.1, 0.2],
        1e-15,
    );
    // The truncation is 1 - (r / r_trunc)^2, and the mass in front of and behind r changes by r / r_trunc.
    agree(&Tnfw, &[3.0, 1.1, 3e6, 0.1, 0.2], &Nfw, &[3.0, 1.1, 0.1, 0.2], 1e-5);
    // A handful of roundings, and the square root of them where the core is.
    agree(&Nie, &[1.1, 0.2, -0.1, 0.0, 0.1, 0.2], &Sie, &[1.1, 0.2, -0.1, 0.1, 0.2], 1e-14);
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
fn a_sum_is_the_sum_of_its_parts() {
    let (epl, shear) = ([1.2, 2.1, 0.1, -0.05, 0.01, 0.02], [0.03, -0.02]);
    let params = [&epl[..], &shear].concat();
    let sum = MassSum::new([&Epl as _, &Shear as _]);
    assert_eq!(sum.len(), 8);
    assert_eq!(sum.parameters().last().map(|p| p.name), Some("gamma2"));
    let (x, y) = (0.8, -0.3);
    assert_eq!(sum.point(&params, x, y), Epl.point(&epl, x, y) + Shear.point(&shear, x, y));
    let (xs, ys, gx, gy) = ([0.8_f32, 0.2], [-0.3_f32, 1.4], [1.0, 0.5], [-1.0, 2.0]);
    let (mut apart, mut dx, mut dy) = ([0.0; 8], [0.0; 2], [0.0; 2]);
    Epl.deflect_vjp(&epl, [&xs, &ys], [&gx, &gy], &mut apart[..6], [&mut dx, &mut dy]);
    Shear.deflect_vjp(&shear, [&xs, &ys], [&gx, &gy], &mut apart[6..], [&mut dx, &mut dy]);
    let (mut d, mut sx, mut sy) = ([0.0; 8], [0.0; 2], [0.0; 2]);
    sum.deflect_vjp(&params, [&xs, &ys], [&gx, &gy], &mut d, [&mut sx, &mut sy]);
    assert_eq!((d, sx, sy), (apart, dx, dy));
    let (mut ax, mut ay) = ([0.0; 2], [0.0; 2]);
    sum.deflect(&params, &xs, &ys, &mut ax, &mut ay);
    close([ax[0].into(), ay[0].into()], sum.point(&params, 0.8_f32.into(), (-0.3_f32).into()).alpha, 1e-6, "sum");
    assert_eq!(sum.deflection_jacobian(&params, x, y).len(), 8);
}
