//! The first layer: 64 latent numbers to 512 channels of 4 x 4 pixels, a product with one matrix.

use multiversion::multiversion;
use rayon::prelude::*;

use super::super::activation::rounded;
use super::super::fold::Folded;
use super::super::plane::Plane;

/// Numbers of one task: with their 64 rows of weights 128 KiB, which stay in the second cache for all images.
const CHUNK: usize = 512;

/// The matrix `[latent, channels of 4 x 4 pixels]`.
pub(super) struct First {
    folded: Folded,
    latent: usize,
    /// Pixels along a side of the output.
    side: usize,
}

impl First {
    pub(super) fn new(folded: Folded, latent: usize, side: usize) -> Self {
        First { folded, latent, side }
    }

    /// Numbers of one image.
    pub(super) fn len(&self) -> usize {
        self.folded.weight.len() / self.latent
    }

    /// The activation of z matrix + shift, for `z` `[images][latent]`, into the planes `[images][channels]`; `flat` has room for all numbers.
    pub(super) fn forward(&self, z: &[f32], flat: &mut [f32], planes: &mut [f32]) {
        let (images, n, pixels) = (z.len() / self.latent, self.len(), self.side * self.side);
        // [chunk][image][number]
        flat.par_chunks_exact_mut(CHUNK * images).enumerate().for_each(|(chunk, flat)| {
            let from = chunk * CHUNK;
            for (flat, z) in flat.chunks_exact_mut(CHUNK).zip(z.chunks_exact(self.latent)) {
                for (numbers, shift) in flat.chunks_exact_mut(pixels).zip(&self.folded.shift[from / pixels..]) {
                    numbers.fill(*shift);
                }
                let rows = self.folded.weight.chunks_exact(n).map(|row| &row[from..from + CHUNK]);
                rows.zip(z).for_each(|(row, z)| add_scaled(flat, *z, row));
            }
        });
        let channels = n / pixels;
        let plane = Plane { side: self.side };
        planes.chunks_exact_mut(plane.len()).enumerate().for_each(|(at, to)| {
            let (image, number) = (at / channels, at % channels * pixels);
            let from = (number / CHUNK * images + image) * CHUNK + number % CHUNK;
            for (to, from) in plane.rows(to).zip(flat[from..from + pixels].chunks_exact(self.side)) {
                to.iter_mut().zip(from).for_each(|(to, from)| *to = rounded(*from));
            }
        });
    }

    /// dz += matrix times gradient, for the gradient `[images][channels of 4 x 4 pixels]`.
    pub(super) fn backward(&self, gradient: &[f32], by_row: &mut [f32], dz: &mut [f64]) {
        let (n, images) = (self.len(), dz.len() / self.latent);
        by_row.par_chunks_exact_mut(images).zip(self.folded.weight.par_chunks_exact(n)).with_min_len(8).for_each(
            |(sums, row)| {
                sums.iter_mut().zip(gradient.chunks_exact(n)).for_each(|(sum, gradient)| *sum = dot(row, gradient));
            },
        );
        for (image, dz) in dz.chunks_exact_mut(self.latent).enumerate() {
            dz.iter_mut().zip(by_row.chunks_exact(images)).for_each(|(g, sums)| *g += f64::from(sums[image]));
        }
    }
}

/// into += c x.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(in super::super) fn add_scaled(into: &mut [f32], c: f32, x: &[f32]) {
    into.iter_mut().zip(x).for_each(|(to, x)| *to += c * x);
}

/// Partial sums that run side by side.
const SUMS: usize = 32;

/// The scalar product.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(in super::super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; SUMS];
    for (a, b) in a.as_chunks::<SUMS>().0.iter().zip(b.as_chunks::<SUMS>().0) {
        (0..SUMS).for_each(|i| sums[i] += a[i] * b[i]);
    }
    sums.iter().sum()
}
