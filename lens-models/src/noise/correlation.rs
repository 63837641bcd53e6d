//! The correlation of the noise between near pixels: given, or measured in a patch without light.

use std::f64::consts::PI;

use crate::error::{Error, Result};
use crate::fits::Image;

/// A correlation that depends on the distance of two pixels alone, and is 0 beyond `reach` of them in x or in y.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    reach: (usize, usize),
    /// `[2 reach_y + 1][2 reach_x + 1]`, 1 in the middle.
    values: Vec<f64>,
}

/// A rectangle of pixels of the full image: x and y of the bottom-left one, width, height.
pub type Patch = [usize; 4];

/// How far from symmetry a given correlation may be.
const ASYMMETRY: f64 = 1e-3;
/// The largest reach.
const FURTHEST: usize = 32;
/// The least power of a wave in units of the mean of all.
const LEAST: f64 = 0.01;
/// Waves of either direction that are looked at.
const WAVES: usize = 32;
/// What the correlations may be shrunk to.
const SHRUNK: f64 = 0.8;

impl Correlation {
    /// From an image of it, odd sizes, its middle pixel that of no distance; scaled to 1 there.
    ///
    /// # Errors
    /// [`Error::EvenCorrelation`] for even sizes, [`Error::NotACorrelation`] for one that reaches further than 32 pixels, is not finite, not the same in opposite
    /// directions, or anywhere larger than in its middle.
    pub fn new(image: &Image) -> Result<Self> {
        let (width, height) = (image.width, image.height);
        if width % 2 == 0 || height % 2 == 0 {
            return Err(Error::EvenCorrelation { width, height });
        }
        if width.max(height) / 2 > FURTHEST {
            return Err(Error::NotACorrelation { why: "it reaches further than 32 pixels; crop it" });
        }
        let middle = f64::from(image.pixels[image.pixels.len() / 2]);
        let values: Vec<f64> = image.pixels.iter().map(|v| f64::from(*v) / middle).collect();
        let opposite = values.iter().zip(values.iter().rev());
        if middle <= 0.0 || values.iter().any(|v| v.is_nan() || v.abs() > 1.0) {
            return Err(Error::NotACorrelation { why: "it has to be finite, and largest in its middle" });
        }
        if opposite.clone().any(|(a, b)| (a - b).abs() > ASYMMETRY) {
            return Err(Error::NotACorrelation { why: "it has to be the same in opposite directions" });
        }
        let values = opposite.map(|(a, b)| 0.5 * (a + b)).collect();
        Self { reach: (width / 2, height / 2), values }.possible()
    }

    /// The same, or, where no noise has it, with what is off its middle shrunk until some has: errors of a patch and a cut at the reach leave
    /// powers below zero. With all powers at least [`LEAST`] of their mean, so are the eigenvalues on any mask (Grenander & Szego 1958).
    fn possible(mut self) -> Result<Self> {
        let (rx, ry) = (self.reach.0 as isize, self.reach.1 as isize);
        let power = |kx: usize, ky: usize| -> f64 {
            let phase = |dx: isize, dy: isize| PI * (dx as f64 * kx as f64 + dy as f64 * ky as f64) / WAVES as f64;
            let row = |dy: isize| (-rx..=rx).map(|dx| self.at(dx, dy) * phase(dx, dy).cos()).sum::<f64>();
            (-ry..=ry).map(row).sum()
        };
        // Waves to the left are those to the right that run down.
        let waves = (0..=WAVES).flat_map(|kx| (0..2 * WAVES).map(move |ky| (kx, ky)));
        let least = waves.map(|(kx, ky)| power(kx, ky)).fold(f64::INFINITY, f64::min);
        if least >= LEAST {
            return Ok(self);
        }
        let shrunk = (1.0 - LEAST) / (1.0 - least);
        if shrunk < SHRUNK {
            let why = "no noise can have it: take a larger patch or another `noise_reach`";
            return Err(Error::NotACorrelation { why });
        }
        tracing::info!("the correlations of the noise are shrunk by {shrunk:.3}, so that there is such noise");
        let middle = self.values.len() / 2;
        self.values.iter_mut().enumerate().filter(|(i, _)| *i != middle).for_each(|(_, value)| *value *= shrunk);
        Ok(self)
    }

