//! Non-negative least squares: the top of a parabola among amplitudes that are not negative.

use ppl_core::autodiff::cholesky::{factor, solve, solve_transposed};

use super::equations::Equations;

/// An amplitude stays 0 where it would add less than this to the log density.
const WORTH: f64 = 1e-10;

/// The amplitudes of the largest density, those not `signed` being at least 0; NaN where the matrix has no factor.
///
/// The active set method of Lawson & Hanson (1974, ch. 23) on the normal equations (Bro & de Jong 1997,
/// doi:10.1002/(SICI)1099-128X(199709/10)11:5<393::AID-CEM483>3.0.CO;2-L): amplitudes are freed one by one, that of the largest gain
/// first, and held at 0 again where the best free ones would pass it.
pub fn non_negative(equations: &Equations, signed: impl Fn(usize) -> bool) -> Vec<f64> {
    let n = equations.vector.len();
    let mut a = vec![0.0; n];
    let mut free: Vec<usize> = (0..n).filter(|i| signed(*i)).collect();
    if !free.is_empty() && !improve(equations, &signed, &mut free, &mut a) {
        return vec![f64::NAN; n];
    }
    // Each step raises the density, so that no set of free amplitudes comes twice; rounding might.
    for _ in 0..10 * n {
        let gain = |i: usize| {
            let row = &equations.matrix[i * n..(i + 1) * n];
            let slope = equations.vector[i] - row.iter().zip(&a).map(|(m, a)| m * a).sum::<f64>();
            slope.max(0.0).powi(2) / (2.0 * row[i])
        };
        let held = (0..n).filter(|i| !free.contains(i)).map(|i| (i, gain(i)));
        let Some((best, gain)) = held.max_by(|x, y| x.1.total_cmp(&y.1)) else { break };
        if gain <= WORTH {
            break;
        }
        free.push(best);
        free.sort_unstable();
        if !improve(equations, &signed, &mut free, &mut a) {
            return vec![f64::NAN; n];
        }
    }
    a
}

/// Moves to the top over the free amplitudes, holding those that pass 0 on the way; false where there is no top.
fn improve(equations: &Equations, signed: &impl Fn(usize) -> bool, free: &mut Vec<usize>, a: &mut [f64]) -> bool {
    let n = a.len();
    loop {
        let m = free.len();
        let part: Vec<f64> =
            free.iter().flat_map(|i| free.iter().map(move |j| i * n + j)).map(|at| equations.matrix[at]).collect();
        let Ok(l) = factor(&part, m) else { return false };
        let mut top: Vec<f64> = free.iter().map(|i| equations.vector[*i]).collect();
        solve(&l, &mut top);
        solve_transposed(&l, &mut top);
        let passes = |(i, top): &(&usize, &f64)| !signed(**i) && **top <= 0.0;
        let step = |(i, top): (&usize, &f64)| a[*i] / (a[*i] - top);
        let most = free.iter().zip(&top).filter(passes).map(step).fold(f64::INFINITY, f64::min);
        if most == f64::INFINITY {
            free.iter().zip(&top).for_each(|(i, top)| a[*i] = *top);
            return true;
        }
        let most = if most.is_nan() { 0.0 } else { most };
        free.iter().zip(&top).for_each(|(i, top)| a[*i] += most * (top - a[*i]));
        let held: Vec<usize> = free
            .iter()
            .zip(&top)
            .filter(passes)
            .map(|(i, _)| *i)
            .filter(|i| a[*i] <= f64::EPSILON * a_size(a))
            .collect();
        held.iter().for_each(|i| a[*i] = 0.0);
        free.retain(|i| !held.contains(i));
        if held.is_empty() || free.is_empty() {
            return true;
        }
    }
}

fn a_size(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |m, a| f64::max(m, a.abs()))
}
