//! The tally: how many galaxies were kept, and how many dropped for which reason.

use std::fmt;

/// Why a galaxy is not kept; the order is that of the tests, and a galaxy is counted under the first that it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its Sersic fit did not converge.
    FitFailed,
    /// Its Sersic fit has parameters that no galaxy has.
    FitUnphysical,
    /// A pixel of its stamp is NaN or infinite.
    NotFinite,
    /// Its stamp is smaller than the smallest side allowed.
    Small,
    /// max(I_1/4) / sigma_noise is too low.
    Faint,
    /// max(I_1/4) / sigma_noise is too high.
    Bright,
}

impl Reason {
    /// All of them, in the order of the tests.
    pub const ALL: [Self; 6] =
        [Self::FitFailed, Self::FitUnphysical, Self::NotFinite, Self::Small, Self::Faint, Self::Bright];

    /// In the words of a report: "12 {words}".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::FitFailed => "with a failed Sersic fit",
            Self::FitUnphysical => "with an unphysical Sersic fit",
            Self::NotFinite => "with NaN or infinite pixels",
            Self::Small => "with a stamp too small",
            Self::Faint => "too faint",
            Self::Bright => "too bright",
        }
    }
}

/// Counts of galaxies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    kept: usize,
    dropped: [usize; Reason::ALL.len()],
    /// The first galaxy dropped for each reason.
    first: [Option<i64>; Reason::ALL.len()],
}

impl Tally {
    /// Counts the galaxy `ident`: `Ok` is kept.
    pub fn count<T>(&mut self, ident: i64, outcome: &Result<T, Reason>) {
        match outcome {
            Ok(_) => self.kept += 1,
            Err(reason) => {
                self.dropped[*reason as usize] += 1;
                self.first[*reason as usize].get_or_insert(ident);
            }
        }
    }

    /// The first galaxy that was dropped for a reason.
    #[must_use]
    pub fn first(&self, reason: Reason) -> Option<i64> {
        self.first[reason as usize]
    }

    /// How many were kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// How many were dropped for a reason.
    #[must_use]
    pub fn dropped(&self, reason: Reason) -> usize {
        self.dropped[reason as usize]
    }

    /// How many there were.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.kept + self.dropped.iter().sum::<usize>()
    }
}

/// "84 with a stamp too small, 12 too faint"; "none dropped" if so.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = Reason::ALL.map(|reason| (self.dropped(reason), reason.words()));
        let some: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
        f.write_str(&if some.is_empty() { "none dropped".to_owned() } else { some.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_galaxy_is_counted_once_under_its_reason() {
        let mut tally = Tally::default();
        tally.count(6, &Ok(()));
        for (ident, reason) in (7..).zip(Reason::ALL.into_iter().chain([Reason::Faint])) {
            tally.count::<()>(ident, &Err(reason));
        }
        assert_eq!((tally.first(Reason::FitFailed), tally.first(Reason::Faint)), (Some(7), Some(11)));
        assert_eq!((tally.seen(), tally.kept(), tally.dropped(Reason::Faint)), (8, 1, 2));
        assert!(
            tally.to_string().starts_with("1 with a failed Sersic fit, ") && tally.to_string().contains("2 too faint")
        );
        assert_eq!(Tally::default().to_string(), "none dropped");
    }
}
