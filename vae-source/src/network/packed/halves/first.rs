//! The first layer: 64 latent numbers to 512 channels of 4 x 4 pixels, in single precision, as its weights are read once.

use rayon::prelude::*;

use super::super::fold::Folded;
use super::super::single::{add_scaled, dot};
use super::level::Level;
use super::middle::scatter;
use super::split::{Rows, activated};
use super::tile::{CHANNELS, Pixel, SIDE};

/// Numbers of a block: sixteen pixels.
const BLOCK: usize = CHANNELS * SIDE;

/// The matrix `[latent][block][pixel][channel]`.
pub(super) struct First {
    weight: Vec<f32>,
    shift: Vec<[f32; CHANNELS]>,
    latent: usize,
}

impl First {
    pub(super) fn new(Folded { weight, shift }: &Folded, latent: usize) -> Self {
        let n = weight.len() / latent;
        let mut sorted = vec![0.0; weight.len()];
        for (to, from) in sorted.chunks_exact_mut(n).zip(weight.chunks_exact(n)) {
            for (at, to) in to.iter_mut().enumerate() {
                let (block, pixel, channel) = (at / BLOCK, at % BLOCK / CHANNELS, at % CHANNELS);
                *to = from[(block * CHANNELS + channel) * SIDE + pixel];
            }
        }
        First { weight: sorted, shift: shift.as_chunks().0.to_vec(), latent }
    }

    /// Numbers of an image.
    fn len(&self) -> usize {
        self.weight.len() / self.latent
    }

    /// The activation of z matrix + shift, for `z` `[images][latent]`.
    pub(super) fn forward(&self, z: &[f32], to: &mut Level) {
        let plane = to.plane;
        to.pixels.par_chunks_exact_mut(to.images * plane.len()).enumerate().for_each(|(block, to)| {
            let mut made = [Pixel::ZERO; SIDE];
            for (to, z) in to.chunks_exact_mut(plane.len()).zip(z.chunks_exact(self.latent)) {
                let mut sums: Rows = [[0.0; CHANNELS]; SIDE];
                for (row, z) in self.weight.chunks_exact(self.len()).zip(z) {
                    add_scaled(sums.as_flattened_mut(), *z, &row[block * BLOCK..][..BLOCK]);
                }
                activated(&sums, &self.shift[block], &mut made);
                scatter(&mut made, to, plane.side, 0, plane);
            }
        });
    }

    /// dz += matrix times gradient, for the gradient `[block][image][pixel][channel]`.
    pub(super) fn backward(&self, gradient: &[[f32; CHANNELS]], by_row: &mut [f32], dz: &mut [f64]) {
        let images = dz.len() / self.latent;
        let all = by_row.par_chunks_exact_mut(images).zip(self.weight.par_chunks_exact(self.len()));
        all.with_min_len(8).for_each(|(sums, row)| {
            sums.fill(0.0);
            let blocks = row.chunks_exact(BLOCK).zip(gradient.as_flattened().chunks_exact(images * BLOCK));
            for (row, gradient) in blocks {
                sums.iter_mut().zip(gradient.chunks_exact(BLOCK)).for_each(|(sum, g)| *sum += dot(row, g));
            }
        });
        for (image, dz) in dz.chunks_exact_mut(self.latent).enumerate() {
            dz.iter_mut().zip(by_row.chunks_exact(images)).for_each(|(g, sums)| *g += f64::from(sums[image]));
        }
    }
}
