//! The pathwise draw of a vector family: draws as one operation, through which gradients flow to the parameters.

use std::marker::PhantomData;

use super::batch::walk;
use super::vector_family::VectorFamily;
use crate::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, Walk, record};
use crate::error::{Error, Result};

/// `draws` of a family with these parameters, as a function of them at fixed random numbers.
pub(super) fn pathwise<F: VectorFamily>(site: &str, draws: Value, params: &[Value]) -> Result<Value> {
    let Some(traced) = params.iter().position(Value::is_traced) else { return Ok(draws) };
    if !F::PATHWISE {
        let parameter = format!("`{}`", F::PARAMS[traced].name);
        return Err(Error::NotPathwise { site: site.to_owned(), distribution: F::NAME, parameter });
    }
    let (batch, event) = draws.dims().split(F::EVENT_RANK);
    let walks: Vec<_> = params.iter().zip(F::PARAMS).map(|(v, p)| walk(batch, v.dims(), p.rank)).collect();
    let op = Pathwise::<F> {
        shape: draws.shape(),
        event: event.len(),
        draws: draws.peek().to_f64(),
        slopes: walks.iter().map(|(_, n)| vec![0.0; *n]).collect(),
        walks,
        room: vec![],
        marker: PhantomData,
    };
    record(op, &params.iter().collect::<Vec<_>>())
}

/// x(parameters), with the x that was drawn.
#[derive(Clone)]
struct Pathwise<F> {
    shape: Shape,
    /// How many numbers one draw has.
    event: usize,
    draws: Vec<f64>,
    /// How to walk along each parameter, draw by draw, and how many numbers one of each has.
    walks: Vec<(Walk, usize)>,
    slopes: Vec<Vec<f64>>,
    room: Vec<f64>,
    marker: PhantomData<F>,
}

impl<F: VectorFamily> FusedOp for Pathwise<F> {
    const NAME: &'static str = F::NAME;

    fn shape(&mut self, _: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(self.shape))
    }

    fn value(&mut self, _: Inputs<'_>, out: &mut Out<'_>) {
        out.numbers().copy_from_slice(&self.draws);
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let event = self.event.max(1);
        for lane in 0..self.shape.lanes {
            let draws = out.lane(lane).chunks_exact(event).zip(cotangent.lane(lane).chunks_exact(event));
            for (i, (x, c)) in draws.enumerate() {
                let own = |(which, (walk, n)): (usize, &(Walk, usize))| {
                    &inputs.at(which).lane(lane)[walk.at(i) * n..(walk.at(i) + 1) * n]
                };
                let params: Vec<&[f64]> = self.walks.iter().enumerate().map(own).collect();
                self.slopes.iter_mut().for_each(|slopes| slopes.fill(0.0));
                F::pathwise(x, &params, c, &mut self.room, &mut self.slopes);
                for (which, ((walk, n), slopes)) in self.walks.iter().zip(&self.slopes).enumerate() {
                    if let Some(into) = gradients.lane(which, lane) {
                        let into = &mut into[walk.at(i) * n..(walk.at(i) + 1) * n];
                        into.iter_mut().zip(slopes).for_each(|(g, slope)| *g += slope);
                    }
                }
            }
        }
    }
}
