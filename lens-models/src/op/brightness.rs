//! Surface brightness: a light profile at given positions, in the plane of the lens or of the source.

use ppl_core::array::pool;
use ppl_core::autodiff::{Data, Dims, FusedOp, Gradient, IntoVar, Operand, Shape, Value, record};
use ppl_core::{Array, Result, Var};

use super::deflector::{add_scalars, check_count, lanes_of, scalars};
use super::split::{map_chunks, map_planes};
use crate::grid::Grid;
use crate::light::LightProfile;

/// A light profile with values for its parameters.
#[derive(Clone)]
pub struct Lit {
    profile: &'static dyn LightProfile,
    params: Vec<Var>,
}

impl Lit {
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
        Ok(Lit { profile, params })
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
pub fn brightness(positions: &Array, light: &Lit) -> Result<Array> {
    let inputs: Vec<&Value> =
        std::iter::once(positions.as_value()).chain(light.params.iter().map(Var::as_value)).collect();
    record(Brightness { profile: light.profile }, &inputs).map(Array::from_value)
}

struct Brightness {
    profile: &'static dyn LightProfile,
}

/// The two planes of positions.
fn planes<'a>(positions: &Operand<'a>, lane: usize) -> (&'a [f32], &'a [f32]) {
    let pixels = positions.lane_pixels(lane);
    pixels.split_at(pixels.len() / 2)
}

impl FusedOp for Brightness {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let (positions, params) = (&inputs[0], &inputs[1..]);
        let [2, n] = *positions.shape.dims.sizes() else {
            return Err(ppl_core::Error::Broadcast { left: Dims::new(&[2, 1]), right: positions.shape.dims });
        };
        let lanes = lanes_of(inputs);
        let params: Vec<Vec<f64>> = (0..lanes).map(|lane| scalars(params, lane)).collect();
        let places: Vec<_> = (0..lanes).map(|lane| planes(positions, lane)).collect();
        let mut out = pool::take(lanes * n);
        map_planes(&mut out, n, |lane, range, [out]| {
            let (x, y) = places[lane];
            out.fill(0.0);
            self.profile.brightness(&params[lane], &x[range.clone()], &y[range], out);
        });
        Ok((Shape::new(lanes, Dims::new(&[n])), Data::F32(out)))
    }

    fn vjp(&mut self, inputs: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let (lanes, n) = (out.shape.lanes, out.shape.dims.len());
        let params: Vec<Vec<f64>> = (0..lanes).map(|lane| scalars(&inputs[1..], lane)).collect();
        let places: Vec<_> = (0..lanes).map(|lane| planes(&inputs[0], lane)).collect();
        let cotangents: Vec<&[f32]> = (0..lanes).map(|lane| cotangent.lane_pixels(lane)).collect();
        let (of_positions, of_params) = gradients.split_at_mut(1);
        let shared = inputs[0].shape.lanes == 1 && lanes > 1;
        let chunks = match of_positions[0].pixels() {
            // Nobody wants the gradient by position: light in the plane of the lens.
            None => map_chunks(lanes, n, |lane, range| {
                let ((x, y), g) = (places[lane], cotangents[lane]);
                let mut dparams = vec![0.0; params[lane].len()];
                let (x, y, g) = (&x[range.clone()], &y[range.clone()], &g[range]);
                self.profile.brightness_vjp(&params[lane], x, y, g, &mut dparams, &mut [], &mut []);
                dparams
            }),
            Some(into) => {
                let mut own = if shared { pool::zeros(lanes * 2 * n) } else { vec![] };
                let target: &mut [f32] = if shared { &mut own } else { &mut *into };
                let chunks = map_planes(target, n, |lane, range, [dx, dy]| {
                    let ((x, y), g) = (places[lane], cotangents[lane]);
                    let mut dparams = vec![0.0; params[lane].len()];
                    let (x, y, g) = (&x[range.clone()], &y[range.clone()], &g[range]);
                    self.profile.brightness_vjp(&params[lane], x, y, g, &mut dparams, dx, dy);
                    dparams
                });
                if shared {
                    for lane in own.chunks_exact(2 * n) {
                        into.iter_mut().zip(lane).for_each(|(g, d)| *g += d);
                    }
                    pool::give_back(own);
                }
                chunks
            }
        };
        chunks.iter().enumerate().for_each(|(lane, chunks)| add_scalars(of_params, lane, chunks));
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
        let param = |i: usize| Value::constant(Shape::new(2, Dims::SCALAR), Data::F64(rows.map(|r| r[i]).to_vec()));
        for lanes in [1, 2] {
            let at = (0..lanes * 2 * points).map(|i| 0.9 * (1.3 * i as f32).sin() + 0.2).collect();
            let positions = Value::constant(Shape::new(lanes, Dims::new(&[2, points])), Data::F32(at));
            let inputs: Vec<Value> = std::iter::once(positions).chain((0..7).map(param)).collect();
            // Brightness of order one in f32, a step of 2e-3: differences good to 1e-4, curvature about the same.
            check::vjp(|| Brightness { profile: &Sersic }, &inputs, 2e-3, 1e-3);
        }
    }
}
