//! The sum that a ray through several planes is, its scales on the tape: theta - sum_i B_i alpha_i.

use multiversion::multiversion;
use ppl_core::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Array, Error, Result, Var};

use super::positions::points;
use super::split::{each_chunk, room, sum_chunks};

/// Positions `[2, points]` in a plane: those seen, less the deflection of each plane in front times its scale, which a cosmology that is sampled
/// gives; with scales that are plain numbers [`weighted_sum`](super::weighted_sum) does the same.
///
/// # Errors
/// Arrays of different shapes, or that are no positions.
pub fn ray_sum(theta: &Array, terms: &[(&Var, &Array)]) -> Result<Array> {
    let arrays = std::iter::once(theta).chain(terms.iter().map(|(_, alpha)| *alpha)).map(Array::as_value);
    let inputs: Vec<&Value> = arrays.chain(terms.iter().map(|(scale, _)| scale.as_value())).collect();
    record(RaySum::new(terms.len()), &inputs).map(Array::from_value)
}

#[derive(Clone)]
pub(super) struct RaySum {
    terms: usize,
    /// Sums of the gradient by a scale, chunk by chunk.
    sums: Vec<f64>,
}

impl RaySum {
    pub(super) fn new(terms: usize) -> Self {
        RaySum { terms, sums: vec![] }
    }
}

impl FusedOp for RaySum {
    const NAME: &'static str = "ray_sum";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let first = inputs[0].dims;
        points(first)?;
        self.sums.resize(room(first.len(), 1), 0.0);
        match inputs[..=self.terms].iter().find(|shape| shape.dims != first) {
            Some(other) => Err(Error::Broadcast { left: first, right: other.dims }),
            None => Ok(Output::pixels(Shape::new(common_lanes(inputs), first))),
        }
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = out.shape.dims.len();
        for lane in 0..out.shape.lanes {
            let sum = out.lane_pixels(lane);
            sum.copy_from_slice(inputs.at(0).lane_pixels(lane));
            for i in 1..=self.terms {
                let scale = inputs.at(self.terms + i).lane(lane)[0] as f32;
                let alpha = inputs.at(i).lane_pixels(lane);
                each_chunk(sum, n, |range, [sum]| add_scaled(sum, -scale, &alpha[range]));
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = cotangent.shape.dims.len();
        for lane in 0..cotangent.shape.lanes {
            let g = cotangent.lane_pixels(lane);
            if let Some(into) = gradients.lane_pixels(0, lane) {
                each_chunk(into, n, |range, [into]| add_scaled(into, 1.0, &g[range]));
            }
            for i in 1..=self.terms {
                let scale = inputs.at(self.terms + i).lane(lane)[0] as f32;
                let alpha = inputs.at(i).lane_pixels(lane);
                if let Some(into) = gradients.lane_pixels(i, lane) {
                    each_chunk(into, n, |range, [into]| add_scaled(into, -scale, &g[range]));
                }
                if let Some(into) = gradients.lane(self.terms + i, lane) {
                    self.sums.fill(0.0);
                    sum_chunks(&mut [], &mut self.sums, n, 1, |range, [], sum| {
                        sum[0] = dot(&g[range.clone()], &alpha[range]);
                    });
                    into[0] -= self.sums[0];
                }
            }
        }
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::gpu::ray_sum(self.terms, places)
    }
}

/// out += scale * term.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
pub(super) fn add_scaled(out: &mut [f32], scale: f32, term: &[f32]) {
    out.iter_mut().zip(term).for_each(|(out, term)| *out += scale * term);
}

/// The sum of products in f64: in eight sums, which take turns, so that none waits for the one before.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn dot(a: &[f32], b: &[f32]) -> f64 {
    const TURNS: usize = 8;
    let product = |a: &f32, b: &f32| f64::from(*a) * f64::from(*b);
    let (a, b) = (a.chunks_exact(TURNS), b.chunks_exact(TURNS));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| product(a, b)).sum();
    let mut sums = [0.0; TURNS];
    for (a, b) in a.zip(b) {
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += product(&a[k], &b[k]);
        }
    }
    sums.iter().sum::<f64>() + rest
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
            check::vjp(|| RaySum::new(2), &inputs, 1e-2, 1e-4);
        }
    }

    #[test]
    fn sums_of_many_points_are_those_of_one_loop() {
        let row = |first: usize| (0..4099).map(|i| (1.3 * (i + first) as f32).sin()).collect::<Vec<f32>>();
        let (a, b) = (row(0), row(5));
        let plain: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        // Only the order of the additions differs.
        assert!((dot(&a, &b) - plain).abs() < 1e-12 * 4099.0, "{} {plain}", dot(&a, &b));
    }
}
