//! `Svi`: the engine. One round is one gradient step.

use ppl_core::autodiff::Tape;
use ppl_core::{Values, rng};
use rand::Rng as _;
use serde::{Deserialize, Serialize};

use super::elbo::Elbo;
use super::evaluation::{Estimator, Evaluation, evaluate};
use super::loss::Loss;
use super::optimizer::{Treatment, square_norm};
use super::patience::{HeldOut, Patience};
use super::settings::SviSettings;
use super::store::{Snapshot, Store};
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::solver::{Engine, Room};

/// A run of SVI: params, what the optimizer remembers, mutables, and the losses so far. Random numbers are keyed by the seed and
/// the step, so that a run goes on from a checkpoint bit for bit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Svi {
    settings: SviSettings,
    store: Store,
    losses: Vec<f64>,
    held_out: Vec<HeldOut>,
    /// The params of the lowest held-out loss, and where that stands among the losses.
    best: Option<(usize, Snapshot)>,
    ended: Option<SviEnd>,
    /// The params before the last step.
    #[serde(skip)]
    previous: Option<Snapshot>,
}

/// Why a run of SVI ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SviEnd {
    /// All steps are taken.
    Steps,
    /// The held-out loss has had no new minimum for long enough; the params are those of its minimum.
    Patience,
}

impl Svi {
    /// A run that has not begun. Params start where model and guide say.
    ///
    /// # Errors
    /// A setting out of range.
    pub fn new(settings: &SviSettings) -> Result<Self> {
        settings.check()?;
        Ok(Svi {
            settings: settings.clone(),
            store: Store::default(),
            losses: vec![],
            held_out: vec![],
            best: None,
            ended: None,
            previous: None,
        })
    }

    /// Plans so many steps from the beginning in place of those of the settings. The learning rate follows its schedule over the
    /// new number; a run that had taken all its steps goes on.
    ///
    /// # Errors
    /// No steps at all.
    pub fn plan(&mut self, steps: u64) -> Result<()> {
        let settings = SviSettings { steps, ..self.settings.clone() };
        settings.check()?;
        self.settings = settings;
        if self.ended == Some(SviEnd::Steps) && self.steps() < steps {
            self.ended = None;
        }
        Ok(())
    }

    /// One gradient step; the loss before it. For those who drive the run themselves, each step on data of its own, say.
    ///
    /// ```
    /// use ppl_core::{Ctx, distributions::Normal};
    /// use ppl_infer::svi::{Elbo, Svi, SviSettings};
    ///
    /// let mut svi = Svi::new(&SviSettings::default())?;
    /// for batch in [[0.9, 1.1], [1.2, 0.8]] {
    ///     let model = |ctx: &mut Ctx| {
    ///         let mu = ctx.param("mu", 0.0)?;
    ///         ctx.observe("y", Normal::new(mu, 1.0), batch)
    ///     };
    ///     svi.step(&Elbo::new(model, |_| Ok(())))?;
    /// }
    /// // Adam's first steps are of the learning rate, 0.001.
    /// assert!((svi.params()?.numbers("mu").unwrap()[0] - 0.002).abs() < 1e-6);
    /// # Ok::<(), ppl_infer::Error>(())
    /// ```
    ///
    /// # Errors
    /// What model and guide return; latent sites that only one of them has; a log probability or gradient that is not finite,
    /// with the site named: the params are then those before the last step.
    pub fn step(&mut self, elbo: &Elbo<'_>) -> Result<f64> {
        let step = self.steps();
        let estimator = self.estimator(self.settings.loss, self.settings.particles, step);
        let tape = Tape::recording();
        let taken = evaluate((&elbo.model, &elbo.guide), &mut self.store, estimator, &tape)
            .and_then(|evaluation| self.move_params(evaluation));
        match taken {
            Ok(loss) => {
                self.losses.push(loss);
                Ok(loss)
            }
            Err(error) => {
                if let Some(previous) = self.previous.take() {
                    self.store.restore(&previous);
                }
                Err(match error {
                    Error::NotFinite { .. } | Error::GradientNotFinite { .. } => {
                        Error::Step { step, source: Box::new(error) }
                    }
                    other => other,
                })
            }
        }
    }

