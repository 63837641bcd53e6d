//! Amplitudes: those that the likelihood found by itself, drawn for each draw of the others.

use lens_models::system::{BandsModel, System};
use ppl_core::autodiff::{Dims, Value};
use ppl_core::{Values, rng};
use ppl_infer::posterior::Posterior;

use super::FitError;

/// Adds the linear amplitudes to a posterior: for each draw of the free parameters one from the distribution of the amplitudes given
/// these, so that the two together are a draw of the whole posterior.
pub(super) fn draw(system: &System, model: &BandsModel, posterior: &mut Posterior, seed: u64) -> Result<(), FitError> {
    let linear: Vec<(String, Vec<usize>)> = system
        .components
        .iter()
        .filter_map(|component| {
            let parameter = component.linear()?;
            let shape =
                if component.count * parameter.size == 1 { vec![] } else { vec![component.count * parameter.size] };
            Some((component.site(parameter), shape))
        })
        .collect();
    let mut drawn: Vec<Vec<f64>> = vec![vec![]; linear.len()];
    for number in 0..posterior.chains() * posterior.draws() {
        let mut values = Values::new();
        for variable in posterior.variables() {
            let numbers = &variable.values()[number * variable.len()..(number + 1) * variable.len()];
            values.insert(variable.name(), Value::shared(Dims::new(variable.shape()), numbers.to_vec()));
        }
        let mut rng = rng::keyed(seed, "amplitudes", number);
        for found in model.amplitudes_at(&values)? {
            let amplitudes = found.draw(&mut rng);
            for ((site, _), into) in linear.iter().zip(&mut drawn) {
                into.extend(amplitudes.get(site).into_iter().flatten());
            }
        }
    }
    for ((site, shape), numbers) in linear.into_iter().zip(drawn) {
        posterior.push_variable(site, &shape, numbers)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::fit::{FitSettings, fit};
    use lens_models::linear::Amplitudes;
    use lens_models::system::{System, simulate};
    use ppl_infer::Executor;
    use std::path::Path;

    /// Of a bulge and a source everything but the amplitudes, the Einstein radius and the index of the source is given.
    const SYSTEM: &str = r#"{
        "data": { "size": [40, 40], "pixel_scale": 0.1, "background_rms": 0.02, "psf_fwhm": 0.2, "supersampling": 1 },
        "lens": [{ "name": "lens", "profile": "sie", "parameters": { "e1": { "value": 0.1 }, "e2": { "value": 0.05 },
            "center_x": { "value": 0.0 }, "center_y": { "value": 0.0 } } }],
        "light": [{ "name": "bulge", "profile": "sersic", "amp": "linear", "parameters": { "R_sersic": { "value": 0.5 },
            "e1": { "value": 0.1 }, "e2": { "value": 0.0 }, "center_x": { "value": 0.0 }, "center_y": { "value": 0.0 } } }],
        "source": [{ "name": "source", "profile": "sersic", "amp": "linear", "parameters": { "R_sersic": { "value": 0.2 },
            "e1": { "value": 0.0 }, "e2": { "value": 0.1 }, "center_x": { "value": 0.1 }, "center_y": { "value": 0.05 } } }],
        "priors": { "lens.theta_E": { "uniform": { "low": 0.8, "high": 1.4 } }, "bulge.n_sersic": { "uniform": { "low": 1.0, "high": 3.0 } },
            "source.n_sersic": { "uniform": { "low": 0.7, "high": 2.0 } },
            "bulge.amp": { "normal": { "loc": 1.0, "scale": 0.3 } }, "source.amp": { "normal": { "loc": 1.0, "scale": 0.3 } } }
    }"#;

    #[test]
    fn a_fit_has_the_amplitudes_that_it_did_not_sample_with_the_spread_of_one_that_did() {
        let linear = System::from_json(SYSTEM, Path::new("s.json"), Path::new(".")).unwrap();
        let mock = simulate(&linear, 5).unwrap();
        let settings = FitSettings { starts: 8, warmup: 200, draws: 500, seed: 2, ..FitSettings::default() };
        let of = |system: &System| fit(system, mock.data.clone(), &settings, &mut Executor::new()).unwrap();
        let (marginal, sampled) = (of(&linear), of(&linear.with_sampled_amplitudes()));
        let best = of(&System { amplitudes: Amplitudes::NonNegative, ..linear.clone() });
        let (summary, other) = (marginal.posterior.summary(), sampled.posterior.summary());
        assert_eq!(summary.iter().len(), other.iter().len());
        for (site, s) in summary.iter() {
            let o = other.get(site).unwrap();
            let truth = mock.truth[site][0];
            println!("{site}: {truth:.4}, {:.4} +- {:.4}, sampled {:.4} +- {:.4}", s.mean, s.sd, o.mean, o.sd);
            // Two posteriors of some hundred effective draws each: a mean to a tenth of its deviation, a deviation to a tenth; three of these.
            assert!((s.mean - o.mean).abs() < 0.3 * o.sd && (s.sd / o.sd - 1.0).abs() < 0.3, "{site}");
            assert!((s.mean - truth).abs() < 4.0 * s.sd, "{site}");
        }
        assert!((marginal.view.chi2_per_pixel - 1.0).abs() < 0.1 && (best.view.chi2_per_pixel - 1.0).abs() < 0.1);
        assert!(marginal.best["bulge.amp"][0] > 0.0 && marginal.priors.names().any(|site| site == "bulge.amp"));
        // The best amplitudes of each draw have no spread of their own.
        let spread = |fit: &crate::fit::Fit| fit.posterior.summary().get("source.amp").unwrap().sd;
        assert!(spread(&best) < spread(&marginal));
    }
}
