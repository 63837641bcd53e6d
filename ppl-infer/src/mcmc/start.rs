//! Where chains start, and where they start again if the first place was no good.

use crate::{
    error::{Error, Result, require},
    map::Laplace,
    target::Target,
};
use ppl_core::rng::keyed;
use rand::{Rng as _, RngExt};
use serde::{Deserialize, Serialize};

/// Starts that a chain tries before it is given up, as in Stan.
pub const TRIES: usize = 100;

/// Where the chains of a run start. A start where the density is not finite, or so low that no leapfrog step is short enough, is
/// drawn again, up to 100 times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Start {
    /// Uniform in (-radius, radius) in each unconstrained direction. The default, with Stan's radius of 2.
    Uniform {
        /// Half the width.
        radius: f64,
    },
    /// Draws of the prior, by running the model.
    Prior,
    /// Draws of the Laplace approximation at the best maximum that L-BFGS finds from uniform starts, four for each chain.
    Laplace,
    /// These positions, unconstrained, `[chains, dim]`. They are not drawn again.
    Given(Vec<f64>),
}

impl Default for Start {
    fn default() -> Self {
        Self::Uniform { radius: 2.0 }
    }
}

impl Start {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Uniform { radius } => {
                require(*radius >= 0.0 && radius.is_finite(), "start.radius", *radius, "at least 0 and finite")
            }
            _ => Ok(()),
        }
    }
}

/// What starts are drawn from, once a Laplace approximation that they need is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Starts {
    /// Uniform in (-radius, radius).
    Uniform {
        /// Half the width.
        radius: f64,
    },
    /// The prior.
    Prior,
    /// A Laplace approximation. The last try is its mean.
    Around(Box<Laplace>),
    /// These positions, `[chains, dim]`.
    Given(Vec<f64>),
}

impl Starts {
    /// The start of a chain at its `attempt`th try (from 0), keyed by the seed.
    pub fn draw(&self, target: &(impl Target + ?Sized), seed: u64, chain: usize, attempt: usize) -> Result<Vec<f64>> {
        let dim = target.dim();
        match self {
            Self::Uniform { radius } => {
                let mut rng = keyed(seed, "start", chain);
                let mut position = vec![0.0; dim];
                for _ in 0..=attempt {
                    position
                        .iter_mut()
                        .for_each(|x| *x = if *radius > 0.0 { rng.random_range(-*radius..*radius) } else { 0.0 });
                }
                Ok(position)
            }
            Self::Prior => {
                let mut rng = keyed(seed, "prior start", chain);
                let seeds = (0..=attempt).map(|_| rng.next_u64());
                target.draw_prior(seeds.last().unwrap_or(seed))
            }
            Self::Around(around) if attempt + 1 == TRIES => Ok(around.mean.clone()),
            Self::Around(around) => {
                let mut rng = keyed(seed, "starts", attempt);
                Ok(around.sample(&mut rng, chain + 1).split_off(chain * around.dim()))
            }
            Self::Given(positions) => {
                let row = positions.get(chain * dim..(chain + 1) * dim);
                row.map(<[f64]>::to_vec).ok_or(Error::Starts { dim, got: positions.len() })
            }
        }
    }

    /// Tries that a chain has.
    pub fn tries(&self) -> usize {
        if matches!(self, Self::Given(_)) { 1 } else { TRIES }
    }

    /// Positions `[chains, dim]` must be as many as there are chains.
    pub(super) fn check(&self, chains: usize, dim: usize) -> Result<()> {
        match self {
            Self::Given(positions) if positions.len() != chains * dim => {
                let (expected, got) = (chains * dim, positions.len());
                Err(Error::Length { what: "the starts [chains, dim]", expected, got })
            }
            Self::Around(around) if around.dim() != dim => {
                let got = around.dim();
                Err(Error::Length { what: "the Laplace approximation that chains start from", expected: dim, got })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::FnDensity;

    #[test]
    fn uniform_starts_lie_within_their_radius_and_differ_by_chain_and_try() {
        let flat = FnDensity::new(3, |_, _| 0.0);
        let starts = Starts::Uniform { radius: 0.5 };
        let at = |chain, attempt| starts.draw(&flat, 7, chain, attempt).unwrap();
        assert!((0..50).all(|i| at(i, i).iter().all(|x| x.abs() < 0.5)));
        assert!(at(0, 0) != at(1, 0) && at(0, 0) != at(0, 1) && at(0, 1) == at(0, 1));
        assert_eq!(Starts::Uniform { radius: 0.0 }.draw(&flat, 7, 0, 3).unwrap(), [0.0; 3]);
    }

    #[test]
    fn a_density_without_a_prior_says_so() {
        let flat = FnDensity::new(1, |_, _| 0.0);
        assert!(matches!(Starts::Prior.draw(&flat, 1, 0, 0), Err(Error::NoPrior)));
    }
}
