//! The text of every profile's kernels, compiled by the system's C compiler, computes what the Rust formula does.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use lens_models::check::{EXAMPLES, example};
use lens_models::codegen::Kernel;
use lens_models::light::{self, Shapelet};
use lens_models::mass::{self, Epl, MassProfile};
use lens_models::parameter::ProfileParameter;

/// Profiles whose deflection is a sum that has fewer terms in f32.
const SUMS: [&str; 7] =
    ["nfw_ellipse", "gnfw", "hernquist_ellipse", "pjaffe_ellipse", "epl_core", "sersic_kappa", "gaussian_kappa"];
/// Points at which they are compared.
const POINTS: usize = 200;

/// What the Rust formula gives at a point, in f64: the field, and the Jacobian's rows by parameter and by position.
struct At {
    field: Vec<f64>,
    by_params: Vec<Vec<f64>>,
    by_position: Vec<[f64; 2]>,
}

/// A formula at given parameters and a given position.
type Formula = dyn Fn(&[f64], f64, f64) -> At;

/// A profile with its kernel and its Rust.
struct Case {
    kernel: Kernel,
    table: &'static [ProfileParameter],
    at: Box<Formula>,
}

fn cases() -> Vec<Case> {
    let mut cases = vec![];
    for &mass in mass::ALL {
        let at = move |params: &[f64], x, y| {
            let (at, jacobian) = (mass.point(params, x, y), mass.deflection_jacobian(params, x, y));
            let by_params = [0, 1].map(|axis| jacobian.iter().map(|column| column[axis]).collect()).to_vec();
            At { field: at.alpha.to_vec(), by_params, by_position: vec![[at.f_xx, at.f_xy], [at.f_xy, at.f_yy]] }
        };
        cases.extend(mass.kernel().map(|kernel| Case { kernel, table: mass.parameters(), at: Box::new(at) }));
    }
    for light in light::ALL.iter().copied().chain([&Shapelet as _]) {
        let at = move |params: &[f64], x, y| {
            let gradient = light.point_gradient(params, x, y);
            At {
                field: vec![light.point(params, x, y)],
                by_params: vec![gradient.params],
                by_position: vec![gradient.position],
            }
        };
        cases.extend(light.kernel().map(|kernel| Case { kernel, table: light.parameters(), at: Box::new(at) }));
    }
    assert_eq!(cases.len(), mass::ALL.len() + light::ALL.len() + 1, "every profile has a kernel");
    cases
}

/// Evenly spread numbers in (-1, 1).
fn spread(i: usize, k: f64) -> f64 {
    2.0 * ((i as f64 + 1.0) * k).fract() - 1.0
}

/// Compiles the kernels and runs them on text; its numbers, or none where there is no C compiler.
fn run(kernel: &Kernel, in_double: bool, input: &str) -> Option<Vec<f64>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, program) = (folder.path().join("kernel.c"), folder.path().join("kernel"));
    let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim");
    let text = format!(
        "#include \"{0}/shim.h\"\n{1}\n#define OUTPUTS {2}\n#define PARAMS {3}\n#define VALUE {4}_value\n\
         #define VJP {4}_vjp\n#include \"{0}/main.c\"\n",
        shim.display(),
        // C has no `extern "C"`.
        kernel.source.replace("extern \"C\"", ""),
        kernel.outputs,
        kernel.params,
        kernel.name
    );
    std::fs::write(&source, text).expect("written");
    let mut cc = Command::new("cc");
    cc.args(["-O1", "-Wno-unknown-pragmas", "-o"]).args([&program, &source]).arg("-lm");
    if in_double {
        cc.arg("-DIN_DOUBLE");
    }
    let compiled = match cc.output() {
        Ok(compiled) => compiled,
        Err(error) => {
            test_data::skip(&format!("the kernels were not compiled, there is no C compiler `cc`: {error}"));
            return None;
        }
    };
    assert!(compiled.status.success(), "{}:\n{}", kernel.name, String::from_utf8_lossy(&compiled.stderr));
    let mut child = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let (mut stdin, input) = (child.stdin.take().expect("piped"), input.to_owned());
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("all is read");
    assert!(output.status.success(), "{} ended with {}", kernel.name, output.status);
    let text = String::from_utf8(output.stdout).expect("ASCII");
    Some(text.lines().map(|line| line.parse().expect("a number")).collect())
}

