//! A level of the network, what lies between two layers, pixel by pixel with the channels of a block together.

use super::super::plane::Plane;
use super::split::Pixels;
use super::tile::{CHANNELS, Pixel, SIDE};

/// Square images with one pixel of zeros around, `[block of channels][image][row][column]`.
pub(super) struct Level {
    pub(super) pixels: Vec<Pixel>,
    pub(super) plane: Plane,
    pub(super) blocks: usize,
    pub(super) images: usize,
}

impl Level {
    pub(super) fn new(channels: usize, images: usize, side: usize) -> Self {
        let (plane, blocks) = (Plane { side }, channels / CHANNELS);
        Level { pixels: vec![Pixel::ZERO; blocks * images * plane.len()], plane, blocks, images }
    }

    /// Pixels of the images of one block.
    pub(super) fn of_block(&self) -> usize {
        self.images * self.plane.len()
    }
}

/// Where a tile begins, of images of so many pixels along a side: which image, and where there.
pub(super) fn place(side: usize, at: usize) -> (usize, [usize; 2]) {
    let (image, pixel) = (at / (side * side), at % (side * side));
    (image, [pixel / side, pixel % side])
}

/// The pixels of a tile that lie side by side, with the place of the first.
pub(super) fn runs(
    pixels: &mut Pixels,
    side: usize,
    tile: usize,
) -> impl Iterator<Item = (&mut [Pixel], usize, [usize; 2])> {
    let run = side.min(SIDE);
    pixels.chunks_exact_mut(run).enumerate().map(move |(i, pixels)| {
        let (image, at) = place(side, tile * SIDE + i * run);
        (pixels, image, at)
    })
}
