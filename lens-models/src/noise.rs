//! Noise: the Gaussian log likelihood of an image given a model image.

mod correlated;
mod correlation;
mod sigma_map;

pub use correlated::Correlated;
pub use correlation::{Correlation, Patch};
use multiversion::multiversion;
use sigma_map::HALF_LN_2PI;
pub use sigma_map::SigmaMap;

use crate::error::{Error, Result};
use crate::grid::Window;
use crate::mask::Mask;

/// Pixels whose terms are added in f32-by-16 lanes and f64 sums before the next level; fixed, so that the sum has one value.
const CHUNK: usize = 4096;

/// Running sums kept side by side.
const LANES: usize = 16;

/// What is known about the noise of an image. Pixels out of the mask have no term and no gradient, whatever they hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Noise {
    /// A standard deviation for each pixel.
    Sigma(SigmaMap),
    /// A constant background and photon noise of the model.
    Background(Background),
    /// A standard deviation for each pixel, and a correlation with those near it.
    Correlated(Correlated),
}

/// ln L = -1/2 sum [(d - m)^2 / v + ln v] - n/2 ln(2 pi) with v = rms^2 + max(m, 0) / exposure, one exposure for all pixels or each its own.
///
/// The variance follows the model, so the gradient has a term from v where m > 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Background {
    /// `exposure` over that of the pixel; 0 where the pixel is not used.
    shares: Vec<f32>,
    rms: f64,
    /// The longest.
    exposure: f64,
    /// - n ln rms - n/2 ln(2 pi); the terms of the sum are relative to rms^2.
    constant: f64,
}

impl Background {
    /// Background `rms` in the units of the image, and `exposure` in the time unit of those (rms and image in e-/s: s).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an rms or exposure that is not positive.
    pub fn new(rms: f64, exposure: f64, size: (usize, usize), mask: &Mask, window: Window) -> Result<Self> {
        for (what, value) in [("background_rms", rms), ("exposure_time", exposure)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::OutOfRange { what, value, allowed: "positive and finite" });
            }
        }
        let shares: Vec<f32> =
            window.crop(mask.used(), size.0).into_iter().map(|used| f32::from(u8::from(used))).collect();
        let n = shares.iter().filter(|share| **share > 0.0).count() as f64;
        Ok(Self { shares, rms, exposure, constant: -n * (rms.ln() + HALF_LN_2PI) })
    }

    /// The same with an exposure for every pixel of the full image.
    ///
    /// # Errors
    /// As [`Background::new`]; [`Error::WrongLength`] for a map of another size, [`Error::NoiseNotPositive`] for a used pixel without
    /// exposure.
    pub fn with_map(rms: f64, exposures: &[f32], size: (usize, usize), mask: &Mask, window: Window) -> Result<Self> {
        if exposures.len() != size.0 * size.1 || mask.used().len() != exposures.len() {
            let (got, expected) = (exposures.len(), mask.used().len());
            return Err(Error::WrongLength { what: "the exposure map", got, expected, size });
        }
        let good = |exposure: f32| exposure > 0.0 && exposure.is_finite();
        if let Some(i) = (0..exposures.len()).find(|&i| mask.used()[i] && !good(exposures[i])) {
            return Err(Error::NoiseNotPositive { x: i % size.0, y: i / size.0, value: f64::from(exposures[i]) });
        }
        let used = exposures.iter().zip(mask.used()).filter(|(_, used)| **used);
        let longest = used.fold(0.0, |longest, (exposure, _)| f32::max(longest, *exposure));
        let mut background = Self::new(rms, f64::from(longest), size, mask, window)?;
        for (share, exposure) in background.shares.iter_mut().zip(window.crop(exposures, size.0)) {
            *share = if *share > 0.0 { longest / exposure } else { 0.0 };
        }
        Ok(background)
    }

    /// The longest exposure over that of each pixel of the window; 0 where the pixel is not used.
    pub fn shares(&self) -> &[f32] {
        &self.shares
    }

    /// Background rms.
    pub fn rms(&self) -> f64 {
        self.rms
    }

    /// Standard deviation of a pixel of this share whose model is `model`.
    pub fn sigma(&self, model: f32, share: f32) -> f64 {
        (self.rms * self.rms + f64::from(model.max(0.0)) * f64::from(share) / self.exposure).sqrt()
    }

    /// What does not depend on the model: - n ln rms - n/2 ln(2 pi).
    pub fn constant(&self) -> f64 {
        self.constant
    }
}

impl Noise {
    /// Pixels of the window.
    pub fn len(&self) -> usize {
        self.weights().len()
    }

