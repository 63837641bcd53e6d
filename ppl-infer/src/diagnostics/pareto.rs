//! Pareto k: how heavy the tail of importance ratios is, and so how far a proposal is from its target.

/// The shape k of the generalised Pareto distribution of the largest importance ratios, given by their logarithms: below 0.5 they
/// have a finite variance, above 0.7 no number of draws makes them useful. NaN of fewer than 25 ratios, or where one is NaN.
///
/// The largest min(n / 5, 3 sqrt n) of them are fitted as in Pareto-smoothed importance sampling (Vehtari, Simpson, Gelman, Yao &
/// Gabry 2024, JMLR 25, 72), by the estimator of Zhang & Stephens 2009 (Technometrics 51, 316) with a weak prior of k = 0.5.
///
/// ```
/// use ppl_infer::diagnostics::pareto_k;
///
/// // Ratios with the quantiles of a Pareto tail of shape 0.3.
/// let log_ratios: Vec<f64> = (0..4000).map(|i| -0.3 * ((f64::from(i) + 0.5) / 4000.0).ln()).collect();
/// assert!((pareto_k(&log_ratios) - 0.3).abs() < 0.05);
/// ```
pub fn pareto_k(log_ratios: &[f64]) -> f64 {
    let n = log_ratios.len();
    if n < 25 || log_ratios.iter().any(|ratio| ratio.is_nan()) {
        return f64::NAN;
    }
    let mut sorted = log_ratios.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = (0.2 * n as f64).min(3.0 * (n as f64).sqrt()).ceil() as usize;
    let (below, above) = sorted.split_at(n - tail);
    let largest = sorted[n - 1];
    // Relative to the largest, so that nothing overflows.
    let cutoff = (below[below.len() - 1] - largest).exp();
    let exceedances: Vec<f64> = above.iter().map(|ratio| (ratio - largest).exp() - cutoff).collect();
    // Ratios that are all the same have no tail.
    if exceedances[tail - 1] <= 0.0 {
        return f64::NEG_INFINITY;
    }
    shape(&exceedances)
}

/// The shape of exceedances in rising order.
fn shape(x: &[f64]) -> f64 {
    let n = x.len();
    let mean_log = |b: f64| x.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / n as f64;
    let grid = 30 + (n as f64).sqrt() as usize;
    let quartile = x[((n as f64 / 4.0 + 0.5) as usize).max(1) - 1].max(f64::MIN_POSITIVE);
    let at = |i: usize| 1.0 / x[n - 1] + (1.0 - (grid as f64 / (i as f64 + 0.5)).sqrt()) / (3.0 * quartile);
    let all: Vec<(f64, f64)> = (0..grid)
        .map(|i| {
            let b = at(i);
            let k = mean_log(b);
            (b, n as f64 * ((-b / k).ln() - k - 1.0))
        })
        .filter(|(_, log_likelihood)| log_likelihood.is_finite())
        .collect();
    let most = all.iter().fold(f64::NEG_INFINITY, |most, (_, log)| most.max(*log));
    let weights: f64 = all.iter().map(|(_, log)| (log - most).exp()).sum();
    let b = all.iter().map(|(b, log)| b * (log - most).exp()).sum::<f64>() / weights;
    (n as f64 * mean_log(b) + 10.0 * 0.5) / (n as f64 + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_an_exact_tail_is_found() {
        for k in [0.1, 0.5, 0.9] {
            let log_ratios: Vec<f64> = (0..20_000).map(|i| -k * ((f64::from(i) + 0.5) / 20_000.0).ln()).collect();
            // The prior of 10 draws at 0.5 beside the 425 of the tail moves it by at most 0.01; the quantiles at the end are coarse.
            assert!((pareto_k(&log_ratios) - k).abs() < 0.03, "{k}: {}", pareto_k(&log_ratios));
        }
    }

    #[test]
    fn a_proposal_that_is_the_target_has_no_tail_and_nan_stays_nan() {
        assert_eq!(pareto_k(&[0.3; 100]), f64::NEG_INFINITY);
        assert!(pareto_k(&[0.3; 10]).is_nan());
        let mut with_nan = vec![0.3; 100];
        with_nan[7] = f64::NAN;
        assert!(pareto_k(&with_nan).is_nan());
    }
}
