//! Asymmetry: how much of the light changes place when the image is turned by 180 degrees.

use std::f64::consts::PI;

use super::aperture::{Circle, Cover, Row};
use super::noise::Noise;
use crate::data::picture::Picture;

/// The asymmetry about its best centre, and that centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Asymmetry {
    pub(super) value: f64,
    pub(super) center: (f64, f64),
}

/// The least asymmetry within the circle of `radius` about a centre at most `drift` from `start` [all in pixels].
///
/// Nine centres, a step apart, are compared (Conselice, Bershady & Jangren 2000, ApJ 529, 886); the best is the next middle, and where
/// the middle is the best the step is halved, from 1 to 1/256 pixel.
pub(super) fn least(picture: &Picture, start: (f64, f64), radius: f64, drift: f64, noise: Noise) -> Asymmetry {
    let value = |center| about(picture, Circle::new(center, radius), noise);
    let mut best = Asymmetry { value: value(start), center: start };
    let mut step = 1.0;
    while step >= 1.0 / 256.0 {
        let (x, y) = best.center;
        for (i, j) in [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)] {
            let center = (x + step * f64::from(i), y + step * f64::from(j));
            if (center.0 - start.0).hypot(center.1 - start.1) <= drift {
                let value = value(center);
                if value < best.value {
                    best = Asymmetry { value, center };
                }
            }
        }
        if best.center == (x, y) {
            step *= 0.5;
        }
    }
    best
}

/// A = (sum |I - I_180| - area * sky) / sum |I| within the circle, I_180 the image turned about its centre (bilinear between pixels);
/// pixels whose partner is outside the image are left out (Conselice 2003, ApJS 147, 1; Lotz, Primack & Madau 2004, AJ 128, 163).
///
/// The sky term is the mean of |I - I_180| over the noise, of which the interpolation leaves more or less: a term that is the same for
/// all centres would let those win that smooth the noise.
pub(super) fn about(picture: &Picture, circle: Circle, noise: Noise) -> f64 {
    let (width, values) = (picture.width(), picture.values());
    let horizontal = Turn::about(circle.x, width);
    let vertical = Turn::about(circle.y, picture.height());
    let [[left, right], [below, above]] = [horizontal.weights(), vertical.weights()];
    let (next, up) = (horizontal.taps - 1, (vertical.taps - 1) * width);

    let cover = Cover::new(circle, width, picture.height());
    let (mut change, mut light, mut area) = (0.0, 0.0, 0.0);
    for Row { y, start, from, to, end } in cover.rows() {
        if !vertical.paired.contains(&y) {
            continue;
        }
        let row = vertical.partner(y) * width;
        let mut add = |x: usize, share: f64| {
            let at = row + horizontal.partner(x);
            let turned = below * (left * values[at] + right * values[at + next])
                + above * (left * values[at + up] + right * values[at + up + next]);
            let here = values[y * width + x];
            change += share * (here - turned).abs();
            light += share * here.abs();
            area += share;
        };
        let [start, from, to, end] =
            [start, from, to, end].map(|x| x.clamp(horizontal.paired.start, horizontal.paired.end));
        (start..from).for_each(|x| add(x, cover.share(x, y)));
        (from..to).for_each(|x| add(x, 1.0));
        (to..end).for_each(|x| add(x, cover.share(x, y)));
    }
    // |I - I_180| of a normal variable: its standard deviation times sqrt(2 / pi).
    let variance = 1.0 + noise.filtered(&[left, right]) * noise.filtered(&[below, above]);
    let sky = noise.sigma * (variance * 2.0 / PI).sqrt();
    if light > 0.0 { (change - area * sky) / light } else { f64::INFINITY }
}

/// A half turn along one axis: pixel x goes to 2 center - x, at or between pixels.
struct Turn {
    /// 2 center, rounded down, and what is left.
    sum: isize,
    fraction: f64,
    /// 1 pixel where it comes to lie on one, else 2.
    taps: usize,
    /// The pixels whose partners are in the image.
    paired: std::ops::Range<usize>,
}

impl Turn {
    fn about(center: f64, n: usize) -> Self {
        let (sum, fraction) = ((2.0 * center).floor() as isize, 2.0 * center - (2.0 * center).floor());
        let taps = if fraction > 0.0 { 2 } else { 1 };
        let lowest = (sum + taps - n.cast_signed()).clamp(0, n.cast_signed());
        let end = (sum + 1).clamp(lowest, n.cast_signed());
        Self { sum, fraction, taps: taps.unsigned_abs(), paired: lowest.unsigned_abs()..end.unsigned_abs() }
    }

    /// The first pixel that the partner of x, one of the paired, lies on.
    fn partner(&self, x: usize) -> usize {
        (self.sum - x.cast_signed()).unsigned_abs()
    }

    fn weights(&self) -> [f64; 2] {
        [1.0 - self.fraction, self.fraction]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: Noise = Noise { sigma: 0.0, rho: 0.0 };

    fn gaussians(list: &[(f64, f64, f64, f64)]) -> Picture {
        let at = |x: f64, y: f64| {
            list.iter().map(|(f, a, b, s)| f * (-0.5 * ((x - a).powi(2) + (y - b).powi(2)) / (s * s)).exp()).sum()
        };
        Picture::from_values((0..41 * 41).map(|i| at((i % 41) as f64, (i / 41) as f64)).collect(), 41, 41)
    }

    #[test]
    fn a_symmetric_image_has_none_wherever_its_centre_is() {
        for center in [(20.0, 20.0), (19.5, 20.0), (20.25, 19.0)] {
            let pair =
                gaussians(&[(1.0, center.0 - 3.0, center.1 - 1.0, 3.0), (1.0, center.0 + 3.0, center.1 + 1.0, 3.0)]);
            let found = least(&pair, (20.0, 20.0), 15.0, 3.0, SILENT);
            // Bilinear turns about a quarter pixel flatten a peak of this width by some 1e-2 of it.
            let interpolated = if center.0.fract() == 0.25 { 0.02 } else { 1e-3 };
            assert!(found.value < interpolated, "{found:?}");
            assert!((found.center.0 - center.0).abs() < 0.03 && (found.center.1 - center.1).abs() < 0.03, "{found:?}");
        }
    }

    #[test]
    fn two_unequal_halves_have_their_difference() {
        // |3 - 1| on every pixel, over a mean of 2.
        let values = (0..20 * 20).map(|i| if i % 20 < 10 { 1.0 } else { 3.0 }).collect();
        let halves = Picture::from_values(values, 20, 20);
        let circle = Circle::new((9.5, 9.5), 8.0);
        assert!((about(&halves, circle, SILENT) - 1.0).abs() < 1e-14);
        // The sky of sigma = sqrt(pi) / 2 takes 1 of the 2.
        assert!((about(&halves, circle, Noise { sigma: 0.5 * PI.sqrt(), rho: 0.4 }) - 0.5).abs() < 1e-14);
    }

    #[test]
    fn a_companion_off_to_one_side_counts_twice() {
        // About the centre of the main galaxy: the companion (flux f, clear of its mirror image) gives 2 f / (1 + f).
        let picture = gaussians(&[(1.0, 20.0, 20.0, 2.0), (0.25, 32.0, 20.0, 2.0)]);
        let found = about(&picture, Circle::new((20.0, 20.0), 20.4), SILENT);
        // The two are 12 apart, 6 standard deviations each: 1e-8 of the flux is shared.
        assert!((found - 2.0 * 0.25 / 1.25).abs() < 1e-4, "{found}");
    }
}
