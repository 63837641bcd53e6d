//! The posterior that a guide stands for: its draws, with the model's word on them.

use ppl_core::handler::{Site, params, replay, seed, trace_lanes};
use ppl_core::message::Kind;
use ppl_core::{Ctx, Values};

use crate::diagnostics::pareto_k;
use crate::error::Result;
use crate::posterior::{PARETO_K, Posterior, Warning};
use crate::predictive::{Found, in_chunks};

/// Draws of the latent and deterministic sites of a model from a guide with fitted params, as one chain, and the observed data. The
/// statistic `lp` is the log density of the model at each.
///
/// The draws are as good as the guide: where the ratios of model and guide have a heavy tail (Pareto k above 0.7), a warning says so.
///
/// # Errors
/// What model and guide return.
pub fn posterior_of_guide<R, G>(
    model: impl Fn(&mut Ctx) -> ppl_core::Result<R>,
    guide: impl Fn(&mut Ctx) -> ppl_core::Result<G>,
    fitted: &Values,
    draws: usize,
    seed_of_draws: u64,
) -> Result<Posterior> {
    let guide = params(guide, fitted.clone());
    let model = params(|ctx: &mut Ctx| model(ctx).map(drop), fitted.clone());
    let (mut found, mut observed) = (Found::default(), vec![]);
    let (mut log_density, mut log_ratios) = (vec![], vec![]);
    in_chunks(draws, &mut |first, lanes| {
        let key = seed_of_draws.wrapping_add(first as u64);
        let drawn = trace_lanes(seed(&guide, key), lanes)?.trace;
        let of_guide = drawn.log_prob()?;
        let run = trace_lanes(seed(replay(&model, drawn), key), lanes)?;
        let of_model = run.log_prob()?;
        let at = |terms: &[f64], lane: usize| terms[if terms.len() == 1 { 0 } else { lane }];
        for lane in 0..lanes {
            log_density.push(at(&of_model, lane));
            log_ratios.push(at(&of_model, lane) - at(&of_guide, lane));
        }
        if observed.is_empty() {
            observed =
                run.iter().filter(|(_, site)| site.observed).map(|(n, s)| (n.clone(), s.value.clone())).collect();
        }
        let shown = |site: &Site| site.is_latent() || site.kind == Kind::Deterministic;
        found.take(&run.trace, lanes, |site| Ok(shown(site).then(|| site.value.clone())))
    })?;
    let mut posterior = found.into_posterior(1, draws)?;
    posterior.push_stat("lp", log_density)?;
    for (name, value) in observed {
        posterior.push_observed(&*name, value.dims().sizes(), value.data().to_f64())?;
    }
    posterior.set_attribute("sampler", "SVI").set_attribute("seed", seed_of_draws);
    let k = pareto_k(&log_ratios);
    if k > PARETO_K {
        posterior.warn(Warning::ParetoK { k });
    }
    Ok(posterior)
}
