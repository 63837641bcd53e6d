//! priors: swaps the distributions of latent sites for those of a prior set.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::Handler;
use crate::ctx::Ctx;
use crate::error::{Error, Result, nearest};
use crate::message::Message;
use crate::priors::PriorSet;

/// Replaces the distribution of each latent site that the set names; the transform follows from the new support.
pub struct Priors {
    set: Rc<PriorSet>,
    seen: Rc<RefCell<BTreeSet<Rc<str>>>>,
}

impl Handler for Priors {
    fn process(&mut self, message: &mut Message) -> Result<()> {
        if !message.is_latent() {
            return Ok(());
        }
        self.seen.borrow_mut().insert(message.name.clone());
        if let Some(dist) = self.set.get(&message.name) {
            if message.dims.broadcast(dist.dims()) != Some(message.dims) {
                let site = message.name.to_string();
                return Err(Error::SiteShape { site, expected: message.dims, got: dist.dims() });
            }
            message.dist = Some(dist.clone());
        }
        Ok(())
    }
}

/// The model under a prior set.
///
/// Running it is an error where the set names a site that the model does not have, or that is observed.
pub fn priors<R>(model: impl Fn(&mut Ctx) -> Result<R>, set: PriorSet) -> impl Fn(&mut Ctx) -> Result<R> {
    let set = Rc::new(set);
    move |ctx| {
        let seen = Rc::new(RefCell::new(BTreeSet::new()));
        let result = ctx.with(Priors { set: set.clone(), seen: seen.clone() }, &model)?;
        let seen = seen.borrow();
        match set.names().find(|name| !seen.contains(*name)) {
            None => Ok(result),
            Some(name) => {
                let nearest = nearest(name, seen.iter().map(|s| &**s)).map(str::to_owned);
                Err(Error::UnknownPrior { name: name.to_owned(), nearest })
            }
        }
    }
}
