//! The log likelihood of an image: Gaussian noise about the model image, summed in f64.

use std::sync::Arc;

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, record};
use ppl_core::pool;
use ppl_core::{Array, Result, Var};
use rayon::prelude::*;

use super::split::each_lane;
use crate::data::ImageData;

/// ln p(data | image), one number per lane.
///
/// # Errors
/// An image of another shape than the data.
pub fn image_log_prob(data: &Arc<ImageData>, image: &Array) -> Result<Var> {
    record(ImageLogProb::new(data.clone()), &[image.as_value()]).map(Var::from_value)
}

#[derive(Clone)]
pub(super) struct ImageLogProb {
    data: Arc<ImageData>,
}

impl ImageLogProb {
    pub(super) fn new(data: Arc<ImageData>) -> Self {
        ImageLogProb { data }
    }
}

impl FusedOp for ImageLogProb {
    const NAME: &'static str = "image_log_prob";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let (shape, data) = (inputs[0], &self.data.image);
        if shape.dims.len() != data.pixels.len() {
            return Err(ppl_core::Error::Broadcast { left: Dims::new(&[data.height, data.width]), right: shape.dims });
        }
        Ok(Output::numbers(Shape::new(shape.lanes, Dims::SCALAR)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let data = &self.data.image.pixels;
        let images = inputs.at(0).pixels().par_chunks_exact(data.len());
        each_lane(out.numbers().par_iter_mut(), images, |out, image, _| *out = self.data.noise.log_prob(data, image));
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let Some(gradient) = gradients.pixels(0) else { return };
        let n = self.data.image.pixels.len();
        let images = inputs.at(0).pixels().par_chunks_exact(n).zip(cotangent.numbers());
        each_lane(gradient.par_chunks_exact_mut(n), images, |gradient, (image, c), _| {
            let mut fresh = pool::take(n);
            self.data.noise.grad(&self.data.image.pixels, image, *c, &mut fresh);
            gradient.iter_mut().zip(&fresh).for_each(|(g, f)| *g += f);
            pool::give_back(fresh);
        });
    }

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::gpu::likelihood(&self.data, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::tests_data::data;
    use ppl_core::autodiff::{Value, check};

    #[test]
    fn the_vjp_of_the_image_likelihood_is_right_in_every_lane() {
        let data = data(6, 5, 1);
        let image: Vec<f32> = (0..2 * 30).map(|i| 0.3 + 0.2 * (0.9 * i as f32).sin()).collect();
        let input = Value::constant(Shape::new(2, Dims::new(&[5, 6])), image);
        // The residuals are squared in f64; the rounding is that of the f32 image, 3e-8 / 1e-2.
        check::vjp(|| ImageLogProb { data: data.clone() }, &[input], 1e-2, 2e-5);
    }
}
