//! Every family against mpmath: densities and slopes, distribution functions, quantiles and moments, from the bulk to the far tails.

use ppl_core::Var;
use ppl_core::distributions::*;
use serde_json::Value as Json;

/// Log densities agree to this, relative to themselves or to one: the terms that cancel in them reach a few hundred at most.
const LOG_PROB: f64 = 1e-12;
/// Distribution functions, in the lower tail relative to themselves: the exponential of a log density near -700 loses three digits.
/// Where there is a `loc`, x - loc is rounded, too: that part, 1e-16 loc density, is allowed for beside it.
const CDF: f64 = 1e-11;
/// Quantiles, relative to themselves or to the spread of the middle half. A probability near one is itself rounded: that part of the
/// difference, 1e-16 / density, is allowed for beside it.
const QUANTILE: f64 = 1e-12;
/// Slopes, relative to themselves or to the median size of that slope among the points of the case: what a slope that happens to vanish
/// is made of.
const SLOPE: f64 = 1e-12;
/// Moments, relative to themselves.
const MOMENT: f64 = 1e-12;

fn number(json: &Json) -> f64 {
    json.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{json} is no number"))
}

fn numbers<const N: usize>(json: &Json) -> [f64; N] {
    let numbers: Vec<f64> = json.as_array().unwrap().iter().map(number).collect();
    numbers.try_into().unwrap()
}

/// Holds each difference against its tolerance and tells of all that are too large at once.
struct Judge(Vec<String>);

impl Judge {
    fn hold(&mut self, what: String, got: Option<f64>, expected: f64, allowed: f64) {
        let near = got.is_some_and(|got| (got - expected).abs() <= allowed);
        if !near {
            let difference = got.map(|got| (got - expected).abs());
            self.0.push(format!(
                "{what}: got {got:?}, expected {expected:e}, off by {difference:?}, allowed {allowed:e}"
            ));
        }
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn compare<F: Family<N>, const N: usize>(table: &Json, judge: &mut Judge) {
    let cases = table[F::NAME].as_array().unwrap_or_else(|| panic!("the table has no {}", F::NAME));
    for case in cases {
        let params: [f64; N] = numbers(&case["params"]);
        let name = format!("{} {params:?}", F::NAME);
        let loc = F::PARAMS.iter().position(|p| p.name == "loc").map_or(0.0, |i| params[i]);
        let points = case["points"].as_array().unwrap();
        let usual: Vec<f64> = (0..=N).map(|i| median(points.iter().map(|point| number(&point[3 + i]).abs()))).collect();
        for point in points {
            let [x, log_prob, cdf, slopes @ ..] = point.as_array().unwrap().as_slice() else {
                panic!("{name}: {point} is no point")
            };
            let (x, log_prob) = (number(x), number(log_prob));
            let got = F::log_prob(x, params);
            judge.hold(
                format!("{name} log_prob({x:e})"),
                Some(got.value),
                log_prob,
                LOG_PROB * log_prob.abs().max(1.0),
            );
            let named = std::iter::once(("x", got.dx)).chain(F::PARAMS.iter().map(|p| p.name).zip(got.dparams));
            for (((what, got), expected), usual) in named.zip(slopes.iter().map(number)).zip(&usual) {
                let allowed = SLOPE * expected.abs().max(*usual);
                judge.hold(format!("{name} slope by {what} at {x:e}"), Some(got), expected, allowed);
            }
            if !cdf.is_null() {
                let cdf = number(cdf);
                let rounding = f64::EPSILON * loc.abs() * got.value.exp();
                // Below 1e-300 doubles lose digits of their own.
                judge.hold(format!("{name} cdf({x:e})"), F::cdf(x, params), cdf, (CDF * cdf).max(1e-300) + rounding);
            }
        }
        let quantiles: Vec<[f64; 2]> = case["quantiles"].as_array().unwrap().iter().map(numbers).collect();
        let at = |p: f64| quantiles.iter().find(|q| q[0] == p).map_or(0.0, |q| q[1]);
        let spread = at(0.7) - at(0.3);
        for [p, x] in quantiles {
            let rounding =
                if F::SUPPORT.is_discrete() { 0.0 } else { f64::EPSILON * p / F::log_prob(x, params).value.exp() };
            judge.hold(format!("{name} icdf({p:e})"), F::icdf(p, params), x, QUANTILE * x.abs().max(spread) + rounding);
        }
        for (what, got) in [("mean", F::mean(params)), ("variance", F::variance(params))] {
            if case[what].is_null() {
                assert_eq!(got, None, "{name} has no {what}");
            } else {
                let expected = number(&case[what]);
                judge.hold(format!("{name} {what}"), got, expected, MOMENT * expected.abs());
            }
        }
    }
}

#[test]
fn every_family_agrees_with_the_golden_table() {
    let table: Json = serde_json::from_str(include_str!("data/distributions.json")).unwrap();
    let mut judge = Judge(vec![]);
    let mut compared = vec![];
    macro_rules! compare {
        ($($family:ident)+) => { $( compare::<$family, _>(&table, &mut judge); compared.push($family::NAME); )+ };
    }
    compare! {
        Bernoulli BernoulliLogits Beta Binomial BinomialLogits Cauchy Exponential Gamma Geometric Gumbel HalfCauchy HalfNormal InverseGamma
        Laplace LogNormal Logistic NegativeBinomial2 NegativeBinomialProbs Normal Pareto Poisson StudentT TruncatedNormal Uniform VonMises
        Weibull
    }
    // An improper density has no cdf; families of vectors are held to a table of their own, the low-rank normal to the full one.
    let vectors = include_str!("data/vectors.csv").lines().filter_map(|line| line.split(';').next());
    let without: Vec<&str> = vectors.chain(["improper_uniform", "low_rank_multivariate_normal"]).collect();
    for name in json::Distributions::standard().names().filter(|name| !without.contains(name)) {
        assert!(compared.contains(&name), "{name} is not compared");
    }
    assert!(judge.0.is_empty(), "{} differences\n{}", judge.0.len(), judge.0.join("\n"));
}

#[test]
fn the_multivariate_normal_agrees_with_the_golden_table() {
    let table: Json = serde_json::from_str(include_str!("data/distributions.json")).unwrap();
    let list = |json: &Json| -> Vec<f64> { json.as_array().unwrap().iter().map(number).collect() };
    for case in table["multivariate_normal"].as_array().unwrap() {
        let loc = list(&case["loc"]);
        let covariance = Var::matrix(loc.len(), loc.len(), list(&case["covariance"])).unwrap();
        let dist = MultivariateNormal::new(&loc, covariance);
        for point in case["points"].as_array().unwrap() {
            let expected = number(&point[1]);
            let got = dist.log_prob(Var::vector(list(&point[0])).as_value()).unwrap().numbers()[0];
            // 1e-16 times the condition of the covariance, 1e7 at most.
            assert!((got - expected).abs() <= 1e-9 * expected.abs(), "{loc:?} at {}: {got} {expected}", point[0]);
        }
    }
}
