//! Moments: what the light within a cell is to a PSF that acts on cells, beyond its mean.

use std::ops::Range;

use multiversion::multiversion;
use ppl_core::pool;

use super::rule::RULES;

/// Adds to the means of the cells what their moments and those beside them are, see [`Sampling::deposit`](super::Sampling::deposit).
pub fn add(levels: &[u8], fine: &[f32], cells: &mut [f32], width: usize) {
    let mut means = pool::take(cells.len());
    means.copy_from_slice(cells);
    add_curvature(&means, cells, width);
    for (cell, own) in several(levels) {
        let Some(beside) = beside(cell, width, cells.len()) else { continue };
        let around: f32 = beside.as_flattened().iter().map(|at| means[*at]).sum();
        cells[cell] -= (around - 4.0 * means[cell]) / 24.0;
        for ([first, second], [before, after]) in moments(&fine[own], levels[cell]).into_iter().zip(beside) {
            let d1 = 0.5 * (first - (means[after] - means[before]) / 24.0);
            let d2 = 0.5 * second;
            cells[after] += d2 + d1;
            cells[before] += d2 - d1;
            cells[cell] -= 2.0 * d2;
        }
    }
    pool::give_back(means);
}

/// Its adjoint as far as it goes by the means of the cells: added to theirs.
pub fn add_to_means(levels: &[u8], cells: &[f32], means: &mut [f32], width: usize) {
    let mut single = pool::take(cells.len());
    single.copy_from_slice(cells);
    let last = cells.len() - width;
    single[..width].fill(0.0);
    single[last..].fill(0.0);
    for row in single.chunks_exact_mut(width) {
        (row[0], row[width - 1]) = (0.0, 0.0);
    }
    several(levels).for_each(|(cell, _)| single[cell] = 0.0);
    add_curvature_to_all(&single, means, width);
    pool::give_back(single);
    for (cell, _) in several(levels) {
        for [before, after] in beside(cell, width, cells.len()).into_iter().flatten() {
            let slope = (cells[after] - cells[before]) / 48.0;
            means[after] -= slope;
            means[before] += slope;
        }
    }
}

/// Its adjoint as far as it goes by the moments of the cells: added to that of their sub-pixels.
pub fn add_to_sub_pixels(levels: &[u8], cells: &[f32], fine: &mut [f32], width: usize) {
    for (cell, own) in several(levels) {
        let Some(beside) = beside(cell, width, cells.len()) else { continue };
        let (k, own) = (usize::from(levels[cell]), &mut fine[own]);
        let [x, y] = beside.map(|[before, after]| {
            let (before, after) = (cells[before], cells[after]);
            [0.5 * (after - before), 0.5 * (after + before) - cells[cell]]
        });
        let along = &RULES[k - 1].along;
        for (row, [w, first, second]) in own.chunks_exact_mut(k).zip(along) {
            let by_row = first * y[0] + second * y[1];
            let each = row.iter_mut().zip(along);
            each.for_each(|(value, a)| *value += a[0] * by_row + w * (a[1] * x[0] + a[2] * x[1]));
        }
    }
}

/// To which cells each sub-pixel of one goes, and with what weight: the mean and what is added to it.
#[cfg(feature = "cuda")]
pub fn columns(levels: &[u8], cell: usize, width: usize) -> Vec<Vec<(usize, f32)>> {
    let (k, cells) = (usize::from(levels[cell]), levels.len());
    let inner = beside(cell, width, cells);
    // What the mean of the cell is to it and to those beside it.
    let mut of_mean = vec![(cell, if k == 1 && inner.is_some() { 1.0 - 4.0 / 24.0 } else { 1.0 })];
    for other in [cell.wrapping_sub(1), cell + 1, cell.wrapping_sub(width), cell + width] {
        let around = if other < cells { beside(other, width, cells) } else { None };
        let Some([before, after]) = around.into_iter().flatten().find(|pair| pair.contains(&cell)) else { continue };
        // It is the one after `other`, or the one before.
        let sign = if cell == after { 1.0 } else { -1.0 };
        match levels[other] {
            1 => of_mean.push((other, 1.0 / 24.0)),
            _ => of_mean.extend([(after, -sign / 48.0), (before, sign / 48.0)]),
        }
    }
    let around = inner.filter(|_| k > 1);
    let along = &RULES[k - 1].along;
    let column = |i: usize| {
        let (row, column) = (along[i / k], along[i % k]);
        let share = row[0] * column[0];
        let mut all: Vec<(usize, f32)> = of_mean.iter().map(|(to, weight)| (*to, share * weight)).collect();
        let moments = [[row[0] * column[1], row[0] * column[2]], [row[1] * column[0], row[2] * column[0]]];
        for ([first, second], [before, after]) in moments.into_iter().zip(around.into_iter().flatten()) {
            all.extend([(after, 0.5 * (second + first)), (before, 0.5 * (second - first)), (cell, -second)]);
        }
        all
    };
    (0..k * k).map(column).collect()
}

/// The cells of several sub-pixels, and which these are.
fn several(levels: &[u8]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let (mut cell, mut first) = (0, 0);
    std::iter::from_fn(move || {
        let run = levels[cell..].iter().position(|level| *level > 1)?;
        let (at, start) = (cell + run, first + run);
        let own = start..start + usize::from(levels[at]).pow(2);
        (cell, first) = (at + 1, own.end);
        Some((at, own))
    })
}

