//! Pixels as tiles: where the sums of sixteen pixels begin, and which pixels they run over.

use rayon::prelude::*;

use super::super::plane::Plane;
use super::level::{Level, place};
use super::split::Rows;
use super::tile::{CHANNELS, Pixel, SIDE, Steps, Sums, Tile, Tiles, Weights};

/// How the pixels that a layer gives follow from those that it takes: pixel (y, x) is a sum over taps of the pixel (n y + i, n x + j) of the
/// level with its zeros.
pub(super) struct Taps {
    /// Pixels along a side of what is given.
    pub(super) side: usize,
    /// n.
    pub(super) stride: usize,
    /// (i, j) of each.
    pub(super) taps: Vec<[usize; 2]>,
}

/// A level as the left factor of products.
pub(super) struct Left<'a> {
    pixels: &'a [Pixel],
    images: usize,
    side: usize,
    /// From one pixel of a tile to the next.
    stride: usize,
    /// Rows of a level, where it is read in place.
    plane: Option<Plane>,
}

impl Taps {
    /// Whether sixteen pixels of a tile lie evenly in the level, so that it is read in place.
    fn in_place(&self) -> bool {
        self.side.is_multiple_of(SIDE)
    }

    /// Room that is needed beside a level.
    pub(super) fn room(&self, blocks: usize, images: usize) -> usize {
        if self.in_place() { 0 } else { self.taps.len() * blocks * images * self.side * self.side }
    }

    /// The steps of a sum over some of the taps, every block of channels of each in turn.
    pub(super) fn steps(&self, which: &[usize], blocks: usize, images: usize, plane: Plane) -> Steps {
        let (in_place, pixels) = (self.in_place(), images * self.side * self.side);
        let offset = move |tap: usize, block: usize| {
            let [i, j] = self.taps[tap];
            if in_place { block * images * plane.len() + i * plane.row() + j } else { (tap * blocks + block) * pixels }
        };
        Steps::new(which.iter().flat_map(|tap| (0..blocks).map(move |block| offset(*tap, block))))
    }

    /// A level as tiles; `room` is where they are gathered, [`Taps::room`] of it.
    pub(super) fn left<'a>(&self, level: &'a Level, room: &'a mut [Pixel]) -> Left<'a> {
        let (images, side, plane) = (level.images, self.side, level.plane);
        if self.in_place() {
            return Left { pixels: &level.pixels, images, side, stride: self.stride, plane: Some(plane) };
        }
        let room = &mut room[..self.room(level.blocks, images)];
        room.par_chunks_exact_mut(images * side * side).enumerate().with_min_len(8).for_each(|(at, to)| {
            let ([i, j], block) = (self.taps[at / level.blocks], at % level.blocks);
            let from = level.pixels[block * level.of_block()..].chunks_exact(plane.len());
            for (to, from) in to.chunks_exact_mut(side * side).zip(from) {
                for (y, to) in to.chunks_exact_mut(side).enumerate() {
                    let from = &from[(self.stride * y + i) * plane.row() + j..];
                    to.iter_mut().zip(from.iter().step_by(self.stride)).for_each(|(to, from)| *to = *from);
                }
            }
        });
        Left { pixels: room, images, side, stride: 1, plane: None }
    }
}

impl<'a> Left<'a> {
    /// Pixels that lie as their tiles do.
    pub(super) fn dense(pixels: &'a [Pixel], images: usize, side: usize) -> Self {
        Left { pixels, images, side, stride: 1, plane: None }
    }

    /// Tiles of an image, or images of a tile where they are smaller.
    pub(super) fn tiles(&self) -> usize {
        self.images * self.side * self.side / SIDE
    }

    /// Where a tile begins.
    fn start(&self, tile: usize) -> usize {
        let Some(plane) = self.plane else { return tile * SIDE };
        let (image, [y, x]) = place(self.side, tile * SIDE);
        image * plane.len() + self.stride * (y * plane.row() + x)
    }

    /// Gives the sums of each of some tiles to `take`.
    pub(super) fn multiply(
        &self,
        tiles: std::ops::Range<usize>,
        steps: &Steps,
        right: (Weights, &[Tile]),
        registers: &Tiles,
        mut take: impl FnMut(usize, &mut Rows),
    ) {
        let mut sums = Sums([[[0.0; CHANNELS]; SIDE]; 2]);
        for tile in tiles.clone().step_by(2) {
            // The last one may be alone.
            let pair = [tile, (tile + 1).min(tiles.end - 1)];
            registers.multiply(self.pixels, pair.map(|tile| self.start(tile)), self.stride, steps, right, &mut sums);
            for (tile, rows) in (tile..tiles.end).zip(&mut sums.0) {
                take(tile, rows);
            }
        }
    }
}
