//! The deflection by a potential on a grid, one operation.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, common_lanes, record};
use ppl_core::{Array, Error, Result, Var};

use super::deflector::add_scalars;
use super::positions::points;
use super::split::{each_chunk, room, sum_chunks};
use crate::mass::Knotted;

/// Parameters beside the coefficients and the positions: amp, scale, center_x, center_y.
const PARAMS: usize = 4;

/// The deflection `[2, points]`, arcsec, at positions `[2, points]`, x then y, in arcsec, by a potential of coefficients `field`, `[side,
/// side]` with row 0 below:
///
/// alpha = grad psi,  psi(x, y) = amp sum_ij c_ij B(u - j) B(v - i),  u = (x - center_x) / h + (side - 1) / 2,  h = scale / side
///
/// with B the centred cubic B-spline; `place` is scale, center_x and center_y, in arcsec. Beyond the grid the coefficients are zero: the
/// deflection has a continuous derivative everywhere and vanishes from two knots behind the outermost on. A position that is not a number
/// is bent by none, and so is every one where the scale is not positive. All inputs may have lanes and be differentiated.
///
/// [`SplinePotential`](crate::mass::SplinePotential) is the same at one point, to second order.
///
/// ```
/// use lens_models::op::spline_deflection;
/// use ppl_core::{Array, Var};
///
/// // One knot: psi = B(x) B(y).
/// let field = Array::constant(&[1, 1], vec![1.0])?;
/// let positions = Array::constant(&[2, 2], vec![0.5, 9.0, 0.0, 0.0])?;
/// let [one, zero] = [1.0, 0.0].map(Var::scalar);
/// let alpha = spline_deflection(&field, &positions, &one, [&one, &zero, &zero])?;
/// // B'(1/2) B(0) = -5/8 2/3, and nothing far away.
/// assert!((alpha.lane(0)[0] + 5.0 / 12.0).abs() < 1e-6 && alpha.lane(0)[1..] == [0.0; 3]);
/// # Ok::<(), ppl_core::Error>(())
/// ```
///
/// # Errors
/// A field that is not square, positions of another shape, parameters that are no scalars.
pub fn spline_deflection(field: &Array, positions: &Array, amp: &Var, place: [&Var; 3]) -> Result<Array> {
    let [scale, x, y] = place.map(Var::as_value);
    let inputs = [field.as_value(), positions.as_value(), amp.as_value(), scale, x, y];
    record(SplineDeflection::default(), &inputs).map(Array::from_value)
}

#[derive(Clone, Default)]
struct SplineDeflection {
    side: usize,
    /// Sums of the gradient by the parameters, then by the coefficients, chunk by chunk.
    sums: Vec<f64>,
}

/// The amplitude of a lane, and where its grid lies.
fn placed(inputs: Inputs<'_>, lane: usize, side: usize) -> (f64, Knotted) {
    let [amp, scale, x, y] = std::array::from_fn(|i| inputs.at(2 + i).lane(lane)[0]);
    (amp, Knotted { side, scale, center: [x, y] })
}

