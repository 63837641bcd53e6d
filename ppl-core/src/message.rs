//! Messages: what a statement of a model sends through the stack of handlers.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::autodiff::{Dims, Value};
use crate::distributions::Distribution;
use crate::error::{Error, Result};
use crate::score::{score, score_factor};
use crate::support::Support;

/// Which statement sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `sample` or `observe`.
    Sample,
    /// `param`.
    Param,
    /// `deterministic`.
    Deterministic,
    /// `factor`.
    Factor,
    /// The drawing of a plate's subsample.
    Subsample,
    /// `mutable`.
    Mutable,
    /// `update` of a mutable.
    Update,
}

/// A plate that a site stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plate {
    /// Its name.
    pub name: Rc<str>,
    /// How many elements it stands for.
    pub size: usize,
    /// How many of them this run takes.
    pub taken: usize,
}

/// One statement on its way through the handlers.
#[derive(Clone)]
pub struct Message {
    /// Name of the site, scopes included.
    pub name: Rc<str>,
    /// Which statement.
    pub kind: Kind,
    /// What it is drawn from, for sample sites.
    pub dist: Option<Rc<dyn Distribution>>,
    /// Dimensions of the site, plates included.
    pub dims: Dims,
    /// Its value, once something has given it one.
    pub value: Option<Value>,
    /// Where the value of a param lies; its rank is that of the param's constraint, not of its plates.
    pub constraint: Support,
    /// Whether the value is data.
    pub observed: bool,
    /// Whether a handler gave a latent site its value, so that inference has nothing to find.
    pub given: bool,
    /// What the log probability is multiplied with (subsampling).
    pub scale: f64,
    /// Which elements of the batch count: those where it is not zero; all where there is none.
    pub mask: Option<Value>,
    /// What an engine should know of the site.
    pub infer: BTreeMap<String, Json>,
    /// The plates it stands in, outermost first.
    pub plates: Vec<Plate>,
    /// How many lanes the run has.
    pub lanes: usize,
    /// The seed of a draw.
    pub seed: Option<u64>,
    /// Set by a handler to hide the site from all handlers outside it.
    pub stop: bool,
}

impl Message {
    /// A message with nothing but its name, kind and dimensions.
    pub fn new(name: Rc<str>, kind: Kind, dims: Dims, lanes: usize) -> Self {
        Message {
            name,
            kind,
            dist: None,
            dims,
            value: None,
            constraint: Support::REAL,
            observed: false,
            given: false,
            scale: 1.0,
            mask: None,
            infer: BTreeMap::new(),
            plates: vec![],
            lanes,
            seed: None,
            stop: false,
        }
    }

    /// Whether it is a site without data: sampled, and not observed.
    pub fn is_latent(&self) -> bool {
        self.kind == Kind::Sample && !self.observed
    }

    /// Gives the site a value.
    ///
    /// # Errors
    /// Where the shape is not the site's (a scalar fits any).
    pub fn set_value(&mut self, value: &Value) -> Result<()> {
        value.check()?;
        match self.dims.broadcast(value.dims()) {
            Some(dims) if dims == self.dims => {
                // Expanded here, so that a scalar is scored once for every element it stands for.
                self.value = Some(if value.dims() == dims { value.clone() } else { value.expanded(dims)? });
                self.given = true;
                Ok(())
            }
            _ => Err(Error::SiteShape { site: self.name.to_string(), expected: self.dims, got: value.dims() }),
        }
    }

    /// Gives the site data.
    ///
    /// # Errors
    /// As [`Message::set_value`].
    pub fn observe(&mut self, data: &Value) -> Result<()> {
        self.set_value(data)?;
        self.observed = true;
        Ok(())
    }

    /// Its term of the log density, one number per lane; `None` of a statement that has none.
    ///
    /// # Errors
    /// A value that does not fit the distribution.
    pub fn log_prob(&self) -> Result<Option<Value>> {
        match (self.kind, &self.dist, &self.value) {
            (Kind::Sample, Some(dist), Some(value)) => score(&**dist, value, self.mask.as_ref(), self.scale).map(Some),
            (Kind::Factor, _, Some(value)) => score_factor(value, self.mask.as_ref(), self.scale).map(Some),
            _ => Ok(None),
        }
    }
}
