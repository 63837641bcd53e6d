//! Population: which galaxies there are, with the publication that each distribution is taken from.

use ppl_core::rng::Rng;
use rand::RngExt as _;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The distributions that galaxies are drawn from.
///
/// The forms are those of the publications named. Where a publication speaks of other bands, redshifts or limits, or where the
/// 112 real galaxies of `docs/galaxies.md` asked for it, the number is ours and the line says "set here".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Population {
    /// AB magnitudes in F814W, brightest and faintest. 23.5 is the limit of the GREAT3 sample (Mandelbaum et al. 2014); the cut
    /// on brightness takes care of the other end.
    pub magnitudes: [f64; 2],
    /// d log10 N / d magnitude, near a third at these magnitudes (counts in F814W, Leauthaud et al. 2007).
    pub count_slope: f64,
    /// log10 of the half-light radius of a circle of the same area (arcsec): at magnitude 23, its slope with magnitude, and its
    /// scatter. 100 Sersic fits of the GREAT3 catalogue (Mandelbaum et al. 2014; `scripts/cosmos_numbers.py`) give -0.57, -0.14 and 0.18; the slope is set
    /// nearer to that of Miller et al. (2013, app. B), -0.117.
    pub size: [f64; 3],
    /// Share of early-type galaxies at magnitude 22 and its change with magnitude (Scarlata et al. 2007, ZEST; set here).
    pub early_type: [f64; 2],
    /// Share of irregular galaxies at magnitude 22 and its change with magnitude: they grow more common towards fainter, more
    /// distant galaxies (Abraham et al. 1996; Scarlata et al. 2007; set here).
    pub irregular: [f64; 2],
    /// Sersic index of early types: median, and scatter of its logarithm (natural); near 3.5 (Griffith et al. 2012).
    pub early_index: [f64; 2],
    /// Thickness of early types: mean and scatter of their intrinsic axis ratio as oblate spheroids (Padilla & Strauss 2008).
    pub early_flattening: [f64; 2],
    /// Sersic index of discs: median, and scatter of its logarithm. Discs with a core or a break have less than 1 (Pohlen &
    /// Trujillo 2006; 100 COSMOS fits of Mandelbaum et al. 2014, bulges included, have 0.73 at the 16th percentile); set here.
    pub disc_index: [f64; 2],
    /// Intrinsic axis ratio of discs: mean and scatter (0.21 to 0.27, Padilla & Strauss 2008; thicker at z = 1, van der Wel et
    /// al. 2014).
    pub disc_flattening: [f64; 2],
    /// Scatter of the half normal of bulge over total light in discs: 0.1 for the faintest (Miller et al. 2013), more here since
    /// bright ones are in the set (Simard et al. 2002; set here).
    pub bulge_share: f64,
    /// Shares of discs with two arms (grand design) and with several; the others are flocculent, with patches alone. Elmegreen &
    /// Elmegreen (1982) have 32 % of grand design among isolated spirals, Wei et al. (2024) 3, 59 and 38 % in SDSS; set between.
    pub armed: [f64; 2],
    /// Pitch angle of arms, degrees: mean and scatter (Savchenko & Reshetnikov 2013).
    pub pitch: [f64; 2],
    /// Share of discs with a bar: 65 % nearby, 20 % at z = 0.84 (Sheth et al. 2008); set between.
    pub barred: f64,
    /// Share of discs with a ring (Buta & Combes 1996; set here).
    pub ringed: f64,
    /// Scatter of the half normal of the m = 1 amplitude: a third of discs have more than 0.2 (Zaritsky & Rix 1997),
    /// which would be 0.2; set higher here.
    pub lopsidedness: f64,
    /// Share of discs with clumps: 60 % of low-mass star-forming galaxies at z = 0.5 to 3 (Guo et al. 2015).
    pub clumpy: f64,
    /// Share of a clumpy disc's light in its clumps, mean: 19 % in the far ultraviolet (Soto et al. 2017), less in redder light;
    /// set here.
    pub clump_share: f64,
    /// Median and scatter of the logarithm of the amplitude of star-forming patches (set here).
    pub patchiness: [f64; 2],
    /// Optical depth of dust, face-on, central: median, and scatter of its logarithm. F814W sees blue light at z = 0.8, in which
    /// discs have about 1 (Driver et al. 2007 find more in the centre; set here).
    pub dust: [f64; 2],
    /// Share of galaxies with a companion close by: it grows as (1 + z)^3.1 (Kartaltepe et al. 2007); set here.
    pub paired: f64,
    /// Share of galaxies with a tidal tail or stream, beside those of pairs (Elmegreen et al. 2007; Bridge et al. 2010; set here).
    pub tailed: f64,
}

impl Default for Population {
    fn default() -> Self {
        Self {
            magnitudes: [19.0, 23.5],
            count_slope: 0.33,
            size: [-0.57, -0.11, 0.17],
            early_type: [0.14, -0.02],
            irregular: [0.3, 0.02],
            early_index: [3.3, 0.3],
            early_flattening: [0.6, 0.15],
            disc_index: [0.8, 0.25],
            disc_flattening: [0.28, 0.07],
            bulge_share: 0.13,
            armed: [0.15, 0.4],
            pitch: [20.0, 7.0],
            barred: 0.25,
            ringed: 0.08,
            lopsidedness: 0.25,
            clumpy: 0.6,
            clump_share: 0.15,
            patchiness: [0.5, 0.4],
            dust: [0.5, 0.6],
            paired: 0.06,
            tailed: 0.04,
        }
    }
}

/// What kind of galaxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A spheroid.
    Early,
    /// A disc, mostly with a bulge.
    Disc,
    /// A disc without order: lopsided, bent, clumpy.
    Irregular,
}