    /// That of (image - mean) / sigma in a patch, and the standard deviation of this there, which is 1 where the noise map is right.
    ///
    /// The sums over pairs of pixels are divided by the number of pixels, not of pairs: what is found is then the correlation of some
    /// noise (Priestley 1981, section 5.3.3), and smaller than that of the pairs by dx / width + dy / height.
    ///
    /// # Errors
    /// [`Error::BadPatch`] for one that leaves the image, is smaller than ten times `reach`, or holds pixels without a value or a noise.
    pub fn of_patch(image: &Image, sigma: impl Fn(usize) -> f64, patch: Patch, reach: usize) -> Result<(Self, f64)> {
        let [x0, y0, width, height] = patch;
        let bad = |why| Error::BadPatch { patch, size: image.size(), why };
        let inside = |from: usize, wide: usize, all: usize| from.checked_add(wide).is_some_and(|end| end <= all);
        if !inside(x0, width, image.width) || !inside(y0, height, image.height) {
            return Err(bad("it leaves the image"));
        }
        if reach > FURTHEST {
            return Err(bad("`noise_reach` is above 32"));
        }
        if width.min(height) < 10 * reach.max(1) {
            return Err(bad("it is narrower than ten times `noise_reach`"));
        }
        let places = (y0..y0 + height).flat_map(|y| (x0..x0 + width).map(move |x| y * image.width + x));
        let mut z: Vec<f64> = places.clone().map(|i| f64::from(image.pixels[i])).collect();
        let n = z.len() as f64;
        let mean = z.iter().sum::<f64>() / n;
        z.iter_mut().zip(places).for_each(|(z, i)| *z = (*z - mean) / sigma(i));
        if z.iter().any(|z| !z.is_finite()) {
            return Err(bad("it holds pixels without a value or without a noise"));
        }
        let pairs = |dx: isize, dy: usize| -> f64 {
            let (from, to) = ((-dx).max(0) as usize, (width as isize - dx.max(0)) as usize);
            let row = |y: usize| {
                let shifted = |x: usize| z[(y + dy) * width + (x as isize + dx) as usize];
                (from..to).map(|x| z[y * width + x] * shifted(x)).sum::<f64>()
            };
            (0..height - dy).map(row).sum()
        };
        let (side, all) = (2 * reach + 1, pairs(0, 0));
        if all <= 0.0 {
            return Err(bad("all of its pixels are equal"));
        }
        let mut values = vec![0.0; side * side];
        for dy in 0..=reach {
            for (k, dx) in (-(reach as isize)..=reach as isize).enumerate() {
                let value = pairs(dx, dy) / all;
                values[(reach + dy) * side + k] = value;
                values[(reach - dy) * side + (side - 1 - k)] = value;
            }
        }
        Ok((Self { reach: (reach, reach), values }.possible()?, (all / n).sqrt()))
    }

    /// An image of it, as [`Correlation::new`] takes it.
    pub fn image(&self) -> Image {
        let (width, height) = (2 * self.reach.0 + 1, 2 * self.reach.1 + 1);
        Image { width, height, pixels: self.values.iter().map(|v| *v as f32).collect() }
    }

    /// Between pixels that are so far apart.
    pub fn at(&self, dx: isize, dy: isize) -> f64 {
        let (rx, ry) = (self.reach.0 as isize, self.reach.1 as isize);
        if dx.abs() > rx || dy.abs() > ry {
            return 0.0;
        }
        self.values[((dy + ry) * (2 * rx + 1) + dx + rx) as usize]
    }

    /// The largest distance in x and in y at which it is not 0.
    pub fn reach(&self) -> (usize, usize) {
        self.reach
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution as _, StandardNormal};

    fn image(width: usize, height: usize, pixels: Vec<f32>) -> Image {
        Image { width, height, pixels }
    }

    #[test]
    fn a_patch_of_blurred_noise_gives_the_correlation_of_the_blur() {
        let mut rng = ppl_core::rng::keyed(4, "white", 0);
        let (width, height) = (400, 300);
        let white: Vec<f64> = (0..width * height).map(|_| StandardNormal.sample(&mut rng)).collect();
        // Each pixel with 0.6 of its left and 0.3 of its lower neighbour.
        let blurred = |i: usize| white[i] + 0.6 * white[i.saturating_sub(1)] + 0.3 * white[i.saturating_sub(width)];
        let pixels = (0..width * height).map(|i| 5.0 + 2.0 * blurred(i) as f32).collect();
        let norm: f64 = 1.0 + 0.36 + 0.09;
        let sigma = 2.0 * norm.sqrt();
        let patch = [20, 10, 370, 280];
        let (found, scatter) = Correlation::of_patch(&image(width, height, pixels), |_| sigma, patch, 2).unwrap();
        let expected =
            [((0, 0), 1.0), ((1, 0), 0.6 / norm), ((0, 1), 0.3 / norm), ((1, -1), 0.18 / norm), ((2, 2), 0.0)];
        for ((dx, dy), value) in expected {
            // A correlation of 10^5 pixels is good to 0.003; the border of the patch takes 1 / 280.
            assert!((found.at(dx, dy) - value).abs() < 0.012, "{dx} {dy}: {} {value}", found.at(dx, dy));
            assert_eq!(found.at(dx, dy), found.at(-dx, -dy));
        }
        assert!((scatter - 1.0).abs() < 0.01, "{scatter}");
        assert_eq!(found.at(3, 0), 0.0);
    }

    #[test]
    fn a_correlation_just_beyond_what_noise_can_have_is_shrunk_to_it() {
        // Powers 1 + 1.04 cos k: 1 - 1.04 at least, and 0.01 after.
        let found = Correlation::new(&image(3, 1, vec![0.52, 1.0, 0.52])).unwrap();
        assert!((found.at(1, 0) - 0.495).abs() < 1e-7 && found.at(0, 0) == 1.0, "{found:?}");
    }

    #[test]
    fn what_is_no_correlation_is_refused() {
        assert!(Correlation::new(&image(2, 1, vec![1.0, 0.5])).is_err());
        assert!(Correlation::new(&image(3, 1, vec![0.5, 1.0, 0.2])).is_err());
        assert!(Correlation::new(&image(3, 1, vec![1.5, 1.0, 1.5])).is_err());
        assert!(Correlation::new(&image(3, 1, vec![f32::NAN, 1.0, f32::NAN])).is_err());
        assert!(Correlation::new(&image(3, 1, vec![0.9, 1.0, 0.9])).is_err());
        assert_eq!(Correlation::new(&image(3, 1, vec![0.8, 2.0, 0.8])).unwrap().at(1, 0), f64::from(0.8_f32 / 2.0));
        let flat = image(30, 30, vec![1.0; 900]);
        for patch in [[0, 0, 30, 30], [20, 0, 20, 20], [0, 0, 5, 20], [usize::MAX, 0, 20, 20]] {
            assert!(Correlation::of_patch(&flat, |_| 1.0, patch, 2).is_err(), "{patch:?}");
        }
    }
}
