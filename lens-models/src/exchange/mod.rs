//! Exchange: lens models as other programs write them, into system files and back.

pub mod coolest;
mod entry;
pub mod lenstronomy;

use serde_json::Value as Json;

/// What another format became.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The file.
    pub json: Json,
    /// What it has no place for, one sentence each.
    pub notes: Vec<String>,
}
