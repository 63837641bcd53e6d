//! The summary of a fit: every number that a script would want, and what a person should beware of.

use arclet::fit::{Fit, FitSettings, Method, Pedestal};
use arclet::infer::posterior::{Summary, Warning};
use serde_json::{Value as Json, json};

use super::{basins, warning};

/// A mean square residual above this is more than noise, in any image worth a fit.
const CHI2: f64 = 1.2;

/// `summary.json`.
pub fn json(fit: &Fit, settings: &FitSettings, summary: &Summary) -> Json {
    let seconds: serde_json::Map<String, Json> =
        fit.seconds.iter().map(|(stage, seconds)| ((*stage).to_owned(), json!(seconds))).collect();
    json!({
        "sites": summary,
        "derived": fit.derived.summary(),
        "divergences": fit.posterior.divergences(),
        "gradients": fit.gradients,
        "seconds": seconds,
        "chi2_per_pixel": fit.view.chi2_per_pixel,
        "einstein_radius": fit.view.einstein_radius,
        "method": method(settings.method),
        "chains": fit.posterior.chains(),
        "draws": fit.posterior.draws(),
        "seed": settings.seed,
        "version": env!("CARGO_PKG_VERSION"),
        "stopped": fit.stopped,
        "data": fit.data.report,
        "warnings": warnings(fit, settings),
    })
}

/// The name of a method on the command line.
pub fn method(method: Method) -> &'static str {
    match method {
        Method::Nuts => "nuts",
        Method::Map => "map",
    }
}

/// One sentence each; none after a good fit of good data.
pub fn warnings(fit: &Fit, settings: &FitSettings) -> Vec<String> {
    let mut warnings = warning::said();
    if fit.stopped {
        let (chains, draws) = (fit.posterior.chains(), fit.posterior.draws());
        warnings.push(format!(
            "the fit was stopped: {chains} chains of {draws} draws, where {} of {} were asked for",
            settings.chains, settings.draws
        ));
    }
    let chi2 = fit.view.chi2_per_pixel;
    if chi2.is_nan() || chi2 >= CHI2 {
        warnings.push(format!(
            "chi2 per pixel is {chi2:.2}: the model does not describe the image to its noise; look at the residual in fit.png"
        ));
    }
    if let Some(Pedestal { mean, error, pixels }) = fit.pedestal {
        warnings.push(format!(
            "{pixels} pixels at the border, where the model is dark, are {mean:+.2} +- {error:.2} sigma off it: a sky that was not subtracted, or wings of light; \
             add {{ \"name\": \"sky\", \"profile\": \"uniform\" }} under `light`"
        ));
    }
    warnings.extend(basins::warning(fit));
    // A stop is told above, of every stage.
    let of_draws = fit.posterior.warnings().iter().filter(|w| !matches!(w, Warning::CutShort { error: None, .. }));
    warnings.extend(of_draws.map(Warning::to_string));
    warnings
}
