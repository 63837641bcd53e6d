//! The decoder's evaluation path: weights folded and packed once, no gradient of weights, nothing allocated an evaluation.

mod decoder;
mod first;
mod fold;
mod last;
mod layers;
mod middle;
mod op;
mod plane;

pub use decoder::Decoder;
