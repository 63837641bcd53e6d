//! Values of sites by name: data to condition on, a point to start from, a draw to look at.

use indexmap::IndexMap;

use crate::autodiff::{IntoVar, Value};

/// Named values, in the order they were given.
///
/// ```
/// use ppl_core::Values;
/// let data = Values::new().with("mu", 4.4).with("y", [28.0, 8.0]);
/// assert_eq!(data.numbers("y"), Some(&[28.0, 8.0][..]));
/// ```
#[derive(Clone, Default)]
pub struct Values(IndexMap<String, Value>);

impl Values {
    /// No values.
    pub fn new() -> Self {
        Values::default()
    }

    /// These and one more; a repeated name replaces the earlier value.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl IntoVar) -> Self {
        self.insert(name, value.into_var().as_value().clone());
        self
    }

    /// These and one more value, of any kind.
    #[must_use]
    pub fn with_value(mut self, name: impl Into<String>, value: &Value) -> Self {
        self.insert(name, value.clone());
        self
    }

    /// Adds or replaces a value.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        self.0.insert(name.into(), value);
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The numbers of the value of this name, `[lanes, dims]`.
    pub fn numbers(&self, name: &str) -> Option<&[f64]> {
        self.get(name).map(Value::numbers)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