    /// Whether there is no pixel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// ln L of `data` given `model`, both `[y][x]` of the window.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn log_prob(&self, data: &[f32], model: &[f32]) -> f64 {
        assert!(data.len() == self.len() && model.len() == self.len(), "one value per pixel of the window");
        match self {
            Self::Sigma(map) => self
                .sum(map.constant(), |range| chi2(&data[range.clone()], &model[range.clone()], &map.inverse()[range])),
            Self::Background(b) => self.sum(b.constant, |range| {
                let factor = b.factor();
                let (data, model, shares) = (&data[range.clone()], &model[range.clone()], &b.shares[range]);
                poisson(data, model, shares, b.inverse_variance(), factor) + ln_variance(model, shares, factor)
            }),
            Self::Correlated(noise) => noise.log_prob(data, model),
        }
    }

    /// [`Noise::log_prob`], and `gradient` = `cotangent` d ln L / d model.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn log_prob_and_grad(&self, data: &[f32], model: &[f32], cotangent: f64, gradient: &mut [f32]) -> f64 {
        assert!(gradient.len() == self.len() && data.len() == self.len(), "one value per pixel of the window");
        // The value first: it reads what the gradient, in a second pass over the same few kB of cache, only writes.
        let value = self.log_prob(data, model);
        self.grad(data, model, cotangent, gradient);
        value
    }

    /// `gradient` = `cotangent` d ln L / d model.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn grad(&self, data: &[f32], model: &[f32], cotangent: f64, gradient: &mut [f32]) {
        let n = self.len();
        assert!(data.len() == n && model.len() == n && gradient.len() == n, "one value per pixel of the window");
        match self {
            Self::Sigma(map) => chi2_grad(data, model, map.inverse(), cotangent as f32, gradient),
            Self::Background(b) => {
                poisson_grad(data, model, &b.shares, b.inverse_variance(), b.factor(), cotangent as f32, gradient);
            }
            Self::Correlated(noise) => noise.grad(data, model, cotangent, gradient),
        }
    }

    fn weights(&self) -> &[f32] {
        match self {
            Self::Sigma(map) => map.inverse(),
            Self::Background(background) => &background.shares,
            Self::Correlated(noise) => noise.map().inverse(),
        }
    }

    /// The same noise with this correlation, if there is one.
    ///
    /// # Errors
    /// [`Error::CorrelatedPhotons`] for noise that follows the model; as [`Correlated::new`].
    pub fn correlated(self, correlation: Option<&Correlation>, window: Window) -> Result<Self> {
        match (self, correlation) {
            (noise, None) => Ok(noise),
            (Self::Sigma(map), Some(correlation)) => Correlated::new(map, correlation, window).map(Self::Correlated),
            (_, Some(_)) => Err(Error::CorrelatedPhotons),
        }
    }

    fn sum(&self, constant: f64, chunk: impl Fn(std::ops::Range<usize>) -> f64) -> f64 {
        let n = self.len();
        constant - 0.5 * (0..n).step_by(CHUNK).map(|start| chunk(start..(start + CHUNK).min(n))).sum::<f64>()
    }
}

impl Background {
    pub(crate) fn inverse_variance(&self) -> f32 {
        (1.0 / (self.rms * self.rms)) as f32
    }

    /// v / rms^2 = 1 + factor share max(m, 0).
    pub(crate) fn factor(&self) -> f32 {
        (1.0 / (self.exposure * self.rms * self.rms)) as f32
    }
}

/// sum ((d - m) w)^2 over w > 0.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn chi2(data: &[f32], model: &[f32], inverse: &[f32]) -> f64 {
    let mut sums = [0.0f64; LANES];
    for ((data, model), inverse) in data.chunks(LANES).zip(model.chunks(LANES)).zip(inverse.chunks(LANES)) {
        for (sum, ((d, m), w)) in sums.iter_mut().zip(data.iter().zip(model).zip(inverse)) {
            let z = if *w > 0.0 { (d - m) * w } else { 0.0 };
            *sum += f64::from(z) * f64::from(z);
        }
    }
    sums.iter().sum()
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn chi2_grad(data: &[f32], model: &[f32], inverse: &[f32], cotangent: f32, gradient: &mut [f32]) {
    for (g, ((d, m), w)) in gradient.iter_mut().zip(data.iter().zip(model).zip(inverse)) {
        *g = if *w > 0.0 { (d - m) * w * w * cotangent } else { 0.0 };
    }
}

