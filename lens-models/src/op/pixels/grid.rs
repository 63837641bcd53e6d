//! A field on another grid.

use std::f64::consts::TAU;

/// The pixels of the field of these harmonics on a grid `width` times as wide whose middle lies at `offset`, in widths of the grid at hand; dark beyond it.
pub(super) fn on_grid(harmonics: &[f64], width: f64, offset: [f64; 2]) -> Vec<f64> {
    let side = harmonics.len().isqrt();
    // The waves of each axis at the new pixels: [pixel, wave], each wave as slow as the grid shows it.
    let waves = |offset: f64| -> Vec<f64> {
        let at = |j: usize| offset + width * ((j as f64 + 0.5) / side as f64 - 0.5);
        // The first pixel is where a wave begins.
        let place = |j: usize| at(j) + 0.5 - 0.5 / side as f64;
        let wave = |j: usize, k: usize| {
            let cycles = if 2 * k > side { k as f64 - side as f64 } else { k as f64 };
            let phase = TAU * cycles * place(j);
            let inside = if at(j).abs() < 0.5 { 1.0 } else { 0.0 };
            inside * (phase.cos() + phase.sin()) / (side as f64).sqrt()
        };
        (0..side).flat_map(|j| (0..side).map(move |k| wave(j, k)).collect::<Vec<_>>()).collect()
    };
    let [x, y] = offset.map(waves);
    let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
        let entry = |i: usize, j: usize| (0..side).map(|k| a[i * side + k] * b[j * side + k]).sum::<f64>();
        (0..side).flat_map(|i| (0..side).map(move |j| entry(i, j)).collect::<Vec<_>>()).collect()
    };
    // Columns first: [pixel x, row of waves], then [pixel y, pixel x].
    product(&y, &product(&x, harmonics))
}

#[cfg(test)]
mod tests {
    use super::super::hartley::Hartley;
    use super::*;

    #[test]
    fn a_field_on_another_grid_is_the_same_field() {
        let side = 32;
        // A bump of many pixels' width, well within both grids.
        let bump = |x: f64, y: f64| (-(x - 0.03).powi(2) / 0.01 - (y + 0.05).powi(2) / 0.01).exp();
        let at = |k: usize| (k as f64 + 0.5) / side as f64 - 0.5;
        let grid = |width: f64, [x, y]: [f64; 2]| -> Vec<f64> {
            (0..side * side).map(|i| bump(x + width * at(i % side), y + width * at(i / side))).collect()
        };
        let mut harmonics = grid(1.0, [0.0; 2]);
        Hartley::new(side).transform(&mut harmonics);
        let (width, offset) = (0.9, [0.04, -0.02]);
        for (a, b) in on_grid(&harmonics, width, offset).iter().zip(grid(width, offset)) {
            // What the bump is at the border, where the grid's waves begin anew.
            assert!((a - b).abs() < 1e-7, "{a} {b}");
        }
        assert_eq!(on_grid(&harmonics, 2.0, [0.0; 2])[..side], [0.0; 32]);
    }
}