    fn move_params(&mut self, evaluation: Evaluation) -> Result<f64> {
        let Evaluation { elbo, lanes, gradients, keeper } = evaluation;
        let mut square = 0.0;
        for (site, gradient) in self.store.params.keys().zip(&gradients) {
            let own = gradient.as_ref().map_or(0.0, square_norm);
            if !own.is_finite() {
                return Err(Error::GradientNotFinite { param: site.clone() });
            }
            square += own;
        }
        let SviSettings { steps, optimizer, learning_rate, clip, .. } = &self.settings;
        let mean = 1.0 / lanes as f64;
        let factor = mean * clip.map_or(1.0, |clip| clip.factor(mean * square.sqrt()));
        let treatment = Treatment { factor, bound: clip.map_or(f64::INFINITY, |clip| clip.bound()) };
        let rate = learning_rate.rate(self.losses.len() as u64, *steps);
        self.previous = Some(self.store.snapshot());
        for (param, gradient) in self.store.params.values_mut().zip(&gradients) {
            let Some(gradient) = gradient else { continue };
            param.numbers = param.memory.step(optimizer, rate, &param.numbers, gradient, treatment);
        }
        keeper.update(&mut self.store);
        Ok(-elbo)
    }

    /// The negative ELBO without a step, by `particles` draws that `key` fixes; by [`Loss::Trace`] it has no noise at all where
    /// the guide is the posterior. Nothing changes but that params and mutables which
    /// nobody has named before get their initial values.
    ///
    /// # Errors
    /// As [`Svi::step`].
    pub fn evaluate(&mut self, elbo: &Elbo<'_>, loss: Loss, particles: usize, key: u64) -> Result<f64> {
        let estimator = self.estimator(loss, particles, key);
        let programs = (&elbo.model, &elbo.guide);
        Ok(-evaluate(programs, &mut self.store, estimator, &Tape::default())?.elbo)
    }

    fn estimator(&self, loss: Loss, particles: usize, key: u64) -> Estimator {
        let seed = rng::keyed(self.settings.seed ^ key.rotate_left(32), "svi", 0).next_u64();
        Estimator { loss, particles, seed }
    }

    /// The held-out loss where one is due, and whether it ends the run.
    fn wait(&mut self, elbo: &Elbo<'_>, patience: Patience) -> Result<()> {
        let step = self.steps();
        if !step.is_multiple_of(patience.every) {
            return Ok(());
        }
        let Some((model, guide)) = &elbo.held_out else { return Err(Error::NothingHeldOut) };
        // Always the same random numbers, so that losses differ by the params alone.
        let estimator = self.estimator(self.settings.loss, patience.particles, u64::MAX);
        let loss = -evaluate((model, guide), &mut self.store, estimator, &Tape::default())?.elbo;
        self.held_out.push(HeldOut { step, loss });
        let last = self.held_out.len() - 1;
        let lowest = self.best.as_ref().map(|(at, _)| (*at, self.held_out[*at].loss));
        match lowest {
            Some((at, lowest)) if loss >= lowest - patience.min_delta => {
                if (last - at) as u64 >= patience.times {
                    self.ended = Some(SviEnd::Patience);
                }
            }
            _ => self.best = Some((last, self.store.snapshot())),
        }
        Ok(())
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.losses.len() as u64
    }

    /// The loss of every step: the negative ELBO, by that step's draws.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The held-out losses.
    pub fn held_out(&self) -> &[HeldOut] {
        &self.held_out
    }

    /// Why the run ended, if it did.
    pub fn ended(&self) -> Option<SviEnd> {
        self.ended
    }

    /// The settings of the run.
    pub fn settings(&self) -> &SviSettings {
        &self.settings
    }

    /// Params on their constrained scale, and mutables: for [`substitute`](ppl_core::handler::substitute) in model and guide.
    ///
    /// # Errors
    /// What the transform of a constraint returns.
    pub fn params(&self) -> Result<Values> {
        Ok(self.store.values()?)
    }
}

impl Engine<Elbo<'_>> for Svi {
    fn name() -> &'static str {
        "SVI"
    }

    fn check(&self, elbo: &Elbo<'_>) -> Result<()> {
        match self.settings.patience {
            Some(_) if elbo.held_out.is_none() => Err(Error::NothingHeldOut),
            _ => Ok(()),
        }
    }

    fn prepare(&self, _: &mut Room) -> usize {
        if self.ended.is_some() { 0 } else { self.settings.particles }
    }

    fn round(&mut self, elbo: &Elbo<'_>, _: &mut Room, _: &mut dyn Observer) -> Result<()> {
        self.step(elbo)?;
        if let Some(patience) = self.settings.patience {
            self.wait(elbo, patience)?;
        }
        if self.ended.is_none() && self.steps() >= self.settings.steps {
            self.ended = Some(SviEnd::Steps);
        }
        if self.ended.is_some()
            && let Some((_, best)) = &self.best
        {
            self.store.restore(best);
        }
        Ok(())
    }

    /// The ELBO of the last step.
    fn objective(&self) -> f64 {
        -self.losses.last().copied().unwrap_or(f64::INFINITY)
    }
}
