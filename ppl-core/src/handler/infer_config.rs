//! infer_config: tells engines something about sites.

use std::rc::Rc;

use serde_json::Value as Json;

use super::Handler;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::message::Message;
use crate::run::Outside;

/// The entry that a site gets, if it gets one.
type Entry = Rc<dyn Fn(&Message) -> Option<(String, Json)>>;

/// Adds an entry to the `infer` map of sites.
pub struct InferConfig {
    entry: Entry,
}

impl Handler for InferConfig {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        message.infer.extend((self.entry)(message));
        Ok(())
    }
}

/// The model with an entry in the `infer` map of the sites for which `entry` gives one; the entry of an outer handler wins.
///
/// ```
/// use ppl_core::distributions::Normal;
/// use ppl_core::{Ctx, handler};
///
/// let model = |ctx: &mut Ctx| ctx.sample("mu", Normal::new(0.0, 1.0));
/// let told = handler::infer_config(model, |site| (&*site.name == "mu").then(|| ("group".to_owned(), 1.into())));
/// assert_eq!(handler::trace(handler::seed(told, 1))?.get("mu").unwrap().infer["group"], 1);
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub fn infer_config<R>(
    model: impl Fn(&mut Ctx) -> Result<R>,
    entry: impl Fn(&Message) -> Option<(String, Json)> + 'static,
) -> impl Fn(&mut Ctx) -> Result<R> {
    let entry: Entry = Rc::new(entry);
    move |ctx| ctx.with(InferConfig { entry: entry.clone() }, &model)
}
