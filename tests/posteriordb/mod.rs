//! Posteriors of posteriordb as arclet models, beside the Stan programs that they repeat, and what is known of them.
#![allow(dead_code)] // Each test that includes this takes a part of it.

pub mod models;
pub mod reader;
