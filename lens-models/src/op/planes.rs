//! Several planes: deflections at any positions, and the sums of them that rays through several planes are.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Array, Result, Var};

use super::deflector::{Deflector, add_scalars, scalars};
use super::positions::points;
use super::ray_sum::add_scaled;
use super::split::{each_chunk, room, sum_chunks};
use crate::mass::MassSum;

/// The deflection of one plane at positions `[2, points]`, x then y: `[2, points]`, arcsec. Positions may be those of rays
/// that another plane has bent; the gradient goes through them.
///
/// Rays through several planes are sums of such deflections (Schneider, Ehlers & Falco 1992, eq. 9.7a): in plane j they are
/// at x_j = theta - sum_(i<j) beta_ij alpha_i(x_i).
///
/// ```
/// use lens_models::{mass::Sis, op::{Deflector, deflection, weighted_sum}};
/// use ppl_core::Array;
///
/// let theta = Array::constant(&[2, 1], vec![3.0, 0.0])?;
/// let plane = |theta_e: f64| Deflector::new(&Sis, [theta_e, 0.0, 0.0]);
/// // Half of the first deflection has built up where the second plane is.
/// let alpha_1 = deflection(&theta, &[plane(1.0)?])?;
/// let x_2 = weighted_sum(&[(1.0, &theta), (-0.5, &alpha_1)])?;
/// let alpha_2 = deflection(&x_2, &[plane(0.25)?])?;
/// let source = weighted_sum(&[(1.0, &theta), (-1.0, &alpha_1), (-1.0, &alpha_2)])?;
/// assert_eq!(source.lane(0), [1.75, 0.0]);
/// # Ok::<(), ppl_core::Error>(())
/// ```
///
/// # Errors
/// Positions of another shape.
pub fn deflection(positions: &Array, deflectors: &[Deflector]) -> Result<Array> {
    let mass = MassSum::new(deflectors.iter().map(Deflector::profile));
    let params = deflectors.iter().flat_map(Deflector::params).map(Var::as_value);
    let inputs: Vec<&Value> = std::iter::once(positions.as_value()).chain(params).collect();
    record(Deflection::new(mass), &inputs).map(Array::from_value)
}

#[derive(Clone)]
pub(super) struct Deflection {
    mass: MassSum,
    params: Vec<f64>,
    /// Sums of the gradient by the parameters, chunk by chunk.
    sums: Vec<f64>,
}

impl Deflection {
    pub(super) fn new(mass: MassSum) -> Self {
        Deflection { mass, params: vec![], sums: vec![] }
    }
}

