//! Priors: those of the standard as those of a system file, and back.

use serde_json::{Value as Json, json};

use crate::error::{Error, Result};
use crate::exchange::entry::Entry;
use crate::parameter::ParameterKind;

/// The prior of a parameter of the standard, none where it has none. A Gaussian of a parameter that is bounded is truncated at the
/// bounds, which is what the standard's definition range does to it. Values are `factor` times larger here. A `LogNormalPrior` has the
/// mean and the width of the logarithm.
pub(super) fn read(parameter: &Entry<'_>, kind: ParameterKind, factor: f64) -> Result<Option<Json>> {
    let Some(prior) = parameter.get("prior")? else { return Ok(None) };
    let Some(name) = prior.get("type")? else { return Ok(None) };
    let number = |key| prior.need(key, "a number, as its type of prior has it")?.number();
    Ok(Some(match name.text()? {
        "GaussianPrior" => {
            let (loc, scale) = (factor * number("mean")?, factor * number("width")?);
            match ends(kind) {
                ends if ends.is_empty() => json!({ "normal": { "loc": loc, "scale": scale } }),
                ends => {
                    let mut truncated = json!({ "loc": loc, "scale": scale });
                    ends.into_iter().for_each(|(name, end)| truncated[name] = json!(end));
                    json!({ "truncated_normal": truncated })
                }
            }
        }
        "LogNormalPrior" => {
            json!({ "log_normal": { "loc": number("mean")? + factor.ln(), "scale": number("width")? } })
        }
        "UniformPrior" => {
            json!({ "uniform": { "low": factor * number("min_value")?, "high": factor * number("max_value")? } })
        }
        other => {
            let known = ["GaussianPrior", "LogNormalPrior", "UniformPrior"];
            return Err(Error::unknown("type of prior", other, name.place.clone(), known));
        }
    }))
}

/// The prior of the standard that a prior of a system file is; none where there is none.
pub(super) fn write(prior: &Json, kind: ParameterKind, factor: f64) -> Option<Json> {
    let (name, of) = prior.as_object()?.iter().next()?;
    let number = |key: &str| of.get(key)?.as_f64();
    let gaussian = || {
        Some(json!({ "type": "GaussianPrior", "mean": number("loc")? * factor, "width": number("scale")? * factor }))
    };
    match name.as_str() {
        "normal" if ends(kind).is_empty() => gaussian(),
        "truncated_normal" => {
            let same = |key: &str| {
                let theirs = ends(kind).into_iter().find(|(name, _)| *name == key).map(|(_, end)| end);
                number(key) == theirs
            };
            gaussian().filter(|_| same("low") && same("high"))
        }
        "log_normal" => {
            let mean = number("loc")? + factor.ln();
            Some(json!({ "type": "LogNormalPrior", "mean": mean, "width": number("scale")? }))
        }
        "uniform" => {
            let (low, high) = (number("low")? * factor, number("high")? * factor);
            Some(json!({ "type": "UniformPrior", "min_value": low, "max_value": high }))
        }
        _ => None,
    }
}

/// The finite ends of what a parameter may be.
fn ends(kind: ParameterKind) -> Vec<(&'static str, f64)> {
    let (low, high) = kind.support();
    [("low", low), ("high", high)].into_iter().filter(|(_, end)| end.is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prior_comes_back_as_it_was() {
        let there_and_back = |prior: Json, kind: ParameterKind, factor: f64| {
            let whole = json!({ "prior": prior });
            let ours = read(&Entry::new(&whole, "p"), kind, factor).unwrap().unwrap();
            assert_eq!(write(&ours, kind, 1.0 / factor), Some(prior), "{ours}");
            ours
        };
        let gaussian = json!({ "type": "GaussianPrior", "mean": 1.5, "width": 0.25 });
        let ours = there_and_back(gaussian.clone(), ParameterKind::EinsteinRadius, 1.0);
        assert_eq!(ours, json!({ "truncated_normal": { "loc": 1.5, "scale": 0.25, "low": 0.0 } }));
        let ours = there_and_back(gaussian, ParameterKind::Center, 0.25);
        assert_eq!(ours, json!({ "normal": { "loc": 0.375, "scale": 0.0625 } }));
        let uniform = json!({ "type": "UniformPrior", "min_value": 0.5, "max_value": 4.0 });
        there_and_back(uniform, ParameterKind::SersicIndex, 0.5);
        there_and_back(json!({ "type": "LogNormalPrior", "mean": 0.0, "width": 1.0 }), ParameterKind::Radius, 1.0);
    }

    #[test]
    fn what_is_no_prior_of_the_standard_is_none() {
        let gamma = json!({ "gamma": { "concentration": 2.0, "rate": 1.0 } });
        assert_eq!(write(&gamma, ParameterKind::Radius, 1.0), None);
        let narrow = json!({ "truncated_normal": { "loc": 2.0, "scale": 0.2, "low": 1.1, "high": 2.9 } });
        assert_eq!(write(&narrow, ParameterKind::Slope, 1.0), None);
        let unknown = json!({ "prior": { "type": "Jeffreys" } });
        assert!(read(&Entry::new(&unknown, "p"), ParameterKind::Center, 1.0).is_err());
        let none = json!({ "prior": { "type": null } });
        assert_eq!(read(&Entry::new(&none, "p"), ParameterKind::Center, 1.0).unwrap(), None);
    }
}
