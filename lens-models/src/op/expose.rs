//! Exposure: what a camera makes of a brightness on sub-pixels, by averaging them over the cells of the PSF and blurring these.

use std::sync::Arc;

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, record};
use ppl_core::pool;
use ppl_core::{Array, Result};
use rayon::prelude::*;

use super::split::each_lane;
use crate::data::ImageData;
use crate::sampling::Sampling;

/// The image `[height, width]` of the window that a brightness `[sub-pixels]` gives.
///
/// # Errors
/// A brightness of another number of sub-pixels than the grid has.
pub fn expose(data: &Arc<ImageData>, brightness: &Array) -> Result<Array> {
    record(Expose::new(data.clone()), &[brightness.as_value()]).map(Array::from_value)
}

#[derive(Clone)]
pub(super) struct Expose {
    data: Arc<ImageData>,
}

impl Expose {
    pub(super) fn new(data: Arc<ImageData>) -> Self {
        Expose { data }
    }

    /// One lane forwards: sub-pixels to cells, these through the PSF, and to pixels. With `threads`, the rows of the convolution
    /// are shared out too.
    fn forward(&self, fine: &[f32], image: &mut [f32], threads: bool) {
        let grid = &self.data.grid;
        let (width, height) = (grid.cell_width(), grid.cell_height());
        let blur = |sharp: &[f32], blurred: &mut [f32]| match &self.data.psf {
            None => blurred.copy_from_slice(sharp),
            Some(psf) if threads => psf.convolve_threaded(sharp, width, height, blurred),
            Some(psf) => psf.convolve(sharp, width, height, blurred),
        };
        let blur_into = |sharp: &[f32], image: &mut [f32]| {
            if grid.cells() == 1 {
                return blur(sharp, image);
            }
            let mut blurred = pool::take(width * height);
            blur(sharp, &mut blurred);
            Sampling::Uniform(grid.cells()).bin(&blurred, image, grid.width());
            pool::give_back(blurred);
        };
        if *grid.sampling() == Sampling::Uniform(1) {
            return blur_into(fine, image);
        }
        let mut cells = pool::take(width * height);
        match grid.cells() {
            1 => grid.sampling().bin(fine, &mut cells, width),
            _ => grid.sampling().deposit(fine, &mut cells, width),
        }
        blur_into(&cells, image);
        pool::give_back(cells);
    }

    /// One lane backwards: adds the gradient of the sub-pixels.
    fn adjoint(&self, cotangent: &[f32], gradient: &mut [f32], threads: bool) {
        // The image of a part that has no amplitude.
        if cotangent.iter().all(|c| *c == 0.0) {
            return;
        }
        let grid = &self.data.grid;
        let (width, height) = (grid.cell_width(), grid.cell_height());
        let mut cells = pool::take(width * height);
        let unblur = |blurred: &[f32], sharp: &mut [f32]| match &self.data.psf {
            None => sharp.copy_from_slice(blurred),
            Some(psf) if threads => psf.convolve_adjoint_threaded(blurred, width, height, sharp),
            Some(psf) => psf.convolve_adjoint(blurred, width, height, sharp),
        };
        if grid.cells() == 1 {
            unblur(cotangent, &mut cells);
        } else {
            let mut blurred = pool::take(width * height);
            Sampling::Uniform(grid.cells()).bin_adjoint(cotangent, &mut blurred, grid.width());
            unblur(&blurred, &mut cells);
            pool::give_back(blurred);
        }
        if *grid.sampling() == Sampling::Uniform(1) {
            gradient.iter_mut().zip(&cells).for_each(|(g, c)| *g += c);
        } else {
            let mut fine = pool::take(gradient.len());
            match grid.cells() {
                1 => grid.sampling().bin_adjoint(&cells, &mut fine, width),
                _ => grid.sampling().deposit_adjoint(&cells, &mut fine, width),
            }
            gradient.iter_mut().zip(&fine).for_each(|(g, f)| *g += f);
            pool::give_back(fine);
        }
        pool::give_back(cells);
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

    #[cfg(feature = "cuda")]
    fn body(&self, places: &mut ppl_core::autodiff::Places<'_>) -> Result<Box<dyn ppl_core::autodiff::Body>> {
        super::gpu::exposure(&self.data, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::tests_data::data;
    use ppl_core::autodiff::{Value, check};

    #[test]
    fn the_vjp_of_an_exposure_is_right_for_lanes_sub_pixels_and_cells() {
        for (supersampling, cells) in [(1, 1), (2, 1), (1, 3), (2, 2)] {
            let uniform = data(6, 5, supersampling);
            let grid = uniform.grid.clone().with_cells(cells);
            let levels: Vec<u8> = (0..grid.cells_in_window()).map(|i| 1 + (i % 3) as u8).collect();
            for grid in [grid.with_sampling(Sampling::Each(levels.into())), grid] {
                let data = Arc::new(ImageData { grid, ..(*uniform).clone() });
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
}
