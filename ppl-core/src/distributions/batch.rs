//! Batches: how the parameters and draws of a vector family broadcast.

use super::vector_family::VectorFamily;
use crate::error::{Error, Result};
use crate::shape::{Dims, Walk};

/// The batch that parameters of these dimensions have together, and the dimensions of one draw.
pub(super) fn parts<F: VectorFamily>(params: &[Dims]) -> Result<(Dims, Dims)> {
    let mut batch = Dims::SCALAR;
    let mut own = Vec::with_capacity(params.len());
    for (dims, parameter) in params.iter().zip(F::PARAMS) {
        if dims.rank() < parameter.rank {
            return Err(Error::Axis { axis: parameter.rank - 1, dims: *dims });
        }
        let (outer, inner) = dims.split(parameter.rank);
        batch = batch.broadcast(outer).ok_or(Error::Broadcast { left: batch, right: *dims })?;
        own.push(inner);
    }
    Ok((batch, F::event(&own)?))
}

/// How to walk along the batch of a value whose draws have so many dimensions, draw by draw of `batch`.
pub(super) fn walk(batch: Dims, dims: Dims, rank: usize) -> (Walk, usize) {
    let (outer, inner) = dims.split(rank);
    (batch.walk(outer), inner.len())
}
