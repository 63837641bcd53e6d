//! Products of matrices whose factors are packed from images, weights or planes by whoever knows where they lie.

mod columns;
mod product;
mod rows;
mod scratch;
mod tile;

pub(super) use columns::{Columns, Gathered, Transposed, run_of};
pub(super) use product::{BLOCK, Write, product, product_of};
pub(super) use rows::PackedRows;
pub(super) use scratch::Scratch;
pub(super) use tile::ROWS;
