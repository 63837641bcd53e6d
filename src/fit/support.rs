//! Priors that cannot hold: outside of what a parameter may be, or nowhere with a finite density.

use lens_models::system::System;
use ppl_core::distributions::Distribution;
use ppl_core::support::Support;
use ppl_core::{Ctx, ModelDensity, PriorSet};
use ppl_infer::Target;

use super::FitError;

/// Squares of numbers divided by a narrower scale are beyond all numbers.
const NARROWEST: f64 = 1e-150;

/// Refuses a prior none of whose values its parameter may have, or that is no wider than a number.
pub(super) fn check(system: &System, priors: &PriorSet) -> Result<(), FitError> {
    for component in &system.components {
        for parameter in component.profile.parameters() {
            let site = component.site(parameter);
            if let Some((loc, scale)) = priors.get(&site).and_then(|prior| too_narrow(&**prior)) {
                return Err(FitError::TooNarrow { site, loc, scale });
            }
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

/// Refuses a prior of a parameter that has a value.
pub(super) fn check_fixed(system: &System) -> Result<(), FitError> {
    let is_fixed = |site: &&str| system.components.iter().any(|c| c.fixed.keys().any(|name| c.site_of(name) == **site));
    match system.priors.names().find(is_fixed) {
        Some(site) => Err(FitError::FixedPrior { site: site.to_owned() }),
        None => Ok(()),
    }
}

/// Location and scale of a prior that no two neighbouring numbers can tell apart: its density has no slope to follow.
fn too_narrow(prior: &dyn Distribution) -> Option<(f64, f64)> {
    let (loc, scale) = (prior.parameter("loc")?, prior.parameter("scale")?);
    let both = loc.numbers().iter().zip(scale.numbers());
    both.map(|(loc, scale)| (*loc, *scale)).find(|(loc, scale)| *scale < (f64::EPSILON * loc.abs()).max(NARROWEST))
}

/// The site that leaves a density without a finite value at a position: one whose unconstrained numbers are not finite, or whose
/// prior is not; where that is the image, the parameter that is furthest outside of what it may be.
pub(super) fn unfit<M, R>(system: &System, density: &ModelDensity<M>, position: &[f64]) -> String
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let place = |i: usize| density.layout().entries().iter().find(|e| (e.offset..e.offset + e.len).contains(&i));
    if let Some(entry) = position.iter().position(|q| !q.is_finite()).and_then(place) {
        return entry.name.to_string();
    }
    let site = density.unfit_site(position).unwrap_or_else(|| "image".to_owned());
    let Ok(trace) = density.run_at(position) else { return site };
    if site != "image" && !site.ends_with(".image") {
        return site;
    }
    let mut odd: Option<(String, f64)> = None;
    for component in &system.components {
        let latent = |name: &str| trace.get(&component.site_of(name)).filter(|s| s.is_latent());
        if let (Some(e1), Some(e2)) = (latent("e1"), latent("e2"))
            && e1.value.numbers().iter().zip(e2.value.numbers()).any(|(e1, e2)| e1.hypot(*e2) >= 1.0)
        {
            return component.site_of("e1");
        }
        for parameter in component.profile.parameters() {
            let Some(latent) = latent(parameter.name) else { continue };
            let (low, high) = parameter.kind.support();
            let off = |v: &f64| if (low..=high).contains(v) { v.abs().ln().max(0.0) } else { f64::INFINITY };
            let most = latent.value.numbers().iter().map(off).fold(0.0, f64::max);
            if odd.as_ref().is_none_or(|(_, before)| most > *before) {
                odd = Some((component.site(parameter), most));
            }
        }
    }
    odd.map_or(site, |(name, _)| name)
}
