//! stretch: how values are spread over a colour scale, and the round numbers to print beside it.

use super::axes::{nice_ticks, tick_labels};
use super::number::{exponent, round_number};

/// A map from values to [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the formula of a variant says what its fields are")]
pub enum Stretch {
    /// (v - lo) / (hi - lo)
    Linear { lo: f64, hi: f64 },
    /// asinh(v / soft), scaled so that lo is 0 and hi is 1: linear below `soft`, logarithmic above.
    Asinh { lo: f64, hi: f64, soft: f64 },
    /// ln v, scaled so that lo is 0 and hi is 1.
    Log { lo: f64, hi: f64 },
}

impl Stretch {
    /// For surface brightness: from 2.5 background deviations below the background to the 99.9th percentile, linear in the
    /// noise and logarithmic above it, so that faint arcs show beside a bright galaxy.
    #[must_use]
    pub fn brightness(values: &[f64]) -> Self {
        let Some(sorted) = Sorted::new(values) else { return Self::Linear { lo: 0.0, hi: 1.0 } };
        let hi = sorted.quantile(0.999);
        // The lower half of the values is background in nearly every cutout; its spread about the median is the noise.
        let (median, low) = (sorted.quantile(0.5), sorted.quantile(0.16));
        let range = (hi - sorted.quantile(0.01)).max(f64::MIN_POSITIVE);
        let soft = (1.5 * (median - low)).clamp(3e-4 * range, 0.3 * range);
        let lo = sorted.quantile(0.01).max(median - 2.5 * (median - low)).min(median);
        if hi > lo { Self::Asinh { lo, hi, soft } } else { around(lo) }
    }

    /// For a source without noise: from zero (or the lowest value) to the highest, gently bent.
    #[must_use]
    pub fn source(values: &[f64]) -> Self {
        let Some(sorted) = Sorted::new(values) else { return Self::Linear { lo: 0.0, hi: 1.0 } };
        let (lo, hi) = (sorted.quantile(0.002).min(0.0), sorted.quantile(0.9995));
        if hi > lo { Self::Asinh { lo, hi, soft: 0.15 * (hi - lo) } } else { around(lo) }
    }

    /// For galaxies divided by their maximum, one scale for all of them: a deviation of 1/50 of the maximum is 5 % of the
    /// greys in the sky, and what lies between the sky and a tenth of the maximum has more than a fifth of them.
    pub const GALAXY: Self = Self::Asinh { lo: -0.1, hi: 1.0, soft: 0.1 };

    /// For positive numbers over decades, such as the convergence: the central 99.8 per cent, at most four decades.
    #[must_use]
    pub fn decades(values: &[f64]) -> Self {
        let positive: Vec<f64> = values.iter().copied().filter(|v| *v > 0.0).collect();
        let Some(sorted) = Sorted::new(&positive) else { return Self::Linear { lo: 0.0, hi: 1.0 } };
        let hi = sorted.quantile(0.999);
        let lo = sorted.quantile(0.001).max(1e-4 * hi);
        if hi > lo * (1.0 + 1e-9) { Self::Log { lo, hi } } else { Self::Log { lo: 0.5 * hi, hi: 2.0 * hi } }
    }

    /// Where `v` lies, clamped to [0, 1]; NaN stays NaN.
    #[must_use]
    pub fn unit(&self, v: f64) -> f64 {
        let between = |v: f64, lo: f64, hi: f64| ((v - lo) / (hi - lo)).clamp(0.0, 1.0);
        match *self {
            Self::Linear { lo, hi } => between(v, lo, hi),
            Self::Asinh { lo, hi, soft } => between((v / soft).asinh(), (lo / soft).asinh(), (hi / soft).asinh()),
            // What has no logarithm lies below every scale.
            Self::Log { lo, hi } => between(if v <= 0.0 { lo.ln() } else { v.ln() }, lo.ln(), hi.ln()),
        }
    }

    /// Round numbers within the scale, where they lie in [0, 1], and their text; no two closer than `gap`.
    #[must_use]
    pub fn ticks(&self, gap: f64) -> Vec<(f64, String)> {
        if let Self::Linear { lo, hi } = *self {
            let ticks = nice_ticks(lo, hi, (1.0 / gap).floor().max(2.0) as usize);
            let labels = tick_labels(&ticks);
            return ticks.iter().map(|v| self.unit(*v)).zip(labels).collect();
        }
        let (Self::Asinh { lo, hi, .. } | Self::Log { lo, hi } | Self::Linear { lo, hi }) = *self;
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for v in candidates(lo, hi) {
            let t = self.unit(v);
            if taken.iter().all(|(_, other)| (t - other).abs() >= gap) {
                taken.push((v, t));
            }
        }
        taken.sort_by(|a, b| a.1.total_cmp(&b.1));
        taken.into_iter().map(|(v, t)| (t, round_number(v))).collect()
    }
}

