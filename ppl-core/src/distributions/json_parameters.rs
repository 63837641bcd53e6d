//! Parameters as JSON: a number, an array of numbers, or an array of arrays, read and written.

use serde_json::{Map, Value as Json};

use crate::autodiff::Value;
use crate::error::{Error, Result, nearest};
use crate::shape::Dims;

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
