//! Solving: the linear amplitudes of a model at given values of its free parameters.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ppl_core::distributions::Any;
use ppl_core::handler::{seed, substitute, trace};
use ppl_core::rng::Rng;
use ppl_core::{Ctx, PriorSet, Values};
use rand_distr::{Distribution as _, StandardNormal};
use serde_json::json;

use super::model::{Parts, SystemModel};
use super::sampled::Slot;
use crate::error::Result;
use crate::linear::{AmplitudePrior, Amplitudes, Equations, Marginal, non_negative};
use crate::op::fixed_noise;

/// The linear amplitudes that go with the values of all free parameters.
#[derive(Clone, Debug)]
pub struct FoundAmplitudes {
    /// Each site with how many numbers it has.
    sites: Vec<(String, usize)>,
    /// Where the numbers that were found belong among those of all sites.
    places: Vec<usize>,
    best: Vec<f64>,
    /// Where they are integrated over.
    marginal: Option<Marginal>,
}

impl FoundAmplitudes {
    /// The best of them by site: their mean where they are integrated over.
    pub fn best(&self) -> BTreeMap<String, Vec<f64>> {
        self.by_site(&self.best)
    }

    /// A draw from what is known of them given the free parameters; the best where they are not integrated over.
    pub fn draw(&self, rng: &mut Rng) -> BTreeMap<String, Vec<f64>> {
        match &self.marginal {
            None => self.best(),
            Some(marginal) => {
                let z = self.best.iter().map(|_| StandardNormal.sample(&mut *rng)).collect();
                self.by_site(&marginal.draw(z))
            }
        }
    }

    /// Parts that are dark are 0.
    fn by_site(&self, numbers: &[f64]) -> BTreeMap<String, Vec<f64>> {
        let mut all = vec![0.0; self.sites.iter().map(|(_, count)| count).sum()];
        self.places.iter().zip(numbers).for_each(|(place, number)| all[*place] = *number);
        let mut rest = all.into_iter();
        self.sites.iter().map(|(site, count)| (site.clone(), rest.by_ref().take(*count).collect())).collect()
    }
}

impl SystemModel {
    /// Whether there are linear amplitudes.
    pub fn has_linear(&self) -> bool {
        self.linear().next().is_some()
    }

    /// The sites of linear amplitudes, and the prior of each number.
    fn linear(&self) -> impl Iterator<Item = (String, &[AmplitudePrior])> {
        self.components.iter().filter_map(|(component, slots)| {
            Some((component.site(component.linear()?), slots.iter().find_map(Slot::linear)?))
        })
    }

    /// The priors of the linear amplitudes, which no context sees.
    ///
    /// # Errors
    /// None: they are normal.
    pub fn linear_priors(&self) -> Result<PriorSet> {
        let one = |(site, priors): (String, &[AmplitudePrior])| {
            let (loc, scale): (Vec<f64>, Vec<f64>) = priors.iter().map(|p| (p.loc, p.scale)).unzip();
            let alike = priors.iter().all(|p| *p == priors[0]);
            let json =
                if alike { json!({ "loc": loc[0], "scale": scale[0] }) } else { json!({ "loc": loc, "scale": scale }) };
            Ok((site.clone(), Any::from_json(&site, &json!({ "normal": json }))?.0))
        };
        Ok(PriorSet::of_sites(self.linear().map(one).collect::<Result<Vec<_>>>()?))
    }

    /// The parts of the scene at these values.
    pub(super) fn parts_at(&self, values: &Values) -> Result<Parts> {
        let parts = RefCell::new(Parts::default());
        let kept = |ctx: &mut Ctx| {
            *parts.borrow_mut() = self.parts(ctx)?;
            Ok(())
        };
        trace(seed(substitute(kept, values.clone()), 0))?;
        Ok(parts.into_inner())
    }