/// sum (d - m)^2 / v over the used pixels.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn poisson(data: &[f32], model: &[f32], shares: &[f32], inverse_variance: f32, factor: f32) -> f64 {
    let mut sums = [0.0f64; LANES];
    for ((data, model), shares) in data.chunks(LANES).zip(model.chunks(LANES)).zip(shares.chunks(LANES)) {
        for (sum, ((d, m), share)) in sums.iter_mut().zip(data.iter().zip(model).zip(shares)) {
            let ratio = if *m > 0.0 { 1.0 + factor * share * m } else { 1.0 };
            let term = (d - m) * (d - m) * inverse_variance / ratio;
            *sum += f64::from(if *share > 0.0 { term } else { 0.0 });
        }
    }
    sums.iter().sum()
}

/// sum ln(v / rms^2) over the used pixels: one logarithm for each product of eight, which f64 holds whatever the f32 are.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn ln_variance(model: &[f32], shares: &[f32], factor: f32) -> f64 {
    let mut sum = 0.0;
    for (model, shares) in model.chunks(8 * LANES).zip(shares.chunks(8 * LANES)) {
        let mut products = [1.0f64; LANES];
        for (model, shares) in model.chunks(LANES).zip(shares.chunks(LANES)) {
            for (product, (m, share)) in products.iter_mut().zip(model.iter().zip(shares)) {
                let ratio = if *m > 0.0 { 1.0 + f64::from(factor * share) * f64::from(*m) } else { 1.0 };
                *product *= if *share > 0.0 { ratio } else { 1.0 };
            }
        }
        sum += products.iter().map(|product| product.ln()).sum::<f64>();
    }
    sum
}

