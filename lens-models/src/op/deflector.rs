//! Ray tracing: beta = theta - sum alpha for every (sub-)pixel, one node of the tape for all deflectors.

use std::sync::Arc;

use ppl_core::array::pool;
use ppl_core::autodiff::{Data, Dims, FusedOp, Gradient, IntoVar, Operand, Shape, Value, record};
use ppl_core::{Array, Result, Var};

use super::split::{map_chunks, map_planes};
use crate::error::Error;
use crate::grid::Grid;
use crate::mass::{MassProfile, MassSum};
use crate::parameter::{self, Parameter};

/// A mass profile with values for its parameters.
#[derive(Clone)]
pub struct Deflector {
    profile: &'static dyn MassProfile,
    params: Vec<Var>,
}

impl Deflector {
    /// A profile with its parameters in the order of its table.
    ///
    /// # Errors
    /// Another number of parameters than the profile has.
    pub fn new<V: IntoVar<Rank = ()>>(
        profile: &'static dyn MassProfile,
        params: impl IntoIterator<Item = V>,
    ) -> Result<Self> {
        let params: Vec<Var> = params.into_iter().map(IntoVar::into_var).collect();
        check_count(profile.name(), profile.parameters(), params.len())?;
        Ok(Deflector { profile, params })
    }
}

/// Refuses another number of parameters than the table has.
pub(super) fn check_count(profile: &'static str, table: &[Parameter], got: usize) -> Result<()> {
    if parameter::count(table) == got {
        return Ok(());
    }
    let names = table.iter().map(|p| p.name).collect();
    Err(Error::ParameterCount { profile, got, names }.into())
}

/// Where the rays of all (sub-)pixels of a grid meet the source plane: `[2, points]`, x then y, arcsec.
///
/// # Errors
/// None with deflectors made by [`Deflector::new`].
pub fn trace_rays(grid: &Arc<Grid>, deflectors: &[Deflector]) -> Result<Array> {
    let mass = MassSum::new(deflectors.iter().map(|d| d.profile));
    let params: Vec<&Value> = deflectors.iter().flat_map(|d| d.params.iter().map(Var::as_value)).collect();
    record(TraceRays { grid: grid.clone(), mass }, &params).map(Array::from_value)
}

struct TraceRays {
    grid: Arc<Grid>,
    mass: MassSum,
}

/// The scalar inputs of one lane.
pub(super) fn scalars(inputs: &[Operand<'_>], lane: usize) -> Vec<f64> {
    inputs.iter().map(|i| i.lane(lane)[0]).collect()
}

/// Adds the gradient of the scalar inputs of one lane, summed over its chunks in order.
pub(super) fn add_scalars(gradients: &mut [Gradient], lane: usize, chunks: &[Vec<f64>]) {
    for (i, gradient) in gradients.iter_mut().enumerate() {
        if let Some(into) = gradient.lane(lane) {
            into[0] += chunks.iter().map(|c| c[i]).sum::<f64>();
        }
    }
}

pub(super) fn lanes_of(inputs: &[Operand<'_>]) -> usize {
    inputs.iter().map(|i| i.shape.lanes).max().unwrap_or(1)
}

impl FusedOp for TraceRays {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let (lanes, n) = (lanes_of(inputs), self.grid.subpixels());
        let params: Vec<Vec<f64>> = (0..lanes).map(|lane| scalars(inputs, lane)).collect();
        let mut beta = pool::take(lanes * 2 * n);
        map_planes(&mut beta, n, |lane, range, [bx, by]| {
            let (x, y) = (&self.grid.x()[range.clone()], &self.grid.y()[range]);
            // alpha = 0 - ..., then beta = x - alpha, in place.
            bx.fill(0.0);
            by.fill(0.0);
            self.mass.deflect(&params[lane], x, y, bx, by);
            bx.iter_mut().zip(x).for_each(|(b, x)| *b = x - *b);
            by.iter_mut().zip(y).for_each(|(b, y)| *b = y - *b);
        });
        Ok((Shape::new(lanes, Dims::new(&[2, n])), Data::F32(beta)))
    }

    fn vjp(&mut self, inputs: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        if !gradients.iter().any(Gradient::is_wanted) {
            return;
        }
        let (lanes, n) = (out.shape.lanes, self.grid.subpixels());
        let params: Vec<Vec<f64>> = (0..lanes).map(|lane| scalars(inputs, lane)).collect();
        let cotangents: Vec<&[f32]> = (0..lanes).map(|lane| cotangent.lane_pixels(lane)).collect();
        let chunks = map_chunks(lanes, n, |lane, range| {
            let (gx, gy) = cotangents[lane].split_at(n);
            let (x, y) = (&self.grid.x()[range.clone()], &self.grid.y()[range.clone()]);
            let mut dparams = vec![0.0; params[lane].len()];
            self.mass.deflect_vjp(&params[lane], x, y, &gx[range.clone()], &gy[range], &mut dparams);
            // beta has minus alpha.
            dparams.iter_mut().for_each(|d| *d = -*d);
            dparams
        });
        chunks.iter().enumerate().for_each(|(lane, chunks)| add_scalars(gradients, lane, chunks));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, Shear};
    use ppl_core::autodiff::check;

    #[test]
    fn the_vjp_of_ray_tracing_is_right_in_every_lane() {
        // More points than one chunk holds, away from the centre, where the deflection bends within a step.
        let window = crate::grid::Window { x0: 110, y0: 20, width: 70, height: 70 };
        let grid = Arc::new(Grid::windowed(200, 200, 0.05, 1, window).unwrap());
        let rows = [[1.2, 2.1, 0.1, -0.05, 0.02, 0.03, 0.04, -0.02], [1.0, 1.8, -0.2, 0.1, -0.05, 0.0, 0.0, 0.01]];
        let input = |i: usize| Value::constant(Shape::new(2, Dims::SCALAR), Data::F64(rows.map(|r| r[i]).to_vec()));
        let inputs: Vec<Value> = (0..8).map(input).collect();
        let op = || TraceRays { grid: grid.clone(), mass: MassSum::new([&Epl as _, &Shear as _]) };
        // beta is f32 near 4, rounded by 1e-7: 9800 of them over a step of 2e-2 leave 1e-3. The profiles' own derivatives
        // are held to 1e-9 elsewhere; here it is signs, lanes and chunks.
        check::vjp(op, &inputs, 1e-2, 2e-3);
    }

    #[test]
    fn a_wrong_number_of_parameters_names_the_profile_and_its_parameters() {
        let error = Deflector::new(&Epl, [1.0, 2.0]).err().unwrap().to_string();
        assert!(error.contains("epl") && error.contains("theta_E") && error.contains('2'), "{error}");
    }
}