impl FusedOp for Deflection {
    const NAME: &'static str = "deflection";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let n = points(inputs[0].dims)?;
        self.params.reserve(inputs.len());
        self.sums.resize(room(n, inputs.len() - 1), 0.0);
        Ok(Output::pixels(Shape::new(common_lanes(inputs), inputs[0].dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = out.shape.dims.len() / 2;
        for lane in 0..out.shape.lanes {
            scalars(inputs, 1, lane, &mut self.params);
            let (x, y) = inputs.at(0).lane_pixels(lane).split_at(n);
            each_chunk(out.lane_pixels(lane), n, |range, [ax, ay]| {
                ax.fill(0.0);
                ay.fill(0.0);
                self.mass.deflect(&self.params, &x[range.clone()], &y[range], ax, ay);
            });
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (n, width) = (out.shape.dims.len() / 2, inputs.len() - 1);
        for lane in 0..out.shape.lanes {
            scalars(inputs, 1, lane, &mut self.params);
            let (x, y) = inputs.at(0).lane_pixels(lane).split_at(n);
            let (gx, gy) = cotangent.lane_pixels(lane).split_at(n);
            let (mass, params, sums) = (&self.mass, &self.params, &mut self.sums);
            let at = |range: std::ops::Range<usize>| {
                ([&x[range.clone()], &y[range.clone()]], [&gx[range.clone()], &gy[range]])
            };
            sums.fill(0.0);
            match gradients.lane_pixels(0, lane) {
                None => sum_chunks(&mut [], sums, n, width, |range, [], sums| {
                    let (xy, g) = at(range);
                    mass.deflect_vjp(params, xy, g, sums, [&mut [], &mut []]);
                }),
                Some(into) => sum_chunks(into, sums, n, width, |range, dxy, sums| {
                    let (xy, g) = at(range);
                    mass.deflect_vjp(params, xy, g, sums, dxy);
                }),
            }
            add_scalars(gradients, 1, lane, &self.sums[..width], 1.0);
        }
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        let kernels = self.mass.kernels();
        super::gpu::field(super::gpu::Field { kernels, first: 1, points: None, rays: false }, Self::NAME, places)
    }
}

/// The sum of several arrays of one shape, each times a number of its own.
///
/// # Errors
/// No array, or arrays of different shapes.
pub fn weighted_sum(terms: &[(f64, &Array)]) -> Result<Array> {
    let weights = terms.iter().map(|(weight, _)| *weight as f32).collect();
    let inputs: Vec<&Value> = terms.iter().map(|(_, array)| array.as_value()).collect();
    record(WeightedSum::new(weights), &inputs).map(Array::from_value)
}

#[derive(Clone)]
pub(super) struct WeightedSum {
    weights: Vec<f32>,
}

impl WeightedSum {
    pub(super) fn new(weights: Vec<f32>) -> Self {
        WeightedSum { weights }
    }
}

impl FusedOp for WeightedSum {
    const NAME: &'static str = "weighted_sum";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let first = inputs.first().map_or(Dims::new(&[0]), |shape| shape.dims);
        match inputs.iter().find(|shape| shape.dims != first) {
            Some(other) => Err(ppl_core::Error::Broadcast { left: first, right: other.dims }),
            None => Ok(Output::pixels(Shape::new(common_lanes(inputs), first))),
        }
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = out.shape.dims.len();
        for lane in 0..out.shape.lanes {
            let sum = out.lane_pixels(lane);
            sum.fill(0.0);
            for (i, weight) in self.weights.iter().enumerate() {
                let term = inputs.at(i).lane_pixels(lane);
                each_chunk(sum, n, |range, [sum]| add_scaled(sum, *weight, &term[range]));
            }
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for (i, weight) in self.weights.iter().enumerate() {
            for lane in 0..out.shape.lanes {
                if let Some(into) = gradients.lane_pixels(i, lane) {
                    let g = cotangent.lane_pixels(lane);
                    each_chunk(into, g.len(), |range, [into]| add_scaled(into, *weight, &g[range]));
                }
            }
        }
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        ppl_core::autodiff::weighted_sum_body(places, &self.weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, Shear};
    use ppl_core::autodiff::check;

    fn positions(lanes: usize, points: usize) -> Value {
        // Well away from the centre, where the deflection bends within a step.
        let at = |i: usize| (1.0 + 0.5 * (1.3 * i as f32).sin()) * if i.is_multiple_of(3) { -1.0 } else { 1.0 };
        Value::constant(
            Shape::new(lanes, Dims::new(&[2, points])),
            (0..lanes * 2 * points).map(at).collect::<Vec<f32>>(),
        )
    }

    fn mass() -> Deflection {
        Deflection::new(MassSum::new([&Epl as _, &Shear as _]))
    }

    fn params() -> impl Iterator<Item = Value> {
        let rows = [[1.2, 2.1, 0.1, -0.05, 0.02, 0.03, 0.04, -0.02], [1.0, 1.8, -0.2, 0.1, -0.05, 0.0, 0.0, 0.01]];
        (0..8).map(move |i| Value::constant(Shape::new(2, Dims::SCALAR), rows.map(|r| r[i]).to_vec()))
    }

    #[test]
    fn the_vjp_of_a_deflection_is_right_by_parameters_and_by_positions_shared_or_not() {
        for lanes in [1, 2] {
            let inputs: Vec<Value> = std::iter::once(positions(lanes, 20)).chain(params()).collect();
            // alpha is f32 near 1: differences over 1e-2 are good to 1e-5, and its curvature over them to 1e-4.
            check::vjp(mass, &inputs, 1e-2, 2e-3);
        }
    }

    #[test]
    fn the_gradient_goes_through_two_planes() {
        let plane = |at: &Array, params: &[Value]| {
            let inputs: Vec<&Value> = std::iter::once(at.as_value()).chain(params).collect();
            Array::from_value(record(mass(), &inputs).unwrap())
        };
        let source = |v: &[Value]| {
            let theta = Array::from_value(v[0].clone());
            let alpha_1 = plane(&theta, &v[1..]);
            let x_2 = weighted_sum(&[(1.0, &theta), (-0.4, &alpha_1)]).unwrap();
            let alpha_2 = plane(&x_2, &v[1..]);
            weighted_sum(&[(1.0, &theta), (-1.0, &alpha_1), (-0.3, &alpha_2)]).unwrap().as_value().clone()
        };
        let inputs: Vec<Value> = std::iter::once(positions(1, 12)).chain(params()).collect();
        // The second plane is met nearer to its centre, where differences over a step are coarser.
        check::function(source, &inputs, 4e-3, 1e-2);
    }

    #[test]
    fn terms_of_different_shapes_are_refused() {
        let array = |points: usize| Array::constant(&[2, points], vec![0.0; 2 * points]).unwrap();
        assert!(weighted_sum(&[(1.0, &array(3)), (2.0, &array(4))]).is_err());
    }
}
