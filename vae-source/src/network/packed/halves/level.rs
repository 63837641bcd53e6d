//! A level of the network, what lies between two layers, pixel by pixel with the channels of a block together.

use super::split::Pixels;
use super::tile::{CHANNELS, Pixel, SIDE};

/// Square images with one pixel of zeros around, `[block of channels][image][row][column]`.
#[derive(Clone)]
pub(super) struct Level {
    pub(super) pixels: Vec<Pixel>,
    pub(super) plane: Plane,
    pub(super) blocks: usize,
    pub(super) images: usize,
}

/// One image of one block.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    /// Pixels along a side, without the zeros.
    pub(super) side: usize,
}

impl Plane {
    /// From one row to the next.
    pub(super) fn row(self) -> usize {
        self.side + 2
    }

    /// All pixels.
    pub(super) fn len(self) -> usize {
        self.row() * self.row()
    }

    /// Where a pixel is.
    pub(super) fn at(self, y: usize, x: usize) -> usize {
        (y + 1) * self.row() + x + 1
    }
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
