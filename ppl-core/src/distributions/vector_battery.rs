//! The battery that every vector family stands under: gradients for every broadcast, draws against the density, bad parameters, JSON.

use super::*;
use crate::autodiff::{Shape, Tape, check};
use crate::rng::keyed;

/// A family, by its parameters.
type Make = Box<dyn Fn(&[Value]) -> Rc<dyn Distribution>>;

/// A family's distribution under the battery, and a point of its support.
struct Case {
    dist: Make,
    params: Vec<Value>,
    x: Value,
    bad: Value,
}

fn value(lanes: usize, dims: &[usize], numbers: &[f64]) -> Value {
    Value::constant(Shape::new(lanes, Dims::new(dims)), numbers.to_vec())
}

fn cases() -> [Case; 7] {
    let of = |make: fn(Vec<Value>) -> Rc<dyn Distribution>| move |params: &[Value]| make(params.to_vec());
    [
        Case {
            dist: Box::new(of(|p| Rc::new(Multivariate::<Dirichlet>::of(p)))),
            params: vec![value(2, &[3], &[1.5, 0.7, 3.0, 2.0, 1.2, 0.9])],
            x: value(1, &[2, 3], &[0.2, 0.5, 0.3, 0.1, 0.1, 0.8]),
            bad: value(1, &[3], &[1.0, -1.0, 2.0]),
        },
        Case {
            dist: Box::new(of(|p| Rc::new(Multivariate::<LkjCholesky>::of(p)))),
            params: vec![value(2, &[], &[1.5, 0.7]), value(1, &[3], &[0.0; 3])],
            x: value(1, &[3, 3], &[1.0, 0.0, 0.0, 0.6, 0.8, 0.0, -0.3, 0.4, 0.75_f64.sqrt()]),
            bad: value(1, &[], &[-1.0]),
        },
        Case {
            dist: Box::new(of(|p| Rc::new(Multivariate::<MultivariateNormal>::of(p)))),
            params: vec![
                value(1, &[2, 2], &[0.1, 0.2, -0.4, 0.5]),
                value(2, &[2, 2], &[1.5, 0.0, 0.4, 0.7, 1.0, 0.0, -0.2, 2.0]),
            ],
            x: value(1, &[3, 2, 2], &[0.3, -1.0, 0.7, 0.2, 1.1, 0.4, -0.6, 0.9, 0.05, -0.3, 2.0, 1.0]),
            bad: value(1, &[2], &[f64::INFINITY, 0.0]),
        },
        Case {
            dist: Box::new(of(|p| Rc::new(Multivariate::<LowRankMultivariateNormal>::of(p)))),
            params: vec![
                value(1, &[2, 3], &[0.1, 0.2, 0.7, -0.4, 0.5, 1.1]),
                value(2, &[3, 2], &[1.5, 0.3, 0.4, 0.7, 1.0, 0.1, -0.2, 2.0, 0.6, 0.9, -1.0, 0.2]),
                value(1, &[3], &[0.5, 1.0, 2.0]),
            ],
            x: value(1, &[2, 3], &[0.3, -1.0, 0.7, 0.2, 1.1, 0.4]),
            bad: value(1, &[3], &[f64::INFINITY, 0.0, 0.0]),
        },
        Case {
            dist: Box::new(of(|p| Rc::new(Multivariate::<Categorical>::of(p)))),
            params: vec![value(2, &[3], &[0.2, 0.5, 0.3, 0.1, 0.1, 0.8])],
            x: value(1, &[4], &[0.0, 2.0, 1.0, 2.0]),
            bad: value(1, &[3], &[0.2, 0.2, 0.2]),
        },
        Case {
            dist: Box::new(of(|p| Rc::new(Multivariate::<CategoricalLogits>::of(p)))),
            params: vec![value(2, &[3], &[0.2, -1.5, 0.3, 0.1, 1.1, -0.8])],
            x: value(1, &[4], &[0.0, 2.0, 1.0, 2.0]),
            bad: value(1, &[3], &[0.2, f64::INFINITY, 0.2]),
        },
        Case {
            dist: Box::new(of(|p| Rc::new(Multivariate::<OrderedLogistic>::of(p)))),
            params: vec![
                value(2, &[4], &[0.2, -1.5, 0.3, 3.0, 0.1, 1.1, -0.8, 0.0]),
                value(1, &[3], &[-1.0, 0.4, 2.0]),
            ],
            x: value(1, &[4], &[0.0, 3.0, 1.0, 2.0]),
            bad: value(1, &[4], &[0.2, f64::INFINITY, 0.2, 0.0]),
        },
    ]
}

