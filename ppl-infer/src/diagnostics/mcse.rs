//! Monte Carlo standard errors: how far the mean, the spread and the quantiles of the draws may be off.

use super::ess::{ess_mean, ess_quantile};
use super::moments::{mean, sd};
use super::quantile::sorted;
use super::split::pooled;
use statrs::distribution::{Beta, ContinuousCDF};

/// sd / sqrt(ESS of the mean).
pub fn mcse_mean(chains: &[&[f64]]) -> f64 {
    sd(&pooled(chains)) / ess_mean(chains).sqrt()
}

/// The error of the standard deviation s by the delta method: sqrt(var(s^2) / (4 s^2)),
/// var(s^2) = (E[d^4] - E[d^2]^2) / ESS(d^2), d = x - mean. NaN of a constant.
pub fn mcse_sd(chains: &[&[f64]]) -> f64 {
    let draws = pooled(chains);
    let centre = mean(&draws);
    let squares: Vec<f64> = draws.iter().map(|x| (x - centre).powi(2)).collect();
    let length = draws.len().checked_div(chains.len()).unwrap_or(0);
    let rows: Vec<&[f64]> = squares.chunks_exact(length.max(1)).collect();
    let second = mean(&squares);
    let fourth = mean(&squares.iter().map(|d2| d2 * d2).collect::<Vec<_>>());
    ((fourth - second * second) / ess_mean(&rows) / second / 4.0).sqrt()
}

/// Half the distance between the order statistics at the 16% and 84% points of Beta(S p + 1, S (1 - p) + 1), S the ESS of
/// the quantile (Vehtari et al. 2021, section 4.3).
pub fn mcse_quantile(chains: &[&[f64]], probability: f64) -> f64 {
    let p = probability;
    let ess = ess_quantile(chains, p);
    let Ok(beta) = Beta::new(ess * p + 1.0, ess * (1.0 - p) + 1.0) else { return f64::NAN };
    let draws = sorted(&pooled(chains));
    let last = (draws.len() - 1) as f64;
    let place = |probability: f64| beta.inverse_cdf(probability) * draws.len() as f64 - 1.0;
    // Phi(-1) and Phi(1), to the digits that ArviZ has of them.
    let low = place(0.1586553).max(0.0).floor() as usize;
    let high = place(0.8413447).min(last).ceil() as usize;
    (draws[high] - draws[low]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_draws_have_no_error_estimate() {
        let short: [&[f64]; 2] = [&[1.0, 2.0, 3.0], &[1.0, 2.0, 4.0]];
        assert!(mcse_mean(&short).is_nan() && mcse_sd(&short).is_nan() && mcse_quantile(&short, 0.5).is_nan());
        assert!(mcse_mean(&[]).is_nan() && mcse_sd(&[]).is_nan() && mcse_quantile(&[], 0.5).is_nan());
        assert!(mcse_quantile(&[&[1.0, 2.0, 3.0, 4.0]], f64::NAN).is_nan());
    }

    #[test]
    fn a_constant_mean_has_no_error() {
        assert_eq!(mcse_mean(&[&[0.1; 20]]), 0.0);
        assert_eq!(mcse_quantile(&[&[0.1; 20]], 0.05), 0.0);
        assert!(mcse_sd(&[&[0.1; 20]]).is_nan());
    }
}
