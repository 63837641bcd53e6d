//! Distributions as JSON: `{"log_normal": {"loc": 0.3, "scale": 0.2}}`, read by name, one's own among them.

use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::family::Family;
use super::json_parameters::read_parameters;
use super::{DISTRIBUTIONS, Distribution, Univariate, VectorFamily, multivariate};
use crate::autodiff::Value;
use crate::error::{Error, Result, nearest};

type Build = fn(&str, &Map<String, Json>) -> Result<Rc<dyn Distribution>>;

/// A distribution that JSON can name.
#[derive(Clone, Copy)]
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

/// The distributions that JSON may name; a value, so that two parts of a program may know different ones.
///
/// ```
/// use ppl_core::distributions::family::{Family, Partials, family};
/// use ppl_core::distributions::{Support, Uniform, json::Distributions};
/// use ppl_core::{PriorSet, rng::Rng};
///
/// family! {
///     /// log p(x) = ln x - 2 ln scale - (x / scale)^2 / 2
///     pub Rayleigh: "rayleigh", [scale: positive = 1.0], Support::POSITIVE;
///
///     fn log_prob(x: f64, [scale]: [f64; 1]) -> Partials<1> {
///         let z = x / scale;
///         Partials { value: x.ln() - 2.0 * scale.ln() - 0.5 * z * z, dx: 1.0 / x - z / scale, dparams: [(z * z - 2.0) / scale] }
///     }
///     fn sample(rng: &mut Rng, [scale]: [f64; 1]) -> f64 {
///         scale * (-2.0 * Uniform::sample(rng, [0.0, 1.0]).ln()).sqrt()
///     }
/// }
/// let known = Distributions::standard().with::<Rayleigh, _>();
/// let priors = PriorSet::from_json_with(&known, "priors.json", r#"{"theta": {"rayleigh": {"scale": 2}}}"#)?;
/// assert_eq!(priors.get("theta").unwrap().name(), "rayleigh");
/// # Ok::<(), ppl_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Distributions {
    /// Beside those of this crate.
    own: Vec<Entry>,
}

impl Distributions {
    /// All distributions of this crate.
    pub fn standard() -> Self {
        Self::default()
    }

    /// The same list with a family of one's own; it goes before one of the same name.
    #[must_use]
    pub fn with<F: Family<N>, const N: usize>(mut self) -> Self {
        self.own.insert(0, Entry::of::<F, N>());
        self
    }

    /// The same list with a family of vectors of one's own; it goes before one of the same name.
    #[must_use]
    pub fn with_vector<F: VectorFamily>(mut self) -> Self {
        self.own.insert(0, Entry::new(F::NAME, multivariate::read::<F>));
        self
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.own.iter().chain(DISTRIBUTIONS).map(|e| e.name)
    }

    /// Reads a distribution; `place` says in messages where it stands.
    ///
    /// # Errors
    /// JSON of another form, an unknown distribution or parameter (with the nearest name), a parameter outside its domain.
    pub fn read(&self, place: &str, json: &Json) -> Result<Rc<dyn Distribution>> {
        let form = || Error::PriorForm {
            place: place.to_owned(),
            expected: "a prior is an object of one distribution, such as {\"normal\": {\"loc\": 0, \"scale\": 1}}"
                .to_owned(),
        };
        let object = json.as_object().filter(|o| o.len() == 1).ok_or_else(form)?;
        let (name, given) = object.iter().next().ok_or_else(form)?;
        let given = given.as_object().ok_or_else(form)?;
        match self.own.iter().chain(DISTRIBUTIONS).find(|e| e.name == name) {
            Some(entry) => (entry.build)(place, given),
            None => Err(Error::UnknownDistribution {
                place: place.to_owned(),
                name: name.clone(),
                nearest: nearest(name, self.names()).map(str::to_owned),
            }),
        }
    }
}
