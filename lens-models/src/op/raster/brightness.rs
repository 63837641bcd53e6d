//! The brightness of an image that is placed on the sky, at given positions.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Array, Error, Result, Var, pool};
use rayon::prelude::*;

use super::super::positions::points;
use super::around::Bordered;
use super::backward::{Chunk, backward};
use super::forward::forward;
use super::interpolation::{CubicSpline, Interpolation, Linear, Taps};
use super::placed::{Map, PARAMS, Placed};
use super::spline::spline_coefficients;

/// Points of one task: few enough for the caches, enough to pay for a task.
const CHUNK: usize = 4096;

/// The brightness of an image `[side, side]` (row 0 below, as on the sky) at positions `[2, points]` in arcsec: `[points]`,
///
/// amp image(u / scale), u = the position relative to the centre, turned back by the angle,
///
/// where the image is `scale` arcsec wide and zero outside; see [`Interpolation`]. It may be differentiated by the pixels of the
/// image, the positions and the placement; lanes broadcast.
///
/// # Errors
/// An image that is not square, positions of another shape.
pub fn brightness(image: &Array, positions: &Array, placed: &Placed, interpolation: Interpolation) -> Result<Array> {
    let record = |image: &Array| {
        let params = placed.0.iter().map(Var::as_value);
        let inputs: Vec<&Value> = [image.as_value(), positions.as_value()].into_iter().chain(params).collect();
        match interpolation {
            Interpolation::Bilinear => record(Brightness::<2, Linear>::default(), &inputs),
            Interpolation::Cubic => record(Brightness::<4, CubicSpline>::default(), &inputs),
        }
    };
    match interpolation {
        Interpolation::Bilinear => record(image),
        Interpolation::Cubic => record(&spline_coefficients(image)?),
    }
    .map(Array::from_value)
}

/// Pixels (coefficients of a spline) to brightness.
pub(super) struct Brightness<const TAPS: usize, T> {
    side: usize,
    /// The image of a lane with a border of zeros.
    bordered: Vec<f32>,
    /// The gradient by the placement, chunk by chunk.
    sums: Vec<[f64; PARAMS]>,
    taps: std::marker::PhantomData<fn() -> T>,
}

impl<const TAPS: usize, T> Default for Brightness<TAPS, T> {
    fn default() -> Self {
        Brightness { side: 0, bordered: vec![], sums: vec![], taps: std::marker::PhantomData }
    }
}

impl<const TAPS: usize, T> Clone for Brightness<TAPS, T> {
    fn clone(&self) -> Self {
        Brightness { bordered: self.bordered.clone(), sums: self.sums.clone(), ..*self }
    }
}

