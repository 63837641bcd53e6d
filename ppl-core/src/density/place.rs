//! Places: the value of a site from its stretch of the unconstrained vector.

use super::layout::Entry;
use crate::autodiff::Value;
use crate::distributions::{Distribution, Support};
use crate::error::Result;
use crate::transform::{Draws, constrain, log_jacobian};

impl Entry {
    /// The site's value from its stretch of `q`, on the support of `dist`, and ln |dx / dq|, one number per lane; `None` where
    /// that is zero.
    ///
    /// # Errors
    /// A shape that the support does not have.
    pub fn place(&self, q: &Value, dist: &dyn Distribution) -> Result<(Value, Option<Value>)> {
        match dist.support() {
            Support::Interval { low, high } | Support::Integers { low, high } => {
                let value = constrain(q, self.offset, self.dims, [&low, &high])?;
                let term = log_jacobian(q, self.offset, self.dims, [&low, &high])?;
                match dist.gauge() {
                    Some(gauge) => gauge.apply(&value, term),
                    None => Ok((value, term)),
                }
            }
            Support::Vector(support) => {
                let draws = Draws::of(&self.name, support, self.dims, dist.event_rank())?;
                Ok((draws.constrain(q, self.offset)?, Some(draws.log_jacobian(q, self.offset)?)))
            }
        }
    }
}