impl FusedOp for SplineDeflection {
    const NAME: &'static str = "spline_deflection";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let (field, positions) = (inputs[0].dims, inputs[1].dims);
        match *field.sizes() {
            [height, width] if height == width && width > 0 => self.side = width,
            _ => return Err(Error::Broadcast { left: Dims::new(&[64, 64]), right: field }),
        }
        let n = points(positions)?;
        if let Some(shape) = inputs[2..].iter().find(|shape| shape.dims.len() != 1) {
            return Err(Error::Broadcast { left: Dims::SCALAR, right: shape.dims });
        }
        self.sums.resize(room(n, PARAMS + field.len()), 0.0);
        Ok(Output::pixels(Shape::new(common_lanes(inputs), positions)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = out.shape.dims.len() / 2;
        for lane in 0..out.shape.lanes {
            let (amp, grid) = placed(inputs, lane, self.side);
            let field = inputs.at(0).lane_pixels(lane);
            let (x, y) = inputs.at(1).lane_pixels(lane).split_at(n);
            each_chunk(out.lane_pixels(lane), n, |range, [ax, ay]| {
                let positions = x[range.clone()].iter().zip(&y[range]);
                for ((ax, ay), (x, y)) in ax.iter_mut().zip(ay).zip(positions) {
                    let alpha = grid.lensing(field, [f64::from(*x), f64::from(*y)]).alpha;
                    [*ax, *ay] = alpha.map(|slope| (amp * slope) as f32);
                }
            });
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = out.shape.dims.len() / 2;
        let by_field = gradients.is_wanted(0);
        // Each chunk adds to coefficients of its own, where somebody wants them.
        let width = PARAMS + if by_field { self.side * self.side } else { 0 };
        let sums = &mut self.sums[..room(n, width)];
        for lane in 0..out.shape.lanes {
            let (amp, grid) = placed(inputs, lane, self.side);
            let field = inputs.at(0).lane_pixels(lane);
            let (x, y) = inputs.at(1).lane_pixels(lane).split_at(n);
            let (gx, gy) = cotangent.lane_pixels(lane).split_at(n);
            sums.fill(0.0);
            let into = gradients.lane_pixels(1, lane).unwrap_or_default();
            sum_chunks(into, sums, n, width, |range, [by_x, by_y], sums| {
                let (by_params, by_field) = sums.split_at_mut(PARAMS);
                for (i, at) in range.enumerate() {
                    let [x, y, gx, gy] = [x[at], y[at], gx[at], gy[at]].map(f64::from);
                    let Some(knots) = grid.knots([x, y]) else { continue };
                    let of_one = grid.under(&knots, field);
                    let along = gx * of_one.alpha[0] + gy * of_one.alpha[1];
                    let dx = amp * (gx * of_one.f_xx + gy * of_one.f_xy);
                    let dy = amp * (gx * of_one.f_xy + gy * of_one.f_yy);
                    // Empty where nobody wants the gradient by the positions.
                    for (by, d) in [(by_x.get_mut(i), dx), (by_y.get_mut(i), dy)] {
                        by.into_iter().for_each(|by| *by += d as f32);
                    }
                    // alpha goes as 1 / scale, at a place that goes as (x - center) / scale.
                    let outwards = dx * (x - grid.center[0]) + dy * (y - grid.center[1]);
                    let by = [along, -(amp * along + outwards) / grid.scale, -dx, -dy];
                    by_params.iter_mut().zip(by).for_each(|(sum, by)| *sum += by);
                    if by_field.is_empty() {
                        continue;
                    }
                    let [gx, gy] = [gx, gy].map(|g| g * amp / grid.step());
                    knots.each_row(|row, place, columns| {
                        let (wy, slope_y) = (gx * knots.y[0][row], gy * knots.y[1][row]);
                        let coefficients = &mut by_field[place..place + columns.len()];
                        for (by, j) in coefficients.iter_mut().zip(columns) {
                            *by += wy * knots.x[1][j] + slope_y * knots.x[0][j];
                        }
                    });
                }
            });
            add_scalars(gradients, 2, lane, &sums[..PARAMS], 1.0);
            if let Some(into) = gradients.lane_pixels(0, lane) {
                into.iter_mut().zip(&sums[PARAMS..]).for_each(|(g, sum)| *g += *sum as f32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::SplinePotential;
    use ppl_core::autodiff::{Tape, Value, check};

    /// Amplitudes and places of two lanes: grids of 3 and 2.4 arcsec.
    const ROWS: [[f64; PARAMS]; 2] = [[0.4, 3.0, 0.1, -0.05], [-0.3, 2.4, -0.1, 0.2]];

    /// Uneven coefficients, positions inside, across the border and outside, and parameters.
    fn inputs(lanes: [usize; 3], side: usize, points: usize) -> Vec<Value> {
        let pixels = |lanes: usize, dims: &[usize], size: f32, rate: f32| {
            let shape = Shape::new(lanes, Dims::new(dims));
            Value::constant(shape, (0..shape.len()).map(|i| size * (rate * i as f32 + 0.3).sin()).collect::<Vec<f32>>())
        };
        let param = |i: usize| {
            let numbers: Vec<f64> = ROWS[..lanes[2]].iter().map(|row| row[i]).collect();
            Value::constant(Shape::new(lanes[2], Dims::SCALAR), numbers)
        };
        let arrays = [pixels(lanes[0], &[side, side], 0.8, 0.9), pixels(lanes[1], &[2, points], 1.9, 1.7)];
        arrays.into_iter().chain((0..PARAMS).map(param)).collect()
    }

    fn deflection(inputs: &[Value]) -> Array {
        record(SplineDeflection::default(), &inputs.iter().collect::<Vec<_>>()).map(Array::from_value).unwrap()
    }

    #[test]
    fn the_vjp_of_a_spline_deflection_is_right_by_coefficients_positions_and_place_shared_or_not() {
        for lanes in [[1, 1, 1], [2, 2, 2], [1, 2, 2], [2, 1, 1], [1, 1, 2]] {
            // alpha is f32 near 0.5, so that its differences over 1e-3 are good to 3e-5; a second derivative jumps by some ten where a
            // step meets a knot.
            check::vjp(SplineDeflection::default, &inputs(lanes, 5, 14), 1e-3, 2e-3);
        }
    }

    #[test]
    fn every_lane_is_the_slope_of_its_potential() {
        let (side, points) = (7, 300);
        let inputs = inputs([2, 2, 2], side, points);
        let alpha = deflection(&inputs);
        for (lane, [amp, scale, x, y]) in ROWS.into_iter().enumerate() {
            let lane_of = |i: usize| Array::from_value(inputs[i].clone()).lane(lane).to_vec();
            let (field, positions) = (lane_of(0), lane_of(1));
            let coefficients = field.into_iter().map(f64::from).collect();
            let potential = SplinePotential::new(side, coefficients, amp, scale, [x, y]).unwrap();
            for i in 0..points {
                let exact = potential.at([i, points + i].map(|at| f64::from(positions[at]))).alpha;
                for (got, want) in [(alpha.lane(lane)[i], exact[0]), (alpha.lane(lane)[points + i], exact[1])] {
                    // The sum is one of f64, rounded once to f32: numbers of at most two.
                    assert!((f64::from(got) - want).abs() < 1.2e-7, "{got} {want}");
                }
            }
        }
    }

    #[test]
    fn beyond_the_grid_nothing_is_bent_and_nothing_comes_back() {
        let field = Array::constant(&[4, 4], vec![1.0; 16]).unwrap();
        let tape = Tape::recording();
        // Knots an arcsec apart, the outermost at 1.5: zero from 3.5 on.
        let positions = Array::leaf(&tape, 1, &[2, 3], vec![3.5, 0.1, f32::INFINITY, 0.0, -4.0, 0.0]);
        let [amp, scale, zero] = [1.0, 4.0, 0.0].map(Var::scalar);
        let alpha = spline_deflection(&field, &positions, &amp, [&scale, &zero, &zero]).unwrap();
        assert_eq!(alpha.lane(0), [0.0; 6]);
        tape.backward(alpha.as_value()).unwrap();
        let gradient = positions.as_value().take_gradient().map_or_else(Vec::new, |g| g.to_f64());
        assert!(gradient.iter().all(|g| *g == 0.0), "{gradient:?}");
    }

    #[test]
    fn a_position_that_is_not_a_number_is_bent_by_none_and_leaves_the_others_alone() {
        let field = Array::constant(&[4, 4], (0..16).map(|i| i as f32).collect()).unwrap();
        let positions = Array::constant(&[2, 2], vec![f32::NAN, 0.2, 0.0, 0.1]).unwrap();
        let [amp, scale, zero, inverted] = [1.0, 4.0, 0.0, -4.0].map(Var::scalar);
        let alpha = spline_deflection(&field, &positions, &amp, [&scale, &zero, &zero]).unwrap();
        assert_eq!([0, 1, 2, 3].map(|i| alpha.lane(0)[i].is_nan()), [true, false, true, false]);
        let nowhere = spline_deflection(&field, &positions, &amp, [&inverted, &zero, &zero]).unwrap();
        assert!(nowhere.lane(0).iter().all(|a| a.is_nan()));
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let run = || {
            // Several chunks, of which the last is not full.
            let inputs = inputs([2, 2, 2], 6, 20_000);
            let tape = Tape::recording();
            let leaves: Vec<Value> = inputs.iter().map(|v| Value::leaf(&tape, v.shape(), v.data().clone())).collect();
            let alpha = deflection(&leaves);
            tape.backward(alpha.as_value()).unwrap();
            let gradients = leaves.iter().map(|leaf| leaf.take_gradient().unwrap().to_f64());
            let all: Vec<Vec<f64>> = std::iter::once(alpha.as_value().data().to_f64()).chain(gradients).collect();
            all.concat().into_iter().map(f64::to_bits).collect::<Vec<u64>>()
        };
        let with = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
        let one = with(1);
        assert!([2, 3].iter().all(|threads| with(*threads) == one));
    }

    #[test]
    fn fields_positions_and_parameters_of_other_shapes_are_refused() {
        let pixels = |dims: &[usize]| {
            let shape = Shape::new(1, Dims::new(dims));
            Value::constant(shape, vec![0.5_f32; shape.len()])
        };
        let number = |dims: &[usize]| check::example(1, dims);
        let refused = |field: &[usize], positions: &[usize], amp: &[usize]| {
            let (field, positions, amp, one) = (pixels(field), pixels(positions), number(amp), number(&[]));
            record(SplineDeflection::default(), &[&field, &positions, &amp, &one, &one, &one]).is_err()
        };
        assert!(!refused(&[3, 3], &[2, 4], &[]));
        assert!(refused(&[3, 4], &[2, 4], &[]) && refused(&[9], &[2, 4], &[]) && refused(&[0, 0], &[2, 4], &[]));
        assert!(refused(&[3, 3], &[3, 4], &[]) && refused(&[3, 3], &[8], &[]));
        assert!(refused(&[3, 3], &[2, 4], &[2]));
    }
}
