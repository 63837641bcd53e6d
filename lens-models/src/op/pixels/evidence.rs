//! The evidence of the scales of a field: what its determinant changes by them, and Fisher's information.

use rayon::prelude::*;

use super::hartley::Hartley;
use super::spectrum::Spectrum;
use super::window::Window;
use crate::op::field_model::Evidence;

/// How many: amp, length, slope, width and two offsets.
const SCALES: usize = 6;
/// The least scale of a harmonic, of the largest one, that is divided by: what data know of a harmonic below it is nothing but rounding.
const FLOOR: f64 = 0.01;
/// The share above which a direction counts in the information.
const LEAST: f64 = 0.2;

/// Directions `[rank, side^2]` of whitened harmonics, and how much of the prior's variance along each data have taken away.
pub(super) struct Known<'a> {
    pub directions: &'a [f64],
    pub shares: &'a [f64],
    /// The harmonics, nearly at their maximum, and what is left of the gradient of logp there.
    pub xi: &'a [f64],
    pub left: &'a [f64],
}

/// Of (ln amp, ln length, slope, ln width, offset_x, offset_y), `params` being length, slope, width and offsets: the slopes of ln det V / 2, V being
/// the posterior covariance of the whitened harmonics xi, and the expected information `[6, 6]` with these integrated over.
///
/// Data are d = A xi + noise, and A^T (A A^T + N)^-1 A = 1 - V = Q. A change of psi is A -> A (1 + G dpsi), and
///
/// d (ln det V / 2) / d psi_i = -tr(Q G_i),  I_ij = tr(Q S_i Q S_j) / 2,  S = G + G^T
///
/// To the slopes is added -g^T G_i xi, g being what is left of the gradient by xi: without it an error of xi along a direction that data know d times
/// as well as the prior would be d times as large in the slope of the evidence.
///
/// With D the scales of harmonics, H the Hartley transform and w the window, G = d ln D / dpsi for the spectrum, and D^-1 H (d ln w / dpsi) H D
/// for the window.
pub(super) fn evidence(side: usize, params: [f64; 5], known: &Known<'_>) -> Evidence {
    let [length, slope, width, x, y] = params;
    let (n, rank) = (side * side, known.shares.len());
    let (spectrum, window) = (Spectrum::new(side, length, slope), Window::new(side, [width, x, y]));
    let largest = spectrum.root.iter().copied().fold(0.0, f64::max);
    let floor = (FLOOR * largest).powi(2);
    let fields = |of: &[f64], scale: &(dyn Fn(f64) -> f64 + Sync)| -> Vec<f64> {
        let mut fields = of.to_vec();
        fields.par_chunks_exact_mut(n).for_each_init(
            || Hartley::new(side),
            |hartley, field| {
                field.iter_mut().zip(&spectrum.root).for_each(|(f, root)| *f *= scale(*root));
                hartley.transform(field);
            },
        );
        fields
    };
    let slopes: Vec<[f64; 3]> = window.slopes().collect();
    let by_window = |i: usize, unit: f64| slopes.iter().map(|s| unit * s[i]).collect::<Vec<f64>>();
    let of_spectrum = [vec![1.0; n], spectrum.by_ln_length.clone(), spectrum.by_slope.clone()];
    let of_window = [by_window(0, width), by_window(1, 1.0), by_window(2, 1.0)];
    // What is little known adds to the trace, and its squares to nothing.
    let order = {
        let (well, little): (Vec<usize>, Vec<usize>) = (0..rank).partition(|k| known.shares[*k] > LEAST);
        [well, little]
    };
    let mut trace = [0.0; SCALES];
    let mut changes: Vec<Vec<f64>> = vec![];
    for (which, own) in order.iter().enumerate() {
        let u: Vec<f64> = own.iter().flat_map(|k| known.directions[k * n..(k + 1) * n].iter().copied()).collect();
        let (left, right) = (fields(&u, &|root| root / (root * root + floor)), fields(&u, &|root| root));
        let both = of_spectrum.iter().map(|w| (w, &u, &u)).chain(of_window.iter().map(|w| (w, &left, &right)));
        for (i, (weight, a, b)) in both.enumerate() {
            let squares = a.chunks_exact(n).zip(b.chunks_exact(n)).zip(own).map(|((a, b), k)| {
                known.shares[*k] * a.iter().zip(b).zip(weight).map(|((a, b), w)| a * b * w).sum::<f64>()
            });
            trace[i] += squares.sum::<f64>();
            if which == 0 {
                changes.push(product(a, weight, b, own.len()));
            }
        }
    }
    let (left, right) = (fields(known.left, &|root| root / (root * root + floor)), fields(known.xi, &|root| root));
    let both = of_spectrum
        .iter()
        .map(|w| (w, known.left, known.xi))
        .chain(of_window.iter().map(|w| (w, &left[..], &right[..])));
    for (trace, (weight, a, b)) in trace.iter_mut().zip(both) {
        *trace += a.iter().zip(b).zip(weight).map(|((a, b), w)| a * b * w).sum::<f64>();
    }
    let shares: Vec<f64> = order[0].iter().map(|k| known.shares[*k]).collect();
    let rank = shares.len();
    let both =
        |g: Vec<f64>| -> Vec<f64> { (0..rank * rank).map(|at| g[at] + g[at % rank * rank + at / rank]).collect() };
    let changes: Vec<Vec<f64>> = changes.into_iter().map(both).collect();
    let shared = |i: usize, j: usize| -> f64 {
        let pairs = changes[i].iter().zip(&changes[j]).enumerate();
        0.5 * pairs.map(|(at, (a, b))| shares[at / rank] * shares[at % rank] * a * b).sum::<f64>()
    };
    let information = (0..SCALES * SCALES).map(|at| shared(at / SCALES, at % SCALES)).collect();
    Evidence { slopes: trace.map(|t| -t).to_vec(), information, grid: 0.0 }
}

