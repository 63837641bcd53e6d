//! Entry: a value of a JSON file together with its place in it, for messages.

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub json: &'a Json,
    pub place: String,
}

impl<'a> Entry<'a> {
    pub fn new(json: &'a Json, place: impl Into<String>) -> Self {
        Entry { json, place: place.into() }
    }

    fn wrong(&self, expected: &str) -> Error {
        Error::WrongForm { place: self.place.clone(), expected: expected.to_owned() }
    }

    pub fn object(&self) -> Result<&'a Map<String, Json>> {
        self.json.as_object().ok_or_else(|| self.wrong("an object { .. }"))
    }

    /// What a key holds; none where it is absent or null.
    pub fn get(&self, key: &str) -> Result<Option<Entry<'a>>> {
        let value = self.object()?.get(key).filter(|value| !value.is_null());
        Ok(value.map(|json| Entry { json, place: format!("{}: `{key}`", self.place) }))
    }

    pub fn need(&self, key: &'static str, hint: &'static str) -> Result<Entry<'a>> {
        let missing = || Error::MissingKey { place: self.place.clone(), key, hint };
        self.get(key)?.ok_or_else(missing)
    }

    pub fn number(&self) -> Result<f64> {
        self.json.as_f64().ok_or_else(|| self.wrong("a number"))
    }

    pub fn text(&self) -> Result<&'a str> {
        self.json.as_str().ok_or_else(|| self.wrong("a text"))
    }

    pub fn is_true(&self) -> Result<bool> {
        self.json.as_bool().ok_or_else(|| self.wrong("true or false"))
    }

    /// The entries of a list.
    pub fn list(&self) -> Result<Vec<Entry<'a>>> {
        let list = self.json.as_array().ok_or_else(|| self.wrong("a list"))?;
        let entry = |(i, json)| Entry { json, place: format!("{}[{i}]", self.place) };
        Ok(list.iter().enumerate().map(entry).collect())
    }

    /// The entries of a list that may be absent.
    pub fn list_of(&self, key: &str) -> Result<Vec<Entry<'a>>> {
        self.get(key)?.map_or_else(|| Ok(vec![]), |list| list.list())
    }

    /// Two numbers.
    pub fn pair(&self) -> Result<[f64; 2]> {
        match self.list()?.as_slice() {
            [a, b] => Ok([a.number()?, b.number()?]),
            _ => Err(self.wrong("two numbers")),
        }
    }
}

/// A name that no other component has yet: `name`, `name_2`, `name_3`, ..
pub(super) fn fresh(name: &str, taken: &mut Vec<String>) -> String {
    let numbered = (2..).map(|k| format!("{name}_{k}"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken.contains(name));
    let name = free.unwrap_or_default();
    taken.push(name.clone());
    name
}

/// The entry of a component in a system file.
pub(super) fn component(name: &str, profile: &str, parameters: Map<String, Json>) -> Json {
    let mut entry = serde_json::json!({ "name": name, "profile": profile });
    if !parameters.is_empty() {
        entry["parameters"] = Json::Object(parameters);
    }
    entry
}