#[test]
fn the_gradient_is_right_by_the_draw_and_every_parameter_in_every_lane() {
    for case in cases() {
        let inputs: Vec<Value> = std::iter::once(case.x.clone()).chain(case.params.iter().cloned()).collect();
        for summed in [false, true] {
            let f = |values: &[Value]| {
                let rest = &inputs[values.len()..];
                let dist = (case.dist)(&values[1..].iter().chain(rest).cloned().collect::<Vec<_>>());
                let density = if summed { dist.log_prob_sum(&values[0]) } else { dist.log_prob(&values[0]) };
                density.unwrap()
            };
            // Whole numbers cannot move, and off the simplex there is no density to difference.
            let name = (case.dist)(&case.params).name();
            if name == "categorical" {
                // Probabilities move against each other only within the rounding that their sum is allowed.
                let x = &inputs[0];
                check::function(|p| f(&[x.clone(), p[0].clone()]), &inputs[1..], 1e-7, 1e-6);
            } else if ["dirichlet", "categorical_logits", "ordered_logistic"].contains(&name) {
                let (x, params) = (&inputs[0], &inputs[1..]);
                let f =
                    |values: &[Value]| f(&std::iter::once(x.clone()).chain(values.iter().cloned()).collect::<Vec<_>>());
                check::function(f, params, 1e-5, 1e-8);
            } else {
                check::function(f, &inputs[..2], 1e-5, 1e-8);
                if (case.dist)(&case.params).name() == "multivariate_normal" {
                    let last = |values: &[Value]| f(&[inputs[0].clone(), inputs[1].clone(), lower(&values[0])]);
                    check::function(last, &inputs[2..], 1e-5, 1e-8);
                }
            }
        }
    }
}

/// The lower triangle of a matrix of two rows.
fn lower(l: &Value) -> Value {
    crate::autodiff::Var::<(usize, usize)>::from_value(l.clone())
        .select(&[true, false, true, true], &crate::autodiff::Var::matrix(2, 2, [0.0; 4]).unwrap())
        .as_value()
        .clone()
}

#[test]
fn the_sum_is_that_of_the_elements() {
    for case in cases() {
        let dist = (case.dist)(&case.params);
        let (each, sum) = (dist.log_prob(&case.x).unwrap(), dist.log_prob_sum(&case.x).unwrap());
        for lane in 0..2 {
            assert!((each.lane(lane).iter().sum::<f64>() - sum.lane(lane)[0]).abs() < 1e-13);
        }
    }
}

#[test]
fn densities_agree_with_scipy() {
    // scripts/golden/vectors.py
    let table = include_str!("../../tests/data/vectors.csv");
    let mut seen = 0;
    for line in table.lines().filter(|l| !l.starts_with('#')) {
        let fields: Vec<&str> = line.split(';').collect();
        let numbers = |i: usize| -> Vec<f64> { fields[i].split(' ').map(|x| x.parse().unwrap()).collect() };
        let (x, expected) = (numbers(2), numbers(3)[0]);
        let n = (x.len() as f64).sqrt().round() as usize;
        let dist: Rc<dyn Distribution> = match fields[0] {
            "dirichlet" => Rc::new(Dirichlet::new(numbers(1))),
            "lkj_cholesky" => Rc::new(LkjCholesky::new(n, numbers(1)[0])),
            "categorical" => Rc::new(Categorical::new(numbers(1))),
            "categorical_logits" => Rc::new(CategoricalLogits::new(numbers(1))),
            "ordered_logistic" => Rc::new(OrderedLogistic::new(numbers(1)[0], numbers(1)[1..].to_vec())),
            _ => {
                let d = x.len();
                let covariance = crate::autodiff::Var::matrix(d, d, numbers(1)).unwrap();
                Rc::new(MultivariateNormal::new(vec![0.25; d], covariance))
            }
        };
        let dims: &[usize] = match dist.event_rank() {
            0 => &[],
            1 => &[x.len()],
            _ => &[n, n],
        };
        let got = dist.log_prob_sum(&value(1, dims, &x)).unwrap().numbers()[0];
        assert!((got - expected).abs() <= 1e-11 * expected.abs().max(1.0), "{line}: {got}");
        seen += 1;
    }
    assert_eq!(seen, 28);
}

