//! Surface brightness: a light profile at given positions, in the plane of the lens or of the source.

use ppl_core::autodiff::{
    Dims, FusedOp, Gradients, Inputs, IntoVar, Operand, Out, Output, Shape, Value, common_lanes, record,
};
use ppl_core::{Array, Result, Var};

use super::deflector::{add_scalars, check_count, scalars};
use super::positions::points;
use super::split::{each_chunk, room, sum_chunks};
use crate::grid::Grid;
use crate::light::LightProfile;

/// A light profile with values for its parameters.
#[derive(Clone)]
pub struct LightComponent {
    profile: &'static dyn LightProfile,
    params: Vec<Var>,
}

impl LightComponent {
    /// A profile with its parameters in the order of its table.
    ///
    /// # Errors
    /// Another number of parameters than the profile has.
    pub fn new<V: IntoVar<Rank = ()>>(
        profile: &'static dyn LightProfile,
        params: impl IntoIterator<Item = V>,
    ) -> Result<Self> {
        let params: Vec<Var> = params.into_iter().map(IntoVar::into_var).collect();
        check_count(profile.name(), profile.parameters(), params.len())?;
        Ok(LightComponent { profile, params })
    }
}

/// The directions of a grid as positions `[2, points]`: where light that nothing deflects is seen.
///
/// # Errors
/// None: a grid fills its shape.
pub fn sky(grid: &Grid) -> Result<Array> {
    Array::constant(&[2, grid.subpixels()], [grid.x(), grid.y()].concat())
}

/// The brightness of a profile at positions `[2, points]`: `[points]`.
///
/// # Errors
/// Positions of another shape.
pub fn brightness(positions: &Array, light: &LightComponent) -> Result<Array> {
    let inputs: Vec<&Value> =
        std::iter::once(positions.as_value()).chain(light.params.iter().map(Var::as_value)).collect();
    record(Brightness::new(light.profile), &inputs).map(Array::from_value)
}

#[derive(Clone)]
pub(super) struct Brightness {
    profile: &'static dyn LightProfile,
    params: Vec<f64>,
    /// Sums of the gradient by the parameters, chunk by chunk.
    sums: Vec<f64>,
}

impl Brightness {
    pub(super) fn new(profile: &'static dyn LightProfile) -> Self {
        Brightness { profile, params: vec![], sums: vec![] }
    }
}

impl FusedOp for Brightness {
    const NAME: &'static str = "brightness";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let n = points(inputs[0].dims)?;
        self.params.reserve(inputs.len());
        self.sums.resize(room(n, inputs.len() - 1), 0.0);
        Ok(Output::pixels(Shape::new(common_lanes(inputs), Dims::new(&[n]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = out.shape.dims.len();
        for lane in 0..out.shape.lanes {
            scalars(inputs, 1, lane, &mut self.params);
            let (x, y) = inputs.at(0).lane_pixels(lane).split_at(n);
            each_chunk(out.lane_pixels(lane), n, |range, [out]| {
                out.fill(0.0);
                self.profile.brightness(&self.params, &x[range.clone()], &y[range], out);
            });
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (n, width) = (out.shape.dims.len(), inputs.len() - 1);
        for lane in 0..out.shape.lanes {
            scalars(inputs, 1, lane, &mut self.params);
            let (x, y) = inputs.at(0).lane_pixels(lane).split_at(n);
            let g = cotangent.lane_pixels(lane);
            // A part that has no amplitude.
            if g.iter().all(|g| *g == 0.0) {
                continue;
            }
            let (profile, params, sums) = (self.profile, &self.params, &mut self.sums);
            sums.fill(0.0);
            match gradients.lane_pixels(0, lane) {
                // Nobody wants the gradient by position: light in the plane of the lens.
                None => sum_chunks(&mut [], sums, n, width, |range, [], sums| {
                    let (x, y, g) = (&x[range.clone()], &y[range.clone()], &g[range]);
                    profile.brightness_vjp(params, x, y, g, sums, &mut [], &mut []);
                }),
                Some(into) => sum_chunks(into, sums, n, width, |range, [dx, dy], sums| {
                    let (x, y, g) = (&x[range.clone()], &y[range.clone()], &g[range]);
                    profile.brightness_vjp(params, x, y, g, sums, dx, dy);
                }),
            }
            add_scalars(gradients, 1, lane, &self.sums[..width], 1.0);
        }
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        let kernels = self.profile.kernel().into_iter().collect();
        super::gpu::field(super::gpu::Field { kernels, first: 1, points: None, rays: false }, Self::NAME, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::light::Sersic;
    use ppl_core::autodiff::check;

    #[test]
    fn the_vjp_of_brightness_is_right_by_parameters_and_positions() {
        let points = 40;
        let rows = [[1.5, 0.4, 1.2, 0.1, -0.05, 0.02, 0.03], [1.0, 0.6, 2.0, -0.1, 0.1, -0.05, 0.0]];
        let param = |i: usize| Value::constant(Shape::new(2, Dims::SCALAR), rows.map(|r| r[i]).to_vec());
        for lanes in [1, 2] {
            let at: Vec<f32> = (0..lanes * 2 * points).map(|i| 0.9 * (1.3 * i as f32).sin() + 0.2).collect();
            let positions = Value::constant(Shape::new(lanes, Dims::new(&[2, points])), at);
            let inputs: Vec<Value> = std::iter::once(positions).chain((0..7).map(param)).collect();
            // Brightness of order one in f32, a step of 2e-3: differences good to 1e-4, curvature about the same.
            check::vjp(|| Brightness::new(&Sersic), &inputs, 2e-3, 1e-3);
        }
    }
}