/// d/dm of -1/2 [(d - m)^2 / v + ln v]: r / v + v' / 2 (r^2 / v^2 - 1 / v), with v' = 1 / exposure where m > 0.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn poisson_grad(
    data: &[f32],
    model: &[f32],
    shares: &[f32],
    inverse_variance: f32,
    factor: f32,
    cotangent: f32,
    gradient: &mut [f32],
) {
    for (g, ((d, m), share)) in gradient.iter_mut().zip(data.iter().zip(model).zip(shares)) {
        let factor = factor * share;
        let (ratio, slope) = if *m > 0.0 { (1.0 + factor * m, factor) } else { (1.0, 0.0) };
        // In units of rms^2: v = ratio, v' = factor.
        let (r, inverse) = (d - m, 1.0 / ratio);
        let z2 = r * r * inverse_variance * inverse;
        let slope = r * inverse_variance * inverse + 0.5 * slope * inverse * (z2 - 1.0);
        *g = if *share > 0.0 { slope * cotangent } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fits::Image;

    const SIZE: (usize, usize) = (9, 7);

    fn case() -> (Mask, Window, Vec<f32>, Vec<f32>, Vec<f32>) {
        let mut mask = Mask::all(SIZE.0, SIZE.1);
        let keep = (0..63).map(|i| if i % 5 == 3 { 0.0 } else { 1.0 }).collect();
        mask.exclude_zero(&Image::new(SIZE.0, SIZE.1, keep).unwrap()).unwrap();
        let window = Window { x0: 1, y0: 2, width: 7, height: 5 };
        let mut outside = vec![0.0; 63];
        window.rows().for_each(|y| window.columns().for_each(|x| outside[y * SIZE.0 + x] = 1.0));
        mask.exclude_zero(&Image::new(SIZE.0, SIZE.1, outside).unwrap()).unwrap();
        let sigma = (0..63).map(|i| 0.5 + (i % 7) as f32 * 0.1).collect();
        let data = (0..35).map(|i| (i as f32 * 0.9).sin() + 0.5).collect();
        // Positive and negative model pixels, none within the differencing step of the kink at 0.
        let model = (0..35).map(|i| (i as f32 * 0.7).cos() + 0.25).collect();
        (mask, window, sigma, data, model)
    }

    /// The definition, in f64, pixel by pixel.
    fn reference(mask: &Mask, window: Window, data: &[f32], model: &[f64], sigma: impl Fn(usize, f64) -> f64) -> f64 {
        let used = window.crop(mask.used(), SIZE.0);
        let term = |i: usize| {
            let (sigma, r) = (sigma(i, model[i]), f64::from(data[i]) - model[i]);
            -0.5 * (r / sigma).powi(2) - sigma.ln() - 0.5 * std::f64::consts::TAU.ln()
        };
        (0..35).filter(|i| used[*i]).map(term).sum()
    }

    fn check(
        noise: &Noise,
        mask: &Mask,
        window: Window,
        data: &[f32],
        model: &[f32],
        sigma: &dyn Fn(usize, f64) -> f64,
    ) {
        let exact: Vec<f64> = model.iter().map(|m| f64::from(*m)).collect();
        let expected = reference(mask, window, data, &exact, sigma);
        let mut gradient = vec![f32::NAN; 35];
        let value = noise.log_prob_and_grad(data, model, -2.0, &mut gradient);
        // 30 terms of order 1 from f32 residuals: 6e-8 each.
        assert!((value - expected).abs() < 1e-6 * expected.abs(), "{value} {expected}");
        for i in 0..35 {
            let shifted = |step: f64| {
                let mut model = exact.clone();
                model[i] += step;
                reference(mask, window, data, &model, sigma)
            };
            let numeric = -2.0 * (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            // f32 in the gradient, 1e-10 in the differences of the f64 reference.
            assert!(
                (f64::from(gradient[i]) - numeric).abs() < 2e-6 * (1.0 + numeric.abs()),
                "{i}: {} {numeric}",
                gradient[i]
            );
        }
    }

    #[test]
    fn a_sigma_map_is_the_normal_density_and_its_gradient() {
        let (mask, window, sigma, data, model) = case();
        let noise = Noise::Sigma(SigmaMap::new(&sigma, SIZE, &mask, window).unwrap());
        let inside = window.crop(&sigma, SIZE.0);
        check(&noise, &mask, window, &data, &model, &|i, _| f64::from(inside[i]));
    }

    #[test]
    fn a_background_follows_the_model_and_so_does_its_gradient() {
        let (mask, window, _, data, model) = case();
        let (rms, exposure) = (0.4, 3.0);
        let noise = Noise::Background(Background::new(rms, exposure, SIZE, &mask, window).unwrap());
        check(&noise, &mask, window, &data, &model, &|_, m| (rms * rms + m.max(0.0) / exposure).sqrt());
    }

    #[test]
    fn pixels_of_their_own_exposure_have_noise_of_their_own() {
        let (mask, window, _, data, model) = case();
        let (rms, exposures) = (0.4, (0..63).map(|i| 1.0 + (i % 4) as f32).collect::<Vec<f32>>());
        let noise = Noise::Background(Background::with_map(rms, &exposures, SIZE, &mask, window).unwrap());
        let inside = window.crop(&exposures, SIZE.0);
        check(&noise, &mask, window, &data, &model, &|i, m| (rms * rms + m.max(0.0) / f64::from(inside[i])).sqrt());
        let even = Background::with_map(rms, &[3.0; 63], SIZE, &mask, window).unwrap();
        assert_eq!(even, Background::new(rms, 3.0, SIZE, &mask, window).unwrap());
        assert!(matches!(
            Background::with_map(rms, &[0.0; 63], SIZE, &mask, window),
            Err(Error::NoiseNotPositive { value: 0.0, .. })
        ));
        assert!(matches!(Background::with_map(rms, &[1.0; 5], SIZE, &mask, window), Err(Error::WrongLength { .. })));
    }

    #[test]
    fn excluded_pixels_count_for_nothing_even_as_nan() {
        let (mask, window, sigma, mut data, mut model) = case();
        let used = window.crop(mask.used(), SIZE.0);
        for noise in [
            Noise::Sigma(SigmaMap::new(&sigma, SIZE, &mask, window).unwrap()),
            Noise::Background(Background::new(0.4, 3.0, SIZE, &mask, window).unwrap()),
        ] {
            let before = noise.log_prob(&data, &model);
            (0..35).filter(|i| !used[*i]).for_each(|i| (data[i], model[i]) = (f32::NAN, f32::INFINITY));
            let mut gradient = vec![f32::NAN; 35];
            assert_eq!(noise.log_prob_and_grad(&data, &model, 1.0, &mut gradient), before);
            assert!((0..35).all(|i| used[i] || gradient[i] == 0.0) && gradient.iter().all(|g| g.is_finite()));
            (data, model) = (case().3, case().4);
        }
    }

    #[test]
    fn noise_that_is_not_positive_is_refused_by_pixel_unless_masked() {
        let (mask, window, mut sigma, ..) = case();
        let hidden = (0..63).find(|i| !mask.used()[*i]).unwrap();
        sigma[hidden] = 0.0;
        SigmaMap::new(&sigma, SIZE, &mask, window).unwrap();
        sigma[4 * 9 + 3] = -1.0;
        let error = SigmaMap::new(&sigma, SIZE, &mask, window).unwrap_err();
        assert!(matches!(error, Error::NoiseNotPositive { x: 3, y: 4, value: -1.0 }), "{error}");
        assert!(matches!(Background::new(0.0, 1.0, SIZE, &mask, window), Err(Error::OutOfRange { .. })));
    }
}
