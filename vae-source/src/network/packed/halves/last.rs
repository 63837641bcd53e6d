//! The last layer: a transposed convolution of stride 2 to one channel, as sixteen numbers of each deep pixel.

use rayon::prelude::*;

use super::super::fold::Folded;
use super::super::plane::Plane;
use super::left::{Left, Taps};
use super::level::Level;
use super::middle::{gather, scatter};
use super::right::Right;
use super::split::{lines, pixels, sloped};
use super::tanh::tanh;
use super::tile::{Allowed, CHANNELS, Pixel, SIDE, Steps, Tiles};

/// Kernel pixels along a side, and all.
const KERNEL: usize = 4;
const TAPS: usize = KERNEL * KERNEL;

/// Weights from `deep` channels of `side` x `side` pixels to an image of twice the side.
pub(super) struct Last {
    deep: usize,
    side: usize,
    forward: Right,
    backward: Right,
    allowed: Allowed,
}

impl Last {
    pub(super) fn new(allowed: Allowed, Folded { weight, .. }: &Folded, deep: usize, side: usize) -> Self {
        let blocks = deep / CHANNELS;
        // Sixteen of thirty-two columns, and of thirty-two terms, are there.
        let at = |block: usize, channel: usize, tap: usize| {
            if tap < TAPS { weight[(block * CHANNELS + channel) * TAPS + tap] } else { 0.0 }
        };
        let forward = Right::new(1, blocks, |_, block, channel, tap| at(block, channel, tap));
        let backward = Right::new(blocks, 1, |block, _, tap, channel| at(block, channel, tap));
        Last { deep, side, forward, backward, allowed }
    }

    /// The image with a pixel of zeros around.
    pub(super) fn plane(&self) -> Plane {
        Plane { side: 2 * self.side }
    }
}

/// The last layer for so many images.
pub(super) struct Run {
    itself: Taps,
    forward: Steps,
    backward: Steps,
    /// What deep pixels add to the images around them, `[image]`.
    spread: Vec<f32>,
    /// The gradient behind tanh, `[image]`; its border stays zero.
    behind: Vec<f32>,
    /// The sixteen pixels of it that each deep pixel meets.
    met: Vec<Pixel>,
}

impl Run {
    pub(super) fn new(layer: &Last, images: usize) -> Self {
        let itself = Taps { side: layer.side, stride: 1, taps: vec![[1, 1]] };
        let forward = itself.steps(&[0], layer.deep / CHANNELS, images, Plane { side: layer.side });
        let len = images * layer.plane().len();
        let met = vec![Pixel::ZERO; images * layer.side * layer.side];
        let backward = Steps::new(std::iter::once(0));
        Run { itself, forward, backward, spread: vec![0.0; len], behind: vec![0.0; len], met }
    }

    /// tanh of the images.
    pub(super) fn forward(&mut self, layer: &Last, from: &Level, images: &mut [f32]) {
        let (plane, side) = (layer.plane(), layer.side);
        let left = self.itself.left(from, &mut []);
        let tiles = side * side / SIDE;
        let all =
            images.par_chunks_exact_mut(plane.side * plane.side).zip(self.spread.par_chunks_exact_mut(plane.len()));
        all.enumerate().for_each(|(image, (to, spread))| {
            spread.fill(0.0);
            let (first, registers) = (image * tiles, Tiles::take(layer.allowed));
            left.multiply(first..first + tiles, &self.forward, layer.forward.slab(0), &registers, |tile, sums| {
                let at = (tile - first) * SIDE;
                let corner = 2 * (at / side * plane.row() + at % side);
                for i in 0..KERNEL {
                    let row = &mut spread[corner + i * plane.row()..][..2 * SIDE + 2];
                    for (x, sums) in sums.iter().enumerate() {
                        let to = &mut row[2 * x..2 * x + KERNEL];
                        to.iter_mut().zip(&sums[KERNEL * i..]).for_each(|(to, sum)| *to += sum);
                    }
                }
            });
            for (y, row) in to.chunks_exact_mut(plane.side).enumerate() {
                row.copy_from_slice(&spread[plane.at(y, 0)..][..plane.side]);
                tanh(row);
            }
        });
    }

    /// From images and their cotangents to the gradient of the deep images before their activation, which is `level`.
    pub(super) fn backward(&mut self, layer: &Last, [images, cotangents]: [&[f32]; 2], level: &Level, to: &mut Level) {
        let (plane, side) = (layer.plane(), layer.side);
        let (pixels_of, deep) = (plane.side * plane.side, level.plane);
        let sources = images.par_chunks_exact(pixels_of).zip(cotangents.par_chunks_exact(pixels_of));
        let made = self.behind.par_chunks_exact_mut(plane.len()).zip(self.met.par_chunks_exact_mut(side * side));
        made.zip(sources).for_each(|((behind, met), (image, cotangent))| {
            let rows = image.chunks_exact(plane.side).zip(cotangent.chunks_exact(plane.side));
            for (y, (image, cotangent)) in rows.enumerate() {
                let to = behind[plane.at(y, 0)..].iter_mut();
                to.zip(image.iter().zip(cotangent)).for_each(|(to, (y, c))| *to = (1.0 - y * y) * c);
            }
            for (at, met) in met.iter_mut().enumerate() {
                let corner = 2 * (at / side * plane.row() + at % side);
                let mut taps = [0.0; TAPS];
                for (i, taps) in taps.chunks_exact_mut(KERNEL).enumerate() {
                    taps.copy_from_slice(&behind[corner + i * plane.row()..][..KERNEL]);
                }
                *met = Pixel(lines(&taps, &[0.0; TAPS]));
            }
        });
        let left = Left::dense(&self.met, level.images, side);
        let tiles = side * side / SIDE;
        to.pixels.par_chunks_exact_mut(deep.len()).enumerate().for_each(|(task, to)| {
            let (block, first) = (task / level.images, task % level.images * tiles);
            let registers = Tiles::take(layer.allowed);
            let before = &level.pixels[task * deep.len()..][..deep.len()];
            let (mut there, mut made) = ([Pixel::ZERO; SIDE], [Pixel::ZERO; SIDE]);
            left.multiply(
                first..first + tiles,
                &self.backward,
                layer.backward.slab(block),
                &registers,
                |tile, sums| {
                    gather(before, &mut there, side, tile - first, deep);
                    sloped(sums, &there);
                    pixels(sums, &mut made);
                    scatter(&mut made, to, side, tile - first, deep);
                },
            );
        });
    }
}
