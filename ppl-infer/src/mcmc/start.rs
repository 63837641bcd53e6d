//! Starting positions drawn at random.

use crate::error::{Error, Result};
use ppl_core::{LogDensity, rng::keyed};
use rand::RngExt;

/// Tries per chain, as in Stan.
const TRIES: usize = 100;

/// Draws `[chains, dim]` starts uniformly from (-2, 2) in unconstrained space, each again until the density and its gradient
/// there are finite, as Stan does. Errors: none found in 100 tries for some chain; the density failed.
pub fn random_starts(density: &(impl LogDensity + ?Sized), seed: u64, chains: usize) -> Result<Vec<f64>> {
    let dim = density.dim();
    let mut starts = Vec::with_capacity(chains * dim);
    let (mut position, mut gradient) = (vec![0.0; dim], vec![0.0; dim]);
    for chain in 0..chains {
        let mut rng = keyed(seed, "start", chain);
        let mut found = false;
        for _ in 0..TRIES {
            position.iter_mut().for_each(|x| *x = rng.random_range(-2.0..2.0));
            let mut logp = [f64::NAN];
            density.logp_and_grad(&position, &mut logp, &mut gradient)?;
            found = logp[0].is_finite() && gradient.iter().all(|g| g.is_finite());
            if found {
                break;
            }
        }
        if !found {
            return Err(Error::NoStart { chain, tries: TRIES });
        }
        starts.extend_from_slice(&position);
    }
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A normal cut off below `bound`.
    struct Cut {
        bound: f64,
    }

    impl LogDensity for Cut {
        fn dim(&self) -> usize {
            2
        }
        fn logp_and_grad(&self, x: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::error::Result<()> {
            for (lane, x) in x.chunks_exact(2).enumerate() {
                logp[lane] = if x[0] < self.bound { f64::NEG_INFINITY } else { -0.5 * (x[0] * x[0] + x[1] * x[1]) };
                grad[2 * lane..2 * lane + 2].copy_from_slice(&[-x[0], -x[1]]);
            }
            Ok(())
        }
    }

    #[test]
    fn starts_are_inside_the_support_and_differ() {
        let starts = random_starts(&Cut { bound: 1.0 }, 1, 8).unwrap();
        for (i, start) in starts.chunks_exact(2).enumerate() {
            assert!((1.0..2.0).contains(&start[0]) && start[1].abs() < 2.0);
            assert!(starts.chunks_exact(2).take(i).all(|other| other != start));
        }
    }

    #[test]
    fn an_empty_support_is_reported() {
        assert!(matches!(random_starts(&Cut { bound: 3.0 }, 1, 2), Err(Error::NoStart { chain: 0, tries: 100 })));
    }
}
