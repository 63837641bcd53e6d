//! The ELBO by draws alone: log p(x, z) - log q(z) at z ~ q (Ranganath et al. 2014; pathwise gradients, Kingma & Welling 2014).

use ppl_core::handler::Trace;

use super::term::Term;

/// Every log probability of the model, and of the guide with its sign turned.
pub(super) fn terms(guide: &Trace, model: &Trace) -> ppl_core::Result<Vec<Term>> {
    let mut terms = vec![];
    for (name, site) in guide.iter() {
        terms.extend(site.term()?.map(|value| Term::of_guide(name, value)));
    }
    for (name, site) in model.iter() {
        terms.extend(site.term()?.map(|value| Term::of_model(name, value)));
    }
    Ok(terms)
}
