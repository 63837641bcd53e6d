//! Profiles defined outside the crate, checked as its own are and used in a system file by name.

use std::path::Path;

use lens_models::check;
use lens_models::light::{self, LightProfile};
use lens_models::mass::{self, MassProfile};
use lens_models::number::{Complex, Real, Scalar, Series, complex};
use lens_models::parameter::{CENTER_X, CENTER_Y, ParameterKind, ProfileParameter, THETA_E};
use lens_models::pointwise::Partials;
use lens_models::profiles::Profiles;
use lens_models::system::{Profile, System, simulate};

/// A point mass softened by s: psi = theta_E^2 ln(|w|^2 + s^2) / 2, alpha = theta_E^2 w / (|w|^2 + s^2).
struct SoftPoint;

/// What is computed once for a lens.
struct SoftLens<S> {
    theta_e: S,
    soft: S,
    center: Complex<S>,
}

impl mass::Formula<4> for SoftPoint {
    const NAME: &'static str = "soft_point";
    const PARAMETERS: &'static [ProfileParameter] =
        &[THETA_E, ProfileParameter::new("s", ParameterKind::Radius, "arcsec", "s", "Softening."), CENTER_X, CENTER_Y];
    type Lens<S: Scalar> = SoftLens<S>;

    fn lens<S: Scalar>(params: &[f64; 4]) -> SoftLens<S> {
        let [theta_e, soft, x0, y0] = params.map(S::from_f64);
        SoftLens { theta_e, soft, center: complex(x0, y0) }
    }

    #[inline(always)]
    fn alpha<R: Real>(lens: &SoftLens<R::Scalar>, p: Complex<R>) -> Complex<R> {
        let [theta_e, soft] = [lens.theta_e, lens.soft].map(R::broadcast);
        let w = p - Complex::broadcast(lens.center);
        w.scale(theta_e * theta_e / soft.mul_add(soft, w.norm_sqr()))
    }

    #[inline(always)]
    fn gradient<R: Real>(lens: &SoftLens<R::Scalar>, p: Complex<R>, g: Complex<R>) -> Partials<R, 4> {
        let [theta_e, soft, two] = [R::broadcast(lens.theta_e), R::broadcast(lens.soft), R::constant(2.0)];
        let w = p - Complex::broadcast(lens.center);
        let inverse = R::constant(1.0) / soft.mul_add(soft, w.norm_sqr());
        let k = theta_e * theta_e * inverse;
        // d alpha = k dw - 2 k w (w . dw + s ds) / (|w|^2 + s^2).
        let along = two * k * inverse * g.dot(w);
        let position = g.scale(k) - w.scale(along);
        Partials { params: [two * theta_e * inverse * g.dot(w), -(along * soft), -position.re, -position.im], position }
    }

    fn potential(lens: &SoftLens<f64>, p: Complex<f64>) -> f64 {
        0.5 * lens.theta_e.powi(2) * ((p - lens.center).norm_sqr() + lens.soft.powi(2)).ln()
    }
}
lens_models::mass_profile!(SoftPoint);

/// Round shells about the origin: I = sum_n a_n (r^2 / 16)^n, one parameter that is a vector of 20 amplitudes.
struct Shells;

/// More than any profile of the crate has.
const SHELLS: usize = 20;

impl light::Formula<SHELLS> for Shells {
    const NAME: &'static str = "shells";
    const PARAMETERS: &'static [ProfileParameter] =
        &[ProfileParameter::new("a", AMPLITUDES, "", "a", "Amplitudes.").vector(SHELLS)];
    type Light<S: Scalar> = Series<S, 1>;

    fn light<S: Scalar>(a: &[f64; SHELLS]) -> Series<S, 1> {
        Series::new(SHELLS, |n| [a[n]])
    }

    #[inline(always)]
    fn intensity<R: Real>(a: &Series<R::Scalar, 1>, p: Complex<R>) -> R {
        let u = R::constant(1.0 / 16.0) * p.norm_sqr();
        let [sum] = R::fold_back(a, [R::constant(0.0)], |[sum], [a]| [sum.mul_add(u, a)]);
        sum
    }