    /// The linear amplitudes at these values of all free parameters.
    ///
    /// # Errors
    /// What the model returns.
    pub fn amplitudes_at(&self, values: &Values) -> Result<FoundAmplitudes> {
        let sites = self.linear().map(|(site, priors)| (site, priors.len())).collect();
        let (parts, data) = (self.parts_at(values)?, self.data());
        let images = self.linear_images(&parts)?;
        let units: Vec<&[f32]> = images.units.iter().map(|image| image.lane(0)).collect();
        let (noise, rest) = (fixed_noise(data)?, images.rest.as_ref().map(|rest| rest.lane(0)));
        let target = (&data.image.pixels[..], rest);
        let equations = Equations::new(&units, target, noise.inverse(), noise.constant(), &images.priors);
        let places = parts.units.iter().map(|unit| unit.place).collect();
        Ok(match self.amplitudes {
            Amplitudes::NonNegative => {
                let best = non_negative(&equations, |i| images.priors[i].signed);
                FoundAmplitudes { sites, places, best, marginal: None }
            }
            Amplitudes::Marginal => {
                let mut marginal = Marginal::default();
                marginal.set(&equations);
                FoundAmplitudes { sites, places, best: marginal.mean.clone(), marginal: Some(marginal) }
            }
        })
    }

    /// The same model with its linear amplitudes fixed to [those at these values](SystemModel::amplitudes_at).
    ///
    /// # Errors
    /// What the model returns.
    pub fn solved(&self, values: &Values) -> Result<Self> {
        let found = self.amplitudes_at(values)?.best();
        let mut solved = self.clone();
        for (component, slots) in &mut solved.components {
            let Some(numbers) = component.linear().and_then(|p| found.get(&component.site(p))) else { continue };
            slots.iter_mut().filter(|s| matches!(s, Slot::Linear(_))).for_each(|s| *s = Slot::Fixed(numbers.clone()));
        }
        Ok(solved)
    }

    /// The same model without the Gaussians of a sum that are dark in `found`: those of a vector of amplitudes that are 0 there stay 0.
    #[must_use]
    pub fn without_dark(&self, found: &FoundAmplitudes) -> Self {
        let (found, mut lit) = (found.best(), self.clone());
        for (component, slots) in &mut lit.components {
            let vector = component.linear().filter(|p| p.size > 1);
            let Some(numbers) = vector.and_then(|p| found.get(&component.site(p))) else { continue };
            for slot in slots {
                let Slot::Linear(priors) = slot else { continue };
                let dark = priors.iter_mut().zip(numbers).filter(|(_, number)| **number == 0.0);
                dark.for_each(|(prior, _)| prior.scale = 0.0);
            }
        }
        lit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ImageData, Inputs};
    use crate::fits::Image;
    use crate::system::{Scales, System};
    use ppl_core::{LogDensity, ModelDensity, handler};
    use std::path::Path;
    use std::sync::Arc;

