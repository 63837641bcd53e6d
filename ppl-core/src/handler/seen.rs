//! Seen: the sites that a handler met, so that a name which met none is an error and not silent.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::error::{Error, Result, nearest};

/// The names of sites that a handler could act on; clones share them.
#[derive(Clone, Default)]
pub(super) struct Seen(Rc<RefCell<BTreeSet<Rc<str>>>>);

impl Seen {
    /// Notes a site.
    pub(super) fn insert(&self, name: &Rc<str>) {
        self.0.borrow_mut().insert(name.clone());
    }

    /// The first of `names` that met no site, and the site of the nearest name.
    pub(super) fn missing<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Option<(&'a str, Option<String>)> {
        let seen = self.0.borrow();
        let name = names.find(|name| !seen.contains(*name))?;
        Some((name, nearest(name, seen.iter().map(|s| &**s)).map(str::to_owned)))
    }

    /// Refuses a name that met no site.
    pub(super) fn check<'a>(&self, handler: &'static str, names: impl Iterator<Item = &'a str>) -> Result<()> {
        match self.missing(names) {
            None => Ok(()),
            Some((name, nearest)) => Err(Error::UnknownSite { handler, name: name.to_owned(), nearest }),
        }
    }
}
