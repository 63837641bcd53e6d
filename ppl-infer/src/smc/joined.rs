//! A reference of two parts: a Gaussian on some coordinates, a prior on the others.

use ppl_core::LogDensity;

use super::gaussian::Gaussian;
use super::reference::Reference;
use crate::error::{Error, Result};
use crate::target::Target;

/// A Gaussian on the coordinates `places`; independent of it a target that draws from itself on those of `of_prior`.
pub struct Joined<'a, T> {
    gaussian: Gaussian,
    places: Vec<usize>,
    prior: &'a T,
    of_prior: Vec<usize>,
}

impl<'a, T: Target> Joined<'a, T> {
    /// The two parts with the coordinates of each.
    ///
    /// # Errors
    /// Another number of coordinates than a part has.
    pub fn new(gaussian: Gaussian, places: Vec<usize>, prior: &'a T, of_prior: Vec<usize>) -> Result<Self> {
        let parts =
            [("the Gaussian of a reference", gaussian.dim(), places.len()), ("its prior", prior.dim(), of_prior.len())];
        for (what, expected, got) in parts {
            if expected != got {
                return Err(Error::Length { what, expected, got });
            }
        }
        Ok(Self { gaussian, places, prior, of_prior })
    }
}

/// Adds a log density of some coordinates, and puts its gradient where these are.
fn add(
    part: &dyn LogDensity,
    places: &[usize],
    positions: &[f64],
    logp: &mut [f64],
    grad: &mut [f64],
) -> ppl_core::Result<()> {
    if places.is_empty() {
        return Ok(());
    }
    let dim = grad.len() / logp.len();
    let own: Vec<f64> = positions.chunks(dim).flat_map(|x| places.iter().map(|i| x[*i])).collect();
    let (mut own_logp, mut own_grad) = (vec![0.0; logp.len()], vec![0.0; own.len()]);
    part.logp_and_grad(&own, &mut own_logp, &mut own_grad)?;
    logp.iter_mut().zip(own_logp).for_each(|(lp, own)| *lp += own);
    for (g, own) in grad.chunks_mut(dim).zip(own_grad.chunks(places.len())) {
        places.iter().zip(own).for_each(|(i, own)| g[*i] = *own);
    }
    Ok(())
}

impl<T: Target> LogDensity for Joined<'_, T> {
    fn dim(&self) -> usize {
        self.places.len() + self.of_prior.len()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        logp.fill(0.0);
        add(self.prior, &self.of_prior, positions, logp, grad)?;
        add(&self.gaussian, &self.places, positions, logp, grad)
    }
}

impl<T: Target> Reference for Joined<'_, T> {
    fn draw(&self, seed: u64, n: usize) -> Result<Vec<f64>> {
        let (dim, own) = (self.dim(), self.places.len());
        let gaussian = self.gaussian.draw(seed, n)?;
        let mut all = vec![0.0; n * dim];
        for (k, x) in all.chunks_mut(dim).enumerate() {
            self.places.iter().enumerate().for_each(|(j, i)| x[*i] = gaussian[k * own + j]);
            if !self.of_prior.is_empty() {
                let prior = self.prior.draw_prior(seed.wrapping_add(k as u64))?;
                self.of_prior.iter().zip(prior).for_each(|(i, own)| x[*i] = own);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use ppl_core::distributions::{Normal, Uniform};
    use ppl_core::{Ctx, ModelDensity};

    use super::*;
    use crate::map::{LaplaceSettings, laplace};
    use crate::target::FnDensity;

    #[test]
    fn it_is_normalised_and_its_gradient_is_its_own() {
        let gaussian = FnDensity::new(1, |x, g| {
            g[0] = -(x[0] - 1.0) / 0.25;
            -0.5 * (x[0] - 1.0).powi(2) / 0.25
        });
        let around = laplace(&gaussian, &[1.0], &LaplaceSettings::default()).unwrap();
        let wide = Gaussian::new(around, 1.5).unwrap();
        let model = ModelDensity::new(|ctx: &mut Ctx| {
            ctx.sample("a", Normal::new(0.0, 2.0))?;
            ctx.sample("b", Uniform::new(-1.0, 3.0))
        })
        .unwrap();
        let joined = Joined::new(wide.clone(), vec![1], &model, vec![0, 2]).unwrap();
        let of = |x: [f64; 3]| {
            let (mut logp, mut grad) = ([0.0], [0.0; 3]);
            joined.logp_and_grad(&x, &mut logp, &mut grad).unwrap();
            (logp[0], grad)
        };
        // ln of the three normalised densities: deviation 0.75 about 1, deviation 2 about 0, and a logistic one.
        let x = [0.7, 1.4, -0.3];
        let normal = |z: f64, sd: f64| -0.5 * z * z / (sd * sd) - (sd * std::f64::consts::TAU.sqrt()).ln();
        let logistic = |q: f64| -q - 2.0 * (1.0 + (-q).exp()).ln();
        let exact = normal(x[0], 2.0) + normal(x[1] - 1.0, 0.75) + logistic(x[2]);
        let (got, grad) = of(x);
        assert!((got - exact).abs() < 1e-6, "{got} {exact}");
        for i in 0..3 {
            let moved = |by: f64| {
                let mut at = x;
                at[i] += by;
                of(at).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slope - grad[i]).abs() < 1e-6, "{i}: {slope} {}", grad[i]);
        }
        // 2000 draws: five errors of each mean, and of the deviations a fifth.
        let draws = joined.draw(3, 2000).unwrap();
        let moments = |i: usize| {
            let of: Vec<f64> = draws.iter().skip(i).step_by(3).copied().collect();
            let mean = of.iter().sum::<f64>() / 2000.0;
            (mean, (of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2000.0).sqrt())
        };
        for (i, mean, sd) in [(0, 0.0, 2.0), (1, 1.0, 0.75), (2, 0.0, 1.8138)] {
            let (m, s) = moments(i);
            assert!((m - mean).abs() < 0.12 * sd && (s / sd - 1.0).abs() < 0.2, "{i}: {m} {s}");
        }
        assert!(Joined::new(wide, vec![0, 1], &model, vec![2]).is_err());
    }
}