    /// A lens with a bulge and a source, whose Einstein radius and amplitudes are free; `amp` is a further key of both lights.
    fn system(amp: &str, light: &str) -> Result<System> {
        let json = format!(
            r#"{{ "data": {{ "size": [24, 20], "pixel_scale": 0.2, "background_rms": 0.05, "psf_fwhm": 0.3, "supersampling": 1 }},
            "lens": [{{ "name": "lens", "profile": "sie", "parameters": {{ "e1": {{ "value": 0.1 }}, "e2": {{ "value": 0.0 }},
                "center_x": {{ "value": 0.0 }}, "center_y": {{ "value": 0.0 }} }} }}],
            "light": [{{ "name": "bulge", {light} {amp} }}],
            "source": [{{ "name": "source", "profile": "sersic" {amp}, "parameters": {{ "R_sersic": {{ "value": 0.4 }},
                "n_sersic": {{ "value": 1.0 }}, "e1": {{ "value": 0.0 }}, "e2": {{ "value": 0.2 }}, "center_x": {{ "value": 0.1 }},
                "center_y": {{ "value": 0.05 }} }} }}],
            "priors": {{ "bulge.amp": {{ "normal": {{ "loc": 0.5, "scale": 0.6 }} }},
                "source.amp": {{ "normal": {{ "loc": 0.0, "scale": 0.8 }} }} }} }}"#
        );
        System::from_json(&json, Path::new("s.json"), Path::new("."))
    }

    const SERSIC: &str = r#""profile": "sersic", "parameters": { "R_sersic": { "value": 0.6 }, "n_sersic": { "value": 2.0 },
        "e1": { "value": 0.1 }, "e2": { "value": 0.0 }, "center_x": { "value": 0.01 }, "center_y": { "value": 0.03 } }"#;
    const MGE: &str = r#""profile": "mge", "gaussians": 8, "sigma": [0.1, 2.0], "parameters": { "e1": { "value": 0.1 },
        "e2": { "value": 0.0 }, "center_x": { "value": 0.01 }, "center_y": { "value": 0.03 } }"#;

    fn data(system: &System) -> Arc<ImageData> {
        let files = system.data.clone().unwrap();
        let pixels = (0..480).map(|i| 0.2 * (0.3 * i as f32).sin() + 3.0 / (1.0 + (i as f32 - 250.0).abs())).collect();
        let image = Image::new(24, 20, pixels).unwrap();
        let psf = files.read_psf(Path::new(".")).unwrap();
        Arc::new(files.assemble(Inputs { psf, ..Inputs::new(image) }).unwrap())
    }

    fn model(system: &System) -> SystemModel {
        let data = data(system);
        SystemModel::new(system, data.clone(), &Scales::of(&data, true)).unwrap()
    }

    fn density(system: &System) -> impl LogDensity + use<> {
        let model = model(system);
        ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.sampled_priors())).unwrap()
    }

    /// ln of the integral of the density with sampled amplitudes over both, at ln theta_E.
    fn integrated(theta: f64) -> f64 {
        let whole = density(&system("", SERSIC).unwrap());
        let linear = model(&system(r#", "amp": "linear""#, SERSIC).unwrap());
        let marginal =
            linear.amplitudes_at(&Values::new().with("lens.theta_E", theta.exp())).unwrap().marginal.unwrap();
        let mut covariance = [0.0; 4];
        marginal.covariance(&mut covariance);
        // From -8 to 8 standard deviations by fifths.
        let (n, step) = (81, [0.2 * covariance[0].sqrt(), 0.2 * covariance[3].sqrt()]);
        let at = |i: usize, k: usize| marginal.mean[k] + step[k] * (i as f64 - 40.0);
        let (mut logp, mut grad) = (vec![0.0; n], vec![0.0; 3 * n]);
        let mut terms = vec![];
        for i in 0..n {
            let positions: Vec<f64> = (0..n).flat_map(|j| [theta, at(i, 0), at(j, 1)]).collect();
            whole.logp_and_grad(&positions, &mut logp, &mut grad).unwrap();
            terms.extend_from_slice(&logp);
        }
        let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        top + (terms.iter().map(|t| (t - top).exp()).sum::<f64>() * step[0] * step[1]).ln()
    }

    #[test]
    fn the_density_without_the_amplitudes_is_the_integral_of_the_density_with_them() {
        let marginal = density(&system(r#", "amp": "linear""#, SERSIC).unwrap());
        assert_eq!(marginal.dim(), 1);
        let (mut logp, mut grad) = (vec![0.0; 2], vec![0.0; 2]);
        let thetas = [0.0, 0.1];
        marginal.logp_and_grad(&thetas, &mut logp, &mut grad).unwrap();
        for (theta, logp) in thetas.iter().zip(&logp) {
            let expected = integrated(*theta);
            // The sampled density sums its parts in f32: 480 pixels with z of a few, each wrong by 1e-7 z.
            assert!((logp - expected).abs() < 2e-4, "{logp} is not {expected}");
        }
        let h = 1e-3;
        let beside: Vec<f64> = thetas.iter().flat_map(|t| [t + h, t - h]).collect();
        let (mut moved, mut unused) = (vec![0.0; 4], vec![0.0; 4]);
        marginal.logp_and_grad(&beside, &mut moved, &mut unused).unwrap();
        for (g, pair) in grad.iter().zip(moved.chunks(2)) {
            let slope = (pair[0] - pair[1]) / (2.0 * h);
            // f32 images over a step of 1e-3, and its curvature.
            assert!((g - slope).abs() < 1e-3 * slope.abs().max(10.0), "{g} is not {slope}");
        }
    }

    #[test]
    fn draws_of_the_amplitudes_have_the_mean_and_the_spread_of_the_parabola() {
        let linear = model(&system(r#", "amp": "linear""#, SERSIC).unwrap());
        let found = linear.amplitudes_at(&Values::new().with("lens.theta_E", 1.0)).unwrap();
        let best = found.best();
        let sampled = density(&system("", SERSIC).unwrap());
        let at = |bulge: f64, source: f64| {
            let (mut logp, mut grad) = (vec![0.0], vec![0.0; 3]);
            sampled.logp_and_grad(&[0.0, bulge, source], &mut logp, &mut grad).unwrap();
            grad
        };
        // The slope by the amplitudes is 0 at the mean, and its differences are minus the inverse covariance.
        let (b, s) = (best["bulge.amp"][0], best["source.amp"][0]);
        let [here, by_b, by_s] = [at(b, s), at(b + 0.1, s), at(b, s + 0.1)];
        let precision = [(here[1] - by_b[1]) / 0.1, (here[1] - by_s[1]) / 0.1, (here[2] - by_s[2]) / 0.1];
        assert!(here[1..].iter().all(|g| g.abs() < 1e-4 * precision[0].max(precision[2])), "{here:?}");
        let det = precision[0] * precision[2] - precision[1] * precision[1];
        let expected = [precision[2] / det, -precision[1] / det, precision[0] / det];
        let mut rng = ppl_core::rng::keyed(3, "draws", 0);
        let (mut sums, n) = ([0.0; 3], 20_000);
        for _ in 0..n {
            let draw = found.draw(&mut rng);
            let d = [draw["bulge.amp"][0] - b, draw["source.amp"][0] - s];
            sums = [sums[0] + d[0] * d[0], sums[1] + d[0] * d[1], sums[2] + d[1] * d[1]];
        }
        let sizes = [expected[0], (expected[0] * expected[2]).sqrt(), expected[2]];
        for ((sum, expected), size) in sums.iter().zip(expected).zip(sizes) {
            // 20,000 draws know a variance to 1 %; four of these.
            assert!((sum / f64::from(n) - expected).abs() < 0.04 * size, "{} is not {expected}", sum / f64::from(n));
        }
    }

    #[test]
    fn a_scene_has_its_linear_parts_and_dark_gaussians_stay_dark() {
        let system = system(r#", "amp": "linear""#, MGE).unwrap();
        let values = Values::new().with("lens.theta_E", 1.1);
        let model = model(&system).with_amplitudes(Amplitudes::NonNegative);
        let found = model.amplitudes_at(&values).unwrap();
        let amps = &found.best()["bulge.amp"];
        assert!(amps.len() == 8 && amps.iter().all(|a| *a >= 0.0) && amps.contains(&0.0), "{amps:?}");
        let scene = model.scene_at(&values).unwrap();
        assert!(scene.light.is_some() && scene.source.is_some());
        // Only those that shine are left to be integrated over.
        let lit = model.without_dark(&found).with_amplitudes(Amplitudes::Marginal);
        let again = lit.amplitudes_at(&values).unwrap().best();
        assert!(again["bulge.amp"].iter().zip(amps).all(|(a, b)| (*b == 0.0) == (*a == 0.0)), "{again:?} {amps:?}");
    }

    #[test]
    fn what_a_file_says_of_amplitudes_is_checked() {
        let linear = system(r#", "amp": "linear""#, SERSIC).unwrap();
        assert_eq!(linear.sampled_priors().names().count(), 0);
        assert_eq!(model(&linear).linear_priors().unwrap().to_json(), linear.priors.to_json());
        let said = |system: Result<System>| system.err().unwrap().to_string();
        assert!(said(system(r#", "amp": "free""#, SERSIC)).contains("component `bulge`: `amp`"));
        let lens = r#"{ "lens": [{ "name": "lens", "profile": "sis", "amp": "linear" }] }"#;
        let error = said(System::from_json(lens, Path::new("s.json"), Path::new(".")));
        assert!(error.contains("has no parameter `amp`"), "{error}");
        let mut other = linear.clone();
        other.priors =
            PriorSet::from_json("p", r#"{ "bulge.amp": { "log_normal": { "loc": 0, "scale": 1 } } }"#).unwrap();
        let data = data(&other);
        let error = SystemModel::new(&other, data.clone(), &Scales::of(&data, true)).err().unwrap().to_string();
        assert!(error.contains("`bulge.amp` is log_normal"), "{error}");
    }
}
