//! The sum that a ray through several planes is, its scales on the tape: theta - sum_i B_i alpha_i.

use ppl_core::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Array, Error, Result, Var};

use super::positions::points;

/// Positions `[2, points]` in a plane: those seen, less the deflection of each plane in front times its scale, which a cosmology that is sampled
/// gives; with scales that are plain numbers [`weighted_sum`](super::weighted_sum) does the same.
///
/// # Errors
/// Arrays of different shapes, or that are no positions.
pub fn ray_sum(theta: &Array, terms: &[(&Var, &Array)]) -> Result<Array> {
    let arrays = std::iter::once(theta).chain(terms.iter().map(|(_, alpha)| *alpha)).map(Array::as_value);
    let inputs: Vec<&Value> = arrays.chain(terms.iter().map(|(scale, _)| scale.as_value())).collect();
    record(RaySum { terms: terms.len() }, &inputs).map(Array::from_value)
}

#[derive(Clone)]
struct RaySum {
    terms: usize,
}

impl FusedOp for RaySum {
    const NAME: &'static str = "ray_sum";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let first = inputs[0].dims;
        points(first)?;
        match inputs[..=self.terms].iter().find(|shape| shape.dims != first) {
            Some(other) => Err(Error::Broadcast { left: first, right: other.dims }),
            None => Ok(Output::pixels(Shape::new(common_lanes(inputs), first))),
        }
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let sum = out.lane_pixels(lane);
            sum.copy_from_slice(inputs.at(0).lane_pixels(lane));
            for i in 1..=self.terms {
                let scale = inputs.at(self.terms + i).lane(lane)[0] as f32;
                sum.iter_mut().zip(inputs.at(i).lane_pixels(lane)).for_each(|(s, alpha)| *s -= scale * alpha);
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..cotangent.shape.lanes {
            let g = cotangent.lane_pixels(lane);
            if let Some(into) = gradients.lane_pixels(0, lane) {
                into.iter_mut().zip(g).for_each(|(into, g)| *into += g);
            }
            for i in 1..=self.terms {
                let scale = inputs.at(self.terms + i).lane(lane)[0] as f32;
                if let Some(into) = gradients.lane_pixels(i, lane) {
                    into.iter_mut().zip(g).for_each(|(into, g)| *into -= scale * g);
                }
                if let Some(into) = gradients.lane(self.terms + i, lane) {
                    let alpha = inputs.at(i).lane_pixels(lane);
                    // Chunks of one size, summed in f64: one value for any number of threads.
                    let dot = |(g, alpha): (&f32, &f32)| f64::from(*g) * f64::from(*alpha);
                    into[0] -= g.iter().zip(alpha).map(dot).sum::<f64>();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::{Dims, check};

    #[test]
    fn the_vjp_of_a_ray_is_right_by_positions_deflections_and_scales() {
        for lanes in [1, 2] {
            let pixels = |first: usize, lanes: usize| {
                let at = |i: usize| (1.3 * (i + first) as f32).sin();
                Value::constant(Shape::new(lanes, Dims::new(&[2, 5])), (0..10 * lanes).map(at).collect::<Vec<f32>>())
            };
            let scale = |x: f64| Value::constant(Shape::new(2, Dims::SCALAR), vec![x, 1.3 * x]);
            let inputs = [pixels(0, 1), pixels(3, lanes), pixels(8, lanes), scale(0.4), scale(0.9)];
            // Sums of f32 over a step of 1e-2.
            check::vjp(|| RaySum { terms: 2 }, &inputs, 1e-2, 1e-4);
        }
    }
}
