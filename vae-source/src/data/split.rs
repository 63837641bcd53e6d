//! Split: which galaxies are learnt from, which stop the training, and which are kept unseen.

use ppl_core::rng::keyed;
use rand::seq::SliceRandom;

/// What a galaxy of the set is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Split {
    /// Learnt from.
    Training = 0,
    /// Kept unseen until the end.
    Test = 1,
    /// Tells when to stop learning.
    Validation = 2,
}

/// The paper's split of its 17,543 galaxies (section 2.2): 500 for tests and 1,543 for validation, the rest for training.
const PAPER: [usize; 3] = [15_500, 500, 1_543];

impl Split {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 3] = [Self::Training, Self::Test, Self::Validation];

    /// The name in files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Test => "test",
            Self::Validation => "validation",
        }
    }
}

/// How many of `n` galaxies go to training, test and validation in the paper's proportions, to the nearest galaxy.
#[must_use]
pub fn proportions(n: usize) -> [usize; 3] {
    let total: usize = PAPER.iter().sum();
    let share = |part: usize| (n * part + total / 2) / total;
    let (test, validation) = (share(PAPER[1]), share(PAPER[2]));
    [n - test - validation, test, validation]
}

/// A random split of `n` galaxies in the paper's proportions, fixed by the seed.
#[must_use]
pub fn split(n: usize, seed: u64) -> Vec<Split> {
    let counts = proportions(n);
    let mut parts: Vec<Split> =
        Split::ALL.into_iter().zip(counts).flat_map(|(part, count)| std::iter::repeat_n(part, count)).collect();
    parts.shuffle(&mut keyed(seed, "split", 0));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_papers_own_number_is_split_as_in_the_paper() {
        assert_eq!(proportions(17_543), PAPER);
    }

    #[test]
    fn a_seed_fixes_the_split_and_another_gives_another() {
        assert_eq!(split(200, 3), split(200, 3));
        assert_ne!(split(200, 3), split(200, 4));
    }

    proptest! {
        #[test]
        fn every_galaxy_goes_to_one_part_in_proportion(n in 0_usize..3000, seed: u64) {
            let parts = split(n, seed);
            let counts = Split::ALL.map(|part| parts.iter().filter(|p| **p == part).count());
            prop_assert_eq!(counts, proportions(n));
            prop_assert!((counts[1] as f64 - n as f64 * 500.0 / 17_543.0).abs() <= 0.5 + 1e-9);
            prop_assert!((counts[2] as f64 - n as f64 * 1_543.0 / 17_543.0).abs() <= 0.5 + 1e-9);
        }
    }
}
