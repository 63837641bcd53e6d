//! The summary of a fit: every number that a script would want, and what a person should beware of.

use arclet::fit::{BandView, Fit, FitSettings, HaloEvidence, Method, Pedestal, PointsView};
use arclet::infer::posterior::{Summary, Warning};
use arclet::lens::plane::PointImage;
use serde_json::{Value as Json, json};

use super::{basins, warning};

/// A mean square residual above this is more than noise, in any image worth a fit.
const CHI2: f64 = 1.2;
/// An image of a point source that is fainter than the source by this is not expected to be seen.
const BRIGHT: f64 = 0.1;

/// `summary.json`.
pub fn json(fit: &Fit, settings: &FitSettings, summary: &Summary) -> Json {
    let seconds: serde_json::Map<String, Json> =
        fit.seconds.iter().map(|(stage, seconds)| ((*stage).to_owned(), json!(seconds))).collect();
    json!({
        "sites": summary,
        "derived": fit.derived.summary(),
        "halos": fit.halos.as_ref().map(halos),
        "divergences": fit.posterior.divergences(),
        "gradients": fit.gradients,
        "seconds": seconds,
        "chi2_per_pixel": fit.chi2_per_pixel(),
        "einstein_radius": fit.view.einstein_radius,
        "method": method(fit, settings),
        "chains": fit.posterior.chains(),
        "draws": fit.posterior.draws(),
        "seed": settings.seed,
        "version": env!("CARGO_PKG_VERSION"),
        "stopped": fit.stopped,
        "data": fit.data.as_ref().filter(|_| fit.bands.is_empty()).map(|data| &data.report),
        "bands": fit.bands.iter().map(band).collect::<Vec<_>>(),
        "points": points(fit),
        "warnings": warnings(fit, settings),
    })
}

/// One of several bands at the best fit.
fn band(BandView { name, data, view, .. }: &BandView) -> Json {
    let lies = data.grid.registration();
    json!({
        "name": name,
        "chi2_per_pixel": view.chi2_per_pixel,
        "offset": lies.offset,
        "rotation": lies.rotation,
        "data": data.report,
    })
}

/// The evidence for haloes that were looked for.
fn halos(evidence: &HaloEvidence) -> Json {
    let (log_bayes_factor, error) = evidence.log_bayes_factor();
    json!({
        "log_evidence": evidence.with,
        "log_evidence_without": evidence.without,
        "log_bayes_factor": log_bayes_factor,
        "log_bayes_factor_error": error,
    })
}

/// The point sources at the best fit: their images, and which of them are those that were seen.
fn points(fit: &Fit) -> Vec<Json> {
    let image = |image: &PointImage| json!({ "position": image.position, "magnification": image.magnification });
    let of = |points: &PointsView| {
        let seen = |(at, delay): &(PointImage, Option<f64>)| {
            let mut json = image(at);
            json["delay"] = json!(delay);
            json
        };
        json!({
            "name": points.name,
            "source": points.source,
            "images": points.images.iter().map(image).collect::<Vec<_>>(),
            "observed": points.matched.iter().map(seen).collect::<Vec<_>>(),
        })
    };
    fit.view.points.iter().map(of).collect()
}

/// What the draws were made by: the name of the method on the command line, or `smc` where haloes were looked for.
pub fn method(fit: &Fit, settings: &FitSettings) -> &'static str {
    match settings.method {
        Method::Nuts if fit.halos.is_some() => "smc",
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
    if fit.data.is_some() && fit.bands.is_empty() {
        warnings.extend(of_image("", fit.view.chi2_per_pixel, fit.pedestal));
    }
    for BandView { name, view, pedestal, .. } in &fit.bands {
        let said = format!("band `{}`: ", name.as_deref().unwrap_or_default());
        warnings.extend(of_image(&said, view.chi2_per_pixel, *pedestal));
    }
    warnings.extend(basins::warning(fit));
    for points in fit.view.points.iter().filter(|points| points.images.len() > points.observed.len()) {
        let bright = |image: &&PointImage| image.magnification.abs() > BRIGHT;
        let (has, seen) = (points.images.iter().filter(bright).count(), points.observed.len());
        if has > seen {
            let name = &points.name;
            warnings.push(format!(
                "the best model has {has} images of `{name}` that are magnified more than {BRIGHT} times, {seen} were given: look at fit.png"
            ));
        }
    }
    // A stop is told above, of every stage.
    let of_draws = fit.posterior.warnings().iter().filter(|w| !matches!(w, Warning::CutShort { error: None, .. }));
    warnings.extend(of_draws.map(Warning::to_string));
    warnings
}

/// The warnings about one image, each after what says which.
fn of_image(said: &str, chi2: f64, pedestal: Option<Pedestal>) -> Vec<String> {
    let mut warnings = vec![];
    if chi2.is_nan() || chi2 >= CHI2 {
        warnings.push(format!(
            "{said}chi2 per pixel is {chi2:.2}: the model does not describe the image to its noise; look at the residual in fit.png"
        ));
    }
    if let Some(Pedestal { mean, error, pixels }) = pedestal {
        warnings.push(format!(
            "{said}{pixels} pixels at the border, where the model is dark, are {mean:+.2} +- {error:.2} sigma off it: a sky that was not subtracted, or wings of light; \
             add {{ \"name\": \"sky\", \"profile\": \"uniform\" }} under `light`"
        ));
    }
    warnings
}
