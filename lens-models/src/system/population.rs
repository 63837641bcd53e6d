//! A population of haloes: their number random, their masses from a mass function, their places uniform, in one plane or along the line of sight.

use std::collections::BTreeMap;

use ppl_core::distributions::{Poisson, Uniform};
use ppl_core::{Ctx, Result};

use super::component::{Component, Profile, Role};
use super::halo::Halo;
use crate::cosmology::{Concentration, Cosmology};

/// What haloes are drawn from: dN/dm ~ m^`slope` between two masses, uniform over a square.
///
/// ```
/// use lens_models::system::HaloPopulation;
/// use ppl_core::{Ctx, handler};
///
/// let population = HaloPopulation { mean_count: 40.0, ..HaloPopulation::default() };
/// let model = |ctx: &mut Ctx| population.draw(ctx).map(|halos| halos.len());
/// let drawn = handler::trace(handler::seed(model, 1))?;
/// assert_eq!(drawn.returned, drawn.trace.get("halos.count").unwrap().value.numbers()[0] as usize);
/// # Ok::<(), ppl_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct HaloPopulation {
    /// First part of the names of its sites and of its haloes.
    pub name: String,
    /// The mean of the Poisson distribution of their number.
    pub mean_count: f64,
    /// -1.9 (Springel et al. 2008, doi:10.1111/j.1365-2966.2008.14066.x).
    pub slope: f64,
    /// lg of the smallest and the largest M200, solar masses. 7 and 10.
    pub log10_m200: [f64; 2],
    /// Half the width of the square about the origin, arcsec. 2.
    pub half_width: f64,
    /// Radius of the truncation over Rs. 10.
    pub tau: f64,
    /// Where its concentrations come from.
    pub concentration: Concentration,
    /// Redshifts with weights, one of which each halo is at; empty: all with the lens.
    pub planes: Vec<(f64, f64)>,
}

impl Default for HaloPopulation {
    fn default() -> Self {
        HaloPopulation {
            name: "halos".to_owned(),
            mean_count: 100.0,
            slope: -1.9,
            log10_m200: [7.0, 10.0],
            half_width: 2.0,
            tau: 10.0,
            concentration: Concentration::default(),
            planes: vec![],
        }
    }
}

impl HaloPopulation {
    /// lg of the mass below which a share `quantile` of the haloes is: with a = `slope` + 1
    ///
    /// ```text
    /// m = [(1 - u) m_low^a + u m_high^a]^(1/a),   ln m = (1 - u) ln m_low + u ln m_high for a = 0
    /// ```
    pub fn log10_mass(&self, quantile: f64) -> f64 {
        let [low, high] = self.log10_m200;
        let a = self.slope + 1.0;
        // In units of the smallest mass, whose powers then stay near 1.
        let across = a * (high - low);
        if across.abs() < 1e-9 {
            return low + quantile * (high - low);
        }
        low + (quantile * (10.0_f64.powf(across) - 1.0)).ln_1p() / (a * std::f64::consts::LN_10)
    }

    /// `count` planes between the observer and `z_source` for haloes along the line of sight whose number is constant in comoving volume: the
    /// middles of equal steps in z, each with the volume of its step in the light cone, D^2 dD.
    #[must_use]
    pub fn along_the_line_of_sight(self, cosmology: &Cosmology, z_source: f64, count: usize) -> Self {
        let step = z_source / count as f64;
        let cube = |z: f64| cosmology.transverse_comoving_distance(0.0, z).powi(3);
        let plane = |k: usize| {
            let z = step * (k as f64 + 0.5);
            (z, cube(z + 0.5 * step) - cube(z - 0.5 * step))
        };
        HaloPopulation { planes: (0..count).map(plane).collect(), ..self }
    }

    /// The redshift below which a share `quantile` of the weights is; none where all are with the lens.
    fn redshift(&self, quantile: f64) -> Option<f64> {
        let wanted = quantile * self.planes.iter().map(|(_, weight)| weight).sum::<f64>();
        let mut sum = 0.0;
        let at = self.planes.iter().find(|(_, weight)| {
            sum += weight;
            sum >= wanted
        });
        at.or(self.planes.last()).map(|(z, _)| *z)
    }

