//! Effect handlers: short structs that a model's statements pass through, innermost first.

mod block;
mod condition;
mod infer_config;
mod intervene;
mod lift;
mod mask;
mod params;
mod pathwise;
mod priors;
mod reparam;
mod replay;
mod scale;
mod seed;
mod seen;
mod substitute;
mod trace;
mod uncondition;

pub use crate::run::Handler;
pub use crate::scope::Scope;
pub use block::{Block, block};
pub use condition::{Condition, condition};
pub use infer_config::{InferConfig, infer_config};
pub use intervene::{Do, intervene};
pub use lift::{Lift, lift};
pub use mask::{Mask, mask};
pub use params::{Params, params};
pub use pathwise::Pathwise;
pub use priors::{Priors, priors};
pub use reparam::{LocScale, Reparam, reparam};
pub use replay::{Replay, replay};
pub use scale::{Scale, scale};
pub use seed::{Seed, seed};
pub use substitute::{Substitute, substitute};
pub use trace::{Recorder, Site, Trace, Traced, trace, trace_lanes};
pub use uncondition::{Uncondition, uncondition};

#[cfg(test)]
mod tests;
