//! A mixture of references: particles begin where each of them has mass.

use ppl_core::LogDensity;
use ppl_core::rng::keyed;
use rand::RngExt as _;

use super::reference::Reference;
use crate::error::{Error, Result, require};

/// sum_k w_k q_k, the weights normalised.
pub struct Mixture<'a> {
    parts: Vec<(f64, &'a dyn Reference)>,
}

impl<'a> Mixture<'a> {
    /// References of one dimension and their weights.
    ///
    /// # Errors
    /// No reference, other dimensions than the first's, a weight that is not positive.
    pub fn new(parts: Vec<(f64, &'a dyn Reference)>) -> Result<Self> {
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        require(!parts.is_empty(), "the number of references", 0.0, "at least 1")?;
        for (weight, part) in &parts {
            require(*weight > 0.0 && total.is_finite(), "the weight of a reference", *weight, "a positive number")?;
            let (expected, got) = (parts[0].1.dim(), part.dim());
            if expected != got {
                return Err(Error::Length { what: "a position of a reference", expected, got });
            }
        }
        Ok(Self { parts: parts.into_iter().map(|(weight, part)| (weight / total, part)).collect() })
    }
}

impl LogDensity for Mixture<'_> {
    fn dim(&self) -> usize {
        self.parts[0].1.dim()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let (dim, n) = (self.dim(), logp.len());
        let mut each = vec![];
        for (weight, part) in &self.parts {
            let (mut own, mut own_grad) = (vec![0.0; n], vec![0.0; n * dim]);
            part.logp_and_grad(positions, &mut own, &mut own_grad)?;
            own.iter_mut().for_each(|lp| *lp += weight.ln());
            each.push((own, own_grad));
        }
        for (k, (lp, g)) in logp.iter_mut().zip(grad.chunks_mut(dim)).enumerate() {
            let top = each.iter().map(|(own, _)| own[k]).fold(f64::NEG_INFINITY, f64::max);
            g.fill(0.0);
            *lp = top;
            if !top.is_finite() {
                continue;
            }
            let sum: f64 = each.iter().map(|(own, _)| (own[k] - top).exp()).sum();
            *lp = top + sum.ln();
            for (own, own_grad) in each.iter().filter(|(own, _)| own[k] > f64::NEG_INFINITY) {
                let share = (own[k] - *lp).exp();
                g.iter_mut().zip(&own_grad[k * dim..]).for_each(|(g, own)| *g += share * own);
            }
        }
        Ok(())
    }
}

impl Reference for Mixture<'_> {
    fn draw(&self, seed: u64, n: usize) -> Result<Vec<f64>> {
        let (dim, mut rng) = (self.dim(), keyed(seed, "mixture", 0));
        let each = self.parts.iter().map(|(_, part)| part.draw(rng.random(), n)).collect::<Result<Vec<_>>>()?;
        // As many of each as its weight asks for, evenly spaced: the share of a part has no scatter.
        let first: f64 = rng.random();
        let mut all = vec![];
        for k in 0..n {
            let mut at = (k as f64 + first) / n as f64;
            let part = self.parts.iter().position(|(weight, _)| {
                at -= weight;
                at < 0.0
            });
            all.extend_from_slice(&each[part.unwrap_or(self.parts.len() - 1)][k * dim..(k + 1) * dim]);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::super::gaussian::Gaussian;
    use super::*;
    use crate::map::{LaplaceSettings, laplace};
    use crate::target::FnDensity;

    fn gaussian(mean: f64, sd: f64) -> Gaussian {
        let density = FnDensity::new(2, move |x, g| {
            g[0] = -(x[0] - mean) / (sd * sd);
            g[1] = -x[1];
            -0.5 * (x[0] - mean).powi(2) / (sd * sd) - 0.5 * x[1] * x[1]
        });
        Gaussian::new(laplace(&density, &[mean, 0.0], &LaplaceSettings::default()).unwrap(), 1.0).unwrap()
    }

    #[test]
    fn it_is_the_sum_of_its_parts_and_draws_as_many_of_each_as_it_says() {
        let (a, b) = (gaussian(-3.0, 0.5), gaussian(2.0, 1.5));
        let both = Mixture::new(vec![(1.0, &a), (3.0, &b)]).unwrap();
        let normal = |z: f64, sd: f64| (-0.5 * z * z / (sd * sd)).exp() / (sd * std::f64::consts::TAU.sqrt());
        let exact =
            |x: f64, y: f64| ((0.25 * normal(x + 3.0, 0.5) + 0.75 * normal(x - 2.0, 1.5)) * normal(y, 1.0)).ln();
        for (x, y) in [(-3.2, 0.3), (-1.5, -1.0), (2.0, 0.0), (60.0, 1.0)] {
            let (mut logp, mut grad) = ([0.0], [0.0; 2]);
            both.logp_and_grad(&[x, y], &mut logp, &mut grad).unwrap();
            if x < 50.0 {
                assert!((logp[0] - exact(x, y)).abs() < 1e-4, "{} {}", logp[0], exact(x, y));
                let slope = (exact(x + 1e-5, y) - exact(x - 1e-5, y)) / 2e-5;
                assert!(
                    (grad[0] - slope).abs() < 1e-3 * slope.abs().max(1.0) && (grad[1] + y).abs() < 1e-3,
                    "{grad:?}"
                );
            }
            assert!(logp[0].is_finite() && grad.iter().all(|g| g.is_finite()));
        }
        let draws = both.draw(1, 1000).unwrap();
        let left = draws.chunks(2).filter(|x| x[0] < -1.5).count();
        // A quarter, one of a hundred of the other part beside it.
        assert!((240..=275).contains(&left), "{left}");
        assert!(Mixture::new(vec![]).is_err() && Mixture::new(vec![(0.0, &a)]).is_err());
    }
}
