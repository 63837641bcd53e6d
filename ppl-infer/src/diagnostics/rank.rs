//! Rank normalisation: values replaced by the normal scores of their ranks (Vehtari et al. 2021, eq. 14).

use super::quantile::{quantile_of_sorted, sorted};
use super::split::Split;
use statrs::function::erf::erfc_inv;
use std::f64::consts::SQRT_2;

/// z = Phi^-1((r - 3/8) / (n + 1/4)), r the rank among all draws, averaged over ties (Blom 1958).
pub(crate) fn rank_normalised(split: &Split) -> Split {
    let n = split.values().len();
    let mut order: Vec<(f64, usize)> = split.values().iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut scores = vec![0.0; n];
    let mut start = 0;
    while start < n {
        let tied = order[start..].iter().take_while(|(value, _)| *value == order[start].0).count();
        let rank = (2 * start + tied + 1) as f64 / 2.0;
        let score = normal_quantile((rank - 0.375) / (n as f64 + 0.25));
        for &(_, place) in &order[start..start + tied] {
            scores[place] = score;
        }
        start += tied;
    }
    split.with_values(scores)
}

/// |x - median|, the distances that show chains of different spread. None where a draw and the median are both infinite.
pub(crate) fn folded(split: &Split) -> Option<Split> {
    let median = quantile_of_sorted(&sorted(split.values()), 0.5);
    let values: Vec<f64> = split.values().iter().map(|x| (x - median).abs()).collect();
    if values.iter().any(|x| x.is_nan()) { None } else { Some(split.with_values(values)) }
}

/// Phi^-1(p).
fn normal_quantile(p: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_follow_the_ranks_and_ties_share_one() {
        let split = Split::new(&[&[10.0, -3.0, 5.0, 5.0]], 1).unwrap();
        let z = rank_normalised(&split);
        // Phi^-1 of 3.625/4.25, 0.625/4.25 and 2.125/4.25, from SciPy.
        let expected = [1.049131397963971, -1.049131397963971, 0.0, 0.0];
        for (got, want) in z.values().iter().zip(expected) {
            assert!((got - want).abs() < 1e-14, "{got} {want}");
        }
    }

    #[test]
    fn folding_is_about_the_median() {
        let split = Split::new(&[&[1.0, 2.0, 4.0, 9.0]], 1).unwrap();
        assert_eq!(folded(&split).unwrap().values(), [2.0, 1.0, 1.0, 6.0]);
        let infinite = Split::new(&[&[1.0, f64::INFINITY, f64::INFINITY, f64::INFINITY]], 1).unwrap();
        assert!(folded(&infinite).is_none());
    }
}
