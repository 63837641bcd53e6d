//! What is likely of the spectrum of a field, given what data say of its harmonics; and a field on another grid.

use std::f64::consts::TAU;

use super::hartley::Hartley;
use super::spectrum::Spectrum;

/// What a step changes amp and length by at most, as their logarithms, and the slope.
const FARTHEST: f64 = 1.0;
/// Slopes that a step ends in.
const SLOPES: [f64; 2] = [2.2, 8.0];

/// Amp, length and slope, one step of Fisher's scoring nearer to the maximum of their evidence p(data | amp, length, slope) under the priors of
/// `prior`: (mean, standard deviation) of ln length and of the slope. `xi` and `variance` are means and variances of the whitened harmonics
/// under the spectrum at hand; those of the three change that are free.
///
/// With the harmonics x = D xi, D = amp root, integrated over, d ln p / d psi = sum_k (d ln D_k / d psi) (E[xi_k^2] - 1), as in an EM algorithm
/// (Dempster, Laird & Rubin 1977); the information is 2 sum_k (d ln D_k / d psi)^2 (1 - variance_k), where what is known of the field is as good
/// as noiseless and what is not is unknown.
pub(super) fn likely(
    (xi, variance): (&[f64], &[f64]),
    [amp, length, slope]: [f64; 3],
    free: [bool; 3],
    prior: [(f64, f64); 2],
) -> [f64; 3] {
    let spectrum = Spectrum::new(xi.len().isqrt(), length, slope);
    // Of amp nothing may be known.
    let (mut gradient, mut information) = ([0.0; 3], [[1e-3, 0.0, 0.0], [0.0; 3], [0.0; 3]]);
    for k in 0..xi.len() {
        let by = [1.0, spectrum.by_ln_length[k], spectrum.by_slope[k]];
        let variance = variance[k].clamp(0.0, 1.0);
        for i in 0..3 {
            gradient[i] += by[i] * (xi[k] * xi[k] + variance - 1.0);
            (0..3).for_each(|j| information[i][j] += 2.0 * by[i] * by[j] * (1.0 - variance));
        }
    }
    for (i, (at, (mean, deviation))) in [length.ln(), slope].into_iter().zip(prior).enumerate() {
        gradient[1 + i] -= (at - mean) / (deviation * deviation);
        information[1 + i][1 + i] += 1.0 / (deviation * deviation);
    }
    for i in (0..3).filter(|i| !free[*i]) {
        gradient[i] = 0.0;
        (0..3).for_each(|j| (information[i][j], information[j][i]) = (0.0, 0.0));
        information[i][i] = 1.0;
    }
    let mut step = solved(information, gradient);
    let shorter = FARTHEST / step.iter().fold(FARTHEST, |most, s| most.max(s.abs()));
    step.iter_mut().for_each(|s| *s *= shorter);
    [amp * step[0].exp(), length * step[1].exp(), (slope + step[2]).clamp(SLOPES[0], SLOPES[1])]
}

/// The x of M x = b of a positive definite M, by elimination.
fn solved(mut m: [[f64; 3]; 3], mut b: [f64; 3]) -> [f64; 3] {
    for i in 0..3 {
        for j in i + 1..3 {
            let share = m[j][i] / m[i][i];
            (0..3).for_each(|k| m[j][k] -= share * m[i][k]);
            b[j] -= share * b[i];
        }
    }
    for i in (0..3).rev() {
        let above: f64 = (i + 1..3).map(|k| m[i][k] * b[k]).sum();
        b[i] = (b[i] - above) / m[i][i];
    }
    b
}

