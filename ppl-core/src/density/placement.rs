//! Placement: the handler that puts each free site on its stretch of the unconstrained vector and collects the terms of the density.

use std::cell::RefCell;
use std::rc::Rc;

use super::layout::Layout;
use crate::autodiff::Value;
use crate::error::{Error, Result};
use crate::message::Message;
use crate::run::{Handler, Outside};

/// Terms of the log density, each with the site that made it.
pub(super) type Terms = Rc<RefCell<Vec<(Rc<str>, Value)>>>;

/// The outermost handler of an evaluation.
pub(super) struct Placement {
    q: Value,
    layout: Rc<Layout>,
    scores: bool,
    next: usize,
    terms: Terms,
}

impl Placement {
    /// Places sites along `q`; with `scores`, collects the terms.
    pub(super) fn new(q: Value, layout: Rc<Layout>, scores: bool) -> Self {
        Placement { q, layout, scores, next: 0, terms: Rc::default() }
    }

    /// Where the terms are collected.
    pub(super) fn terms(&self) -> Terms {
        self.terms.clone()
    }

    fn push(&self, message: &Message, term: Value) {
        self.terms.borrow_mut().push((message.name.clone(), term));
    }
}

impl Handler for Placement {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if !message.is_latent() || message.value.is_some() {
            return Ok(());
        }
        let Some(dist) = &message.dist else { return Ok(()) };
        let entry = self.layout.find(&message.name, self.next).ok_or_else(|| unstable(&message.name, "appears"))?;
        self.next += 1;
        if entry.dims != message.dims {
            return Err(unstable(&message.name, "changes its shape"));
        }
        let (value, term) = entry.place(&self.q, &**dist)?;
        message.value = Some(value);
        if let Some(term) = term.filter(|_| self.scores) {
            self.push(message, term);
        }
        Ok(())
    }

    fn post(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if self.scores
            && let Some(term) = message.log_prob()?
        {
            self.push(message, term);
        }
        Ok(())
    }
}

pub(super) fn unstable(site: &str, change: &'static str) -> Error {
    Error::UnstableSite { site: site.to_owned(), change }
}
