//! Distributions as JSON: `{"log_normal": {"loc": 0.3, "scale": 0.2}}`, read and written.

use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::family::Family;
use super::{DISTRIBUTIONS, Distribution, Univariate};
use crate::autodiff::{Dims, Value};
use crate::error::{Error, Result, nearest};

type Build = fn(&str, &Map<String, Json>) -> Result<Rc<dyn Distribution>>;

/// A distribution that JSON can name.
pub(crate) struct Entry {
    name: &'static str,
    build: Build,
}

impl Entry {
    pub(crate) const fn new(name: &'static str, build: Build) -> Self {
        Entry { name, build }
    }

    pub(crate) const fn of<F: Family<N>, const N: usize>() -> Self {
        Entry { name: F::NAME, build: build::<F, N> }
    }
}

fn build<F: Family<N>, const N: usize>(place: &str, given: &Map<String, Json>) -> Result<Rc<dyn Distribution>> {
    let params = read_parameters(place, F::NAME, &F::PARAMS.map(|p| (p.name, p.default)), given)?;
    let params: [Value; N] = params.try_into().unwrap_or_else(|_| unreachable!("one value was read per name"));
    let dist = Univariate::<F, N>::of(params);
    dist.check(place)?;
    Ok(Rc::new(dist))
}

/// Reads the parameters of these names, each a number or an array of numbers or left to its default, and refuses any other.
pub(crate) fn read_parameters(
    place: &str,
    distribution: &str,
    parameters: &[(&str, Option<f64>)],
    given: &Map<String, Json>,
) -> Result<Vec<Value>> {
    let names = || parameters.iter().map(|(name, _)| *name);
    if let Some(name) = given.keys().find(|k| !names().any(|n| n == k.as_str())) {
        return Err(Error::UnknownParameter {
            place: place.to_owned(),
            distribution: distribution.to_owned(),
            name: name.clone(),
            nearest: nearest(name, names()).map(str::to_owned),
        });
    }
    let read = |(name, default): &(&str, Option<f64>)| {
        let left_out = || {
            default.map(|x| Value::shared(Dims::SCALAR, vec![x])).ok_or_else(|| Error::MissingParameter {
                place: place.to_owned(),
                distribution: distribution.to_owned(),
                parameter: (*name).to_owned(),
            })
        };
        let Some(json) = given.get(*name) else { return left_out() };
        read_numbers(json).ok_or_else(|| Error::PriorForm {
            place: place.to_owned(),
            expected: format!(
                "`{name}` of `{distribution}` must be a number, an array of numbers, \"inf\" or \"-inf\""
            ),
        })
    };
    parameters.iter().map(read).collect()
}

fn read_number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(n) => n.as_f64(),
        Json::String(s) if s == "inf" => Some(f64::INFINITY),
        Json::String(s) if s == "-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn read_numbers(json: &Json) -> Option<Value> {
    let Json::Array(items) = json else {
        return Some(Value::shared(Dims::SCALAR, vec![read_number(json)?]));
    };
    if let Some(Json::Array(first)) = items.first() {
        let rows: Option<Vec<Vec<f64>>> =
            items.iter().map(|row| row.as_array()?.iter().map(read_number).collect()).collect();
        let rows = rows.filter(|rows| rows.iter().all(|r| r.len() == first.len()))?;
        return Some(Value::shared(Dims::new(&[rows.len(), first.len()]), rows.concat()));
    }
    let numbers: Vec<f64> = items.iter().map(read_number).collect::<Option<_>>()?;
    Some(Value::shared(Dims::new(&[numbers.len()]), numbers))
}

/// A parameter's numbers as JSON, shaped as the value is.
pub(crate) fn numbers(value: &Value) -> Json {
    let number = |x: &f64| match *x {
        f64::INFINITY => Json::from("inf"),
        f64::NEG_INFINITY => Json::from("-inf"),
        x => Json::from(x),
    };
    match value.dims().sizes() {
        [] => number(&value.numbers()[0]),
        [_, columns] => value.numbers().chunks(*columns).map(|row| row.iter().map(number).collect::<Json>()).collect(),
        _ => value.numbers().iter().map(number).collect(),
    }
}

/// Reads a distribution; `place` says in messages where it stands.
///
/// # Errors
/// JSON of another form, an unknown distribution or parameter (with the nearest name), a parameter outside its domain.
pub fn read(place: &str, json: &Json) -> Result<Rc<dyn Distribution>> {
    let form = || Error::PriorForm {
        place: place.to_owned(),
        expected: "a prior is an object of one distribution, such as {\"normal\": {\"loc\": 0, \"scale\": 1}}"
            .to_owned(),
    };
    let object = json.as_object().filter(|o| o.len() == 1).ok_or_else(form)?;
    let (name, given) = object.iter().next().ok_or_else(form)?;
    let given = given.as_object().ok_or_else(form)?;
    match DISTRIBUTIONS.iter().find(|e| e.name == name) {
        Some(entry) => (entry.build)(place, given),
        None => Err(Error::UnknownDistribution {
            place: place.to_owned(),
            name: name.clone(),
            nearest: nearest(name, names()).map(str::to_owned),
        }),
    }
}

/// The names of all distributions that JSON can name.
pub fn names() -> impl Iterator<Item = &'static str> {
    DISTRIBUTIONS.iter().map(|e| e.name)
}