/// The largest error of every profile's kernels, relative to the size of what is computed.
fn worst_errors(in_double: bool) -> Vec<(&'static str, f64)> {
    let mut worst = vec![];
    for Case { kernel, table, at } in cases() {
        let outputs = kernel.outputs;
        // Rounded to f32, so that both see the same point.
        let round = |v: f64| f64::from(v as f32);
        let x: Vec<f64> = (0..POINTS).map(|i| round(3.0 * spread(i, 0.754_877_666_246_692_7))).collect();
        let y: Vec<f64> = (0..POINTS).map(|i| round(3.0 * spread(i, 0.569_840_290_998_053_2))).collect();
        let g: Vec<f64> = (0..outputs * POINTS).map(|i| round(spread(i, 0.618_033_988_749_894_9))).collect();
        let mut input = String::new();
        for case in 0..EXAMPLES {
            let constants = kernel.constants(&example(table, case));
            input += &format!("{POINTS} {}", constants.len());
            for number in constants.iter().chain(&x).chain(&y).chain(&g) {
                input += &format!(" {number:e}");
            }
            input += "\n";
        }
        let Some(got) = run(&kernel, in_double, &input) else { return vec![] };
        let each = outputs * POINTS + 2 * POINTS + kernel.params;
        assert_eq!(got.len(), EXAMPLES * each, "{}", kernel.name);
        let mut error = 0.0_f64;
        let mut check = |got: f64, want: f64, size: f64| {
            assert!(got.is_finite(), "{}: {got}", kernel.name);
            error = error.max((got - want).abs() / size.max(1e-30));
        };
        for (case, got) in got.chunks(each).enumerate() {
            let params = example(table, case);
            let (field, rest) = got.split_at(outputs * POINTS);
            let (dxy, sums) = rest.split_at(2 * POINTS);
            let points: Vec<At> = (0..POINTS).map(|i| at(&params, x[i], y[i])).collect();
            for (i, point) in points.iter().enumerate() {
                let size = point.field.iter().map(|v| v * v).sum::<f64>().sqrt();
                (0..outputs).for_each(|o| check(field[o * POINTS + i], point.field[o], size));
                // Of the absolute terms, which may cancel; a Hessian that passes through zero (a multipole's) by the field over
                // the width of the square.
                let rising = size / 6.0 * (0..outputs).map(|o| g[o * POINTS + i].abs()).sum::<f64>();
                let terms = |axis: usize| (0..outputs).map(move |o| (o, axis));
                let term = |(o, axis): (usize, usize)| g[o * POINTS + i] * point.by_position[o][axis];
                let size: f64 = [0, 1].into_iter().flat_map(terms).map(|t| term(t).abs()).sum::<f64>().max(rising);
                for axis in [0, 1] {
                    check(dxy[axis * POINTS + i], terms(axis).map(term).sum(), size);
                }
            }
            for (k, sum) in sums.iter().enumerate() {
                let term = |(i, o): (usize, usize)| g[o * POINTS + i] * points[i].by_params[o][k];
                let terms = || (0..POINTS).flat_map(|i| (0..outputs).map(move |o| (i, o))).map(term);
                check(*sum, terms().sum(), terms().map(f64::abs).sum());
            }
        }
        worst.push((kernel.name, error));
    }
    worst
}

#[test]
fn the_text_is_the_formula() {
    for (name, error) in worst_errors(true) {
        println!("{name}: {error:.1e} in double");
        // What is left is the end of the series, at the rounding of f32; of sums over cores and over ellipses, as few terms as f32 takes.
        let limit = if SUMS.contains(&name) { 5e-6 } else { 1e-6 };
        assert!(error < limit, "{name} is off by {error:e}");
    }
}

#[test]
fn in_float_it_is_as_good_as_the_simd_path() {
    for (name, error) in worst_errors(false) {
        println!("{name}: {error:.1e} in float");
        assert!(error < 2e-5, "{name} is off by {error:e}");
    }
}

#[test]
fn the_text_does_not_depend_on_the_parameters_and_loops_over_the_terms() {
    let epl = Epl.kernel().expect("a formula");
    assert_eq!(epl.source.matches("for (int n0 = ").count(), 2, "one loop for the value, one for the gradient");
    assert!(epl.source.lines().count() < 400, "{}", epl.source);
    // The rows of the series are the end of the constants: more of them for a flatter lens.
    let [round, flat] = [0.05, 0.6].map(|e1| epl.constants(&[1.0, 2.1, e1, 0.0, 0.0, 0.0]).len());
    assert!(round < flat && (flat - round) % 2 == 0, "{round} and {flat} constants");
}
