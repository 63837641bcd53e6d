//! Simulator: a seeded, endless catalogue of simulated galaxies.

use std::sync::Arc;

use lens_models::fits::Image;
use ppl_core::rng::keyed;
use rand::RngExt as _;

use super::cutout::cutout;
use super::draw;
use super::population::{Population, normal};
use super::survey::Survey;
use crate::data::drizzle::correlation;
use crate::data::{SersicFit, Stamp};
use crate::error::Result;

/// Draws galaxies of a population as a survey sees them. Galaxy `k` is the same for any number of threads, and whatever else
/// is drawn.
///
/// ```
/// use vae_source::data::simulate::{Population, Simulator, Survey};
/// let simulator = Simulator::new(Survey::default(), Population::default(), 7)?;
/// let galaxy = simulator.galaxy(0);
/// assert_eq!(galaxy.truth.size(), galaxy.stamp.image.size());
/// # Ok::<(), vae_source::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Simulator {
    survey: Survey,
    population: Population,
    seed: u64,
    correlation: Arc<Image>,
}

/// A simulated galaxy.
#[derive(Debug, Clone)]
pub struct SimulatedGalaxy {
    /// What the survey has of it.
    pub stamp: Stamp,
    /// The same without noise.
    pub truth: Image,
}

impl Simulator {
    /// A simulator.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) for a survey or a population that cannot be.
    pub fn new(survey: Survey, population: Population, seed: u64) -> Result<Self> {
        survey.check()?;
        population.check()?;
        Ok(Self { survey, population, seed, correlation: Arc::new(correlation()) })
    }

    /// Galaxy number `index`.
    #[must_use]
    pub fn galaxy(&self, index: u64) -> SimulatedGalaxy {
        let mut rng = keyed(self.seed, "galaxy", index as usize);
        let magnitude = self.population.magnitude(&mut rng);
        let [mean, scatter] = self.survey.background_rms;
        let sigma = (mean + scatter * normal(&mut rng)).max(0.3 * mean);
        self.galaxy_like(index, magnitude, sigma)
    }

    /// Galaxy number `index` at a given magnitude and background noise: a counterpart of a real one.
    #[must_use]
    pub fn galaxy_like(&self, index: u64, magnitude: f64, sigma: f64) -> SimulatedGalaxy {
        let mut rng = keyed(self.seed, "scene", index as usize);
        let mut scene = draw::scene(&self.population, &mut rng, magnitude, self.survey.flux(magnitude));
        // Catalogues do not centre on pixels.
        let scale = self.survey.pixel_scale;
        scene.shift([scale * (rng.random::<f64>() - 0.5), scale * (rng.random::<f64>() - 0.5)]);
        // Wide enough for every isophote above the noise; of few sizes, so that each convolution is planned once.
        let wide = ((9.0 * scene.radius() / scale + 40.0).min(288.0) as usize).next_multiple_of(32);
        let truth = cutout(&self.survey.blurred(&scene, wide), sigma, normal(&mut rng));
        let image = self.survey.noisy(&truth, sigma, &mut rng);
        let stamp = Stamp {
            ident: index as i64,
            image,
            sigma_noise: sigma,
            correlation: Some(Arc::clone(&self.correlation)),
            pixel_scale: self.survey.pixel_scale,
            sersic: SersicFit::Good,
        };
        SimulatedGalaxy { stamp, truth }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_its_truth_with_the_noise_that_it_says() -> Result<()> {
        let simulator = Simulator::new(Survey::default(), Population::default(), 1)?;
        let (mut square, mut n) = (0.0, 0.0);
        for k in 0..60 {
            let SimulatedGalaxy { stamp, truth } = simulator.galaxy(k);
            for (noisy, true_value) in stamp.image.pixels.iter().zip(&truth.pixels) {
                // Where the galaxy has no light to speak of, the noise is that of the background.
                if f64::from(*true_value) < 0.2 * stamp.sigma_noise {
                    square += (f64::from(noisy - true_value) / stamp.sigma_noise).powi(2);
                    n += 1.0;
                }
            }
        }
        // 4.4 pixels of correlated noise count as one: 1 % for 80,000 of them.
        assert!(n > 8e4 && (square / n - 1.0).abs() < 0.03, "{} of {n}", square / n);
        Ok(())
    }

    #[test]
    fn a_counterpart_has_the_flux_of_its_magnitude() -> Result<()> {
        let simulator = Simulator::new(Survey::default(), Population::default(), 2)?;
        let flux = Survey::default().flux(22.0);
        let mut ratios: Vec<f64> = (0..40)
            .map(|k| {
                simulator.galaxy_like(k, 22.0, 0.0026).truth.pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / flux
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        // A stamp holds what lies within the isophotes above the noise, and nearly all of the rest.
        assert!(ratios[20] > 0.93 && ratios[39] < 1.03, "{} {}", ratios[20], ratios[39]);
        Ok(())
    }
}
