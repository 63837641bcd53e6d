//! The moments of an image: how bright it is, where, and how large.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, record};
use ppl_core::{Array, Error, Result, Var};

/// What the squares of the pixels of an image `[side, side]` say of it; lengths in widths of the image, from its middle:
/// the norm sqrt(sum p^2) / side, the centroid sum p^2 (x, y) / sum p^2, and the size, the root of the mean of the squared distance
/// from the centroid.
///
/// # Errors
/// An image that is no square.
pub fn moments(image: &Array) -> Result<[Var; 4]> {
    Var::<(usize,)>::from_value(record(Moments::default(), &[image.as_value()])?).unstack()
}

/// Norm, centroid and size of an image, `[4]`: one operation, as both the host and a GPU wait for it on their way.
#[derive(Clone, Default)]
pub(super) struct Moments {
    side: usize,
}

/// The moments from the means over the pixels of p^2, p^2 x, p^2 y and p^2 (x^2 + y^2).
fn of_sums([total, x, y, square]: [f64; 4]) -> [f64; 4] {
    let [x, y] = [x / total, y / total];
    [total.sqrt(), x, y, (square / total - x * x - y * y).sqrt()]
}

/// The slopes by these means, from the slopes by the moments.
fn by_sums([norm, x, y, size]: [f64; 4], by: [f64; 4]) -> [f64; 4] {
    let total = norm * norm;
    let by_square = by[3] / (2.0 * size * total);
    let [by_x, by_y] = [by[1] / total - 2.0 * x * by_square, by[2] / total - 2.0 * y * by_square];
    let by_total = 0.5 * by[0] / norm - (x * by[1] + y * by[2]) / total - (size * size - x * x - y * y) * by_square;
    [by_total, by_x, by_y, by_square]
}

impl Moments {
    /// Calls `each` with every pixel's index and what its square is multiplied with in the four sums.
    fn each(&self, mut each: impl FnMut(usize, [f64; 4])) {
        let side = self.side as f64;
        let (middle, share) = (0.5 * (side - 1.0), 1.0 / (side * side));
        let at = |k: usize| (k as f64 - middle) / side;
        for (row, y) in (0..self.side).map(|k| (k, at(k))) {
            for (column, x) in (0..self.side).map(|k| (k, at(k))) {
                each(row * self.side + column, [1.0, x, y, x * x + y * y].map(|weight| share * weight));
            }
        }
    }
}

impl FusedOp for Moments {
    const NAME: &'static str = "image_moments";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        match *inputs[0].dims.sizes() {
            [height, width] if height == width => self.side = width,
            _ => return Err(Error::Broadcast { left: Dims::new(&[64, 64]), right: inputs[0].dims }),
        }
        Ok(Output::numbers(Shape::new(inputs[0].lanes, Dims::new(&[4]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let (image, mut sums) = (inputs.at(0).lane_pixels(lane), [0.0; 4]);
            self.each(|i, weights| {
                let square = f64::from(image[i]).powi(2);
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * square);
            });
            out.lane(lane).copy_from_slice(&of_sums(sums));
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..out.shape.lanes {
            let numbers = |of: Operand<'_>| std::array::from_fn(|i| of.lane(lane)[i]);
            let (image, by) = (inputs.at(0).lane_pixels(lane), by_sums(numbers(out), numbers(cotangent)));
            let Some(into) = gradients.lane_pixels(0, lane) else { return };
            self.each(|i, weights| {
                let weight: f64 = weights.iter().zip(by).map(|(weight, by)| weight * by).sum();
                into[i] += (2.0 * weight) as f32 * image[i];
            });
        }
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::cuda::moments(self.side, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::{Value, check};

    #[test]
    fn the_vjp_of_the_moments_is_right_in_every_lane() {
        let image: Vec<f32> = (0..2 * 25).map(|i| (1.3 * i as f32).sin()).collect();
        let input = Value::constant(Shape::new(2, Dims::new(&[5, 5])), image);
        // Differences over 1e-2 of a pixel: rounding of f32, 1e-7 / 1e-2; what ratios are curved adds 2e-6.
        check::vjp(Moments::default, &[input], 1e-2, 1e-5);
    }

    #[test]
    fn a_square_of_light_has_its_centroid_size_and_norm() {
        let mut image = vec![0.0; 64];
        // Pixels 4 and 5 of row and column 1 and 2 of eight: centres at 0.125 and -0.25 widths.
        for (x, y) in [(4, 1), (5, 1), (4, 2), (5, 2)] {
            image[y * 8 + x] = 2.0;
        }
        let [norm, x, y, size] =
            moments(&Array::constant(&[8, 8], image).unwrap()).unwrap().map(|v| v.value().unwrap());
        assert!((norm - 0.5).abs() < 1e-12 && (x - 0.125).abs() < 1e-12 && (y + 0.25).abs() < 1e-12);
        // Half a pixel along either axis.
        assert!((size - 0.5_f64.sqrt() / 8.0).abs() < 1e-12);
    }
}
