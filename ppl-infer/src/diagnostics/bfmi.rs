//! E-BFMI: does resampling the momentum reach the energies of the target?

use super::moments::{mean, variance};

/// mean((E_t - E_{t-1})^2) / var(E) of the energies of one chain; below 0.3 the momentum resampling is too timid for the
/// tails (Betancourt 2016, arXiv:1604.00695). NaN of fewer than two draws or of a constant.
pub fn bfmi(energy: &[f64]) -> f64 {
    let steps: Vec<f64> = energy.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).collect();
    mean(&steps) / variance(energy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bfmi_of_a_known_series() {
        // Steps 1, 4, 1: mean 2; variance of (0, 1, 3, 2) = 5/3.
        assert!((bfmi(&[0.0, 1.0, 3.0, 2.0]) - 1.2).abs() < 1e-15);
        assert!(bfmi(&[1.0]).is_nan() && bfmi(&[2.0; 9]).is_nan());
    }
}