impl Population {
    /// Whether galaxies can be drawn.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for magnitudes out of order, shares outside [0, 1], scatters that are negative.
    pub fn check(&self) -> Result<()> {
        let [bright, faint] = self.magnitudes;
        if !(bright.is_finite() && faint.is_finite() && bright < faint) {
            return Err(Error::OutOfRange {
                what: "the faintest magnitude",
                value: faint,
                allowed: "above the brightest",
            });
        }
        let shares = [
            ("the share of early types", self.early_type[0]),
            ("the share of irregulars", self.irregular[0]),
            ("the share of discs with two arms", self.armed[0]),
            ("the share of discs with arms", self.armed[0] + self.armed[1]),
            ("the share of barred discs", self.barred),
            ("the share of ringed discs", self.ringed),
            ("the share of clumpy discs", self.clumpy),
            ("the share of light in clumps", self.clump_share),
            ("the share of pairs", self.paired),
            ("the share of galaxies with tails", self.tailed),
        ];
        for (what, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::OutOfRange { what, value, allowed: "between 0 and 1" });
            }
        }
        let pairs = [
            ("the index of early types", self.early_index),
            ("the flattening of early types", self.early_flattening),
            ("the index of discs", self.disc_index),
            ("the flattening of discs", self.disc_flattening),
            ("the pitch of arms", self.pitch),
            ("the patchiness", self.patchiness),
            ("the depth of dust", self.dust),
            ("the scatter of sizes", [0.0, self.size[2]]),
            ("the share of bulges", [0.0, self.bulge_share]),
            ("the lopsidedness", [0.0, self.lopsidedness]),
        ];
        for (what, value) in pairs.into_iter().flat_map(|(what, pair)| pair.map(|value| (what, value))) {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::OutOfRange { what, value, allowed: "zero or positive, and so its scatter" });
            }
        }
        let [slope, size, size_slope, early, irregular] =
            [self.count_slope, self.size[0], self.size[1], self.early_type[1], self.irregular[1]];
        for value in [slope, size, size_slope, early, irregular] {
            if !value.is_finite() {
                return Err(Error::OutOfRange { what: "a slope or size of the population", value, allowed: "finite" });
            }
        }
        Ok(())
    }

    /// A magnitude by the counts, 10^(slope m), between the limits.
    pub(super) fn magnitude(&self, rng: &mut Rng) -> f64 {
        let [bright, faint] = self.magnitudes;
        let u: f64 = rng.random();
        let span = faint - bright;
        let growth = self.count_slope * std::f64::consts::LN_10 * span;
        // exp(growth) - 1 loses its digits near 0, where the counts are flat.
        let t = if growth.abs() < 1e-9 { u } else { (u * growth.exp_m1()).ln_1p() / growth };
        bright + span * t
    }

    /// The kind of a galaxy of a magnitude.
    pub(super) fn kind(&self, rng: &mut Rng, magnitude: f64) -> Kind {
        let share = |[at_22, slope]: [f64; 2]| (at_22 + slope * (magnitude - 22.0)).clamp(0.03, 0.45);
        let (early, irregular) = (share(self.early_type), share(self.irregular));
        match rng.random::<f64>() {
            u if u < early => Kind::Early,
            u if u < early + irregular => Kind::Irregular,
            _ => Kind::Disc,
        }
    }

    /// The half-light radius of a circle of the same area, arcsec.
    pub(super) fn radius(&self, rng: &mut Rng, magnitude: f64) -> f64 {
        let [at_23, slope, scatter] = self.size;
        let log: f64 = at_23 + slope * (magnitude - 23.0) + scatter * normal(rng);
        // Below a tenth of a pixel nothing changes any more; above 4" no stamp holds it.
        10_f64.powf(log).clamp(0.003, 4.0)
    }
}

/// A unit normal.
pub(super) fn normal(rng: &mut Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// A log-normal of the given median and scatter of the natural logarithm.
pub(super) fn log_normal(rng: &mut Rng, [median, scatter]: [f64; 2]) -> f64 {
    median * (scatter * normal(rng)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::rng::keyed;

    #[test]
    fn magnitudes_follow_the_counts() {
        let population = Population { magnitudes: [20.0, 24.0], count_slope: 0.25, ..Population::default() };
        let mut rng = keyed(1, "magnitudes", 0);
        let n = 20_000;
        let bright = (0..n).filter(|_| population.magnitude(&mut rng) < 22.0).count() as f64 / f64::from(n);
        // (10^0.5 - 1) / (10^1 - 1), to three standard errors.
        let expected = (10_f64.powf(0.5) - 1.0) / 9.0;
        assert!((bright - expected).abs() < 0.01, "{bright} {expected}");
        let flat = Population { count_slope: 0.0, ..population };
        let bright = (0..n).filter(|_| flat.magnitude(&mut rng) < 22.0).count() as f64 / f64::from(n);
        assert!((bright - 0.5).abs() < 0.011, "{bright}");
    }

    #[test]
    fn a_population_that_cannot_be_is_refused_by_name() {
        let wrong = Population { barred: 1.4, ..Population::default() };
        let said = wrong.check().err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(said, "the share of barred discs = 1.4 is not allowed; it must be between 0 and 1");
        let wrong = Population { dust: [-0.5, 0.6], ..Population::default() };
        let said = wrong.check().err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(said, "the depth of dust = -0.5 is not allowed; it must be zero or positive, and so its scatter");
        assert!(Population { size: [-0.5, f64::NAN, 0.1], ..Population::default() }.check().is_err());
        assert!(Population { magnitudes: [24.0, 20.0], ..Population::default() }.check().is_err());
        assert!(Population::default().check().is_ok());
    }
}
