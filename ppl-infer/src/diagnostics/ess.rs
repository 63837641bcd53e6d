//! Effective sample size: how many independent draws the chains are worth (Vehtari et al. 2021, sections 3-4).

use super::moments::{mean, variance};
use super::quantile::{quantile_of_sorted, sorted};
use super::rank::rank_normalised;
use super::split::{Split, map_split, pooled};

/// ESS of the rank-normalised draws: how well the bulk is explored.
pub fn ess_bulk(chains: &[&[f64]]) -> f64 {
    Split::new(chains, 1).map_or(f64::NAN, |split| ess_of(&rank_normalised(&split)))
}

/// The lesser ESS of the 5% and 95% quantiles: how well the tails are explored.
pub fn ess_tail(chains: &[&[f64]]) -> f64 {
    ess_tail_of(chains, &sorted(&pooled(chains)))
}

/// ESS of the mean: of the draws as they are.
pub fn ess_mean(chains: &[&[f64]]) -> f64 {
    Split::new(chains, 1).map_or(f64::NAN, |split| ess_of(&split))
}

/// ESS of the standard deviation: of the squared distances from the mean.
pub fn ess_sd(chains: &[&[f64]]) -> f64 {
    let centre = mean(&pooled(chains));
    map_split(chains, |x| (x - centre).powi(2)).map_or(f64::NAN, |split| ess_of(&split))
}

/// ESS of a quantile: of the indicator that a draw is at or below it.
pub fn ess_quantile(chains: &[&[f64]], probability: f64) -> f64 {
    ess_indicator(chains, quantile_of_sorted(&sorted(&pooled(chains)), probability))
}

/// The tail ESS, with all draws given in ascending order too.
pub(crate) fn ess_tail_of(chains: &[&[f64]], ascending: &[f64]) -> f64 {
    let [low, high] = [0.05, 0.95].map(|p| ess_indicator(chains, quantile_of_sorted(ascending, p)));
    if low.is_nan() || high.is_nan() { f64::NAN } else { low.min(high) }
}

fn ess_indicator(chains: &[&[f64]], threshold: f64) -> f64 {
    if threshold.is_nan() {
        return f64::NAN;
    }
    map_split(chains, |x| f64::from(x <= threshold)).map_or(f64::NAN, |split| ess_of(&split))
}

/// ESS = n / tau of split chains, tau from Geyer's initial monotone sequence of the combined autocorrelations
/// rho_t = 1 - (W - mean autocovariance_t) / var_plus (eq. 10; Geyer 1992, doi:10.1214/ss/1177011137).
///
/// Draws that are all alike up to rounding are worth their number. At most n log10(n): anticorrelated draws may be worth
/// more than independent ones, but not without bound.
pub(crate) fn ess_of(split: &Split) -> f64 {
    let (n, count) = (split.draws(), split.values().len() as f64);
    if is_constant(split.values()) {
        return count;
    }
    let means: Vec<f64> = split.halves().map(mean).collect();
    let centred: Vec<f64> =
        split.halves().zip(&means).flat_map(|(half, mean)| half.iter().map(move |x| x - mean)).collect();
    let within = autocovariance(&centred, n, 0) * n as f64 / (n - 1) as f64;
    let var_plus = within * (n - 1) as f64 / n as f64 + variance(&means);
    let rho_at = |lag| 1.0 - (within - autocovariance(&centred, n, lag)) / var_plus;

    let mut rho = vec![0.0; n];
    let (mut even, mut odd) = (1.0, rho_at(1));
    if odd.is_nan() {
        return f64::NAN;
    }
    (rho[0], rho[1]) = (even, odd);
    // Initial positive sequence: pairs of lags are kept while their sum is positive.
    let mut t = 1;
    while t + 3 < n && even + odd > 0.0 {
        (even, odd) = (rho_at(t + 1), rho_at(t + 2));
        if even + odd >= 0.0 {
            (rho[t + 1], rho[t + 2]) = (even, odd);
        }
        t += 2;
    }
    // The first even lag past the kept pairs still counts, once, which improves the estimate for antithetic chains.
    let last = t - 1;
    if even > 0.0 {
        rho[last] = even;
    }
    // Initial monotone sequence: the sum of a pair never exceeds that of the pair before.
    let mut t = 1;
    while t + 3 <= last {
        let before = rho[t - 1] + rho[t];
        if rho[t + 1] + rho[t + 2] > before {
            (rho[t + 1], rho[t + 2]) = (before / 2.0, before / 2.0);
        }
        t += 2;
    }
    let tau = -1.0 + 2.0 * rho[..last].iter().sum::<f64>() + rho[last];
    count / tau.max(1.0 / count.log10())
}

/// sum_t x_t x_{t + lag} / n, averaged over the halves. Summed directly: the sequence above ends after
/// few lags on chains that mix, where a Fourier transform would compute all of them.
fn autocovariance(centred: &[f64], n: usize, lag: usize) -> f64 {
    let sum: f64 = centred.chunks_exact(n).map(|half| dot(&half[..n - lag], &half[lag..])).sum();
    sum / centred.len() as f64
}

/// Eight partial sums, because the compiler may not reorder one.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut partial = [0.0; 8];
    let (eights_a, eights_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = eights_a.remainder().iter().zip(eights_b.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in eights_a.zip(eights_b) {
        for i in 0..8 {
            partial[i] += x[i] * y[i];
        }
    }
    partial.iter().sum::<f64>() + rest
}

/// Whether the values differ by rounding alone. Relative to their size, unlike ArviZ's absolute 1e-15: a parameter of the
/// order 1e-20 is not constant.
fn is_constant(values: &[f64]) -> bool {
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    low == high || high - low < 1e-15 * low.abs().max(high.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, scale: f64) -> Vec<f64> {
        (0..n).map(|i| scale * ((i * i) as f64 * 0.37).sin()).collect()
    }

    #[test]
    fn the_scale_of_a_parameter_does_not_matter() {
        let (plain, tiny) = (wave(200, 1.0), wave(200, 2f64.powi(-80)));
        assert_eq!(ess_mean(&[&plain]), ess_mean(&[&tiny]));
        assert_ne!(ess_mean(&[&tiny]), 200.0);
    }

    #[test]
    fn a_constant_is_worth_its_number_and_a_nan_nothing() {
        assert_eq!(ess_bulk(&[&[0.3; 11], &[0.3; 11]]), 20.0);
        assert_eq!(ess_tail(&[&[0.3; 10]]), 10.0);
        let mut broken = wave(50, 1.0);
        broken[7] = f64::NAN;
        assert!(ess_bulk(&[&broken]).is_nan() && ess_tail(&[&broken]).is_nan() && ess_sd(&[&broken]).is_nan());
    }

    #[test]
    fn an_infinite_draw_spoils_the_mean_but_not_the_ranks() {
        let mut draws = wave(100, 1.0);
        draws[3] = f64::INFINITY;
        assert!(ess_mean(&[&draws]).is_nan());
        assert!(ess_bulk(&[&draws]).is_finite() && ess_tail(&[&draws]).is_finite());
    }

    #[test]
    fn the_unrolled_dot_product_takes_any_length() {
        for n in 0..40 {
            let a: Vec<f64> = (0..n).map(f64::from).collect();
            let naive: f64 = a.iter().map(|x| x * x).sum();
            assert_eq!(dot(&a, &a), naive);
        }
    }
}
