//! The summary of a fit: every number that a script would want, and what a person should beware of.

use arclet::fit::{Fit, FitSettings, Method};
use arclet::infer::posterior::Summary;
use serde_json::{Value as Json, json};

use super::warning;

/// R-hat above this means that the chains disagree (Vehtari et al. 2021).
const R_HAT: f64 = 1.01;
/// Effective draws for each chain below which quantiles are not trusted (Vehtari et al. 2021: 100 a chain).
const ESS_PER_CHAIN: f64 = 100.0;
/// E-BFMI below this means that the momentum moves the energy too little (Betancourt 2016).
const BFMI: f64 = 0.3;
/// A mean square residual above this is more than noise, in any image worth a fit.
const CHI2: f64 = 1.2;

/// `summary.json`.
pub fn json(fit: &Fit, settings: &FitSettings, summary: &Summary) -> Json {
    let seconds: serde_json::Map<String, Json> =
        fit.seconds.iter().map(|(stage, seconds)| ((*stage).to_owned(), json!(seconds))).collect();
    json!({
        "sites": summary,
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
        "warnings": warnings(fit, settings, summary),
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
pub fn warnings(fit: &Fit, settings: &FitSettings, summary: &Summary) -> Vec<String> {
    let mut warnings = warning::said();
    if fit.stopped {
        let (chains, draws) = (fit.posterior.chains(), fit.posterior.draws());
        warnings.push(format!(
            "the fit was stopped: {chains} chains of {draws} draws, where {} of {} were asked for",
            settings.chains, settings.draws
        ));
    }
    for (site, count) in &fit.not_a_number {
        let what =
            if site == "gradient" { "the gradient".to_owned() } else { format!("the log probability of `{site}`") };
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        warnings.push(format!("{what} was NaN {times}; those proposals were refused"));
    }
    let chi2 = fit.view.chi2_per_pixel;
    if chi2.is_nan() || chi2 >= CHI2 {
        warnings.push(format!(
            "chi2 per pixel is {chi2:.2}: the model does not describe the image to its noise; look at the residual in fit.png"
        ));
    }
    if settings.method == Method::Nuts {
        let over: Vec<_> = summary.iter().filter(|(_, s)| s.r_hat > R_HAT).collect();
        if let Some((name, worst)) = over.iter().max_by(|a, b| a.1.r_hat.total_cmp(&b.1.r_hat)) {
            warnings.push(format!(
                "R-hat of {} of {} numbers is above {R_HAT} (worst: `{name}`, {:.3}): the chains disagree; ask for more --warmup and --draws",
                over.len(), summary.iter().len(), worst.r_hat
            ));
        }
        let (ess, needed) = (summary.worst_ess(), ESS_PER_CHAIN * fit.posterior.chains() as f64);
        if ess.is_nan() || ess < needed {
            warnings.push(format!(
                "the smallest effective sample size is {ess:.0}, below {needed:.0}: quantiles are uncertain; ask for more --draws"
            ));
        }
        let bfmi = fit.posterior.bfmi().into_iter().fold(f64::INFINITY, f64::min);
        if bfmi < BFMI {
            warnings.push(format!(
                "E-BFMI of a chain is {bfmi:.2}, below {BFMI}: its tails may be unexplored; ask for more --warmup"
            ));
        }
    }
    match fit.posterior.divergences() {
        0 => {}
        n => {
            warnings.push(format!("{n} divergent draws: part of the posterior may be missing; compare another --seed"))
        }
    }
    warnings
}