    #[inline(always)]
    fn gradient<R: Real>(a: &Series<R::Scalar, 1>, p: Complex<R>, g: R) -> Partials<R, SHELLS> {
        let u = R::constant(1.0 / 16.0) * p.norm_sqr();
        let zero = R::constant(0.0);
        let [_, slope] = R::fold_back(a, [zero; 2], |[sum, slope], [a]| [sum.mul_add(u, a), slope.mul_add(u, sum)]);
        let mut power = g;
        let params = std::array::from_fn(|_| {
            let next = power * u;
            std::mem::replace(&mut power, next)
        });
        Partials { params, position: p.scale(R::constant(0.125) * g * slope) }
    }
}
lens_models::light_profile!(Shells);

const AMPLITUDES: ParameterKind =
    ParameterKind::Other { low: 0.0, high: f64::INFINITY, prior: r#"{ "log_normal": { "loc": -1.0, "scale": 0.5 } }"# };

fn profiles() -> Profiles {
    Profiles::standard().with_mass(&SoftPoint).with_light(&Shells)
}

#[test]
fn they_pass_the_checks_of_the_crates_own() {
    for case in 0..check::EXAMPLES {
        check::mass_profile(&SoftPoint, &check::example(MassProfile::parameters(&SoftPoint), case));
        check::light_profile(&Shells, &check::example(LightProfile::parameters(&Shells), case));
    }
}

#[test]
fn they_have_kernels() {
    let kernel = MassProfile::kernel(&SoftPoint).expect("a formula");
    assert!(kernel.source.contains("soft_point_vjp") && kernel.params == 4 && kernel.outputs == 2);
    let kernel = LightProfile::kernel(&Shells).expect("a formula");
    assert_eq!(kernel.constants(&[1.0; SHELLS]).len(), 2 + SHELLS);
}

const FILE: &str = r#"{
    "data": { "size": [24, 24], "pixel_scale": 0.2, "background_rms": 0.01 },
    "lens": [{ "name": "lens", "profile": "soft_point" }, { "name": "tide", "profile": "shear" }],
    "light": [{ "name": "halo", "profile": "shells" }],
    "source": [{ "name": "source", "profile": "sersic" }]
}"#;

#[test]
fn a_system_file_names_them() {
    let system = System::from_json_with(FILE, Path::new("own.json"), Path::new("."), &profiles()).unwrap();
    assert!(matches!(system.components[0].profile, Profile::Mass(p) if p.name() == "soft_point"));
    let error = System::from_json(FILE, Path::new("own.json"), Path::new(".")).err().unwrap().to_string();
    assert!(error.contains("component `lens` has no profile `soft_point`"), "{error}");
}

#[test]
fn a_system_with_them_is_simulated_from_its_priors() {
    let system = System::from_json_with(FILE, Path::new("own.json"), Path::new("."), &profiles()).unwrap();
    let mock = simulate(&system, 3).unwrap();
    assert_eq!(mock.truth["halo.a"].len(), SHELLS);
    assert!(mock.truth["halo.a"].iter().all(|a| *a > 0.0));
    assert!(mock.truth["lens.s"][0] > 0.0);
    assert!(mock.signal.pixels.iter().all(|v| v.is_finite()));
}

#[test]
fn a_vector_is_fixed_by_a_list_of_its_length() {
    let with = |value: &str| {
        let entry = format!(r#""profile": "shells", "parameters": {{ "a": {{ "value": {value} }} }}"#);
        let text = FILE.replace(r#""profile": "shells""#, &entry);
        System::from_json_with(&text, Path::new("own.json"), Path::new("."), &profiles())
    };
    let list = format!("{:?}", [0.5; SHELLS]);
    let mock = simulate(&with(&list).unwrap(), 3).unwrap();
    assert_eq!(mock.truth["halo.a"], [0.5; SHELLS]);
    let error = with("[1.0, 2.0]").err().unwrap().to_string();
    assert!(error.contains("component `halo`: `a`") && error.contains("20"), "{error}");
    let text = FILE.replace(r#""profile": "shells""#, r#""profile": "shells", "count": 2"#);
    let error = System::from_json_with(&text, Path::new("own.json"), Path::new("."), &profiles()).err().unwrap();
    assert!(error.to_string().contains("`count`"), "{error}");
}
