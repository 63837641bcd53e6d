//! Distributions as JSON: `{"log_normal": {"loc": 0.3, "scale": 0.2}}`, read and written.

use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::family::Family;
use super::json_parameters::read_parameters;
use super::{DISTRIBUTIONS, Distribution, Univariate};
use crate::autodiff::Value;
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
