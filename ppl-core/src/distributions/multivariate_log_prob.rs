//! The log density of a vector family as one operation: draw by draw, or summed over all but the lanes.

use std::marker::PhantomData;

use super::batch::{parts, walk};
use super::vector_family::VectorFamily;
use crate::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Walk, common_lanes};
use crate::error::{Error, Result};

/// log p(x | parameters).
#[derive(Clone)]
pub(super) struct LogProb<F> {
    summed: bool,
    batch: Dims,
    /// How to walk along x and each parameter, draw by draw, and how many numbers one of each has.
    walks: Vec<(Walk, usize)>,
    /// Slopes of one draw by each input.
    slopes: Vec<Vec<f64>>,
    room: Vec<f64>,
    /// Whether each draw of each lane has a finite density, and so a slope.
    finite: Vec<bool>,
    marker: PhantomData<F>,
}

/// The most parameters of a vector family.
const MOST: usize = 4;

impl<F: VectorFamily> LogProb<F> {
    /// One number for each draw.
    pub(super) fn by_element() -> Self {
        LogProb {
            summed: false,
            batch: Dims::SCALAR,
            walks: vec![],
            slopes: vec![],
            room: vec![],
            finite: vec![],
            marker: PhantomData,
        }
    }

    /// One number per lane.
    pub(super) fn summed() -> Self {
        LogProb { summed: true, ..Self::by_element() }
    }
}

/// The numbers of each input for one draw of one lane: x first.
fn draw<'a>(inputs: Inputs<'a>, walks: &[(Walk, usize)], lane: usize, i: usize) -> [&'a [f64]; MOST + 1] {
    std::array::from_fn(|which| match walks.get(which) {
        Some((walk, n)) => &inputs.at(which).lane(lane)[walk.at(i) * n..(walk.at(i) + 1) * n],
        None => &[],
    })
}

impl<F: VectorFamily> FusedOp for LogProb<F> {
    const NAME: &'static str = F::NAME;

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let params: Vec<Dims> = inputs[1..].iter().map(|shape| shape.dims).collect();
        let (batch, event) = parts::<F>(&params)?;
        let x = inputs[0].dims;
        let (outer, inner) = x.split(F::EVENT_RANK);
        if inner != event {
            return Err(Error::Broadcast { left: x, right: event });
        }
        self.batch = outer.broadcast(batch).ok_or(Error::Broadcast { left: x, right: batch })?;
        let ranks = std::iter::once(F::EVENT_RANK).chain(F::PARAMS.iter().map(|p| p.rank));
        self.walks = inputs.iter().zip(ranks).map(|(shape, rank)| walk(self.batch, shape.dims, rank)).collect();
        self.slopes = self.walks.iter().map(|(_, n)| vec![0.0; *n]).collect();
        let lanes = common_lanes(inputs);
        self.finite.resize(lanes * self.batch.len(), false);
        Ok(Output::numbers(Shape::new(lanes, if self.summed { Dims::SCALAR } else { self.batch })))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = self.batch.len();
        // Parameters that lanes share are looked at once.
        let (mut looked_at, mut is_flawed) = ([std::ptr::null(); MOST], false);
        for lane in 0..out.shape.lanes {
            let out = out.lane(lane);
            if self.summed {
                out[0] = 0.0;
            }
            for i in 0..n {
                let all = draw(inputs, &self.walks, lane, i);
                let (x, params) = (all[0], &all[1..=F::PARAMS.len()]);
                let at: [*const f64; MOST] = std::array::from_fn(|p| all[p + 1].as_ptr());
                if at != looked_at {
                    (looked_at, is_flawed) = (at, F::flaw(params).is_some());
                }
                let value = match is_flawed {
                    false => F::log_prob(x, params, &mut self.room),
                    // NaN goes on as NaN, to be counted under its site; anything else is impossible.
                    true if all.iter().flat_map(|v| v.iter()).any(|x| x.is_nan()) => f64::NAN,
                    true => f64::NEG_INFINITY,
                };
                self.finite[lane * n + i] = value.is_finite();
                if self.summed { out[0] += value } else { out[i] = value }
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = self.batch.len();
        for lane in 0..out.shape.lanes {
            for i in (0..n).filter(|i| self.finite[lane * n + i]) {
                let c = cotangent.lane(lane)[if self.summed { 0 } else { i }];
                let all = draw(inputs, &self.walks, lane, i);
                self.slopes.iter_mut().for_each(|slopes| slopes.fill(0.0));
                F::vjp(all[0], &all[1..=F::PARAMS.len()], &mut self.room, &mut self.slopes);
                for (which, ((walk, n), slopes)) in self.walks.iter().zip(&self.slopes).enumerate() {
                    if let Some(into) = gradients.lane(which, lane) {
                        let into = &mut into[walk.at(i) * n..(walk.at(i) + 1) * n];
                        into.iter_mut().zip(slopes).for_each(|(g, slope)| *g += c * slope);
                    }
                }
            }
        }
    }
}
