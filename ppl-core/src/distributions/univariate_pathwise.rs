//! The pathwise draw of a family of one number: a draw as one operation, through which gradients flow to the parameters.

use std::marker::PhantomData;

use super::family::Family;
use crate::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, Walk, record};
use crate::error::{Error, Result};

/// `draws` of a family with these parameters, as a function of them at fixed random numbers.
pub(super) fn pathwise<F: Family<N>, const N: usize>(site: &str, draws: Value, params: &[Value; N]) -> Result<Value> {
    if !params.iter().any(Value::is_traced) {
        return Ok(draws);
    }
    if F::SUPPORT.is_discrete() {
        return Err(Error::DiscreteLatent { site: site.to_owned(), distribution: F::NAME.to_owned() });
    }
    // Which slopes there are does not depend on the numbers.
    let slopes = F::pathwise(0.5, [1.0; N]);
    let missing = params.iter().zip(slopes).zip(F::PARAMS).find(|((p, slope), _)| p.is_traced() && slope.is_none());
    if let Some((_, parameter)) = missing {
        let parameter = format!("`{}`", parameter.name);
        return Err(Error::NotPathwise { site: site.to_owned(), distribution: F::NAME, parameter });
    }
    let walks = std::array::from_fn(|i| draws.dims().walk(params[i].dims()));
    let op = Pathwise::<F, N> { shape: draws.shape(), draws: draws.peek().to_f64(), walks, marker: PhantomData };
    record(op, &params.iter().collect::<Vec<_>>())
}

/// x(parameters), with the x that was drawn.
#[derive(Clone)]
struct Pathwise<F, const N: usize> {
    shape: Shape,
    draws: Vec<f64>,
    walks: [Walk; N],
    marker: PhantomData<fn() -> F>,
}

impl<F: Family<N>, const N: usize> FusedOp for Pathwise<F, N> {
    const NAME: &'static str = F::NAME;

    fn shape(&mut self, _: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(self.shape))
    }

    fn value(&mut self, _: Inputs<'_>, out: &mut Out<'_>) {
        out.numbers().copy_from_slice(&self.draws);
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..self.shape.lanes {
            let params: [&[f64]; N] = std::array::from_fn(|i| inputs.at(i).lane(lane));
            let (x, c) = (out.lane(lane), cotangent.lane(lane));
            for which in 0..N {
                let Some(into) = gradients.lane(which, lane) else { continue };
                for (e, (x, c)) in x.iter().zip(c).enumerate() {
                    let slopes = F::pathwise(*x, std::array::from_fn(|i| params[i][self.walks[i].at(e)]));
                    into[self.walks[which].at(e)] += c * slopes[which].unwrap_or(f64::NAN);
                }
            }
        }
    }
}
