//! Cuts: which galaxies are kept, and on how many pixels.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The cuts of section 2.2 of the paper, and the size of the images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cuts {
    /// Pixels a side of the prepared images, a multiple of 4; the paper has 64.
    pub side: usize,
    /// A stamp with fewer pixels along x or y is dropped; the paper has 64. One below `side` is stretched.
    pub min_side: usize,
    /// A galaxy is kept if its [`signal`](super::signal()) lies between these two; the paper has 15 and 50.
    pub signal: [f64; 2],
}

impl Default for Cuts {
    fn default() -> Self {
        Self { side: 64, min_side: 64, signal: [15.0, 50.0] }
    }
}

impl Cuts {
    /// # Errors
    /// [`Error::OutOfRange`] for the first number that makes no sense.
    pub fn check(&self) -> Result<()> {
        let sides = [
            (
                "side",
                self.side,
                (8..=1024).contains(&self.side) && self.side.is_multiple_of(4),
                "a multiple of 4 from 8 to 1024",
            ),
            ("min_side", self.min_side, (1..=100_000).contains(&self.min_side), "from 1 to 100000"),
        ];
        for (what, value, good, allowed) in sides {
            if !good {
                return Err(Error::OutOfRange { what, value: value as f64, allowed });
            }
        }
        let [low, high] = self.signal;
        if !low.is_finite() {
            return Err(Error::OutOfRange { what: "the lower cut on the signal", value: low, allowed: "finite" });
        }
        if high.is_nan() || high <= low {
            let what = "the upper cut on the signal";
            return Err(Error::OutOfRange { what, value: high, allowed: "above the lower one" });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_papers_and_json_may_leave_them_out() {
        let cuts: Cuts = serde_json::from_str(r#"{ "min_side": 40 }"#).unwrap();
        assert_eq!(cuts, Cuts { side: 64, min_side: 40, signal: [15.0, 50.0] });
        assert!(cuts.check().is_ok());
        assert!(serde_json::from_str::<Cuts>(r#"{ "minside": 40 }"#).is_err());
    }

    #[test]
    fn numbers_that_make_no_sense_are_named() {
        let said = |change: &dyn Fn(&mut Cuts)| {
            let mut cuts = Cuts::default();
            change(&mut cuts);
            cuts.check().unwrap_err().to_string()
        };
        assert_eq!(said(&|c| c.side = 66), "side = 66 is not allowed; it must be a multiple of 4 from 8 to 1024");
        assert_eq!(said(&|c| c.min_side = 0), "min_side = 0 is not allowed; it must be from 1 to 100000");
        let end = "= 15 is not allowed; it must be above the lower one";
        assert_eq!(said(&|c| c.signal = [15.0, 15.0]), format!("the upper cut on the signal {end}"));
        assert!(said(&|c| c.signal[1] = f64::NAN).starts_with("the upper cut"));
        assert!(said(&|c| c.signal[0] = f64::NEG_INFINITY).starts_with("the lower cut"));
    }
}
