//! From a model and a guide to a fitted guide: the one call that most users make.

use ppl_core::{Ctx, Values};

use super::elbo::Elbo;
use super::engine::Svi;
use super::posterior::posterior_of_guide;
use super::progress::LossLine;
use super::settings::SviSettings;
use crate::error::{Error, Result};
use crate::executor::{Ending, Executor};
use crate::interrupt;
use crate::posterior::Posterior;

/// Fits a guide to a model. A terminal sees its progress; Ctrl-C ends it, and the params so far are kept.
///
/// ```
/// use ppl_core::{Ctx, Result, distributions::{Exponential, Normal}};
/// use ppl_infer::svi::{AutoMultivariateNormal, Schedule, SviSettings, svi};
///
/// fn line(ctx: &mut Ctx) -> Result<()> {
///     let x = [0.0, 1.0, 2.0, 3.0];
///     let slope = ctx.sample("slope", Normal::new(0.0, 10.0))?;
///     let offset = ctx.sample("offset", Normal::new(0.0, 10.0))?;
///     let y = slope * ppl_core::Var::vector(x) + offset;
///     ctx.observe("y", Normal::new(y, 0.5), [1.1, 2.9, 5.2, 6.8])
/// }
///
/// let guide = AutoMultivariateNormal::new(line)?;
/// let learning_rate = Schedule::Exponential { from: 0.05, to: 0.001 };
/// let settings = SviSettings { steps: 1500, particles: 8, learning_rate, ..Default::default() };
/// let fit = svi(line, guide.guide(), &settings)?;
/// let slope = fit.posterior(2000)?.summary().get("slope").unwrap().mean;
/// assert!((slope - 1.94).abs() < 0.03); // least squares
/// # Ok::<(), ppl_infer::Error>(())
/// ```
///
/// # Errors
/// A setting out of range; as [`Svi::step`].
pub fn svi<'a, R, G>(
    model: impl Fn(&mut Ctx) -> ppl_core::Result<R> + 'a,
    guide: impl Fn(&mut Ctx) -> ppl_core::Result<G> + 'a,
    settings: &SviSettings,
) -> Result<Fit<'a>> {
    let (elbo, mut run) = (Elbo::new(model, guide), Svi::new(settings)?);
    let listener = interrupt::listen();
    let mut executor = Executor::new().observe(LossLine::new(settings, 0)).stop(listener.flag());
    match executor.run(&elbo, &mut run) {
        Ending::Failed(error) => Err(error),
        _ if run.steps() == 0 => Err(Error::StoppedEarly),
        _ => Ok(Fit { elbo, run }),
    }
}

/// A fitted guide, with its model.
pub struct Fit<'a> {
    elbo: Elbo<'a>,
    run: Svi,
}

impl Fit<'_> {
    /// Draws of the posterior that the guide stands for, keyed by the seed of the run; see [`posterior_of_guide`]. Warnings go to
    /// stderr, and stand in the posterior.
    ///
    /// # Errors
    /// What model and guide return.
    pub fn posterior(&self, draws: usize) -> Result<Posterior> {
        let (params, seed) = (self.params()?, self.run.settings().seed);
        let posterior = posterior_of_guide(&*self.elbo.model, &*self.elbo.guide, &params, draws, seed)?;
        for warning in posterior.warnings() {
            eprintln!("warning: {warning}");
        }
        Ok(posterior)
    }

    /// The loss of every step: the negative ELBO, by that step's draws.
    pub fn losses(&self) -> &[f64] {
        self.run.losses()
    }

    /// Params on their constrained scale, and mutables.
    ///
    /// # Errors
    /// What the transform of a constraint returns.
    pub fn params(&self) -> Result<Values> {
        self.run.params()
    }

    /// The run itself.
    pub fn run(&self) -> &Svi {
        &self.run
    }
}
