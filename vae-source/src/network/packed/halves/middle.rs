//! A middle layer: a transposed convolution of stride 2, forwards phase by phase.

use rayon::prelude::*;

use super::super::fold::Folded;
use super::super::plane::Plane;
use super::left::Taps;
use super::level::{Level, runs};
use super::right::Right;
use super::split::{Pixels, Rows, activated, pixels, sloped};
use super::tile::{Allowed, CHANNELS, Pixel, SIDE, Steps, Tiles};

/// Weights from `deep` channels of `side` x `side` pixels to `wide` channels of twice the side.
pub(super) struct Middle {
    deep: usize,
    wide: usize,
    side: usize,
    /// A slab a phase and block of wide channels.
    forward: Right,
    /// A slab a block of deep channels.
    backward: Right,
    shift: Vec<[f32; CHANNELS]>,
    allowed: Allowed,
}

/// Kernel pixels along a side.
const KERNEL: usize = 4;
/// Of a phase.
const REACH: usize = 2;

/// The taps of each phase, (2, 2) of nine: the even phase meets the kernel pixels 1 and 3 at a deep pixel and at the one before it, the odd
/// one 0 and 2 at the one behind and at itself.
fn forward_taps(phase: usize) -> [usize; 4] {
    let of = |odd: usize, i: usize| if odd == 0 { 1 - i } else { 2 - i };
    [0, 1, 2, 3].map(|tap| 3 * of(phase / 2, tap / REACH) + of(phase % 2, tap % REACH))
}

/// The kernel pixel of tap `tap` of a phase.
fn kernel_pixel(phase: usize, tap: usize) -> usize {
    let of = |odd: usize, i: usize| 1 - odd + 2 * i;
    KERNEL * of(phase / 2, tap / REACH) + of(phase % 2, tap % REACH)
}

impl Middle {
    pub(super) fn new(
        allowed: Allowed,
        [deep, wide]: [usize; 2],
        side: usize,
        Folded { weight, shift }: &Folded,
    ) -> Self {
        let at = |deep: usize, out: usize, pixel: usize| weight[(deep * wide + out) * KERNEL * KERNEL + pixel];
        let (deep_blocks, wide_blocks) = (deep / CHANNELS, wide / CHANNELS);
        let forward = Right::new(4 * wide_blocks, 4 * deep_blocks, |slab, step, channel, column| {
            let (phase, block, tap) = (slab % 4, slab / 4, step / deep_blocks);
            at(step % deep_blocks * CHANNELS + channel, block * CHANNELS + column, kernel_pixel(phase, tap))
        });
        let backward = Right::new(deep_blocks, KERNEL * KERNEL * wide_blocks, |slab, step, channel, column| {
            at(slab * CHANNELS + column, step % wide_blocks * CHANNELS + channel, step / wide_blocks)
        });
        Middle { deep, wide, side, forward, backward, shift: shift.as_chunks().0.to_vec(), allowed }
    }

    fn forwards(&self) -> Taps {
        let taps = (0..9).map(|tap| [tap / 3, tap % 3]).collect();
        Taps { side: self.side, stride: 1, taps }
    }

    fn backwards(&self) -> Taps {
        let taps = (0..KERNEL * KERNEL).map(|tap| [tap / KERNEL, tap % KERNEL]).collect();
        Taps { side: self.side, stride: 2, taps }
    }
}

/// A middle layer for so many images.
pub(super) struct Run {
    forwards: Taps,
    of_phase: [Steps; 4],
    backwards: Taps,
    back: Steps,
    images: usize,
}

impl Run {
    pub(super) fn new(layer: &Middle, images: usize) -> Self {
        let (forwards, backwards) = (layer.forwards(), layer.backwards());
        let (deep, wide) = (Plane { side: layer.side }, Plane { side: 2 * layer.side });
        let of_phase =
            [0, 1, 2, 3].map(|phase| forwards.steps(&forward_taps(phase), layer.deep / CHANNELS, images, deep));
        let all: Vec<usize> = (0..KERNEL * KERNEL).collect();
        let back = backwards.steps(&all, layer.wide / CHANNELS, images, wide);
        Run { forwards, of_phase, backwards, back, images }
    }

    /// Room for gathering, either way.
    pub(super) fn room(&self, layer: &Middle) -> usize {
        let forwards = self.forwards.room(layer.deep / CHANNELS, self.images);
        forwards.max(self.backwards.room(layer.wide / CHANNELS, self.images))
    }

