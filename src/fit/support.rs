//! Priors that cannot hold: outside of what a parameter may be, or nowhere with a finite density.

use lens_models::system::System;
use ppl_core::support::Support;
use ppl_core::{Ctx, ModelDensity, PriorSet};
use ppl_infer::Target;

use super::FitError;

/// Refuses a prior none of whose values its parameter may have.
pub(super) fn check(system: &System, priors: &PriorSet) -> Result<(), FitError> {
    for component in &system.components {
        for parameter in component.profile.parameters() {
            let site = component.site(parameter);
            let Some(Support::Interval { low, high }) = priors.get(&site).map(|prior| prior.support()) else {
                continue;
            };
            let (from, to) = parameter.kind.support();
            let disjoint = |(low, high): (&f64, &f64)| {
                *low >= to && !(parameter.kind.includes_ends() && *low == to) || *high <= from
            };
            if let Some((low, high)) = low.numbers().iter().zip(high.numbers()).find(|ends| disjoint(*ends)) {
                return Err(FitError::Outside { site, prior: [*low, *high], support: [from, to] });
            }
        }
    }
    Ok(())
}

/// The site that leaves a density without a finite value at a position: the first whose prior is not finite; where that is the
/// image, the parameter that is furthest outside of what it may be.
pub(super) fn unfit<M, R>(system: &System, density: &ModelDensity<M>, position: &[f64]) -> String
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let site = density.unfit_site(position).unwrap_or_else(|| "image".to_owned());
    if site != "image" {
        return site;
    }
    let Ok(trace) = density.run_at(position) else { return site };
    let mut odd: Option<(String, f64)> = None;
    for component in &system.components {
        for parameter in component.profile.parameters() {
            let name = component.site(parameter);
            let Some(latent) = trace.get(&name).filter(|s| s.is_latent()) else { continue };
            let (low, high) = parameter.kind.support();
            let off = |v: &f64| if (low..=high).contains(v) { v.abs().ln().abs() } else { f64::INFINITY };
            let most = latent.value.numbers().iter().map(off).fold(0.0, f64::max);
            if odd.as_ref().is_none_or(|(_, before)| most > *before) {
                odd = Some((name, most));
            }
        }
    }
    odd.map_or(site, |(name, _)| name)
}
