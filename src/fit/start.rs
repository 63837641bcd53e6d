//! Starts: the free parameters to which the system file gives a value, from which a fit goes on without a search.

use lens_models::system::System;
use ppl_core::{Ctx, ModelDensity, Values};

use super::FitError;

/// The start that a system gives all its free parameters; none where it gives none, or, with a warning, only some.
pub(super) fn given<M, R>(system: &System, density: &ModelDensity<M>) -> Result<Option<Vec<f64>>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let (mut values, mut free, mut started) = (Values::new(), 0, 0);
    for component in &system.components {
        let linear = component.linear().map(|linear| linear.name);
        let sampled = |name| !component.fixed.contains_key(name) && linear != Some(name);
        for parameter in component.profile.parameters().iter().filter(|p| sampled(p.name)) {
            free += 1;
            let Some(numbers) = component.start.get(parameter.name) else { continue };
            started += 1;
            let (site, length) = (component.site(parameter), component.count * parameter.size);
            values = match (&numbers[..], length) {
                ([one], 1) => values.with(site, *one),
                ([one], _) => values.with(site, vec![*one; length]),
                (many, _) => values.with(site, many.to_vec()),
            };
        }
    }
    if started < free {
        if started > 0 {
            tracing::warn!("{started} of {free} free parameters have a value to start from; all are searched for");
        }
        return Ok(None);
    }
    Ok(Some(density.position_of(&values, 0)?))
}
