//! Scores: the term that a site adds to the log density, masked and scaled.

use crate::autodiff::{
    Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, Walk, common_lanes, map_value, record,
};
use crate::distributions::Distribution;
use crate::error::{Error, Result};

/// scale times the sum of log p over the elements that the mask lets count, one number per lane.
pub(crate) fn score(dist: &dyn Distribution, value: &Value, mask: Option<&Value>, scale: f64) -> Result<Value> {
    let sum = match mask {
        None => dist.log_prob_sum(value)?,
        Some(mask) => masked(&dist.log_prob(value)?, mask)?,
    };
    Ok(scaled(&sum, scale))
}

/// A factor under a mask and a scale.
pub(crate) fn score_factor(value: &Value, mask: Option<&Value>, scale: f64) -> Result<Value> {
    let value = mask.map_or_else(|| Ok(value.clone()), |mask| masked(value, mask))?;
    Ok(scaled(&value, scale))
}

fn scaled(term: &Value, scale: f64) -> Value {
    if scale == 1.0 { term.clone() } else { map_value(term, move |x| (scale * x, scale)) }
}

fn masked(terms: &Value, mask: &Value) -> Result<Value> {
    record(MaskedSum { walks: [Walk::Along, Walk::Along], dims: Dims::SCALAR }, &[terms, mask])
}

/// The sum of the terms where the mask is not zero; what is masked out adds nothing, be it NaN, and gets no gradient.
#[derive(Clone)]
struct MaskedSum {
    walks: [Walk; 2],
    dims: Dims,
}

impl FusedOp for MaskedSum {
    const NAME: &'static str = "masked_sum";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let (terms, mask) = (inputs[0].dims, inputs[1].dims);
        self.dims = terms.broadcast(mask).ok_or(Error::Broadcast { left: terms, right: mask })?;
        self.walks = [self.dims.walk(terms), self.dims.walk(mask)];
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::SCALAR)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for (lane, sum) in out.numbers().iter_mut().enumerate() {
            let (terms, mask) = (inputs.at(0).lane(lane), inputs.at(1).lane(lane));
            let counted = (0..self.dims.len()).filter(|e| mask[self.walks[1].at(*e)] != 0.0);
            *sum = counted.map(|e| terms[self.walks[0].at(e)]).sum();
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for (lane, c) in cotangent.numbers().iter().enumerate() {
            let mask = inputs.at(1).lane(lane);
            let Some(into) = gradients.lane(0, lane) else { return };
            let counted = (0..self.dims.len()).filter(|e| mask[self.walks[1].at(*e)] != 0.0);
            counted.for_each(|e| into[self.walks[0].at(e)] += c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_of_a_masked_sum_is_right_and_what_is_masked_may_be_nan() {
        let op = || MaskedSum { walks: [Walk::Along, Walk::Along], dims: Dims::SCALAR };
        let terms = Value::constant(Shape::new(2, Dims::new(&[3])), vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
        let mask = Value::shared(Dims::new(&[3]), vec![1.0, 0.0, 1.0]);
        check::function(|terms| record(op(), &[&terms[0], &mask]).unwrap(), &[terms], 1e-5, 1e-9);
        let nan = Value::shared(Dims::new(&[3]), vec![1.0, f64::NAN, 2.0]);
        assert_eq!(record(op(), &[&nan, &mask]).unwrap().numbers(), [3.0]);
    }
}