    /// Draws the haloes, as components of a system in which every parameter has its value: the sites `NAME.count`, and for each halo the
    /// quantiles `NAME.mass` and, with planes, `NAME.plane`, and its place `NAME.x`, `NAME.y`. Their number says how long the other sites are, so
    /// that this is a model to draw from, not one to fit.
    ///
    /// # Errors
    /// A context without a seed, or with more than one lane.
    pub fn draw(&self, ctx: &mut Ctx) -> Result<Vec<Component>> {
        ctx.scope(&self.name, |ctx| {
            let count = ctx.sample("count", Poisson::new(self.mean_count))?.value()? as usize;
            if count == 0 {
                return Ok(vec![]);
            }
            let (reach, deep) = (self.half_width, !self.planes.is_empty());
            let [mass, x, y, plane] = ctx.plate("each", count, |ctx| {
                let mass = ctx.sample("mass", Uniform::new(0.0, 1.0))?;
                let x = ctx.sample("x", Uniform::new(-reach, reach))?;
                let y = ctx.sample("y", Uniform::new(-reach, reach))?;
                let plane = if deep { ctx.sample("plane", Uniform::new(0.0, 1.0))? } else { mass.clone() };
                Ok([mass, x, y, plane].map(|value| value.lane(0).to_vec()))
            })?;
            let halo = |k: usize| Component {
                band: None,
                per_band: vec![],
                name: format!("{}_{}", self.name, k + 1),
                role: Role::Lens,
                profile: Profile::Halo(Halo::new(self.concentration)),
                count: 1,
                fixed: BTreeMap::from([
                    ("log10_m200", vec![self.log10_mass(mass[k])]),
                    ("tau", vec![self.tau]),
                    ("center_x", vec![x[k]]),
                    ("center_y", vec![y[k]]),
                ]),
                start: BTreeMap::new(),
                redshift: self.redshift(plane[k]),
                linear: false,
            };
            Ok((0..count).map(halo).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use ppl_core::handler;

    use super::*;

    fn drawn(population: &HaloPopulation, runs: u64) -> Vec<Vec<Component>> {
        let model = |ctx: &mut Ctx| population.draw(ctx);
        (0..runs).map(|seed| handler::trace(handler::seed(model, seed)).unwrap().returned).collect()
    }

    #[test]
    fn the_mean_count_and_the_slope_are_those_asked_for() {
        let population = HaloPopulation { mean_count: 50.0, ..HaloPopulation::default() };
        let all = drawn(&population, 400);
        let counts: Vec<f64> = all.iter().map(|halos| halos.len() as f64).collect();
        let mean = counts.iter().sum::<f64>() / 400.0;
        let variance = counts.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / 399.0;
        // Poisson: the mean of 400 within five of its errors; its variance, of relative error sqrt(2 / 400), too.
        assert!((mean - 50.0).abs() < 5.0 * (50.0_f64 / 400.0).sqrt(), "{mean}");
        assert!((variance / 50.0 - 1.0).abs() < 5.0 * (2.0_f64 / 400.0).sqrt(), "{variance}");
        // ln m / m_low is exponential of rate -a = 0.9, cut at L = 3 ln 10: mean 1 / 0.9 - L / (exp(0.9 L) - 1).
        let (rate, l) = (0.9, 3.0 * std::f64::consts::LN_10);
        let logs: Vec<f64> =
            all.iter().flatten().map(|halo| (halo.fixed["log10_m200"][0] - 7.0) * std::f64::consts::LN_10).collect();
        assert!(logs.iter().all(|log| (0.0..=l).contains(log)));
        let exact = 1.0 / rate - l / ((rate * l).exp() - 1.0);
        let got = logs.iter().sum::<f64>() / logs.len() as f64;
        let error = (logs.iter().map(|log| (log - got).powi(2)).sum::<f64>()).sqrt() / logs.len() as f64;
        println!("mean count {mean:.2} of 50, mean ln(m / m_low) {got:.4} +- {error:.4} of {exact:.4}");
        assert!((got - exact).abs() < 5.0 * error, "{got} {exact}");
        // The slope that the masses are most likely of: where the mean of the law is theirs.
        let mean_of = |rate: f64| 1.0 / rate - l / ((rate * l).exp() - 1.0);
        let (mut low, mut high) = (0.1, 3.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            *(if mean_of(middle) > got { &mut low } else { &mut high }) = middle;
        }
        assert!((-1.0 - low + 1.9).abs() < 0.05, "{low}");
    }

    #[test]
    fn haloes_along_the_line_of_sight_are_where_the_volume_is() {
        let universe = Cosmology::flat(70.0, 0.3);
        let population = HaloPopulation::default().along_the_line_of_sight(&universe, 1.5, 5);
        assert_eq!(population.planes.len(), 5);
        let all: Vec<Component> = drawn(&population, 40).into_iter().flatten().collect();
        let whole = universe.transverse_comoving_distance(0.0, 1.5).powi(3);
        for k in 0..5 {
            let z = 0.3 * (k as f64 + 0.5);
            let cube = |z: f64| universe.transverse_comoving_distance(0.0, z).powi(3) / whole;
            let share = cube(0.3 * (k as f64 + 1.0)) - cube(0.3 * k as f64);
            let at = |halo: &&Component| halo.redshift.is_some_and(|own| (own - z).abs() < 1e-9);
            let got = all.iter().filter(at).count() as f64 / all.len() as f64;
            assert!((got - share).abs() < 5.0 * (share / all.len() as f64).sqrt(), "{z}: {got} {share}");
        }
        assert!(drawn(&HaloPopulation::default(), 1)[0][0].redshift.is_none());
    }

    #[test]
    fn a_flat_law_is_flat_and_an_empty_population_is_empty() {
        let flat = HaloPopulation { slope: -1.0, ..HaloPopulation::default() };
        assert!((flat.log10_mass(0.25) - 7.75).abs() < 1e-12);
        let steep = HaloPopulation::default();
        assert!(steep.log10_mass(0.0) == 7.0 && (steep.log10_mass(1.0) - 10.0).abs() < 1e-9);
        assert!(drawn(&HaloPopulation { mean_count: 1e-9, ..steep }, 1)[0].is_empty());
    }
}