    /// Images of one task: all, where weights are many and pixels few, so that the weights are read once.
    fn together(&self, layer: &Middle) -> usize {
        if layer.side < SIDE { self.images } else { 1 }
    }

    /// The activation of transposed convolution + shift.
    pub(super) fn forward(&self, layer: &Middle, from: &Level, to: &mut Level, room: &mut [Pixel]) {
        let left = self.forwards.left(from, room);
        let (plane, together) = (to.plane, self.together(layer));
        let tiles = left.tiles() / self.images * together;
        let groups = self.images / together;
        to.pixels.par_chunks_exact_mut(together * plane.len()).enumerate().for_each(|(task, to)| {
            let (block, first) = (task / groups, task % groups * tiles);
            let registers = Tiles::take(layer.allowed);
            let mut made = [Pixel::ZERO; SIDE];
            for phase in 0..4 {
                let right = layer.forward.slab(4 * block + phase);
                left.multiply(first..first + tiles, &self.of_phase[phase], right, &registers, |tile, sums| {
                    activated(sums, &layer.shift[block], &mut made);
                    for (run, image, [y, x]) in runs(&mut made, layer.side, tile - first) {
                        let to = &mut to[image * plane.len() + plane.at(2 * y + phase / 2, 2 * x + phase % 2)..];
                        to.iter_mut().step_by(2).zip(run).for_each(|(to, pixel)| *to = *pixel);
                    }
                });
            }
        });
    }

    /// From the gradient of the wide images, the first of two levels, to that of the deep ones before their activation, which is the second.
    pub(super) fn backward(&self, layer: &Middle, levels: [&Level; 2], to: &mut Level, room: &mut [Pixel]) {
        let plane = to.plane;
        self.back(layer, levels, &mut to.pixels, plane.len(), room, |to, tile, rows| {
            let mut made = [Pixel::ZERO; SIDE];
            pixels(rows, &mut made);
            scatter(&mut made, to, layer.side, tile, plane);
        });
    }

    /// The same as numbers `[block][image][pixel][channel]`.
    pub(super) fn backward_flat(
        &self,
        layer: &Middle,
        levels: [&Level; 2],
        to: &mut [[f32; CHANNELS]],
        room: &mut [Pixel],
    ) {
        self.back(layer, levels, to, layer.side * layer.side, room, |to, tile, rows| {
            to[tile * SIDE..][..SIDE].copy_from_slice(rows);
        });
    }

    /// Either of them, an image being `of_image` of what is written.
    fn back<T: Send>(
        &self,
        layer: &Middle,
        [gradient, level]: [&Level; 2],
        to: &mut [T],
        of_image: usize,
        room: &mut [Pixel],
        write: impl Fn(&mut [T], usize, &mut Rows) + Sync,
    ) {
        let left = self.backwards.left(gradient, room);
        let (plane, together) = (level.plane, self.together(layer));
        let tiles = left.tiles() / self.images * together;
        let groups = self.images / together;
        to.par_chunks_exact_mut(together * of_image).enumerate().for_each(|(task, to)| {
            let (block, first) = (task / groups, task % groups * tiles);
            let registers = Tiles::take(layer.allowed);
            let before = &level.pixels[task * together * plane.len()..][..together * plane.len()];
            let mut there = [Pixel::ZERO; SIDE];
            left.multiply(first..first + tiles, &self.back, layer.backward.slab(block), &registers, |tile, sums| {
                gather(before, &mut there, layer.side, tile - first, plane);
                sloped(sums, &there);
                write(to, tile - first, sums);
            });
        });
    }
}

/// The pixels of a tile, from some images of a block.
pub(super) fn gather(from: &[Pixel], to: &mut Pixels, side: usize, tile: usize, plane: Plane) {
    for (run, image, [y, x]) in runs(to, side, tile) {
        run.copy_from_slice(&from[image * plane.len() + plane.at(y, x)..][..run.len()]);
    }
}

/// The pixels of a tile, into some images of a block.
pub(super) fn scatter(from: &mut Pixels, to: &mut [Pixel], side: usize, tile: usize, plane: Plane) {
    for (run, image, [y, x]) in runs(from, side, tile) {
        to[image * plane.len() + plane.at(y, x)..][..run.len()].copy_from_slice(run);
    }
}
