//! Products: of the images of unit amplitude with each other and with what they are to add up to, weighted, summed over pixels in f64.
//!
//! All that a Gaussian likelihood says of amplitudes is in them. Rows are the images and, last, the target: data - rest; the sum of rows i and j is
//! sum_p B_i B_j / sigma^2.

use std::cell::RefCell;

use multiversion::multiversion;
use rayon::prelude::*;

/// Pixels that are widened to f64 at a time: a block of 40 images stays in the second cache.
const BLOCK: usize = 256;
/// Pixels of one task. Their sums are added in order, so that there is one value for any number of threads.
const CHUNK: usize = 4096;
/// Running sums kept side by side.
const LANES: usize = 8;

thread_local! {
    static ROOM: RefCell<Vec<f64>> = RefCell::default();
}

/// What images are to add up to: data, less what is added to them.
pub type Target<'a> = (&'a [f32], Option<&'a [f32]>);

/// How many sums there are of so many images: those of rows i <= j, row by row.
pub(crate) fn count(images: usize) -> usize {
    (images + 1) * (images + 2) / 2
}

/// Where the sum of rows i and j is among them, of `rows` rows.
pub(crate) fn place(rows: usize, i: usize, j: usize) -> usize {
    let (i, j) = (i.min(j), i.max(j));
    i * rows - i * (i + 1) / 2 + j
}

/// Writes the sums of images and what they are to add up to: `target` less `rest`. `inverse` is 1 / sigma of each pixel, 0 where it is not used.
/// `room` is grown as needed.
pub(crate) fn products(images: &[&[f32]], target: Target<'_>, inverse: &[f32], room: &mut Vec<f64>, out: &mut [f64]) {
    let (n, width) = (images.len(), out.len());
    room.resize(inverse.len().div_ceil(CHUNK).max(1) * width, 0.0);
    room.fill(0.0);
    room.par_chunks_exact_mut(width).enumerate().for_each(|(chunk, sums)| {
        let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(inverse.len());
        ROOM.with_borrow_mut(|room| {
            room.resize((n + 1) * BLOCK, 0.0);
            for start in range.clone().step_by(BLOCK) {
                let block = start..(start + BLOCK).min(range.end);
                for (row, image) in room.chunks_exact_mut(BLOCK).zip(images) {
                    let pixels = image[block.clone()].iter().zip(&inverse[block.clone()]);
                    fill(row, pixels.map(|(b, w)| f64::from(*b) * f64::from(*w)));
                }
                let rest = |i: usize| target.1.map_or(0.0, |rest| f64::from(rest[i]));
                let left = block.clone().map(|i| (f64::from(target.0[i]) - rest(i)) * f64::from(inverse[i]));
                fill(&mut room[n * BLOCK..(n + 1) * BLOCK], left);
                add_products(&room[..(n + 1) * BLOCK], sums);
            }
        });
    });
    out.fill(0.0);
    for chunk in room.chunks_exact(width) {
        out.iter_mut().zip(chunk).for_each(|(sum, term)| *sum += term);
    }
}

/// Zeros where there are fewer numbers.
fn fill(row: &mut [f64], numbers: impl Iterator<Item = f64>) {
    row.iter_mut().zip(numbers.chain(std::iter::repeat(0.0))).for_each(|(to, from)| *to = from);
}

/// Adds the products of all pairs of rows, the upper triangle row by row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma", "aarch64+neon"))]
fn add_products(rows: &[f64], sums: &mut [f64]) {
    let n = rows.len() / BLOCK;
    let mut sums = sums.iter_mut();
    for i in 0..n {
        let mut j = i;
        while j < n {
            // Four rows share each load of the first.
            if j + 4 <= n {
                let four = dots::<4>(&rows[i * BLOCK..], &rows[j * BLOCK..]);
                four.iter().zip(&mut sums).for_each(|(dot, sum)| *sum += dot);
                j += 4;
            } else {
                let one = dots::<1>(&rows[i * BLOCK..], &rows[j * BLOCK..]);
                one.iter().zip(&mut sums).for_each(|(dot, sum)| *sum += dot);
                j += 1;
            }
        }
    }
}

/// The products of one row with K.
#[inline(always)]
fn dots<const K: usize>(row: &[f64], others: &[f64]) -> [f64; K] {
    let mut sums = [[0.0; LANES]; K];
    for p in (0..BLOCK).step_by(LANES) {
        let a: &[f64] = &row[p..p + LANES];
        for (k, sums) in sums.iter_mut().enumerate() {
            let b = &others[k * BLOCK + p..k * BLOCK + p + LANES];
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += a * b;
            }
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}
