//! Survey: how the telescope sees a scene: pixels, point-spread function and noise of HST ACS F814W in COSMOS.

use lens_models::fits::Image;
use lens_models::psf::Psf;
use ppl_core::rng::Rng;

use super::centred::centred;
use super::noise::unit_noise;
use super::scene::Scene;
use crate::data::drizzle::correlated_area;
use crate::error::{Error, Result};

/// A telescope and its images.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Arcsec a pixel; 0.03 as the COSMOS images are drizzled (Koekemoer et al. 2007).
    pub pixel_scale: f64,
    /// AB magnitude of one count a second; 25.94 for ACS F814W.
    pub zero_point: f64,
    /// Seconds of exposure, for the noise of the photons; 2028 in COSMOS (Koekemoer et al. 2007).
    pub exposure_time: f64,
    /// Mean and scatter over the field of the background noise of one pixel, counts a second; 0.0026 and 0.0002 in the
    /// catalogues of GREAT3.
    pub background_rms: [f64; 2],
    psf: Psf,
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            pixel_scale: 0.03,
            zero_point: 25.94,
            exposure_time: 2028.0,
            background_rms: [0.0026, 0.0002],
            psf: moffat_psf(),
        }
    }
}

/// Full width at half maximum of the PSF of drizzled COSMOS images, in pixels of 0.03": 0.117".
const FWHM: f64 = 3.9;

/// Exponent of the Moffat profile whose 50 % and 80 % radii are nearest to those of the real PSF at that width.
const BETA: f64 = 2.5;

/// A Moffat of the width of the real PSF (Moffat 1969): (1 + r^2 / a^2)^-beta on 41 x 41 pixels.
#[allow(clippy::expect_used, reason = "its pixels are finite and their sum is 1, whatever the program is given")]
fn moffat_psf() -> Psf {
    let a = 0.5 * FWHM / (2_f64.powf(1.0 / BETA) - 1.0).sqrt();
    let (side, half) = (41, 20.0);
    let at = |k: usize| {
        let r = ((k % side) as f64 - half).hypot((k / side) as f64 - half);
        (1.0 + (r / a).powi(2)).powf(-BETA)
    };
    let sum: f64 = (0..side * side).map(at).sum();
    let pixels = (0..side * side).map(|k| (at(k) / sum) as f32).collect();
    Psf::new(Image { width: side, height: side, pixels }).expect("a Moffat is a PSF")
}

impl Survey {
    /// The survey with another PSF, sampled on its pixels. One of even sides loses a row or column: it is cut if a pixel is its
    /// centre, and moved by half a pixel if its centre lies between pixels.
    ///
    /// # Errors
    /// As [`Psf::new`]: even sides about neither, pixels that are not finite, a sum that is not positive.
    pub fn with_psf(self, kernel: Image) -> Result<Self> {
        Ok(Self { psf: Psf::new(centred(kernel))?, ..self })
    }

    /// Whether all numbers are ones that a telescope can have.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn check(&self) -> Result<()> {
        let positive = [
            ("the pixel scale of the survey", self.pixel_scale),
            ("the exposure time of the survey", self.exposure_time),
            ("the background rms of the survey", self.background_rms[0]),
        ];
        for (what, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::OutOfRange { what, value, allowed: "positive" });
            }
        }
        Ok(())
    }

    /// Counts a second of a magnitude.
    #[must_use]
    pub fn flux(&self, magnitude: f64) -> f64 {
        10_f64.powf(0.4 * (self.zero_point - magnitude))
    }

    /// The scene through the telescope without noise, `side` x `side` pixels, counts a second.
    #[must_use]
    pub fn blurred(&self, scene: &Scene, side: usize) -> Image {
        // Light from outside the stamp is blurred into it.
        let margin = (self.psf.width().max(self.psf.height()) / 2).min(12);
        let wide = side + 2 * margin;
        let light: Vec<f32> = scene.image(wide, wide, self.pixel_scale).into_iter().map(|v| v as f32).collect();
        let mut blurred = vec![0.0; wide * wide];
        self.psf.convolve(&light, wide, wide, &mut blurred);
        let rows = blurred.chunks_exact(wide).skip(margin).take(side);
        let pixels = rows.flat_map(|row| row[margin..margin + side].iter().copied()).collect();
        Image { width: side, height: side, pixels }
    }

    /// Adds noise to an image: of the background, `sigma` a pixel, and of the photons.
    #[must_use]
    pub fn noisy(&self, image: &Image, sigma: f64, rng: &mut Rng) -> Image {
        // Over wide patches the photons of an image are Poisson; in one drizzled pixel they vary by less.
        let photons = 1.0 / (self.exposure_time * correlated_area());
        let noise = unit_noise(rng, image.width, image.height);
        let pixel = |(light, unit): (&f32, f64)| {
            let variance = sigma * sigma + f64::from(light.max(0.0)) * photons;
            light + (variance.sqrt() * unit) as f32
        };
        Image { pixels: image.pixels.iter().zip(noise).map(pixel).collect(), ..*image }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::simulate::blob::Blob;
    use crate::data::simulate::tail::Tail;
    use ppl_core::rng::keyed;

    #[test]
    fn the_psf_has_the_width_of_the_real_one() {
        let psf = moffat_psf();
        let peak = psf.kernel()[20 * 41 + 20];
        let at = |r: usize| psf.kernel()[20 * 41 + 20 + r] / peak;
        // Half of the peak between 1 and 3 pixels: 1.95 = 3.9 / 2.
        let half = 1.0 + (at(1) - 0.5) / (at(1) - at(2));
        assert!((half - 1.95).abs() < 0.05, "{half}");
    }

    #[test]
    fn a_scene_keeps_its_light_and_gets_the_noise_asked_for() {
        let survey = Survey::default();
        let tail = Tail { centre: [0.0; 2], reach: [0.1, 0.3], turn: [0.0, 2.0], width: 0.05, flux: 5.0 };
        let expected: f64 = tail.blobs().iter().map(|Blob { flux, .. }| flux).sum();
        let scene = Scene { bodies: Vec::new(), tails: vec![tail] };
        let image = survey.blurred(&scene, 101);
        let sum: f64 = image.pixels.iter().map(|p| f64::from(*p)).sum();
        assert!((sum / expected - 1.0).abs() < 5e-3, "{sum}");
        let dark = Image { width: 300, height: 300, pixels: vec![0.0; 90_000] };
        let noise = survey.noisy(&dark, 0.003, &mut keyed(0, "noise", 0));
        let rms = (noise.pixels.iter().map(|p| f64::from(p * p)).sum::<f64>() / 9e4).sqrt();
        assert!((rms / 0.003 - 1.0).abs() < 0.02, "{rms}");
        // 2028 s of 1 count a second in each pixel, over the whole image: sqrt(N) counts.
        let bright = Image { width: 100, height: 100, pixels: vec![1.0; 10_000] };
        let sums: Vec<f64> = (0..200)
            .map(|k| {
                let noisy = survey.noisy(&bright, 1e-9, &mut keyed(1, "photons", k));
                noisy.pixels.iter().map(|p| f64::from(p - 1.0)).sum::<f64>()
            })
            .collect();
        let sd = (sums.iter().map(|s| s * s).sum::<f64>() / 200.0).sqrt();
        assert!((sd / (1e4_f64 / 2028.0).sqrt() - 1.0).abs() < 0.16, "{sd}");
    }
}
