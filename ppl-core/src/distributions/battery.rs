//! The battery that every family stands under: derivatives, tape, mass, draws, quantiles, edges, checks and JSON.

use super::family::{Constraint, Family};
use super::*;
use crate::autodiff::{Shape, Tape, check};
use crate::error::Error;
use crate::rng::keyed;
use crate::support::Bound;

/// One line per family, with parameter sets of which the first is of order one; and the test that none is left out.
macro_rules! battery {
    ($($family:ident, [$($params:expr),+ $(,)?];)+) => {
        $(
            #[allow(non_snake_case)]
            mod $family {
                use super::*;
                const N: usize = arity::<crate::distributions::$family, _>();
                const SETS: &[[f64; N]] = &[$($params),+];
                battery!(@tests $family:
                    the_derivatives_are_those_of_the_log_density => derivatives,
                    the_density_integrates_to_one => mass,
                    draws_have_the_moments_and_the_distribution_function => draws,
                    the_quantile_function_inverts_the_distribution_function => quantiles,
                    outside_the_support_is_impossible_and_nan_stays_nan => edges,
                    parameters_outside_their_domain_are_refused_or_impossible => domain,
                    json_gives_the_same_distribution_back => json_round_trip,
                    the_draws_of_a_lane_are_its_own => lanes,
                    a_draw_has_the_slopes_that_its_family_says => pathwise,
                );
                #[test]
                fn the_vjp_is_right_for_every_broadcast() {
                    tape::<crate::distributions::$family, N>(SETS[0]);
                }
            }
        )+

        #[test]
        fn no_family_is_left_out() {
            let covered = [$(crate::distributions::$family::NAME),+];
            // A vector, with tests of its own.
            let left: Vec<_> = json::Distributions::standard().names().filter(|n| !covered.contains(n) && !VECTORS.contains(n)).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    };
    (@tests $family:ident: $($name:ident => $test:ident,)+) => {
        $(#[test]
        fn $name() {
            SETS.iter().for_each(|set| $test::<crate::distributions::$family, N>(*set));
        })+
    };
}

/// Vectors and matrices, with tests of their own.
const VECTORS: [&str; 7] = [
    "categorical",
    "categorical_logits",
    "dirichlet",
    "lkj_cholesky",
    "low_rank_multivariate_normal",
    "multivariate_normal",
    "ordered_logistic",
];

const INF: f64 = f64::INFINITY;

/// The number of parameters of a family.
const fn arity<F: Family<N>, const N: usize>() -> usize {
    F::PARAMS.len()
}

battery! {
    Bernoulli, [[0.3], [1e-3], [1.0]];
    BernoulliLogits, [[0.7], [-6.0], [0.0]];
    Beta, [[2.0, 3.5], [0.5, 0.5], [1e5, 1.2e5], [1.0, 1.0], [0.05, 3.0]];
    Binomial, [[12.0, 0.3], [1e4, 1e-3], [3.0, 0.999], [1e6, 0.5]];
    BinomialLogits, [[12.0, -0.7], [1e4, -6.0], [3.0, 5.0], [1.0, 0.0]];
    Cauchy, [[0.3, 1.2], [5.0, 1e-3]];
    Exponential, [[1.3], [1e-4], [250.0]];
    Gamma, [[2.5, 1.5], [0.1, 1.0], [1e6, 2.0], [15.0, 1e-3]];
    Geometric, [[0.3], [1e-3], [0.99]];
    Gumbel, [[0.3, 1.2], [-5.0, 1e-3]];
    HalfCauchy, [[1.2], [1e4]];
    HalfNormal, [[1.2], [1e-5]];
    ImproperUniform, [[-1.0, 2.0], [0.0, INF], [-INF, 3.0], [-INF, INF]];
    InverseGamma, [[4.5, 2.0], [0.5, 1.0], [1e4, 1e4]];
    Laplace, [[0.3, 1.2], [5.0, 1e-3]];
    LogNormal, [[0.3, 0.4], [-2.0, 3.0], [5.0, 1e-2]];
    Logistic, [[0.3, 1.2], [-5.0, 1e-3]];
    NegativeBinomial2, [[3.5, 1.2], [1e3, 50.0], [0.2, 1e6], [40.0, 0.3]];
    NegativeBinomialProbs, [[2.5, 0.6], [1e3, 0.1], [0.3, 0.99]];
    Normal, [[0.3, 1.2], [1000.0, 1e-3], [-3.0, 1e8]];
    Pareto, [[1.5, 3.5], [1e-3, 0.5], [1e4, 100.0]];
    Poisson, [[3.5], [0.1], [1e4]];
    StudentT, [[4.5, 0.3, 1.2], [0.5, 1.0, 2.0], [30.0, -1.0, 0.1], [1e8, 0.0, 1.0]];
    TruncatedNormal, [
        [0.3, 1.2, -1.0, 2.0], [0.0, 1.0, 30.0, INF], [0.0, 1.0, -INF, -60.0], [2.0, 0.5, 0.0, INF], [1.0, 2.0, -INF, INF],
        [0.0, 1.0, 5.0, 5.001], [0.0, 1.0, -20.0, -19.5],
    ];
    Uniform, [[-0.5, 2.0], [1000.0, 1000.001]];
    VonMises, [[0.3, 1.2], [-2.0, 50.0], [3.0, 0.1]];
    Weibull, [[1.2, 1.5], [1e-3, 0.5], [20.0, 10.0]];
}

fn value(lanes: usize, dims: &[usize], numbers: Vec<f64>) -> Value {
    Value::constant(Shape::new(lanes, Dims::new(dims)), numbers)
}

fn of<F: Family<N>, const N: usize>(params: [f64; N]) -> Univariate<F, N> {
    Univariate::of(params.map(|p| value(1, &[], vec![p])))
}

/// `n` draws, sorted.
fn sorted_draws<F: Family<N>, const N: usize>(params: [f64; N], n: usize) -> Vec<f64> {
    let mut rng = keyed(20_240_521, F::NAME, 0);
    let mut draws: Vec<f64> = (0..n).map(|_| F::sample(&mut rng, params)).collect();
    draws.sort_by(f64::total_cmp);
    draws
}

/// The width of the middle half of the draws; one, where they are all the same.
fn spread(sorted: &[f64]) -> f64 {
    let width = sorted[sorted.len() * 3 / 4] - sorted[sorted.len() / 4];
    if width > 0.0 { width } else { 1.0 }
}

/// A dozen points of the bulk.
fn points(sorted: &[f64]) -> impl Iterator<Item = f64> {
    sorted.iter().copied().skip(sorted.len() / 24).step_by(sorted.len() / 12)
}

fn is_end<F: Family<N>, const N: usize>(param: usize) -> bool {
    F::SUPPORT.bounds().is_some_and(|(low, high)| [low, high].contains(&&Bound::Param(param)))
}

/// Five-point difference: with steps of 1e-3 of the scale of f its own error is 1e-12 of f, so rounding of f rules.
fn slope(f: impl Fn(f64) -> f64, at: f64, h: f64) -> f64 {
    (8.0 * (f(at + h) - f(at - h)) - (f(at + 2.0 * h) - f(at - 2.0 * h))) / (12.0 * h)
}

fn derivatives<F: Family<N>, const N: usize>(params: [f64; N]) {
    let sorted = sorted_draws::<F, N>(params, 400);
    let width = spread(&sorted);
    for x in points(&sorted) {
        let partials = F::log_prob(x, params);
        let close = |what: &str, got: f64, expected: f64, step: f64| {
            // 1e-6 of the slope, or of one unit of log density over the scale of the argument, whichever is larger.
            let allowed = 1e-6 * expected.abs().max(1e-3 / step);
            assert!((got - expected).abs() <= allowed, "{} {params:?} at {x}: {what} {got} {expected}", F::NAME);
        };
        let (low, high) = F::SUPPORT.ends(&params);
        if F::SUPPORT.is_discrete() {
            assert_eq!(partials.dx, 0.0);
        } else {
            let h = 1e-3 * width.min(x - low).min(high - x);
            close("dx", partials.dx, slope(|x| F::log_prob(x, params).value, x, h), h);
        }
        for (i, parameter) in F::PARAMS.iter().enumerate() {
            let p = params[i];
            let scale = match parameter.constraint {
                _ if is_end::<F, N>(i) => width.min((x - p).abs()),
                Constraint::Positive => p,
                Constraint::Unit => p.min(1.0 - p),
                _ => width,
            };
            if parameter.constraint == Constraint::Count {
                assert_eq!(partials.dparams[i], 0.0);
            }
            if !p.is_finite() || scale == 0.0 || parameter.constraint == Constraint::Count {
                continue;
            }
            let with = |p: f64| {
                let mut params = params;
                params[i] = p;
                F::log_prob(x, params).value
            };
            close(parameter.name, partials.dparams[i], slope(with, p, 1e-3 * scale), 1e-3 * scale);
        }
    }
}

fn tape<F: Family<N>, const N: usize>(params: [f64; N]) {
    if F::NAME == "improper_uniform" {
        // Flat: there is no gradient to check.
        return;
    }
    let sorted = sorted_draws::<F, N>(params, 400);
    let width = spread(&sorted);
    let nudged = |i: usize, by: usize| {
        let (p, by) = (params[i], 0.03 * by as f64);
        match F::PARAMS[i].constraint {
            Constraint::Count => params[i] + (100.0 * by).round(),
            // Ends move outwards, so that every x stays inside.
            _ if is_end::<F, N>(i) => p + width * by * (p - sorted[200]).signum(),
            Constraint::Positive | Constraint::Unit => p * (1.0 + by),
            _ => p + width * by,
        }
    };
    let shapes: [(usize, &[usize]); 5] = [(3, &[2]), (1, &[]), (3, &[]), (1, &[2]), (3, &[2, 2])];
    for turn in 0..shapes.len() {
        let filled = |which: usize, f: &dyn Fn(usize) -> f64| {
            let (lanes, dims) = shapes[(turn + which) % shapes.len()];
            value(lanes, dims, (0..lanes * dims.iter().product::<usize>()).map(f).collect())
        };
        let x = filled(0, &|e| sorted[40 + 25 * e]);
        let given = (0..N).map(|i| filled(i + 1, &|e| nudged(i, e)));
        let log_prob = |x: &Value, params: &[Value]| {
            let params: [Value; N] = params.to_vec().try_into().unwrap_or_else(|_| unreachable!("one per parameter"));
            Univariate::<F, N>::of(params).log_prob(x).unwrap()
        };
        let all: Vec<Value> = std::iter::once(x).chain(given).collect();
        // Whole numbers stay where they are.
        let moves = |i: &usize| match i {
            0 => !F::SUPPORT.is_discrete(),
            i => F::PARAMS[i - 1].constraint != Constraint::Count,
        };
        let moving: Vec<usize> = (0..=N).filter(moves).collect();
        let inputs: Vec<Value> = moving.iter().map(|i| all[*i].clone()).collect();
        let function = |inputs: &[Value]| {
            let mut all = all.clone();
            moving.iter().zip(inputs).for_each(|(i, input)| all[*i] = input.clone());
            log_prob(&all[0], &all[1..])
        };
        // Central differences of step 1e-5 are good to 1e-10 of third derivatives of order ten.
        check::function(function, &inputs, 1e-5, 1e-7);
    }
}

fn mass<F: Family<N>, const N: usize>(params: [f64; N]) {
    if F::cdf(0.5, params).is_none() {
        return;
    }
    let sorted = sorted_draws::<F, N>(params, 400);
    let (middle, width) = (F::icdf(0.5, params).unwrap_or(sorted[200]), spread(&sorted));
    let density = |x: f64| F::log_prob(x, params).value.exp();
    let (low, high) = F::SUPPORT.ends(&params);
    let sum: f64 = if F::SUPPORT.is_discrete() {
        // Whole numbers have a geometric tail at the heaviest: what is beyond a term of 1e-14 is a few widths of it.
        let from = (middle - 40.0 * width).max(low);
        let terms = (0..).map(|i| from + f64::from(i)).take_while(|k| *k <= high).map(|k| (k, density(k)));
        terms.take_while(|(k, p)| *k < middle + width || p * width > 1e-14).map(|(_, p)| p).sum()
    } else {
        // Double-exponential quadrature (Takahasi & Mori 1974) towards the ends, or from the median to either side, which may have a kink
        // there, where it is narrow and far from both.
        let narrow = width < 0.2 * (middle - low).min(high - middle);
        let halves = narrow || low == -INF && high == INF;
        let image = |t: f64, side: f64| {
            let (u, du) = (0.5 * std::f64::consts::PI * t.sinh(), 0.5 * std::f64::consts::PI * t.cosh());
            if halves {
                (middle + side * width * u.exp(), width * u.exp() * du)
            } else if low.is_finite() && high.is_finite() {
                let (below, above) = (crate::autodiff::sigmoid(2.0 * u), crate::autodiff::sigmoid(-2.0 * u));
                (low + (high - low) * below, 2.0 * (high - low) * below * above * du)
            } else if low.is_finite() {
                (low + (middle - low) * u.exp(), (middle - low) * u.exp() * du)
            } else {
                (high - (high - middle) * u.exp(), (high - middle) * u.exp() * du)
            }
        };
        let step = 1.0 / 128.0;
        let sides: &[f64] = if halves { &[-1.0, 1.0] } else { &[1.0] };
        let points = sides.iter().flat_map(|side| (-768..=768).map(|i| image(f64::from(i) * step, *side)));
        let inside = points.filter(|(x, _)| low < *x && *x < high && x.is_finite());
        inside.map(|(x, dx)| step * dx * density(x)).sum()
    };
    // A Beta of concentration 1/2 has 1e-8 of its mass between one and the double below it.
    assert!((sum - 1.0).abs() < 1e-7, "{} {params:?}: {sum}", F::NAME);
}

fn draws<F: Family<N>, const N: usize>(params: [f64; N]) {
    let n = 20_000;
    let sorted = sorted_draws::<F, N>(params, n);
    assert!(sorted.iter().all(|x| F::SUPPORT.contains(*x, &params)), "{} {params:?}", F::NAME);
    let mean = |f: &dyn Fn(f64) -> f64| sorted.iter().map(|x| f(*x)).sum::<f64>() / n as f64;
    let about = mean(&|x| x);
    let (second, fourth) = (mean(&|x| (x - about).powi(2)), mean(&|x| (x - about).powi(4)));
    if let (Some(expected), Some(variance)) = (F::mean(params), F::variance(params)) {
        let z = (about - expected) / (variance / n as f64).sqrt();
        assert!(about == expected || z.abs() < 4.5, "{} {params:?}: mean {about} {expected}", F::NAME);
        // With a heavier tail the draws do not know the error of their own variance.
        if fourth < 30.0 * second * second {
            let z = (second - variance) / ((fourth - second * second) / n as f64).sqrt();
            assert!(second == variance || z.abs() < 4.5, "{} {params:?}: variance {second} {variance}", F::NAME);
        }
    }
    if F::cdf(0.5, params).is_some() {
        // Kolmogorov and Smirnov: beyond 2.2 with probability 1e-4 (smaller where draws are whole numbers). The step of a
        // discrete cdf is compared at its top, where it equals the fraction of draws up to and including x.
        let distance = |(i, x): (usize, &f64)| {
            let cdf = F::cdf(*x, params).unwrap_or(f64::NAN);
            if sorted.get(i + 1) == Some(x) { 0.0 } else { (cdf - (i + 1) as f64 / n as f64).abs() }
        };
        let largest =
            sorted.iter().enumerate().map(distance).fold(0.0, |m: f64, d| if d >= m || d.is_nan() { d } else { m });
        assert!(largest * (n as f64).sqrt() < 2.2, "{} {params:?}: {largest}", F::NAME);
    }
}

fn quantiles<F: Family<N>, const N: usize>(params: [f64; N]) {
    let sorted = sorted_draws::<F, N>(params, 400);
    for x in points(&sorted) {
        let Some(p) = F::cdf(x, params) else { return };
        if F::SUPPORT.is_discrete() {
            assert_eq!(F::icdf(p * (1.0 - 1e-9), params), Some(x), "{} {params:?}", F::NAME);
            continue;
        }
        let back = F::icdf(p, params).unwrap();
        // x is known from p to 1e-16 of p over the density, and p from x to 1e-16 of x - loc, here taken twenty times.
        let density = F::log_prob(x, params).value.exp();
        let allowed = 1e-12 * spread(&sorted) + 20.0 * f64::EPSILON * (x.abs() + p / density);
        assert!((back - x).abs() <= allowed, "{} {params:?}: {x} {back}", F::NAME);
    }
    for p in [0.0, 1.0] {
        let (low, high) = F::SUPPORT.ends(&params);
        if !F::SUPPORT.is_discrete() {
            assert_eq!(F::icdf(p, params), Some(if p == 0.0 { low } else { high }), "{} {params:?}", F::NAME);
        }
    }
}

fn edges<F: Family<N>, const N: usize>(params: [f64; N]) {
    let log_prob =
        |params: [f64; N], x: f64| of::<F, N>(params).log_prob(&value(1, &[], vec![x])).unwrap().numbers()[0];
    let (low, high) = F::SUPPORT.ends(&params);
    let beyond = [low - 1.0, high + 1.0, if F::SUPPORT.is_discrete() { 0.5 } else { low - 1.0 }];
    for x in beyond.into_iter().filter(|x| x.is_finite()) {
        assert_eq!(log_prob(params, x), -INF, "{} {params:?} at {x}", F::NAME);
        let inside =
            F::cdf(x, params).is_none_or(|p| p == if x < low { 0.0 } else { F::cdf(x.floor(), params).unwrap() });
        assert!(inside, "{} {params:?} at {x}", F::NAME);
    }
    let x = sorted_draws::<F, N>(params, 9)[4];
    assert!(log_prob(params, f64::NAN).is_nan());
    for i in 0..N {
        let mut params = params;
        params[i] = f64::NAN;
        assert!(log_prob(params, x).is_nan(), "{}", F::NAME);
    }
    // One lane inside, one outside, one NaN: the first is as it is alone, and so are the gradients that all share.
    let gradients = |x: Vec<f64>| {
        let tape = Tape::recording();
        let leaves = params.map(|p| Value::leaf(&tape, Shape::new(1, Dims::SCALAR), vec![p]));
        let log_prob = Univariate::<F, N>::of(leaves.clone()).log_prob(&value(x.len(), &[], x)).unwrap();
        tape.backward(&log_prob).unwrap();
        let gradient = |leaf: &Value| match leaf.take_gradient().as_ref() {
            Some(g) => g.numbers()[0],
            _ => panic!("no gradient"),
        };
        (log_prob.numbers()[0], leaves.each_ref().map(gradient))
    };
    let outside = if F::SUPPORT.is_discrete() {
        0.5
    } else {
        [low - 1.0, high + 1.0, INF][usize::from(low == -INF) + usize::from(low == -INF && high == INF)]
    };
    assert_eq!(gradients(vec![x]), gradients(vec![x, outside, f64::NAN]), "{} {params:?}", F::NAME);
}

fn domain<F: Family<N>, const N: usize>(params: [f64; N]) {
    of::<F, N>(params).check("here").unwrap();
    let x = sorted_draws::<F, N>(params, 9)[4];
    for (i, parameter) in F::PARAMS.iter().enumerate() {
        let bad: &[f64] = match parameter.constraint {
            Constraint::Real => &[f64::NAN, INF],
            Constraint::Positive => &[f64::NAN, INF, 0.0, -1.0],
            Constraint::Unit => &[f64::NAN, -0.1, 1.1],
            Constraint::Count => &[f64::NAN, INF, -1.0, 0.5],
            Constraint::Bound => &[f64::NAN],
        };
        for bad in bad {
            let mut params = params;
            params[i] = *bad;
            match of::<F, N>(params).check("site `here`") {
                Err(Error::Parameter { place, distribution, parameter: named, value, .. }) => {
                    assert_eq!((&*place, distribution, named), ("site `here`", F::NAME, parameter.name));
                    assert!(value == *bad || value.is_nan());
                }
                other => panic!("{} {params:?}: {other:?}", F::NAME),
            }
            assert!(of::<F, N>(params).sample(&mut [keyed(1, "x", 0)], Dims::SCALAR).unwrap().numbers()[0].is_nan());
            // An engine may move a traced parameter there and must be able to come back.
            let tape = Tape::recording();
            let leaves = params.map(|p| Value::leaf(&tape, Shape::new(1, Dims::SCALAR), vec![p]));
            let dist = Univariate::<F, N>::of(leaves);
            dist.check("here").unwrap();
            let log_prob = dist.log_prob(&value(1, &[], vec![x])).unwrap().numbers()[0];
            assert!(
                if bad.is_nan() { log_prob.is_nan() } else { log_prob == -INF },
                "{} {params:?} {log_prob}",
                F::NAME
            );
        }
    }
    if let Some((Bound::Param(low), Bound::Param(high))) = F::SUPPORT.bounds() {
        let mut swapped = params;
        swapped.swap(*low, *high);
        assert!(matches!(of::<F, N>(swapped).check("here"), Err(Error::EmptyInterval { .. })), "{}", F::NAME);
    }
}

fn json_round_trip<F: Family<N>, const N: usize>(params: [f64; N]) {
    let pair = Univariate::<F, N, (usize,)>::of(params.map(|p| value(1, &[2], vec![p, p])));
    let x = sorted_draws::<F, N>(params, 9)[4];
    for (dist, x) in [
        (&of::<F, N>(params) as &dyn Distribution, value(1, &[], vec![x])),
        (&pair as &dyn Distribution, value(1, &[2], vec![x, x])),
    ] {
        let written = dist.to_json().unwrap();
        let text = serde_json::to_string(&written).unwrap();
        let read = json::Distributions::standard().read("here", &serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!((read.name(), read.dims()), (F::NAME, dist.dims()));
        assert_eq!(read.to_json(), Some(written));
        assert_eq!(read.log_prob(&x).unwrap().numbers(), dist.log_prob(&x).unwrap().numbers());
    }
    let mut unknown = of::<F, N>(params).to_json().unwrap();
    unknown[F::NAME][format!("{}_", F::PARAMS[0].name)] = 1.0.into();
    assert!(matches!(json::Distributions::standard().read("here", &unknown), Err(Error::UnknownParameter { .. })));
    let required = F::PARAMS.iter().filter(|p| p.default.is_none()).count();
    let empty = json::Distributions::standard().read("here", &serde_json::json!({ F::NAME: {} }));
    assert_eq!(required > 0, matches!(empty, Err(Error::MissingParameter { .. })), "{}", F::NAME);
}

fn lanes<F: Family<N>, const N: usize>(params: [f64; N]) {
    let dims = Dims::new(&[3, 2]);
    // Each lane has parameters of its own, too.
    let own = |lane: usize| -> [f64; N] {
        std::array::from_fn(|i| match F::PARAMS[i].constraint {
            Constraint::Positive | Constraint::Unit => params[i] * (1.0 - 0.03 * lane as f64),
            Constraint::Real | Constraint::Count | Constraint::Bound => params[i],
        })
    };
    let draw = |lanes: std::ops::Range<usize>| {
        let given: [Value; N] =
            std::array::from_fn(|i| value(lanes.len(), &[], lanes.clone().map(|l| own(l)[i]).collect()));
        let mut rngs: Vec<Rng> = lanes.map(|lane| keyed(5, "x", lane)).collect();
        Univariate::<F, N>::of(given).sample(&mut rngs, dims).unwrap()
    };
    let all = draw(0..3);
    assert_eq!(all.shape(), Shape::new(3, dims));
    for lane in 0..3 {
        assert_eq!(all.lane(lane), draw(lane..lane + 1).numbers(), "{} {params:?}", F::NAME);
    }
}

/// Slopes of a draw at its place among all draws, by central differences of the distribution function: -(dF / dp) / p(x).
fn pathwise<F: Family<N>, const N: usize>(params: [f64; N]) {
    for which in (0..N).filter(|i| F::pathwise(0.5, [1.0; N])[*i].is_some() && params[*i].is_finite()) {
        for lane in 0..20 {
            let x = F::sample(&mut keyed(3, F::NAME, lane), params);
            let below = |step: f64| {
                let mut moved = params;
                moved[which] += step;
                F::cdf(x, moved).unwrap_or_else(|| panic!("{} has pathwise draws and no cdf", F::NAME))
            };
            let density = F::log_prob(x, params).value.exp();
            let slope = F::pathwise(x, params)[which].unwrap();
            // A step that moves a thousandth of the smaller mass if the slope is right. An end far away has next to none.
            let (mass, none) = (below(0.0).min(1.0 - below(0.0)), slope.abs() < 1e-9);
            let largest = params.iter().filter(|p| p.is_finite()).fold(x.abs(), |m, p| m.max(p.abs()));
            let small = 1e-4 * if params[which] == 0.0 { largest } else { params[which].abs() };
            let h = if none { 1e-3 * small } else { (1e-3 * mass / (density * slope).abs()).min(small) };
            let difference = |h: f64| -(below(h) - below(-h)) / (2.0 * h) / density;
            // Of fourth order.
            let numeric = (4.0 * difference(0.5 * h) - difference(h)) / 3.0;
            // What is left of the difference; the rounding of F, of the parameters and of x over what the step moves.
            let moved = h * slope.abs();
            let rounding = 2e-15 / (density * moved) + 2e-15 * largest / h.min(moved);
            let tolerance = if none { 1e-3 } else { (1e-5 + rounding) * slope.abs() };
            let context = format!("{} {params:?}, {which}, x = {x}", F::NAME);
            assert!((slope - numeric).abs() <= tolerance, "{context}: {slope} {numeric}");
        }
    }
}

#[test]
fn the_families_with_pathwise_draws_are_these() {
    fn all<F: Family<N>, const N: usize>(_: F) -> bool {
        F::pathwise(0.5, [1.0; N]).iter().all(Option::is_some)
    }
    let full = [all(Normal), all(Cauchy), all(Laplace), all(Logistic), all(Gumbel), all(HalfNormal), all(HalfCauchy)];
    assert_eq!(full, [true; 7]);
    let more = [all(Exponential), all(LogNormal), all(Uniform), all(Weibull), all(Pareto), all(TruncatedNormal)];
    assert_eq!(more, [true; 6]);
    assert_eq!([all(Gamma), all(InverseGamma), all(Beta)], [true; 3], "implicitly");
    assert!(!all(StudentT) && !all(Poisson));
}
