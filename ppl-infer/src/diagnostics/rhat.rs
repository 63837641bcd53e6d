//! Split R-hat, rank-normalised: do the chains agree, in location and in spread?

use super::moments::{mean, variance};
use super::rank::{folded, rank_normalised};
use super::split::Split;

/// max(bulk, folded) of the rank-normalised split R-hat; below 1.01 the chains agree.
///
/// NaN with fewer than 2 chains or 4 draws, or where all draws are equal.
pub fn rhat(chains: &[&[f64]]) -> f64 {
    let Some(split) = Split::new(chains, 2) else { return f64::NAN };
    rhat_of(&split, &rank_normalised(&split))
}

/// R-hat from the split draws and their normal scores.
pub(crate) fn rhat_of(split: &Split, scores: &Split) -> f64 {
    let Some(folded) = folded(split) else { return f64::NAN };
    // `max` passes over a NaN: draws that take two values only have folded distances all alike.
    potential_scale_reduction(scores).max(potential_scale_reduction(&rank_normalised(&folded)))
}

/// sqrt((B / W + n - 1) / n), B = n var(means of the halves), W = mean(variances of the halves).
fn potential_scale_reduction(split: &Split) -> f64 {
    let n = split.draws() as f64;
    let means: Vec<f64> = split.halves().map(mean).collect();
    let variances: Vec<f64> = split.halves().map(variance).collect();
    ((n * variance(&means) / mean(&variances) + n - 1.0) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_stuck_at_different_places_never_agree() {
        assert_eq!(rhat(&[&[0.0; 10], &[1.0; 10]]), f64::INFINITY);
    }

    #[test]
    fn one_chain_or_a_constant_has_no_rhat() {
        assert!(rhat(&[&[1.0, 2.0, 3.0, 4.0]]).is_nan());
        assert!(rhat(&[&[0.1; 10], &[0.1; 10]]).is_nan());
    }
}
