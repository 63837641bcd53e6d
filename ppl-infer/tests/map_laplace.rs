//! The Laplace approximation: exact on Gaussians of any correlation, close in single precision, honest where there is no maximum.

use ppl_infer::Error;
use ppl_infer::map::{LaplaceSettings, MapSettings, laplace, maximise};

mod map_densities;
use map_densities::{Gaussian, density};

fn log_evidence(gaussian: &Gaussian) -> f64 {
    let n = gaussian.mean.len() as f64;
    let log_det = gaussian.precision.clone().symmetric_eigenvalues().map(f64::ln).sum();
    gaussian.offset + 0.5 * n * std::f64::consts::TAU.ln() - 0.5 * log_det
}

#[test]
fn a_gaussian_comes_out_exactly_however_correlated() {
    for (dim, condition) in [(1, 1.0), (3, 1.0), (20, 1e6), (50, 1e8)] {
        let gaussian = Gaussian::new(dim, condition, -3.0, 7);
        let f = density(dim, |q, g| gaussian.logp_and_grad(q, g));
        let around = laplace(&f, &gaussian.mean, &LaplaceSettings::default()).unwrap();
        let (low, high) = gaussian.covariance_ratio(&around.covariance);
        println!("{dim}: {:.1e} {:.1e} {:.1e}", gaussian.covariance_error(&around.covariance), low - 1.0, high - 1.0);
        assert!(gaussian.covariance_error(&around.covariance) < 1e-6);
        assert!(low > 1.0 - 1e-6 && high < 1.0 + 1e-6, "{low} {high}");
        assert!((around.log_evidence - log_evidence(&gaussian)).abs() < 1e-6);
        assert_eq!(around.floored, 0);
        assert!(around.gain < 1e-12);
    }
}

/// logp near -1e4 is rounded to 1e-3 and the gradient wrong by 1e-7 of its stiffest component: what image likelihoods are like.
/// From start to covariance, as a user does it.
#[test]
fn single_precision_gives_the_covariance_within_5_percent_in_every_direction() {
    for seed in 0..10 {
        let gaussian = Gaussian::new(20, 1e6, -1e4, seed);
        let f = density(20, |q, g| gaussian.in_single_precision(q, g));
        let top = maximise(&f, &[0.0; 20], &MapSettings::default()).unwrap();
        let around = laplace(&f, &top.position, &LaplaceSettings::default()).unwrap();
        let (low, high) = gaussian.covariance_ratio(&around.covariance);
        println!("{seed}: {low:.4} to {high:.4}, {} gradients, gain {:.1e}", around.gradient_count, around.gain);
        assert!(low > 0.95 && high < 1.05, "seed {seed}: {low} to {high}");
        assert_eq!(around.floored, 0);
        // 20 half logarithms of variances each within 5 %, with either sign, and the 1e-3 rounding of logp.
        assert!((around.log_evidence - log_evidence(&gaussian)).abs() < 0.1);
    }
}

#[test]
fn scales_from_1e_minus_5_to_1e5_need_no_hint() {
    let scales = [1e-5, 1e-3, 1.0, 1e3, 1e5];
    let f = density(5, |q: &[f64], g: &mut [f64]| {
        let mut logp = 0.0;
        for ((g, q), s) in g.iter_mut().zip(q).zip(scales) {
            *g = -q / (s * s);
            logp -= 0.5 * q * q / (s * s);
        }
        logp
    });
    let around = laplace(&f, &[0.0; 5], &LaplaceSettings::default()).unwrap();
    for (sd, scale) in around.std_dev().iter().zip(scales) {
        assert!((sd / scale - 1.0).abs() < 1e-9, "{sd} {scale}");
    }
}

#[test]
fn a_smaller_drop_comes_closer_to_the_second_derivative() {
    // logp = -cosh(x): second derivative 1, but a unit step sees sinh(1) = 1.18.
    let f = density(1, |q: &[f64], g: &mut [f64]| {
        g[0] = -q[0].sinh();
        -q[0].cosh()
    });
    let close = laplace(&f, &[0.0], &LaplaceSettings { target_drop: 1e-6, ..Default::default() }).unwrap();
    assert!((close.covariance[0] - 1.0).abs() < 1e-6, "{}", close.covariance[0]);
    let wide = laplace(&f, &[0.0], &LaplaceSettings::default()).unwrap();
    assert!(wide.covariance[0] > 0.8 && wide.covariance[0] < 0.95, "{}", wide.covariance[0]);
}

