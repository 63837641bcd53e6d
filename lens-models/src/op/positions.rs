//! Positions: what the operations along rays ask of the shape of their points.

use ppl_core::autodiff::Dims;
use ppl_core::{Error, Result};

/// How many points there are in positions `[2, points]`, x then y.
///
/// # Errors
/// Another shape.
pub fn points(positions: Dims) -> Result<usize> {
    match *positions.sizes() {
        [2, points] => Ok(points),
        _ => Err(Error::Broadcast { left: Dims::new(&[2, 1]), right: positions }),
    }
}