/// Adds to every cell that is not at the border a 24th of the sum of its second differences along x and y.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn add_curvature(from: &[f32], to: &mut [f32], width: usize) {
    if width < 3 {
        return;
    }
    for y in 1..(from.len() / width).saturating_sub(1) {
        let row = |y: usize| &from[y * width..][..width];
        let (below, own, above) = (&row(y - 1)[1..], row(y), &row(y + 1)[1..]);
        let (before, middle, after) = (&own[..width - 2], &own[1..width - 1], &own[2..]);
        let out = &mut to[y * width + 1..][..width - 2];
        for x in 0..out.len().min(middle.len()) {
            out[x] += (before[x] + after[x] + below[x] + above[x] - 4.0 * middle[x]) / 24.0;
        }
    }
}

/// The same to all cells of what is 0 at the border.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn add_curvature_to_all(from: &[f32], to: &mut [f32], width: usize) {
    add_curvature(from, to, width);
    let height = from.len() / width;
    if height < 3 || width < 3 {
        return;
    }
    for x in 0..width {
        to[x] += from[width + x] / 24.0;
        to[(height - 1) * width + x] += from[(height - 2) * width + x] / 24.0;
    }
    for y in 0..height {
        to[y * width] += from[y * width + 1] / 24.0;
        to[(y + 1) * width - 1] += from[(y + 1) * width - 2] / 24.0;
    }
}

/// The cells before and after one along x and along y; none for one at the border.
fn beside(cell: usize, width: usize, cells: usize) -> Option<[[usize; 2]; 2]> {
    let x = cell % width;
    let inner = x > 0 && x + 1 < width && cell >= width && cell + width < cells;
    inner.then(|| [[cell - 1, cell + 1], [cell - width, cell + width]])
}

/// <v u> and <v (u^2 - 1/12)> along x and along y.
fn moments(own: &[f32], level: u8) -> [[f32; 2]; 2] {
    let along = &RULES[usize::from(level) - 1].along;
    let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
    for (row, [w, first, second]) in own.chunks_exact(along.len()).zip(along) {
        let mut sums = [0.0; 3];
        for (value, a) in row.iter().zip(along) {
            sums.iter_mut().zip(a).for_each(|(sum, a)| *sum += a * value);
        }
        x = [x[0] + w * sums[1], x[1] + w * sums[2]];
        y = [y[0] + first * sums[0], y[1] + second * sums[0]];
    }
    [x, y]
}

#[cfg(test)]
mod tests {
    use crate::sampling::{Sampling, nodes};

    fn levels() -> Sampling {
        Sampling::Each((0..63).map(|i: usize| [1, 1, 2, 1, 4, 1, 3, 1, 1][i * i % 9]).collect())
    }

    fn deposited(sampling: &Sampling, fine: &[f32]) -> Vec<f32> {
        let mut cells = vec![0.0; 63];
        sampling.deposit(fine, &mut cells, 9);
        cells
    }

    #[test]
    fn the_adjoint_and_the_columns_are_of_the_same_matrix() {
        let sampling = levels();
        let n = sampling.subpixels(63);
        let out: Vec<f32> = (0..63).map(|i| (i as f32 * 1.3).cos()).collect();
        let mut back = vec![f32::NAN; n];
        sampling.deposit_adjoint(&out, &mut back, 9);
        for i in 0..n {
            let mut fine = vec![0.0; n];
            fine[i] = 1.0;
            let column = deposited(&sampling, &fine);
            let product: f32 = column.iter().zip(&out).map(|(a, b)| a * b).sum();
            // Sums of a few numbers below 1.
            assert!((product - back[i]).abs() < 1e-6, "{i}: {product} {}", back[i]);
            #[cfg(feature = "cuda")]
            {
                let mut same = vec![0.0; 63];
                sampling.columns(63, 9, true)[i].iter().for_each(|(to, weight)| same[*to] += weight);
                assert!(column.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-6), "{i}: {column:?} {same:?}");
            }
        }
    }

    #[test]
    fn the_flux_stays_and_a_point_of_light_keeps_its_place_and_has_no_width() {
        // All in one cell of 4 x 4, far from the border.
        let levels: Vec<u8> = (0..121)
            .map(|i| {
                if i == 60 {
                    4
                } else if [48, 49, 50, 59, 61, 70, 71, 72].contains(&i) {
                    2
                } else {
                    1
                }
            })
            .collect();
        let sampling = Sampling::Each(levels.into());
        let n = sampling.subpixels(121);
        let start = (0..60).map(|cell| sampling.level(cell).pow(2)).sum::<usize>();
        let nodes = nodes(4);
        for at in 0..16 {
            let mut fine = vec![0.0; n];
            fine[start + at] = 1.0;
            let mut cells = vec![0.0; 121];
            sampling.deposit(&fine, &mut cells, 11);
            let moment = |of: &dyn Fn(f64, f64) -> f64| {
                let at = |i: usize| ((i % 11) as f64 - 5.0, (i / 11) as f64 - 5.0);
                cells.iter().enumerate().map(|(i, v)| f64::from(*v) * of(at(i).0, at(i).1)).sum::<f64>()
            };
            let flux = moment(&|_, _| 1.0);
            let (x, y) = (nodes[at % 4], nodes[at / 4]);
            assert!((moment(&|x, _| x) / flux - x).abs() < 1e-5 && (moment(&|_, y| y) / flux - y).abs() < 1e-5, "{at}");
            // A kernel for means takes 1/12 away.
            assert!(
                (moment(&|x, _| x * x) / flux - x * x - 1.0 / 12.0).abs() < 1e-5,
                "{at}: {}",
                moment(&|x, _| x * x) / flux
            );
            assert!((moment(&|_, y| y * y) / flux - y * y - 1.0 / 12.0).abs() < 1e-5, "{at}");
        }
    }
}
