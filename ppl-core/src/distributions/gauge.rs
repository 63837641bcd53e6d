//! Gauge: the origin and the unit by which engines measure a site.

use crate::autodiff::{IntoVar, Value, Var, map_value, sum_value, zip_values};
use crate::error::{Error, Result};

/// How engines measure a site: its value is `origin + unit T(u)`, T being the transform to its support.
#[derive(Clone)]
pub struct Gauge {
    /// Positive; a number, or one for each element.
    pub unit: Value,
    /// Of sites on the real line.
    pub origin: Option<Value>,
}

impl Gauge {
    /// Counted from `origin` in `unit`.
    pub fn new(unit: impl IntoVar, origin: Option<Var>) -> Self {
        let value = |var: Var| var.as_value().clone();
        Gauge { unit: unit.into_var().as_value().clone(), origin: origin.map(value) }
    }

    /// Whether it depends on other sites.
    pub fn is_traced(&self) -> bool {
        self.unit.is_traced() || self.origin.as_ref().is_some_and(Value::is_traced)
    }

    /// A value of a site and ln |dx / du|, from those before the unit and the origin.
    ///
    /// # Errors
    /// A unit or an origin that does not broadcast to the site.
    pub(crate) fn apply(&self, value: &Value, log_jacobian: Option<Value>) -> Result<(Value, Option<Value>)> {
        let Gauge { unit, origin } = self;
        for part in std::iter::once(unit).chain(origin) {
            if value.dims().broadcast(part.dims()) != Some(value.dims()) {
                return Err(Error::Broadcast { left: value.dims(), right: part.dims() });
            }
        }
        let copies = value.dims().len() as f64 / unit.dims().len().max(1) as f64;
        let ln = sum_value(&map_value(unit, move |x| (copies * x.ln(), copies / x)))?;
        let total = match log_jacobian {
            Some(term) => zip_values(&term, &ln, |x, y| (x + y, [1.0, 1.0]))?,
            None => ln,
        };
        let scaled = zip_values(value, unit, |x, y| (x * y, [y, x]))?;
        let moved = origin.as_ref().map(|origin| zip_values(&scaled, origin, |x, y| (x + y, [1.0, 1.0])));
        Ok((moved.transpose()?.unwrap_or(scaled), Some(total)))
    }

    /// The value before the unit and the origin.
    ///
    /// # Errors
    /// As [`Gauge::apply`].
    pub(crate) fn undo(&self, value: &Value) -> Result<Value> {
        let from = self.origin.as_ref().map(|origin| zip_values(value, origin, |x, y| (x - y, [1.0, -1.0])));
        let from = from.transpose()?;
        zip_values(from.as_ref().unwrap_or(value), &self.unit, |x, y| (x / y, [1.0 / y, -x / (y * y)]))
    }
}
