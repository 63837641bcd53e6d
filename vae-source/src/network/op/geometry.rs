//! The geometry of a convolution: a wide image of few channels, a deep one of many, and the kernel between them.

use ppl_core::autodiff::Dims;
use ppl_core::{Error, Result};

/// Kernel, stride and zero padding of a square convolution, as PyTorch counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Pixels along a side.
    pub side: usize,
    /// Steps on the wide image for one on the deep image; it divides the side.
    pub stride: usize,
    /// Zeros around the wide image, less than the side.
    pub padding: usize,
}

/// Both images of a convolution. `conv2d` goes from wide to deep, `conv_transpose2d` from deep to wide; the weights are
/// `[deep, wide, side, side]` in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::network) struct Geometry {
    pub(in crate::network) kernel: Kernel,
    /// Channels, height, width.
    pub(in crate::network) wide: [usize; 3],
    pub(in crate::network) deep: [usize; 3],
}

impl Geometry {
    /// That of a convolution of `[batch, channels, height, width]` with `[deep, wide, side, side]`.
    pub(super) fn convolution(kernel: Kernel, image: Dims, weight: Dims) -> Result<Self> {
        let misfit = || Error::Broadcast { left: image, right: weight };
        let (&[_, channels, height, width], &[deep, wide, ..]) = (image.sizes(), weight.sizes()) else {
            return Err(misfit());
        };
        let Kernel { side, stride, padding } = kernel;
        let steps = |length: usize| (length + 2 * padding).checked_sub(side).filter(|rest| rest.is_multiple_of(stride));
        match (steps(height), steps(width)) {
            (Some(y), Some(x)) if channels == wide && fits(kernel, weight) => {
                Ok(Geometry { kernel, wide: [channels, height, width], deep: [deep, y / stride + 1, x / stride + 1] })
            }
            _ => Err(misfit()),
        }
    }

    /// That of a transposed convolution of `[batch, channels, height, width]` with `[deep, wide, side, side]`.
    pub(super) fn transposed(kernel: Kernel, image: Dims, weight: Dims) -> Result<Self> {
        let misfit = || Error::Broadcast { left: image, right: weight };
        let (&[_, channels, height, width], &[deep, wide, ..]) = (image.sizes(), weight.sizes()) else {
            return Err(misfit());
        };
        let Kernel { side, stride, padding } = kernel;
        let length = |steps: usize| (steps.checked_sub(1)? * stride + side).checked_sub(2 * padding).filter(|l| *l > 0);
        match (length(height), length(width)) {
            (Some(y), Some(x)) if channels == deep && fits(kernel, weight) => {
                Ok(Geometry { kernel, wide: [wide, y, x], deep: [channels, height, width] })
            }
            _ => Err(misfit()),
        }
    }

    /// Pixels of a kernel.
    pub(super) fn taps(&self) -> usize {
        self.kernel.side * self.kernel.side
    }

    /// Kernel pixels along a side that meet one phase of the wide image.
    pub(super) fn reach(&self) -> usize {
        self.kernel.side / self.kernel.stride
    }

    /// Whether every pixel of the one meets the only pixel of the other: a product of matrices.
    pub(super) fn is_dense(&self) -> bool {
        self.deep[1..] == [1, 1] && self.kernel.padding == 0
    }

    /// Numbers of one wide image.
    pub(super) fn wide_len(&self) -> usize {
        self.wide.iter().product()
    }

    /// Numbers of one deep image.
    pub(super) fn deep_len(&self) -> usize {
        self.deep.iter().product()
    }
}

/// Whether weights have this kernel, and the kernel can be split into the phases of its stride.
fn fits(kernel: Kernel, weight: Dims) -> bool {
    let Kernel { side, stride, padding } = kernel;
    weight.sizes()[2..] == [side, side] && padding < side && stride > 0 && side.is_multiple_of(stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_of_the_paper_have_the_sizes_of_pytorch() {
        let kernel = Kernel { side: 4, stride: 2, padding: 1 };
        let down = Geometry::convolution(kernel, Dims::new(&[2, 3, 64, 64]), Dims::new(&[5, 3, 4, 4])).unwrap();
        assert_eq!(down.deep, [5, 32, 32]);
        let up = Geometry::transposed(kernel, Dims::new(&[2, 5, 32, 32]), Dims::new(&[5, 3, 4, 4])).unwrap();
        assert_eq!(up, down);
        let first = Kernel { side: 4, stride: 1, padding: 0 };
        let first = Geometry::transposed(first, Dims::new(&[1, 64, 1, 1]), Dims::new(&[64, 512, 4, 4])).unwrap();
        assert!(first.is_dense() && first.wide == [512, 4, 4]);
    }

    #[test]
    fn weights_for_other_channels_are_an_error_with_both_shapes() {
        let kernel = Kernel { side: 4, stride: 2, padding: 1 };
        let error = Geometry::convolution(kernel, Dims::new(&[2, 3, 8, 8]), Dims::new(&[5, 4, 4, 4])).unwrap_err();
        assert!(error.to_string().contains("[2, 3, 8, 8]") && error.to_string().contains("[5, 4, 4, 4]"), "{error}");
        assert!(Geometry::convolution(kernel, Dims::new(&[2, 3, 9, 8]), Dims::new(&[5, 3, 4, 4])).is_err());
        assert!(Geometry::transposed(kernel, Dims::new(&[2, 3, 8, 8]), Dims::new(&[5, 3, 4, 4])).is_err());
    }
}