/// a diag(weight) b^T of rows `[rank, n]`: `[rank, rank]`.
fn product(a: &[f64], weight: &[f64], b: &[f64], rank: usize) -> Vec<f64> {
    let n = weight.len();
    let columns: Vec<f64> = (0..n).flat_map(|p| (0..rank).map(move |k| b[k * n + p])).collect();
    let mut all = vec![0.0; rank * rank];
    all.par_chunks_exact_mut(rank.max(1)).zip(a.par_chunks_exact(n)).for_each(|(row, a)| {
        for ((a, w), column) in a.iter().zip(weight).zip(columns.chunks_exact(rank)) {
            row.iter_mut().zip(column).for_each(|(to, b)| *to += a * w * b);
        }
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a dense computation gives: A = R W H D of every harmonic, half of the pixels seen through noise.
    fn dense(side: usize, params: [f64; 5], ln_amp: f64, noise: f64) -> Vec<Vec<f64>> {
        let [length, slope, width, x, y] = params;
        let (spectrum, window) = (Spectrum::new(side, length, slope), Window::new(side, [width, x, y]));
        let mut hartley = Hartley::new(side);
        let column = |k: usize| {
            let mut field = vec![0.0; side * side];
            field[k] = ln_amp.exp() * spectrum.root[k] / noise;
            hartley.transform(&mut field);
            field.iter_mut().zip(window.factors()).for_each(|(f, w)| *f *= w);
            field
        };
        (0..side * side).map(column).collect()
    }

    /// C = A A^T + 1, row-major.
    fn covariance(columns: &[Vec<f64>]) -> Vec<f64> {
        let n = columns.len();
        let entry = |at: usize| columns.iter().map(|c| c[at / n] * c[at % n]).sum::<f64>();
        (0..n * n).map(|at| entry(at) + if at / n == at % n { 1.0 } else { 0.0 }).collect()
    }

    /// M^-1 B by elimination.
    fn solved(m: &[f64], b: &[f64], n: usize) -> Vec<f64> {
        let (mut m, mut b) = (m.to_vec(), b.to_vec());
        for i in 0..n {
            for j in (0..n).filter(|j| *j != i) {
                let share = m[j * n + i] / m[i * n + i];
                for k in 0..n {
                    m[j * n + k] -= share * m[i * n + k];
                    b[j * n + k] -= share * b[i * n + k];
                }
            }
        }
        (0..n * n).map(|at| b[at] / m[at / n * n + at / n]).collect()
    }

    /// ln det M of a positive definite M, by elimination.
    fn ln_det(m: &[f64], n: usize) -> f64 {
        let mut m = m.to_vec();
        for i in 0..n {
            for j in i + 1..n {
                let share = m[j * n + i] / m[i * n + i];
                (i..n).for_each(|k| m[j * n + k] -= share * m[i * n + k]);
            }
        }
        (0..n).map(|i| m[i * n + i].ln()).sum()
    }

    #[test]
    fn it_is_that_of_the_gaussian_that_the_data_are() {
        let (side, n, noise, h) = (6, 36, 0.2, 1e-4);
        let at = [0.12_f64, 3.0, 0.9, 0.04, -0.02];
        let moved = |i: usize, h: f64| {
            let mut psi = [0.0, at[0].ln(), at[1], at[2].ln(), at[3], at[4]];
            psi[i] += h;
            dense(side, [psi[1].exp(), psi[2], psi[3].exp(), psi[4], psi[5]], psi[0], noise)
        };
        let columns = moved(0, 0.0);
        let c = covariance(&columns);
        // C^-1 dC / dpsi, and tr(. .) / 2.
        let by: Vec<Vec<f64>> = (0..SCALES)
            .map(|i| {
                let (up, down) = (covariance(&moved(i, h)), covariance(&moved(i, -h)));
                let slope: Vec<f64> = up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * h)).collect();
                solved(&c, &slope, n)
            })
            .collect();
        let trace = |a: &[f64], b: &[f64]| (0..n * n).map(|at| a[at] * b[at % n * n + at / n]).sum::<f64>();
        // Q = A^T C^-1 A on the whole space, as n directions: Q = L L^T is not needed, rows of the identity with Q's own eigenvectors are; power
        // iteration would do, but Q's Cholesky factor does as well, as shares of one along its columns.
        let flat: Vec<f64> = (0..n * n).map(|at| columns[at % n][at / n]).collect();
        let solved = solved(&c, &flat, n);
        let q: Vec<f64> =
            (0..n * n).map(|at| (0..n).map(|p| columns[at / n][p] * solved[p * n + at % n]).sum()).collect();
        let mut factor = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let sum: f64 = (0..j).map(|k| factor[i * n + k] * factor[j * n + k]).sum();
                let left = q[i * n + j] - sum;
                factor[i * n + j] = if i == j { left.max(1e-14).sqrt() } else { left / factor[j * n + j] };
            }
        }
        let directions: Vec<f64> = (0..n * n).map(|at| factor[at % n * n + at / n]).collect();
        let found = evidence(
            side,
            at,
            &Known { directions: &directions, shares: &vec![1.0; n], xi: &vec![0.0; n], left: &vec![0.0; n] },
        );
        let ln_det = |i: usize, h: f64| ln_det(&covariance(&moved(i, h)), n);
        for i in 0..SCALES {
            // det V = 1 / det(1 + A^T A) = 1 / det(1 + A A^T).
            let expected = -0.5 * (ln_det(i, h) - ln_det(i, -h)) / (2.0 * h);
            let off = (found.slopes[i] - expected).abs();
            assert!(off < 0.02 * (1.0 + expected.abs()), "{i}: {} {expected}", found.slopes[i]);
            for j in 0..SCALES {
                let expected = 0.5 * trace(&by[i], &by[j]);
                let unit = 0.5 * (trace(&by[i], &by[i]) * trace(&by[j], &by[j])).sqrt();
                // The least scale that is divided by.
                let off = (found.information[i * SCALES + j] - expected).abs() / unit;
                assert!(off < 0.03, "{i} {j}: {} {expected}", found.information[i * SCALES + j]);
            }
        }
    }
}
