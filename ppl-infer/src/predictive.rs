//! Predictions: what a model says of data before and after it has seen them, and how well each datum fits.

use ppl_core::autodiff::{Dims, Shape, Value};
use ppl_core::handler::{Site, Trace, seed, substitute, trace, trace_lanes, uncondition};
use ppl_core::{Ctx, Error as ModelError, Values};

use crate::error::{Error, Result};
use crate::posterior::Posterior;

/// Draws that are made in one run of the model.
const LANES: usize = 256;

/// Draws of all sites of a model from its prior, observed ones too, as one chain.
///
/// ```
/// use ppl_core::{Ctx, distributions::Normal};
///
/// let model = |ctx: &mut Ctx| {
///     let mu = ctx.sample("mu", Normal::new(0.0, 3.0))?;
///     ctx.observe("y", Normal::new(mu, 4.0), [0.3, 0.7])
/// };
/// let draws = ppl_infer::prior_predictive(model, 4000, 1)?;
/// assert!((draws.summary().get("y[0]").unwrap().sd - 5.0).abs() < 0.3);
/// # Ok::<(), ppl_infer::Error>(())
/// ```
///
/// # Errors
/// What the model returns.
pub fn prior_predictive<R>(
    model: impl Fn(&mut Ctx) -> ppl_core::Result<R>,
    draws: usize,
    seed_of_draws: u64,
) -> Result<Posterior> {
    let free = uncondition(&model);
    let mut found = Found::default();
    in_chunks(draws, &mut |first, lanes| {
        let run = trace_lanes(seed(&free, seed_of_draws.wrapping_add(first as u64)), lanes)?;
        found.take(&run, lanes, |site| Ok(site.dist.is_some().then(|| site.value.clone())))
    })?;
    found.into_posterior(1, draws)
}

/// Draws of the observed sites of a model, one for each draw of its posterior.
///
/// # Errors
/// What the model returns; a latent site that the posterior lacks.
pub fn posterior_predictive<R>(
    model: impl Fn(&mut Ctx) -> ppl_core::Result<R>,
    posterior: &Posterior,
    seed_of_draws: u64,
) -> Result<Posterior> {
    let observed = sites(&model, |site| site.observed)?;
    at_draws(&model, posterior, &mut |values, first, lanes, found| {
        let free = uncondition(substitute(&model, values));
        let run = trace_lanes(seed(free, seed_of_draws.wrapping_add(first as u64)), lanes)?;
        let is_observed = |site: &Site| Ok(Some(site.value.clone()));
        found.take(&run.trace.only(&observed), lanes, is_observed)
    })
}

/// The log likelihood of every datum at every draw of a posterior: what leave-one-out cross-validation is made of.
///
/// ```
/// use ppl_core::{Ctx, distributions::Normal};
/// use ppl_infer::{NutsSettings, log_likelihood, nuts};
///
/// let model = |ctx: &mut Ctx| {
///     let mu = ctx.sample("mu", Normal::new(0.0, 3.0))?;
///     ctx.observe("y", Normal::new(mu, 1.0), [0.3, 0.7])
/// };
/// let posterior = nuts(model, &NutsSettings { warmup: 200, draws: 100, ..Default::default() })?;
/// let each = log_likelihood(model, &posterior)?;
/// let (mu, y) = (posterior.get("mu").unwrap().values()[0], each.get("y").unwrap().values()[1]);
/// assert!((y + 0.5 * (0.7 - mu).powi(2) + 0.5 * (2.0 * std::f64::consts::PI).ln()).abs() < 1e-12);
/// # Ok::<(), ppl_infer::Error>(())
/// ```
///
/// # Errors
/// What the model returns; a latent site that the posterior lacks.
pub fn log_likelihood<R>(model: impl Fn(&mut Ctx) -> ppl_core::Result<R>, posterior: &Posterior) -> Result<Posterior> {
    at_draws(&model, posterior, &mut |values, _, lanes, found| {
        let run = trace_lanes(seed(substitute(&model, values), 0), lanes)?;
        found.take(&run, lanes, |site| {
            let dist = site.dist.as_ref().filter(|_| site.observed);
            dist.map(|dist| dist.log_prob(&site.value)).transpose()
        })
    })
}

/// The names of some sites.
fn sites<R>(
    model: impl Fn(&mut Ctx) -> ppl_core::Result<R>,
    which: impl Fn(&Site) -> bool,
) -> ppl_core::Result<Vec<String>> {
    let run = trace(seed(model, 0))?;
    Ok(run.iter().filter(|(_, site)| which(site)).map(|(name, _)| name.to_string()).collect())
}

/// What is done with the latent values of some draws: their number, how many they are, and where results go.
type Work<'w> = dyn FnMut(Values, usize, usize, &mut Found) -> ppl_core::Result<()> + 'w;

/// Works at every draw of a posterior.
fn at_draws<R>(
    model: impl Fn(&mut Ctx) -> ppl_core::Result<R>,
    posterior: &Posterior,
    work: &mut Work<'_>,
) -> Result<Posterior> {
    let latent = sites(model, Site::is_free)?;
    if let Some(site) = latent.iter().find(|site| posterior.get(site).is_none()) {
        return Err(Error::UndrawnSite { site: site.clone() });
    }
    let mut found = Found::default();
    in_chunks(posterior.chains() * posterior.draws(), &mut |first, lanes| {
        let mut values = Values::new();
        for variable in latent.iter().filter_map(|site| posterior.get(site)) {
            let part = first * variable.len()..(first + lanes) * variable.len();
            let shape = Shape::new(lanes, Dims::new(variable.shape()));
            values.insert(variable.name(), Value::constant(shape, variable.values()[part].to_vec()));
        }
        work(values, first, lanes, &mut found)
    })?;
    found.into_posterior(posterior.chains(), posterior.draws())
}

/// Calls `work` with the first draw and the number of draws of every chunk; a model that branches on a value takes them one
/// by one.
pub(crate) fn in_chunks(
    draws: usize,
    work: &mut dyn FnMut(usize, usize) -> ppl_core::Result<()>,
) -> ppl_core::Result<()> {
    for first in (0..draws).step_by(LANES) {
        let lanes = LANES.min(draws - first);
        match work(first, lanes) {
            Err(ModelError::ValueOfLanes { .. }) => (first..first + lanes).try_for_each(|draw| work(draw, 1))?,
            result => result?,
        }
    }
    Ok(())
}

/// Values of sites, draw after draw.
#[derive(Default)]
pub(crate) struct Found(Vec<(String, Vec<usize>, Vec<f64>)>);

impl Found {
    /// Takes what `of` gives of each site, lane by lane; what all lanes share is repeated.
    pub(crate) fn take(
        &mut self,
        run: &Trace,
        lanes: usize,
        of: impl Fn(&Site) -> ppl_core::Result<Option<Value>>,
    ) -> ppl_core::Result<()> {
        let mut at = 0;
        for (name, site) in run.iter() {
            let Some(value) = of(site)? else { continue };
            if at == self.0.len() {
                self.0.push((name.to_string(), value.dims().sizes().to_vec(), vec![]));
            }
            (0..lanes).for_each(|lane| self.0[at].2.extend_from_slice(value.lane(lane)));
            at += 1;
        }
        Ok(())
    }

    pub(crate) fn into_posterior(self, chains: usize, draws: usize) -> Result<Posterior> {
        let mut posterior = Posterior::new(chains, draws);
        for (name, shape, values) in self.0 {
            posterior.push_variable(name, &shape, values)?;
        }
        Ok(posterior)
    }
}