#[test]
fn draws_have_the_moments_of_the_density() {
    let n = 20_000;
    let draws = |dist: &dyn Distribution, dims: &[usize]| {
        let whole = Dims::new(&[n]).then(Dims::new(dims));
        dist.sample(&mut [keyed(3, "x", 0)], whole).unwrap()
    };
    let mean = |x: &Value, f: &dyn Fn(&[f64]) -> f64| {
        let size = x.dims().len() / n;
        x.numbers().chunks(size).map(f).sum::<f64>() / n as f64
    };
    // Five standard errors of 20,000 draws of numbers of variance at most one: 0.035.
    let a = [0.3, 1.5, 4.0];
    let x = draws(&Dirichlet::new(a), &[3]);
    let sum: f64 = a.iter().sum();
    for i in 0..3 {
        let expected = a[i] / sum;
        let variance = expected * (1.0 - expected) / (sum + 1.0);
        assert!((mean(&x, &|x| x[i]) - expected).abs() < 5.0 * (variance / n as f64).sqrt());
        let second = mean(&x, &|x| (x[i] - expected).powi(2));
        assert!((second / variance - 1.0).abs() < 0.1, "{second} {variance}");
    }
    // Each correlation is a Beta(eta + n/2 - 1) on (-1, 1): mean 0, variance 1 / (2 eta + n - 1).
    let (eta, size) = (1.5, 3);
    let x = draws(&LkjCholesky::new(size, eta), &[size, size]);
    let correlation = |l: &[f64], i: usize, j: usize| (0..size).map(|k| l[i * size + k] * l[j * size + k]).sum::<f64>();
    for (i, j) in [(1, 0), (2, 0), (2, 1)] {
        assert!(mean(&x, &|l| correlation(l, i, j)).abs() < 0.02);
        let variance = mean(&x, &|l| correlation(l, i, j).powi(2));
        assert!((variance * (2.0 * eta + size as f64 - 1.0) - 1.0).abs() < 0.05, "{i} {j}: {variance}");
    }
    let covariance = [[2.0, -0.7], [-0.7, 1.0]];
    let x = draws(&MultivariateNormal::new([1.0, -2.0], covariance), &[2]);
    assert!((mean(&x, &|x| x[0]) - 1.0).abs() < 0.05 && (mean(&x, &|x| x[1]) + 2.0).abs() < 0.035);
    assert!((mean(&x, &|x| (x[0] - 1.0) * (x[1] + 2.0)) + 0.7).abs() < 0.06);
}

#[test]
fn a_bad_parameter_is_an_error_where_it_is_constant_and_impossible_where_it_is_traced() {
    for case in cases() {
        let mut params = case.params.clone();
        params[0] = case.bad.clone();
        let error = (case.dist)(&params).check("site `x`").unwrap_err().to_string();
        assert!(error.contains("site `x`") && error.contains((case.dist)(&params).name()), "{error}");
        let tape = Tape::recording();
        params[0] = Value::leaf(&tape, case.bad.shape(), case.bad.numbers().to_vec());
        let dist = (case.dist)(&params);
        dist.check("here").unwrap();
        let density = dist.log_prob_sum(&case.x).unwrap();
        assert!(density.numbers().iter().all(|x| *x == f64::NEG_INFINITY));
        tape.backward(&density).unwrap();
        let gradient = params[0].take_gradient().map(|g| g.to_f64()).unwrap_or_default();
        assert!(gradient.iter().all(|g| g.is_finite()));
    }
}

#[test]
fn a_covariance_without_a_factor_names_its_row() {
    let error =
        MultivariateNormal::new([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]).check("site `x`").unwrap_err().to_string();
    assert!(error.contains("site `x`") && error.contains("covariance_matrix") && error.contains("row 1"), "{error}");
    let uneven = MultivariateNormal::new([0.0, 0.0], [[1.0, 0.2], [0.3, 1.0]]);
    assert!(uneven.check("x").is_err());
    let empty: [f64; 0] = [];
    assert!(MultivariateNormal::new(empty, Vec::<Vec<f64>>::new()).check("x").is_err());
}

#[test]
fn json_gives_every_family_back() {
    let x = value(1, &[2], &[0.3, 0.7]);
    let all: [Rc<dyn Distribution>; 3] = [
        Rc::new(Dirichlet::new([2.0, 3.0])),
        Rc::new(MultivariateNormal::new([0.1, 0.2], [[2.0, 0.3], [0.3, 1.0]])),
        Rc::new(LowRankMultivariateNormal::new([0.1, 0.2], [[2.0], [0.3]], [0.5, 0.7])),
    ];
    for dist in all {
        let written = dist.to_json().unwrap();
        let back = json::Distributions::standard().read("here", &written).unwrap();
        assert_eq!(back.to_json(), Some(written));
        assert_eq!(back.log_prob(&x).unwrap().numbers(), dist.log_prob(&x).unwrap().numbers());
    }
    let text = r#"{"multivariate_normal": {"loc": [0.1, 0.2], "covariance_matrix": [[2.0, 0.3], [0.3, 1.0]]}}"#;
    assert!(json::Distributions::standard().read("here", &serde_json::from_str(text).unwrap()).is_ok());
}

#[test]
fn a_centre_for_each_row_is_a_batch() {
    let rows = MultivariateNormal::new([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [[1.0, 0.0], [0.0, 1.0]]);
    assert_eq!((rows.dims().sizes(), rows.event_rank()), (&[3, 2][..], 1));
    let at_centres = rows.log_prob(&value(1, &[3, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])).unwrap();
    assert_eq!(at_centres.dims().sizes(), [3]);
    at_centres.numbers().iter().for_each(|lp| assert!((lp + (2.0 * std::f64::consts::PI).ln()).abs() < 1e-14));
}
