//! Effect handlers: short structs that a model's statements pass through, innermost first.

mod block;
mod condition;
mod priors;
mod replay;
mod seed;
mod substitute;
mod trace;

use crate::error::Result;
use crate::message::Message;

pub use block::{Block, block};
pub use condition::{Condition, condition};
pub use priors::{Priors, priors};
pub use replay::{Replay, replay};
pub use seed::{Seed, seed};
pub use substitute::{Substitute, substitute};
pub use trace::{Recorder, Site, Trace, trace, trace_lanes};

/// What a handler may do with each statement of a model.
pub trait Handler {
    /// On the way out, before the site has its value.
    fn process(&mut self, _message: &mut Message) -> Result<()> {
        Ok(())
    }

    /// On the way back, when it has.
    fn post(&mut self, _message: &mut Message) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
