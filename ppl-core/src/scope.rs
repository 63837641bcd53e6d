//! scope: puts a prefix before the names of sites.

use std::rc::Rc;

use crate::error::Result;
use crate::message::Message;
use crate::run::{Handler, Outside};

/// `prefix.` before every name inside; handlers inside the scope see the names without it, those outside with it.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.scope("lens", |ctx| ctx.sample("mu", Normal::new(0.0, 1.0)));
/// assert_eq!(handler::trace(handler::seed(model, 1))?.names().collect::<Vec<_>>(), ["lens.mu"]);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub struct Scope {
    prefix: Rc<str>,
}

impl Scope {
    /// A scope of this name.
    pub fn new(prefix: &str) -> Self {
        Scope { prefix: prefix.into() }
    }
}

impl Handler for Scope {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        message.name = format!("{}.{}", self.prefix, message.name).into();
        Ok(())
    }
}
