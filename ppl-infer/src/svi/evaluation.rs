//! One evaluation of the ELBO: guide and model run on a tape, their terms summed, gradients taken.

use ppl_core::autodiff::{Dims, Shape, Storage, Tape, Value, Var};
use ppl_core::handler::{Pathwise, Recorder, Trace, replay};
use ppl_core::{Ctx, Error as ModelError};

use super::elbo::Program;
use super::keeper::Keeper;
use super::loss::Loss;
use super::store::Store;
use super::term::Term;
use crate::error::{Error, Result};

/// How the draws are made and the ELBO is estimated.
#[derive(Clone, Copy)]
pub(super) struct Estimator {
    pub loss: Loss,
    pub particles: usize,
    pub seed: u64,
}

/// What an evaluation found.
pub(super) struct Evaluation {
    /// The bound by all particles: their mean, unless the loss says otherwise.
    pub elbo: f64,
    /// How many lanes the gradients are sums over.
    pub lanes: usize,
    /// The gradient of each param of the store, where something flowed.
    pub gradients: Vec<Option<Storage>>,
    /// What mutables were updated to.
    pub keeper: Keeper,
}

/// Evaluates the ELBO, with gradients if the tape records. The store comes back in every case, with the params that were named
/// for the first time.
pub(super) fn evaluate(
    (model, guide): (&Program<'_>, &Program<'_>),
    store: &mut Store,
    estimator: Estimator,
    tape: &Tape,
) -> Result<Evaluation> {
    let keeper = Keeper::new(std::mem::take(store), tape.clone());
    let elbo = elbo_of(model, guide, &keeper, estimator, tape);
    *store = keeper.take_store();
    let elbo = elbo?;
    let lanes = elbo.as_value().lanes();
    let (bound, weights) = estimator.loss.bound(elbo.as_value().numbers());
    if tape.is_recording() {
        if !elbo.as_value().is_traced() {
            return Err(Error::NothingToTrain);
        }
        let weighted = weights.map_or_else(|| elbo.clone(), |weights| &elbo * of_lanes(weights));
        tape.backward(weighted.as_value())?;
    }
    let gradients = keeper.take_gradients(store);
    Ok(Evaluation { elbo: bound, lanes, gradients, keeper })
}

/// One constant a lane.
fn of_lanes(numbers: Vec<f64>) -> Var {
    Var::from_value(Value::constant(Shape::new(numbers.len(), Dims::SCALAR), numbers))
}

fn elbo_of(
    model: &Program<'_>,
    guide: &Program<'_>,
    keeper: &Keeper,
    estimator: Estimator,
    tape: &Tape,
) -> Result<Var> {
    let Estimator { loss, particles, seed } = estimator;
    let run = |program: &dyn Fn(&mut Ctx) -> ppl_core::Result<()>| -> ppl_core::Result<Trace> {
        let recorder = Recorder::default();
        Ctx::on(particles, tape.clone()).with(keeper.clone(), |ctx| {
            ctx.with(recorder.clone(), |ctx| ctx.with(Pathwise(seed), |ctx| program(ctx)))
        })?;
        Ok(recorder.take())
    };
    let of_guide = run(guide)?;
    let of_model = run(&replay(&**model, of_guide.clone()))?;
    same_sites(&of_guide, &of_model)?;
    let terms = loss.terms(&of_guide, &of_model)?;
    terms.iter().try_for_each(is_number)?;
    let sum = terms.into_iter().map(|term| term.value).reduce(|sum, term| sum + term);
    sum.ok_or(Error::NothingToTrain)
}

/// Refuses a latent site that one samples and the other does not.
fn same_sites(guide: &Trace, model: &Trace) -> Result<()> {
    for (name, site) in guide.iter().filter(|(_, site)| site.is_latent() && !is_auxiliary(site)) {
        let twin = model.get(name).filter(|twin| twin.dist.is_some());
        match twin {
            None => return Err(Error::OnlyInGuide { site: name.to_string() }),
            Some(twin) if twin.observed => return Err(Error::ObservedInModel { site: name.to_string() }),
            Some(twin) => {
                let (expected, got) = (twin.value.dims(), site.value.dims());
                if expected != got {
                    return Err(ModelError::SiteShape { site: name.to_string(), expected, got }.into());
                }
            }
        }
    }
    let left_out = model.iter().find(|(name, site)| site.is_free() && guide.get(name).is_none());
    left_out.map_or(Ok(()), |(name, _)| Err(Error::OnlyInModel { site: name.to_string() }))
}

/// Whether a site of the guide only helps to make others.
fn is_auxiliary(site: &ppl_core::handler::Site) -> bool {
    site.infer.get("is_auxiliary").is_some_and(|told| *told == true)
}

/// Refuses a term that is infinite or NaN.
fn is_number(term: &Term) -> Result<()> {
    match term.value.as_value().numbers().iter().find(|x| !x.is_finite()) {
        Some(&value) => {
            let value = if term.from == "guide" { -value } else { value };
            Err(Error::NotFinite { site: term.site.to_string(), from: term.from, value })
        }
        None => Ok(()),
    }
}