/// The harmonics of the same field on a grid `width` times as wide whose middle lies at `offset`, in widths of the grid at hand.
pub(super) fn moved(harmonics: &[f64], width: f64, offset: [f64; 2]) -> Vec<f64> {
    let side = harmonics.len().isqrt();
    // The waves of each axis at the new pixels: [pixel, wave], each wave as slow as the grid shows it.
    let waves = |offset: f64| -> Vec<f64> {
        let at = |j: usize| offset + width * ((j as f64 + 0.5) / side as f64 - 0.5);
        // The first pixel is where a wave begins.
        let place = |j: usize| at(j) + 0.5 - 0.5 / side as f64;
        let wave = |j: usize, k: usize| {
            let cycles = if 2 * k > side { k as f64 - side as f64 } else { k as f64 };
            let phase = TAU * cycles * place(j);
            (phase.cos() + phase.sin()) / (side as f64).sqrt()
        };
        (0..side).flat_map(|j| (0..side).map(move |k| wave(j, k))).collect()
    };
    let [x, y] = offset.map(waves);
    let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
        let entry = |i: usize, j: usize| (0..side).map(|k| a[i * side + k] * b[j * side + k]).sum::<f64>();
        (0..side).flat_map(|i| (0..side).map(move |j| entry(i, j))).collect()
    };
    // Columns first: [pixel x, row of waves], then [pixel y, pixel x].
    let mut field = product(&y, &product(&x, harmonics));
    Hartley::new(side).transform(&mut field);
    field
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::rng::keyed;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn the_spectrum_that_harmonics_were_drawn_from_is_found_from_what_is_seen_of_them() {
        let (side, truth, noise) = (40, [1.7_f64, 0.13, 3.4], 0.1);
        let mut rng = keyed(3, "harmonics", 0);
        let mut normal = move || -> f64 { StandardNormal.sample(&mut rng) };
        let root = Spectrum::new(side, truth[1], truth[2]).root;
        // Each harmonic is seen with noise.
        let seen: Vec<f64> = root.iter().map(|root| truth[0] * root * normal() + noise * normal()).collect();
        let mut at = [0.6, 0.3, 5.0];
        for _ in 0..12 {
            let spectrum = Spectrum::new(side, at[1], at[2]);
            let scale = spectrum.root.iter().map(|root| at[0] * root / noise);
            let (xi, variance): (Vec<f64>, Vec<f64>) =
                scale.zip(&seen).map(|(a, seen)| (a * seen / noise / (1.0 + a * a), 1.0 / (1.0 + a * a))).unzip();
            at = likely((&xi, &variance), at, [true; 3], [(-2.0, 2.0), (4.0, 3.0)]);
        }
        // Some hundreds of the 1600 are seen above the noise.
        let off = [(at[0] / truth[0]).ln(), (at[1] / truth[1]).ln(), at[2] - truth[2]];
        assert!(off.iter().zip([0.15, 0.3, 0.5]).all(|(off, most)| off.abs() < most), "{at:?}");
        let held = likely((&vec![2.0; 1600], &vec![0.1; 1600]), truth, [true, false, false], [(-2.0, 2.0), (4.0, 3.0)]);
        assert!(held[0] > truth[0] && held[1..] == truth[1..]);
    }

    #[test]
    fn a_field_on_another_grid_is_the_same_field() {
        let side = 24;
        // A bump of many pixels' width, well within both grids.
        let bump = |x: f64, y: f64| (-(x - 0.03).powi(2) / 0.01 - (y + 0.05).powi(2) / 0.02).exp();
        let at = |k: usize| (k as f64 + 0.5) / side as f64 - 0.5;
        let grid = |width: f64, [x, y]: [f64; 2]| -> Vec<f64> {
            (0..side * side).map(|i| bump(x + width * at(i % side), y + width * at(i / side))).collect()
        };
        let mut harmonics = grid(1.0, [0.0; 2]);
        Hartley::new(side).transform(&mut harmonics);
        let (width, offset) = (0.9, [0.04, -0.02]);
        let mut field = moved(&harmonics, width, offset);
        Hartley::new(side).transform(&mut field);
        for (a, b) in field.iter().zip(grid(width, offset)) {
            // What a bump as narrow has beyond the grid's last wave.
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }
}
