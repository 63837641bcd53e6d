//! Scalars: the numbers of parameters, some of them vectors, one by one.

use ppl_core::autodiff::Value;
use ppl_core::{Result, Var};

/// Every number of every value, in order.
pub(crate) fn scalars_of(values: &[Value]) -> Result<Vec<Var>> {
    let mut all = Vec::with_capacity(values.len());
    for value in values {
        if value.dims().rank() == 0 {
            all.push(Var::from_value(value.clone()));
            continue;
        }
        let vector = Var::<(usize,)>::from_value(value.clone());
        for i in 0..vector.len() {
            all.push(vector.get(i)?);
        }
    }
    Ok(all)
}