impl<const TAPS: usize, T: Taps<TAPS> + 'static> FusedOp for Brightness<TAPS, T> {
    const NAME: &'static str = "image_brightness";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let image = inputs[0].dims;
        let points = points(inputs[1].dims)?;
        match *image.sizes() {
            [height, width] if height == width && width > 0 => {
                self.side = width;
                self.bordered.clear();
                self.bordered.resize(Bordered::new(width, TAPS).len(), 0.0);
            }
            _ => return Err(Error::Broadcast { left: Dims::new(&[64, 64]), right: image }),
        }
        self.sums.resize(points.div_ceil(CHUNK), [0.0; PARAMS]);
        Ok(Output::pixels(Shape::new(common_lanes(inputs), Dims::new(&[points]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (side, points) = (self.side, out.shape.dims.len());
        for lane in 0..out.shape.lanes {
            let (map, frame) = (Map::new(inputs, lane, side), Bordered::new(side, TAPS));
            frame.write(inputs.at(0).lane_pixels(lane), &mut self.bordered);
            let image = (frame, &self.bordered[..]);
            let (x, y) = inputs.at(1).lane_pixels(lane).split_at(points);
            let chunks = out.lane_pixels(lane).par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).zip(y.par_chunks(CHUNK));
            chunks.for_each(|((out, x), y)| forward::<TAPS, T>(map, image, [x, y], out));
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (side, points, frame) = (self.side, out.shape.dims.len(), Bordered::new(self.side, TAPS));
        let pixels = frame.len();
        let tasks = points.div_ceil(CHUNK);
        // Each task adds to pixels of its own, which are then added up in order: the same bits for any number of threads.
        let wanted = gradients.is_wanted(0);
        let mut by_pixel = pool::zeros(if wanted { tasks * pixels } else { 0 });
        let mut nobody = pool::take(if gradients.is_wanted(1) { 0 } else { 2 * points });
        for lane in 0..out.shape.lanes {
            let map = Map::new(inputs, lane, side);
            frame.write(inputs.at(0).lane_pixels(lane), &mut self.bordered);
            let image = (frame, &self.bordered[..]);
            let (x, y) = inputs.at(1).lane_pixels(lane).split_at(points);
            let by_position = gradients.lane_pixels(1, lane).unwrap_or(&mut nobody);
            let (by_x, by_y) = by_position.split_at_mut(points);
            by_pixel.fill(0.0);
            let sources =
                x.par_chunks(CHUNK).zip(y.par_chunks(CHUNK)).zip(cotangent.lane_pixels(lane).par_chunks(CHUNK));
            let targets = by_x.par_chunks_mut(CHUNK).zip(by_y.par_chunks_mut(CHUNK)).zip(&mut self.sums);
            let both = sources.zip(targets);
            if wanted {
                both.zip(by_pixel.par_chunks_exact_mut(pixels)).for_each(|(points, own)| {
                    let (((x, y), cotangent), ((by_x, by_y), sums)) = points;
                    let chunk = Chunk { x, y, cotangent, by_x, by_y, by_pixel: Some(own) };
                    *sums = backward::<TAPS, T>(map, image, chunk);
                });
            } else {
                both.for_each(|(((x, y), cotangent), ((by_x, by_y), sums))| {
                    let chunk = Chunk { x, y, cotangent, by_x, by_y, by_pixel: None };
                    *sums = backward::<TAPS, T>(map, image, chunk);
                });
            }
            if let Some(into) = gradients.lane_pixels(0, lane) {
                for own in by_pixel.chunks_exact(pixels) {
                    frame.add_to(into, own);
                }
            }
            for i in 0..PARAMS {
                if let Some(into) = gradients.lane(2 + i, lane) {
                    into[0] += self.sums.iter().map(|sums| sums[i]).sum::<f64>();
                }
            }
        }
        pool::give_back(by_pixel);
        pool::give_back(nobody);
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::cuda::brightness(TAPS, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::check;

    const ROWS: [[f64; PARAMS]; 2] = [[0.1, -0.05, 2.0, 1.3, 0.4], [-0.1, 0.1, 1.5, 0.8, -1.0]];

    /// A smooth image, positions inside, across the border and outside, and two placements.
    fn inputs(lanes: usize, side: usize, points: usize) -> Vec<Value> {
        let image = Shape::new(lanes, Dims::new(&[side, side]));
        let pixels: Vec<f32> = (0..image.len()).map(|i| 0.5 + 0.4 * (0.9 * i as f32).sin()).collect();
        let positions = Shape::new(lanes, Dims::new(&[2, points]));
        let at: Vec<f32> = (0..positions.len()).map(|i| 1.3 * (1.7 * i as f32 + 0.3).sin()).collect();
        let param = |i: usize| Value::constant(Shape::new(2, Dims::SCALAR), ROWS.map(|row| row[i]).to_vec());
        let arrays = [Value::constant(image, pixels), Value::constant(positions, at)];
        arrays.into_iter().chain((0..PARAMS).map(param)).collect()
    }

    #[test]
    fn the_vjp_of_brightness_is_right_by_pixels_positions_and_placement() {
        for lanes in [1, 2] {
            // No point is within a step of a kink (a border between pixels); rounding 1e-7 and curvature over a step of 1e-3.
            check::vjp(Brightness::<2, Linear>::default, &inputs(lanes, 4, 12), 1e-3, 1e-3);
            check::vjp(Brightness::<4, CubicSpline>::default, &inputs(lanes, 4, 12), 1e-3, 1e-3);
        }
        // Two whole batches and a part of one.
        check::vjp(Brightness::<4, CubicSpline>::default, &inputs(1, 4, 150), 1e-3, 1e-3);
    }

    fn light(image: Vec<f32>, at: &[[f32; 2]], placed: &Placed, interpolation: Interpolation) -> Vec<f32> {
        let side = image.len().isqrt();
        let image = Array::constant(&[side, side], image).unwrap();
        let plane = |axis: usize| at.iter().map(move |at| at[axis]);
        let positions = Array::constant(&[2, at.len()], plane(0).chain(plane(1)).collect()).unwrap();
        brightness(&image, &positions, placed, interpolation).unwrap().lane(0).to_vec()
    }

    #[test]
    fn a_point_among_many_has_the_light_that_it_has_alone() {
        let placed = Placed::new(0.1, -0.05, 2.0, 1.3, 0.4);
        let image: Vec<f32> = (0..25).map(|i| 0.5 + 0.4 * (0.9 * i as f32).sin()).collect();
        // Whole batches and a part of one; in the second no point is inside, and in the third one is no number.
        let mut at: Vec<[f32; 2]> = (0..270).map(|i| [1.7 * i as f32, 1.1 * i as f32].map(f32::sin)).collect();
        at[64..128].fill([9.0, 0.0]);
        at[140] = [f32::NAN, 0.0];
        for interpolation in [Interpolation::Bilinear, Interpolation::Cubic] {
            let many = light(image.clone(), &at, &placed, interpolation);
            assert!(many[..64].iter().any(|light| *light > 0.1));
            for (light_of, at) in many.iter().zip(&at) {
                let alone = light(image.clone(), &[*at], &placed, interpolation)[0];
                assert_eq!(light_of.to_bits(), alone.to_bits(), "{at:?}");
            }
        }
    }

    #[test]
    fn at_the_centre_of_a_pixel_the_light_is_that_pixel_turned_scaled_and_moved() {
        let side = 6;
        let image: Vec<f32> = (0..side * side).map(|i| (i as f32).cos()).collect();
        let (scale, angle, centre, amp) = (3.0_f64, 0.6_f64, [0.2, -0.4], 2.5);
        let placed = Placed::new(centre[0], centre[1], scale, amp, angle);
        let place = |i: usize| {
            let [x, y] = [i % side, i / side].map(|k| ((k as f64 + 0.5) / side as f64 - 0.5) * scale);
            let (s, c) = angle.sin_cos();
            [(centre[0] + c * x - s * y) as f32, (centre[1] + s * x + c * y) as f32]
        };
        let at: Vec<[f32; 2]> = (0..side * side).map(place).collect();
        for interpolation in [Interpolation::Bilinear, Interpolation::Cubic] {
            for (light, pixel) in light(image.clone(), &at, &placed, interpolation).iter().zip(&image) {
                // Positions of f32 in pixels of 0.5 arcsec, slopes of one a pixel.
                assert!((light - 2.5 * pixel).abs() < 1e-5, "{light} {pixel}");
            }
        }
    }

    #[test]
    fn light_goes_to_zero_without_a_jump_and_stays_there() {
        let placed = Placed::new(0.0, 0.0, 4.0, 1.0, 0.0);
        for (interpolation, end) in [(Interpolation::Bilinear, 2.5), (Interpolation::Cubic, 3.5)] {
            let at = |x: f32| light(vec![1.0; 16], &[[x, 0.1]], &placed, interpolation)[0];
            // Pixels of one arcsec, the centre of the last at 1.5.
            assert_eq!(at(end), 0.0);
            assert_eq!(at(end + 10.0), 0.0);
            assert!(at(f32::NAN).is_nan());
            let inverted = Placed::new(0.0, 0.0, -4.0, 1.0, 0.0);
            assert!(light(vec![1.0; 16], &[[0.0, 0.1]], &inverted, interpolation)[0].is_nan());
            let steps = (0..300).map(|i| at(1.0 + 0.01 * i as f32)).collect::<Vec<_>>();
            // A slope of at most about one a pixel.
            assert!(steps.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.015), "{interpolation:?}");
            assert!(steps[0] > 0.9);
        }
    }
}
