//! The gradient of a function of the products of images by each pixel of each of them.

use std::cell::RefCell;

use multiversion::multiversion;
use rayon::prelude::*;

use super::products::{Target, place};

/// Pixels of one task.
const CHUNK: usize = 4096;
/// Pixels that are worked on at a time.
const BLOCK: usize = 64;

thread_local! {
    static ROOM: RefCell<Vec<f64>> = RefCell::default();
}

/// What a pixel of row k gets of each row j, `[rows, rows]`, from the derivatives `by` of a function by the [sums](super::products): the
/// function's derivative by B_k is sum_j slopes_kj B_j / sigma^2, as B_k B_k counts twice.
pub(crate) fn slopes(rows: usize, by: &[f64], into: &mut Vec<f64>) {
    into.clear();
    let twice = |k: usize, j: usize| if k == j { 2.0 } else { 1.0 };
    into.extend((0..rows * rows).map(|at| {
        let (k, j) = (at / rows, at % rows);
        twice(k, j) * by[place(rows, k, j)]
    }));
}

/// Writes the gradients, in chunks of pixels: all images of the first, all images of the next, and at the end of each chunk the
/// gradient by what is added to the images. `slopes` is `[rows, rows]`, the last row that of `target` less `rest`.
pub(crate) fn gradients(images: &[&[f32]], target: Target<'_>, inverse: &[f32], slopes: &[f64], out: &mut [f32]) {
    let rows = images.len() + 1;
    out.par_chunks_mut(rows * CHUNK).enumerate().for_each(|(chunk, out)| {
        let (first, length) = (chunk * CHUNK, out.len() / rows);
        ROOM.with_borrow_mut(|room| {
            room.resize(2 * rows * BLOCK, 0.0);
            let (wide, room) = room[..2 * rows * BLOCK].split_at_mut(rows * BLOCK);
            for start in (0..length).step_by(BLOCK) {
                let here = first + start..first + (start + BLOCK).min(length);
                let (wide_images, left) = wide.split_at_mut(images.len() * BLOCK);
                for (wide, image) in wide_images.chunks_exact_mut(BLOCK).zip(images) {
                    wide.iter_mut().zip(&image[here.clone()]).for_each(|(to, from)| *to = f64::from(*from));
                }
                let rest = |i: usize| target.1.map_or(0.0, |rest| f64::from(rest[i]));
                left.iter_mut().zip(here.clone()).for_each(|(to, i)| *to = f64::from(target.0[i]) - rest(i));
                block(wide, &inverse[here.clone()], slopes, room);
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

/// The gradients at a block of pixels from the rows there, both `[rows, BLOCK]`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
fn block(wide: &[f64], inverse: &[f32], slopes: &[f64], out: &mut [f64]) {
    let rows = wide.len() / BLOCK;
    let mut weight = [0.0; BLOCK];
    weight.iter_mut().zip(inverse).for_each(|(weight, inverse)| *weight = f64::from(*inverse).powi(2));
    for (k, (out, slopes)) in out.chunks_exact_mut(BLOCK).zip(slopes.chunks_exact(rows)).enumerate() {
        let mut sum = [0.0; BLOCK];
        // Of amplitudes that are zero there is nothing, and of the best ones most are.
        for (row, slope) in wide.chunks_exact(BLOCK).zip(slopes).filter(|(_, slope)| **slope != 0.0) {
            for (sum, b) in sum.iter_mut().zip(row) {
                *sum += slope * b;
            }
        }
        // What is added to the images is taken off the last row.
        let sign = if k + 1 == rows { -1.0 } else { 1.0 };
        for ((out, sum), w) in out.iter_mut().zip(&sum).zip(&weight) {
            *out = sign * w * sum;
        }
    }
}
