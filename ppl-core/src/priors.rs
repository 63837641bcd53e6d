//! Prior sets: priors as data, read from JSON and written back.

use std::path::Path;
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::distributions::Distribution;
use crate::distributions::json::Distributions;
use crate::error::{Error, Result};

/// Distributions by site: `{"lens.theta_E": {"log_normal": {"loc": 0.3, "scale": 0.2}}}`.
#[derive(Clone, Default)]
pub struct PriorSet(IndexMap<String, Rc<dyn Distribution>>);

impl PriorSet {
    /// Reads a prior set; `file` stands in messages.
    ///
    /// # Errors
    /// Text that is not JSON (with line and column), unknown distributions or parameters (with the nearest name),
    /// parameters outside their domain.
    pub fn from_json(file: &str, text: &str) -> Result<Self> {
        PriorSet::from_json_with(&Distributions::standard(), file, text)
    }

    /// Reads a prior set that may name distributions of one's own.
    ///
    /// # Errors
    /// As [`PriorSet::from_json`].
    pub fn from_json_with(known: &Distributions, file: &str, text: &str) -> Result<Self> {
        let parsed: Json = serde_json::from_str(text).map_err(|e| Error::Json {
            file: file.to_owned(),
            line: e.line(),
            column: e.column(),
            message: plain(&e),
        })?;
        PriorSet::from_value_with(known, file, &parsed)
    }

    /// Reads a prior set from parsed JSON; `place` stands in messages.
    ///
    /// # Errors
    /// As [`PriorSet::from_json`].
    pub fn from_value(place: &str, json: &Json) -> Result<Self> {
        PriorSet::from_value_with(&Distributions::standard(), place, json)
    }

    fn from_value_with(known: &Distributions, place: &str, json: &Json) -> Result<Self> {
        let object = json.as_object().ok_or_else(|| Error::PriorForm {
            place: place.to_owned(),
            expected: "a prior set is an object of site names and distributions".to_owned(),
        })?;
        let read = |(site, entry): (&String, &Json)| {
            known.read(&format!("{place}: `{site}`"), entry).map(|dist| (site.clone(), dist))
        };
        object.iter().map(read).collect::<Result<_>>().map(PriorSet)
    }

    /// Reads a prior set from a file.
    ///
    /// # Errors
    /// A file that cannot be read, and as [`PriorSet::from_json`].
    pub fn from_file(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|e| Error::File { file: file.clone(), message: e.to_string() })?;
        PriorSet::from_json(&file, &text)
    }

    /// As JSON that [`PriorSet::from_value`] takes back.
    pub fn to_json(&self) -> Json {
        self.0.iter().filter_map(|(site, dist)| Some((site.clone(), dist.to_json()?))).collect()
    }

    /// A set of these distributions.
    pub fn of_sites(sites: impl IntoIterator<Item = (String, Rc<dyn Distribution>)>) -> Self {
        PriorSet(sites.into_iter().collect())
    }

    /// The distribution of this site.
    pub fn get(&self, site: &str) -> Option<&Rc<dyn Distribution>> {
        self.0.get(site)
    }

    /// The entries of some sites alone.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        PriorSet(self.0.iter().filter(|(site, _)| keep(site)).map(|(s, d)| (s.clone(), d.clone())).collect())
    }

    /// Adds the entries of another set, which win over those here.
    pub fn extend(&mut self, other: PriorSet) {
        self.0.extend(other.0);
    }

    /// The sites it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The parser's message without its own line and column.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