#[test]
fn directions_that_are_no_maximum_are_counted_and_bounded() {
    // A saddle between two peaks at x = +-3, a plain normal in y, and z that nothing depends on.
    let f = density(3, |q: &[f64], g: &mut [f64]| {
        let x = q[0];
        g.copy_from_slice(&[-(x - 3.0 * (3.0 * x).tanh()), -q[1], 0.0]);
        -0.5 * (x * x + 9.0) + (3.0 * x).abs() + (-2.0 * (3.0 * x).abs()).exp().ln_1p() - 0.5 * q[1] * q[1]
    });
    let around = laplace(&f, &[0.0; 3], &LaplaceSettings::default()).unwrap();
    assert!(around.floored >= 1, "{around:?}");
    assert!((around.std_dev()[1] - 1.0).abs() < 1e-6);
    assert!(around.std_dev()[0] > 1.0 && around.std_dev()[0] < 100.0, "{:?}", around.std_dev());
    assert!(around.covariance.iter().all(|c| c.is_finite()) && around.log_evidence.is_finite());
}

#[test]
fn a_wall_near_the_mean_shortens_the_step() {
    // Normal with sd 1, cut at 0.4: steps must stay inside, where the curvature is that of the normal.
    let f = density(1, |q: &[f64], g: &mut [f64]| {
        g[0] = -q[0];
        if q[0].abs() < 0.4 { -0.5 * q[0] * q[0] } else { f64::NEG_INFINITY }
    });
    let around = laplace(&f, &[0.0], &LaplaceSettings::default()).unwrap();
    assert!((around.covariance[0] - 1.0).abs() < 1e-9, "{}", around.covariance[0]);
}

#[test]
fn the_lanes_of_one_call_are_bounded_and_do_not_matter() {
    let gaussian = Gaussian::new(20, 1e4, 0.0, 3);
    let f = density(20, |q, g| gaussian.logp_and_grad(q, g));
    let all = laplace(&f, &gaussian.mean, &LaplaceSettings::default()).unwrap();
    let few = laplace(&f, &gaussian.mean, &LaplaceSettings { max_lanes: 9, ..Default::default() }).unwrap();
    assert_eq!(all, few);
}

#[test]
fn gain_tells_that_the_mean_is_not_the_maximum() {
    let gaussian = Gaussian::new(3, 10.0, 0.0, 3);
    let f = density(3, |q, g| gaussian.logp_and_grad(q, g));
    let aside: Vec<f64> = gaussian.mean.iter().map(|m| m + 0.7).collect();
    let around = laplace(&f, &aside, &LaplaceSettings { polish: false, ..Default::default() }).unwrap();
    assert_eq!(around.mean, aside);
    assert!((around.gain + gaussian.logp_and_grad(&aside, &mut [0.0; 3])).abs() < 1e-6);
}

#[test]
fn newton_steps_improve_a_mean_that_is_not_quite_the_maximum() {
    let gaussian = Gaussian::new(20, 1e6, -1e4, 3);
    let f = density(20, |q, g| gaussian.in_single_precision(q, g));
    let aside: Vec<f64> = gaussian.mean.iter().map(|m| m + 0.01).collect();
    let around = laplace(&f, &aside, &LaplaceSettings::default()).unwrap();
    // POLISH is 0.01 nats, the rounding of logp 1e-3.
    assert!(gaussian.logp_and_grad(&around.mean, &mut [0.0; 20]) > -1e4 - 0.012, "{} {}", around.logp, around.gain);
    assert!(around.gain < 0.012 && around.logp + 1e4 < 1e-3);
}

#[test]
fn mistakes_are_refused_with_their_numbers() {
    let f = density(1, |_: &[f64], g: &mut [f64]| {
        g[0] = 0.0;
        f64::NAN
    });
    let at = |mean: &[f64], settings| laplace(&f, mean, &settings);
    assert!(matches!(at(&[0.0], LaplaceSettings::default()), Err(Error::NoFiniteStart { .. })));
    assert!(matches!(at(&[0.0; 2], LaplaceSettings::default()), Err(Error::Length { expected: 1, got: 2, .. })));
    let empty = density(0, |_: &[f64], _: &mut [f64]| 0.0);
    assert!(matches!(laplace(&empty, &[], &LaplaceSettings::default()), Err(Error::Starts { dim: 0, got: 0 })));
    let floor = LaplaceSettings { floor: 0.0, ..Default::default() };
    assert!(at(&[0.0], floor).unwrap_err().to_string().contains("laplace.floor"));
}
