//! Exposure: what a camera makes of a brightness on sub-pixels, by averaging them and blurring with the PSF.

use std::sync::Arc;

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, record};
use ppl_core::pool;
use ppl_core::{Array, Result};
use rayon::prelude::*;

use super::split::each_lane;
use crate::data::ImageData;

/// The image `[height, width]` of the window that a brightness `[sub-pixels]` gives.
///
/// # Errors
/// A brightness of another number of sub-pixels than the grid has.
pub fn expose(data: &Arc<ImageData>, brightness: &Array) -> Result<Array> {
    record(Expose { data: data.clone() }, &[brightness.as_value()]).map(Array::from_value)
}

#[derive(Clone)]
struct Expose {
    data: Arc<ImageData>,
}

impl Expose {
    /// One lane forwards; with `threads`, the rows of the convolution are shared out too.
    fn forward(&self, fine: &[f32], image: &mut [f32], threads: bool) {
        let grid = &self.data.grid;
        let Some(psf) = &self.data.psf else { return grid.bin(fine, image) };
        let (width, height) = (grid.width(), grid.height());
        let convolve = |sharp: &[f32], image: &mut [f32]| {
            if threads {
                psf.convolve_threaded(sharp, width, height, image)
            } else {
                psf.convolve(sharp, width, height, image)
            }
        };
        if grid.supersampling() == 1 {
            return convolve(fine, image);
        }
        let mut sharp = pool::take(image.len());
        grid.bin(fine, &mut sharp);
        convolve(&sharp, image);
        pool::give_back(sharp);
    }

    /// One lane backwards: adds the gradient of the sub-pixels.
    fn adjoint(&self, cotangent: &[f32], gradient: &mut [f32], threads: bool) {
        let grid = &self.data.grid;
        let (width, height) = (grid.width(), grid.height());
        let mut coarse = pool::take(cotangent.len());
        match &self.data.psf {
            None => coarse.copy_from_slice(cotangent),
            Some(psf) if threads => psf.convolve_adjoint_threaded(cotangent, width, height, &mut coarse),
            Some(psf) => psf.convolve_adjoint(cotangent, width, height, &mut coarse),
        }
        if grid.supersampling() == 1 {
            gradient.iter_mut().zip(&coarse).for_each(|(g, c)| *g += c);
        } else {
            let mut fine = pool::take(gradient.len());
            grid.bin_adjoint(&coarse, &mut fine);
            gradient.iter_mut().zip(&fine).for_each(|(g, c)| *g += c);
            pool::give_back(fine);
        }
        pool::give_back(coarse);
    }
}

impl FusedOp for Expose {
    const NAME: &'static str = "expose";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let (grid, shape) = (&self.data.grid, inputs[0]);
        if shape.dims.len() != grid.subpixels() {
            return Err(ppl_core::Error::Broadcast { left: Dims::new(&[grid.subpixels()]), right: shape.dims });
        }
        Ok(Output::pixels(Shape::new(shape.lanes, Dims::new(&[grid.height(), grid.width()]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (n, subpixels) = (self.data.grid.pixels(), self.data.grid.subpixels());
        let lanes = out.pixels().par_chunks_exact_mut(n);
        let fine = inputs.at(0).pixels().par_chunks_exact(subpixels);
        each_lane(lanes, fine, |image, fine, alone| self.forward(fine, image, alone));
    }

    fn vjp(&mut self, _: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let Some(gradient) = gradients.pixels(0) else { return };
        let lanes = gradient.par_chunks_exact_mut(self.data.grid.subpixels());
        let cotangents = cotangent.pixels().par_chunks_exact(self.data.grid.pixels());
        each_lane(lanes, cotangents, |gradient, cotangent, alone| self.adjoint(cotangent, gradient, alone));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::tests_data::data;
    use ppl_core::autodiff::{Value, check};

    #[test]
    fn the_vjp_of_an_exposure_is_right_for_lanes_and_sub_pixels() {
        for supersampling in [1, 2] {
            let data = data(6, 5, supersampling);
            for lanes in [1, 3] {
                let n = data.grid.subpixels();
                let fine: Vec<f32> = (0..lanes * n).map(|i| (0.7 * i as f32).sin()).collect();
                let input = Value::constant(Shape::new(lanes, Dims::new(&[n])), fine);
                // Linear: only f32 rounding of the differences, 6e-8 / 0.1.
                check::vjp(|| Expose { data: data.clone() }, &[input], 0.1, 1e-5);
            }
        }
    }
}