/// Round numbers in [lo, hi], the roundest and largest first: 0, powers of ten, 5 and 2 times those, the other digits.
fn candidates(lo: f64, hi: f64) -> Vec<f64> {
    let top = exponent(lo.abs().max(hi.abs()));
    let mut all = vec![0.0];
    for mantissas in [&[1.0][..], &[5.0, 2.0], &[3.0, 7.0, 4.0, 6.0, 8.0, 9.0, 1.5, 2.5]] {
        for power in (top - 6..=top).rev() {
            all.extend(mantissas.iter().flat_map(|m| [1.0, -1.0].map(|sign| sign * m * 10f64.powi(power))));
        }
    }
    all.retain(|v| (lo..=hi).contains(v));
    all
}

/// A scale that shows a constant image in its middle colour.
fn around(v: f64) -> Stretch {
    let half = if v == 0.0 { 1.0 } else { 0.5 * v.abs() };
    Stretch::Linear { lo: v - half, hi: v + half }
}

/// Finite values in ascending order; at least one.
struct Sorted(Vec<f64>);

impl Sorted {
    fn new(values: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        (!sorted.is_empty()).then_some(Self(sorted))
    }

    fn quantile(&self, q: f64) -> f64 {
        quantile(&self.0, q)
    }
}

/// The quantile of ascending values, linear between them (Hyndman & Fan type 7); NaN of none.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stretch_runs_from_zero_to_one_and_saturates() {
        for stretch in [
            Stretch::Linear { lo: -5.0, hi: 5.0 },
            Stretch::Asinh { lo: -0.1, hi: 80.0, soft: 0.05 },
            Stretch::Log { lo: 1e-3, hi: 20.0 },
        ] {
            let (Stretch::Linear { lo, hi } | Stretch::Asinh { lo, hi, .. } | Stretch::Log { lo, hi }) = stretch;
            assert_eq!([lo, hi, lo - 1.0, 2.0 * hi].map(|v| stretch.unit(v)), [0.0, 1.0, 0.0, 1.0]);
            assert!(stretch.unit(f64::NAN).is_nan());
            let ticks = stretch.ticks(0.1);
            assert!((3..=11).contains(&ticks.len()), "{ticks:?}");
            assert!(ticks.windows(2).all(|w| w[1].0 - w[0].0 >= 0.1 - 1e-9), "{ticks:?}");
        }
    }

    #[test]
    fn arcs_at_a_thousandth_of_the_galaxy_keep_a_tenth_of_the_colours() {
        // Noise of deviation 1, an arc of 20, a galaxy of 20 000 in 1 % of the pixels.
        let noise = (0..10_000).map(|k| ((k * 7919 % 1000) as f64 / 1000.0 - 0.5) * 12f64.sqrt());
        let values: Vec<f64> = noise
            .enumerate()
            .map(|(k, n)| {
                n + if k % 100 == 0 {
                    2e4
                } else if k % 10 == 1 {
                    20.0
                } else {
                    0.0
                }
            })
            .collect();
        let stretch = Stretch::brightness(&values);
        assert!(stretch.unit(20.0) - stretch.unit(0.0) > 0.1, "{stretch:?}");
        assert!(stretch.unit(2e4) > 0.95);
    }

    #[test]
    fn images_that_are_constant_or_empty_of_values_still_have_a_scale() {
        for values in [vec![3.0; 9], vec![0.0; 9], vec![f64::NAN; 9], vec![]] {
            for stretch in [Stretch::brightness(&values), Stretch::source(&values), Stretch::decades(&values)] {
                assert!(stretch.unit(3.0).is_finite() && stretch.unit(0.0).is_finite(), "{stretch:?}");
            }
        }
    }

    #[test]
    fn quantiles_agree_with_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0, .16, .5, 1])
        assert_eq!([0.0, 0.16, 0.5, 1.0].map(|q| quantile(&[1.0, 2.0, 4.0, 8.0], q)), [1.0, 1.48, 3.0, 8.0]);
    }
}
