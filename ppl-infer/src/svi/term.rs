//! Terms: what the ELBO is a sum of.

use std::rc::Rc;

use ppl_core::autodiff::{Value, Var};

/// One term, one number for each lane.
pub(super) struct Term {
    pub site: Rc<str>,
    pub value: Var,
    /// Which function it comes from.
    pub from: &'static str,
}

impl Term {
    /// log p of a site of the model.
    pub(super) fn of_model(site: &Rc<str>, value: Value) -> Self {
        Term { site: site.clone(), value: Var::from_value(value), from: "model" }
    }

    /// -log q of a site of the guide.
    pub(super) fn of_guide(site: &Rc<str>, value: Value) -> Self {
        Term { site: site.clone(), value: -Var::<()>::from_value(value), from: "guide" }
    }
}
