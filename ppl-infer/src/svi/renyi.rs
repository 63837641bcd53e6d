//! The Renyi bound (Li & Turner 2016, arXiv:1602.02311), which particles enter by their weights; at alpha = 0 it is that of
//! importance-weighted autoencoders (Burda et al. 2016).

/// ln mean exp[(1 - alpha) e] / (1 - alpha) of the ELBOs e of all particles, and the weight of each in the gradient, of mean one.
pub(super) fn bound(elbos: &[f64], alpha: f64) -> (f64, Vec<f64>) {
    let (power, n) = (1.0 - alpha, elbos.len() as f64);
    let most = elbos.iter().fold(f64::NEG_INFINITY, |most, e| most.max(power * e));
    let weights: Vec<f64> = elbos.iter().map(|e| (power * e - most).exp()).collect();
    let sum: f64 = weights.iter().sum();
    ((most + (sum / n).ln()) / power, weights.iter().map(|w| n * w / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_mean_of_equal_particles_and_grows_towards_the_evidence() {
        assert_eq!(bound(&[-3.0; 4], 0.5), (-3.0, vec![1.0; 4]));
        let elbos = [-3.0, -1.0, -2.0];
        let mean = -2.0;
        let log_mean_exp = (elbos.iter().map(|e: &f64| e.exp()).sum::<f64>() / 3.0).ln();
        let (half, weights) = bound(&elbos, 0.5);
        assert!(mean < half && half < log_mean_exp);
        assert!((bound(&elbos, 0.0).0 - log_mean_exp).abs() < 1e-15);
        assert!((weights.iter().sum::<f64>() - 3.0).abs() < 1e-15 && weights[1] > weights[2]);
    }

    #[test]
    fn the_weights_are_the_slopes_of_the_bound() {
        let (elbos, h) = ([-3.0, -1.0, -2.0], 1e-6);
        for (i, weight) in bound(&elbos, 0.3).1.iter().enumerate() {
            let at = |step: f64| {
                let mut moved = elbos;
                moved[i] += step;
                bound(&moved, 0.3).0
            };
            // By one particle of three: a third of its weight.
            assert!(((at(h) - at(-h)) / (2.0 * h) - weight / 3.0).abs() < 1e-8);
        }
    }
}
