//! Exposure: what a camera makes of a brightness on sub-pixels, by averaging them and blurring with the PSF.

use std::sync::Arc;

use ppl_core::array::pool;
use ppl_core::autodiff::{Data, Dims, FusedOp, Gradient, Operand, Shape, record};
use ppl_core::{Array, Result};
use rayon::prelude::*;

use crate::data::ImageData;

/// The image `[height, width]` of the window that a brightness `[sub-pixels]` gives.
///
/// # Errors
/// A brightness of another number of sub-pixels than the grid has.
pub fn expose(data: &Arc<ImageData>, brightness: &Array) -> Result<Array> {
    record(Expose { data: data.clone() }, &[brightness.as_value()]).map(Array::from_value)
}

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
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let (grid, shape) = (&self.data.grid, inputs[0].shape);
        if shape.dims.len() != grid.subpixels() {
            return Err(ppl_core::Error::Broadcast { left: Dims::new(&[grid.subpixels()]), right: shape.dims });
        }
        let (n, fine) = (grid.pixels(), inputs[0].pixels());
        let mut image = pool::take(shape.lanes * n);
        if shape.lanes == 1 {
            self.forward(fine, &mut image, true);
        } else {
            let lanes = image.par_chunks_exact_mut(n).zip(fine.par_chunks_exact(grid.subpixels()));
            lanes.for_each(|(image, fine)| self.forward(fine, image, false));
        }
        Ok((Shape::new(shape.lanes, Dims::new(&[grid.height(), grid.width()])), Data::F32(image)))
    }

    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let Some(gradient) = gradients[0].pixels() else { return };
        if out.shape.lanes == 1 {
            return self.adjoint(cotangent.pixels(), gradient, true);
        }
        let lanes = gradient
            .par_chunks_exact_mut(self.data.grid.subpixels())
            .zip(cotangent.pixels().par_chunks_exact(self.data.grid.pixels()));
        lanes.for_each(|(gradient, cotangent)| self.adjoint(cotangent, gradient, false));
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
                let fine = (0..lanes * n).map(|i| (0.7 * i as f32).sin()).collect();
                let input = Value::constant(Shape::new(lanes, Dims::new(&[n])), Data::F32(fine));
                // Linear: only f32 rounding of the differences, 6e-8 / 0.1.
                check::vjp(|| Expose { data: data.clone() }, &[input], 0.1, 1e-5);
            }
        }
    }
}
