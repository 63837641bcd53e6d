//! The ELBO with closed forms: -KL(q || p) of a site in place of log p(z) - log q(z), where there is one.

use ppl_core::autodiff::Value;
use ppl_core::distributions::kl_divergence;
use ppl_core::handler::{Site, Trace};

use super::term::Term;

/// As [`super::trace_elbo`], with the divergence of each latent site that has a closed form.
pub(super) fn terms(guide: &Trace, model: &Trace) -> ppl_core::Result<Vec<Term>> {
    let mut terms = vec![];
    for (name, site) in guide.iter() {
        let closed = model.get(name).map(|of_model| divergence(site, of_model)).transpose()?.flatten();
        let value = if closed.is_some() { closed } else { site.term()? };
        terms.extend(value.map(|value| Term::of_guide(name, value)));
    }
    for (name, site) in model.iter() {
        if guide.get(name).map(|of_guide| divergence(of_guide, site)).transpose()?.flatten().is_none() {
            terms.extend(site.term()?.map(|value| Term::of_model(name, value)));
        }
    }
    Ok(terms)
}

/// KL(q || p) of a site, scaled as the site is; `None` where there is no closed form.
fn divergence(of_guide: &Site, of_model: &Site) -> ppl_core::Result<Option<Value>> {
    let (Some(q), Some(p)) = (&of_guide.dist, &of_model.dist) else { return Ok(None) };
    let plain = of_guide.is_latent() && of_model.is_latent() && of_guide.mask.is_none() && of_model.mask.is_none();
    if !plain || of_guide.scale != of_model.scale {
        return Ok(None);
    }
    kl_divergence(&**q, &**p, of_model.value.dims(), of_model.scale)
}
