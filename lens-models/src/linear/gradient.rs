//! The gradient of a log density of linear amplitudes by each pixel of each image.

use std::cell::RefCell;

use multiversion::multiversion;
use rayon::prelude::*;

use super::equations::CHUNK;

/// Pixels that are worked on at a time.
const BLOCK: usize = 64;

thread_local! {
    static ROOM: RefCell<Vec<f64>> = RefCell::default();
}

/// What a log density is at its amplitudes: its derivative by image k is W (r a_k - sum_j B_j C_jk), r the residual data - image at the
/// amplitudes a. C is their covariance where they are integrated over; there is none where they are the best ones (the derivative of
/// a maximum is that of what is maximised).
#[derive(Clone, Copy)]
pub(crate) struct Slopes<'a> {
    pub amplitudes: &'a [f64],
    pub covariance: Option<&'a [f64]>,
    /// What all is multiplied by.
    pub by: f64,
}

/// Writes the gradients, in chunks of [`CHUNK`] pixels: all images of the first, all images of the next, and at the end of each chunk the
/// gradient by what is added to the images.
pub(crate) fn gradients(
    images: &[&[f32]],
    target: (&[f32], Option<&[f32]>),
    inverse: &[f32],
    slopes: Slopes<'_>,
    out: &mut [f32],
) {
    let rows = images.len() + 1;
    out.par_chunks_mut(rows * CHUNK).enumerate().for_each(|(chunk, out)| {
        let (first, length) = (chunk * CHUNK, out.len() / rows);
        ROOM.with_borrow_mut(|room| {
            room.resize((rows + images.len()) * BLOCK, 0.0);
            let (wide, room) = room.split_at_mut(images.len() * BLOCK);
            for start in (0..length).step_by(BLOCK) {
                let here = first + start..first + (start + BLOCK).min(length);
                for (wide, image) in wide.chunks_exact_mut(BLOCK).zip(images) {
                    wide.iter_mut().zip(&image[here.clone()]).for_each(|(to, from)| *to = f64::from(*from));
                }
                block(wide, target, inverse, slopes, here.clone(), room);
                for (row, out) in room.chunks_exact(BLOCK).zip(out.chunks_exact_mut(length)) {
                    out[start..start + here.len()].iter_mut().zip(row).for_each(|(to, from)| *to = *from as f32);
                }
            }
        });
    });
}

/// How many numbers [`gradients`] writes.
pub(crate) fn room(images: usize, pixels: usize) -> usize {
    (images + 1) * pixels
}

/// Calls `f` with each image's stretch of what [`gradients`] wrote: its number, where it begins, the gradient.
pub(crate) fn each_stretch(images: usize, written: &[f32], mut f: impl FnMut(usize, usize, &[f32])) {
    let rows = images + 1;
    for (chunk, written) in written.chunks(rows * CHUNK).enumerate() {
        let length = written.len() / rows;
        written.chunks_exact(length.max(1)).enumerate().for_each(|(k, part)| f(k, chunk * CHUNK, part));
    }
}

/// The gradients at a block of pixels, `[images + 1, BLOCK]`, from the images there, `[images, BLOCK]`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
fn block(
    images: &[f64],
    (data, rest): (&[f32], Option<&[f32]>),
    inverse: &[f32],
    Slopes { amplitudes, covariance, by }: Slopes<'_>,
    here: std::ops::Range<usize>,
    out: &mut [f64],
) {
    let (mut weight, mut residual) = ([0.0; BLOCK], [0.0; BLOCK]);
    for (p, i) in here.clone().enumerate() {
        weight[p] = by * f64::from(inverse[i]).powi(2);
        residual[p] = f64::from(data[i]) - rest.map_or(0.0, |rest| f64::from(rest[i]));
    }
    for (image, a) in images.chunks_exact(BLOCK).zip(amplitudes).filter(|(_, a)| **a != 0.0) {
        for (r, b) in residual.iter_mut().zip(image) {
            *r -= a * b;
        }
    }
    let n = images.len() / BLOCK;
    for (k, out) in out.chunks_exact_mut(BLOCK).enumerate() {
        let mut sum = [0.0; BLOCK];
        // The last row is what is added to the images, as an image of amplitude one.
        let a = amplitudes.get(k).copied().unwrap_or(1.0);
        for (sum, r) in sum.iter_mut().zip(&residual) {
            *sum = a * r;
        }
        if let Some(covariance) = covariance.filter(|_| k < n) {
            for (image, c) in images.chunks_exact(BLOCK).zip(&covariance[k * n..(k + 1) * n]) {
                for (sum, b) in sum.iter_mut().zip(image) {
                    *sum -= c * b;
                }
            }
        }
        for ((out, sum), w) in out.iter_mut().zip(&sum).zip(&weight) {
            *out = w * sum;
        }
    }
}
