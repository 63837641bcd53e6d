//! The coefficients with which a cubic B-spline goes through the pixels of an image.

use multiversion::multiversion;
use ppl_core::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, record};
use ppl_core::{Array, Error, Result, pool};
use rayon::prelude::*;

/// Coefficients c with (c[i-1] + 4 c[i] + c[i+1]) / 6 = pixel i along both axes, zero outside the image, for an image `[height,
/// width]`.
///
/// # Errors
/// An image of another rank.
pub(super) fn spline_coefficients(image: &Array) -> Result<Array> {
    record(Coefficients, &[image.as_value()]).map(Array::from_value)
}

#[derive(Clone)]
pub(super) struct Coefficients;

/// Solves the system along all columns of rows of `width` at once.
#[multiversion(targets = "simd")]
fn solve(image: &mut [f32], width: usize) {
    let height = image.len() / width.max(1);
    // The elimination of (1 4 1) has factors that depend on the place alone; 1 / (2 + sqrt 3) after a few.
    let mut factors = [0.0_f32; 64];
    factors[0] = 0.25;
    for i in 1..64 {
        factors[i] = 1.0 / (4.0 - factors[i - 1]);
    }
    let factor = |i: usize| factors[i.min(63)];
    for i in 0..height {
        let (before, here) = image.split_at_mut(i * width);
        let here = &mut here[..width];
        match i.checked_sub(1) {
            Some(last) => {
                let last = &before[last * width..];
                here.iter_mut().zip(last).for_each(|(x, last)| *x = (6.0 * *x - last) * factor(i));
            }
            None => here.iter_mut().for_each(|x| *x *= 6.0 * factor(0)),
        }
    }
    for i in (1..height).rev() {
        let (here, after) = image.split_at_mut(i * width);
        let here = &mut here[(i - 1) * width..];
        here.iter_mut().zip(after).for_each(|(x, after)| *x -= factor(i - 1) * *after);
    }
}

/// Rows become columns.
fn transpose(from: &[f32], width: usize, to: &mut [f32]) {
    let height = from.len() / width.max(1);
    for (column, to) in to.chunks_exact_mut(height.max(1)).enumerate() {
        let numbers = from[column..].iter().step_by(width);
        to.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
    }
}

/// Along both axes. The matrix is symmetric, so that this is its own way back.
fn solve_both(image: &mut [f32], [height, width]: [usize; 2]) {
    let mut turned = pool::take(image.len());
    transpose(image, width, &mut turned);
    solve(&mut turned, height);
    transpose(&turned, height, image);
    pool::give_back(turned);
    solve(image, width);
}

/// Height and width.
fn sides(shape: &Shape) -> Option<[usize; 2]> {
    shape.dims.sizes().try_into().ok()
}

impl FusedOp for Coefficients {
    const NAME: &'static str = "spline_coefficients";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        sides(&inputs[0]).ok_or(Error::Axis { axis: 1, dims: inputs[0].dims })?;
        Ok(Output::pixels(inputs[0]))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let Some(sides) = sides(out.shape) else { return };
        out.pixels().copy_from_slice(inputs.at(0).pixels());
        out.pixels().par_chunks_exact_mut(sides[0] * sides[1]).for_each(|image| solve_both(image, sides));
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (Some(into), Some(sides)) = (gradients.pixels(0), sides(out.shape)) else { return };
        let len = sides[0] * sides[1];
        let lanes = into.par_chunks_exact_mut(len).zip(cotangent.pixels().par_chunks_exact(len));
        lanes.for_each(|(into, cotangent)| {
            let mut image = pool::take(len);
            image.copy_from_slice(cotangent);
            solve_both(&mut image, sides);
            into.iter_mut().zip(&image).for_each(|(g, x)| *g += x);
            pool::give_back(image);
        });
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        let shape = places.output_shape();
        let sides = sides(&shape).ok_or(Error::Axis { axis: 1, dims: shape.dims })?;
        super::cuda::spline_coefficients(sides, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::{Dims, Value, check};

    fn image(lanes: usize, height: usize, width: usize) -> Value {
        let shape = Shape::new(lanes, Dims::new(&[height, width]));
        Value::constant(shape, (0..shape.len()).map(|i| (1.3 * i as f32).sin()).collect::<Vec<f32>>())
    }

    #[test]
    fn the_vjp_of_spline_coefficients_is_right() {
        for lanes in [1, 2] {
            // Linear: rounding of f32 alone.
            check::vjp(|| Coefficients, &[image(lanes, 4, 5)], 0.1, 1e-4);
        }
    }

    #[test]
    fn the_spline_of_the_coefficients_goes_through_the_pixels() {
        let (height, width) = (7, 70);
        let image = Array::from_value(image(1, height, width));
        let coefficients = spline_coefficients(&image).unwrap();
        let at = |y: isize, x: isize| {
            let inside = (0..height as isize).contains(&y) && (0..width as isize).contains(&x);
            if inside { coefficients.lane(0)[y as usize * width + x as usize] } else { 0.0 }
        };
        let along = |y: isize, x: isize| at(y, x - 1) + 4.0 * at(y, x) + at(y, x + 1);
        for y in 0..height as isize {
            for x in 0..width as isize {
                let pixel = (along(y - 1, x) + 4.0 * along(y, x) + along(y + 1, x)) / 36.0;
                // Rounding of some dozen f32 operations on numbers of a few.
                assert!((pixel - image.lane(0)[y as usize * width + x as usize]).abs() < 3e-6);
            }
        }
    }
}
