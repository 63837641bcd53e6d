//! Ray tracing: beta = theta - sum alpha for every (sub-)pixel, one node of the tape for all deflectors.

use std::sync::Arc;

use ppl_core::autodiff::{
    Dims, FusedOp, Gradients, Inputs, IntoVar, Operand, Out, Output, Shape, Value, common_lanes, record,
};
use ppl_core::{Array, Result, Var};

use super::split::{each_chunk, room, sum_chunks};
use crate::error::Error;
use crate::grid::Grid;
use crate::mass::{MassProfile, MassSum};
use crate::parameter::{self, ProfileParameter};

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

    pub(super) fn profile(&self) -> &'static dyn MassProfile {
        self.profile
    }

    pub(crate) fn params(&self) -> &[Var] {
        &self.params
    }
}

/// Refuses another number of parameters than the table has.
pub(super) fn check_count(profile: &'static str, table: &[ProfileParameter], got: usize) -> Result<()> {
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
    record(TraceRays::new(grid.clone(), mass), &params).map(Array::from_value)
}

#[derive(Clone)]
pub(super) struct TraceRays {
    grid: Arc<Grid>,
    mass: MassSum,
    params: Vec<f64>,
    /// Sums of the gradient by the parameters, chunk by chunk.
    sums: Vec<f64>,
}

impl TraceRays {
    pub(super) fn new(grid: Arc<Grid>, mass: MassSum) -> Self {
        TraceRays { grid, mass, params: vec![], sums: vec![] }
    }
}

/// The scalar inputs of one lane, from the one at `first` on.
pub(super) fn scalars(inputs: Inputs<'_>, first: usize, lane: usize, into: &mut Vec<f64>) {
    into.clear();
    into.extend((first..inputs.len()).map(|i| inputs.at(i).lane(lane)[0]));
}

/// Adds `by` times the sums to the gradients of the scalar inputs of one lane, from the one at `first` on.
pub(super) fn add_scalars(gradients: &mut Gradients<'_>, first: usize, lane: usize, sums: &[f64], by: f64) {
    for (i, sum) in sums.iter().enumerate() {
        if let Some(into) = gradients.lane(first + i, lane) {
            into[0] += by * sum;
        }
    }
}

impl FusedOp for TraceRays {
    const NAME: &'static str = "trace_rays";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let n = self.grid.subpixels();
        self.params.reserve(inputs.len());
        self.sums.resize(room(n, inputs.len()), 0.0);
        Ok(Output::pixels(Shape::new(common_lanes(inputs), Dims::new(&[2, n]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = self.grid.subpixels();
        for lane in 0..out.shape.lanes {
            scalars(inputs, 0, lane, &mut self.params);
            each_chunk(out.lane_pixels(lane), n, |range, [bx, by]| {
                let (x, y) = (&self.grid.x()[range.clone()], &self.grid.y()[range]);
                // alpha = 0 + ..., then beta = x - alpha, in place.
                bx.fill(0.0);
                by.fill(0.0);
                self.mass.deflect(&self.params, x, y, bx, by);
                bx.iter_mut().zip(x).for_each(|(b, x)| *b = x - *b);
                by.iter_mut().zip(y).for_each(|(b, y)| *b = y - *b);
            });
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        if !gradients.any_wanted() {
            return;
        }
        let (n, width) = (self.grid.subpixels(), inputs.len());
        for lane in 0..out.shape.lanes {
            scalars(inputs, 0, lane, &mut self.params);
            let (gx, gy) = cotangent.lane_pixels(lane).split_at(n);
            self.sums.fill(0.0);
            let (grid, mass, params) = (&self.grid, &self.mass, &self.params);
            sum_chunks(&mut [], &mut self.sums, n, width, |range, [], sums| {
                let (x, y) = (&grid.x()[range.clone()], &grid.y()[range.clone()]);
                mass.deflect_vjp(params, [x, y], [&gx[range.clone()], &gy[range]], sums, [&mut [], &mut []]);
            });
            // beta has minus alpha.
            add_scalars(gradients, 0, lane, &self.sums[..width], -1.0);
        }
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        let points = Some([self.grid.x(), self.grid.y()]);
        super::gpu::field(
            super::gpu::Field { kernels: self.mass.kernels(), first: 0, points, rays: true },
            Self::NAME,
            places,
        )
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
        let input = |i: usize| Value::constant(Shape::new(2, Dims::SCALAR), rows.map(|r| r[i]).to_vec());
        let inputs: Vec<Value> = (0..8).map(input).collect();
        let op = || TraceRays::new(grid.clone(), MassSum::new([&Epl as _, &Shear as _]));
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
