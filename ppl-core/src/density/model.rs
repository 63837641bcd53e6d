//! The log density of a model: its sites on one flat unconstrained vector.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::LogDensity;
use super::layout::Layout;
use crate::autodiff::{Data, Dims, FusedOp, Gradient, Operand, Shape, Tape, Value, record, total};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::handler::{Handler, Recorder, Trace, seed, substitute, trace, trace_lanes};
use crate::message::{Kind, Message};
use crate::transform::{constrain, log_jacobian, unconstrain};
use crate::values::Values;

/// The log density of a model over the unconstrained vector of its latent sites, log Jacobians included.
pub struct ModelDensity<M> {
    model: M,
    layout: Rc<Layout>,
    observed: Values,
    not_a_number: RefCell<BTreeMap<String, u64>>,
}

impl<M, R> ModelDensity<M>
where
    M: Fn(&mut Ctx) -> Result<R>,
{
    /// Traces the model once for its layout and checks it.
    ///
    /// # Errors
    /// What the model returns, and latent sites that are discrete.
    pub fn new(model: M) -> Result<Self> {
        let trace = trace(seed(&model, 0))?;
        let layout = Rc::new(Layout::of(&trace)?);
        let mut observed = Values::new();
        for (name, site) in trace.iter().filter(|(_, site)| site.observed) {
            observed.insert(&**name, site.value.clone());
        }
        Ok(ModelDensity { model, layout, observed, not_a_number: RefCell::default() })
    }

    /// Which stretch of the vector belongs to which site.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The data of the observed sites.
    pub fn observed(&self) -> &Values {
        &self.observed
    }

    /// How often the log probability of each site was NaN.
    pub fn not_a_number(&self) -> BTreeMap<String, u64> {
        self.not_a_number.borrow().clone()
    }

    /// All sites at unconstrained positions `[lanes, dim]`, deterministic ones included.
    ///
    /// # Errors
    /// What the model returns.
    pub fn run_at(&self, positions: &[f64]) -> Result<Trace> {
        let lanes = positions.len().checked_div(self.layout.dim()).unwrap_or(1);
        let q = Value::constant(Shape::new(lanes, Dims::new(&[self.layout.dim()])), Data::F64(positions.to_vec()));
        let place = Placement::new(q, self.layout.clone(), false);
        let recorder = Recorder::default();
        Ctx::new(lanes).unchecked().with(recorder.clone(), |ctx| ctx.with(place, &self.model))?;
        Ok(recorder.take())
    }

    /// The unconstrained position of the given values; sites that are not named are drawn from their priors.
    ///
    /// # Errors
    /// What the model returns; values that do not fit their sites.
    pub fn position_of(&self, values: &Values, seed_of_rest: u64) -> Result<Vec<f64>> {
        self.positions(&trace(seed(substitute(&self.model, values.clone()), seed_of_rest))?, 1)
    }

    /// Positions `[lanes, dim]` drawn from the prior.
    ///
    /// # Errors
    /// What the model returns.
    pub fn draw_prior(&self, seed_of_draws: u64, lanes: usize) -> Result<Vec<f64>> {
        self.positions(&trace_lanes(seed(&self.model, seed_of_draws), lanes)?, lanes)
    }

    fn positions(&self, trace: &Trace, lanes: usize) -> Result<Vec<f64>> {
        let dim = self.layout.dim();
        let mut positions = vec![0.0; lanes * dim];
        for entry in self.layout.entries() {
            let site = trace.get(&entry.name).ok_or_else(|| unstable(&entry.name, "is missing"))?;
            let Some(dist) = &site.dist else { continue };
            let support = dist.support();
            let (low, high) = support.bounds();
            let numbers = unconstrain(&site.value, lanes, [low, high]);
            for (lane, row) in numbers.chunks_exact(entry.dims.len()).enumerate() {
                let at = lane * dim + entry.offset;
                positions[at..at + row.len()].copy_from_slice(row);
            }
        }
        Ok(positions)
    }

    fn evaluate(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<()> {
        let (lanes, dim) = (logp.len(), self.layout.dim());
        let tape = Tape::recording();
        let q = Value::leaf(&tape, Shape::new(lanes, Dims::new(&[dim])), Data::F64(positions.to_vec()));
        let place = Placement::new(q.clone(), self.layout.clone(), true);
        let terms = place.terms.clone();
        Ctx::new(lanes).unchecked().with(place, &self.model)?;
        let terms = terms.take();
        let sum = total(&terms.iter().map(|(_, term)| term.clone()).collect::<Vec<_>>())?;
        tape.backward(&sum)?;
        match q.take_gradient().as_ref() {
            Some(Data::F64(g)) => grad.copy_from_slice(g),
            _ => grad.fill(0.0),
        }
        for lane in 0..lanes {
            logp[lane] = sum.lane(lane)[0];
            let grad = &mut grad[lane * dim..(lane + 1) * dim];
            if logp[lane].is_finite() && grad.iter().all(|g| g.is_finite()) {
                continue;
            }
            if logp[lane].is_nan() || logp[lane].is_finite() {
                self.count_not_a_number(&terms, lane);
            }
            logp[lane] = f64::NEG_INFINITY;
            grad.fill(0.0);
        }
        Ok(())
    }

    fn count_not_a_number(&self, terms: &[(Rc<str>, Value)], lane: usize) {
        let site = terms.iter().find(|(_, t)| t.lane(lane)[0].is_nan()).map_or("gradient", |(name, _)| name);
        *self.not_a_number.borrow_mut().entry(site.to_owned()).or_default() += 1;
    }
}

impl<M, R> LogDensity for ModelDensity<M>
where
    M: Fn(&mut Ctx) -> Result<R>,
{
    fn dim(&self) -> usize {
        self.layout.dim()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> Result<()> {
        match self.evaluate(positions, logp, grad) {
            // A model that branches on a value has to run one lane a call.
            Err(Error::ValueOfLanes { .. }) if logp.len() > 1 => {
                let dim = self.layout.dim();
                for lane in 0..logp.len() {
                    let row = lane * dim..(lane + 1) * dim;
                    self.evaluate(&positions[row.clone()], &mut logp[lane..=lane], &mut grad[row])?;
                }
                Ok(())
            }
            result => result,
        }
    }
}

fn unstable(site: &str, change: &'static str) -> Error {
    Error::UnstableSite { site: site.to_owned(), change }
}

/// Terms of the log density, each with the site that made it.
type Terms = Rc<RefCell<Vec<(Rc<str>, Value)>>>;

/// The outermost handler of an evaluation: places each latent site on its stretch of the vector and collects the terms.
struct Placement {
    q: Value,
    layout: Rc<Layout>,
    scores: bool,
    next: usize,
    terms: Terms,
}

impl Placement {
    fn new(q: Value, layout: Rc<Layout>, scores: bool) -> Self {
        // A site gives two terms at most; data give one.
        let terms = Vec::with_capacity(2 * layout.entries().len() + 4);
        Placement { q, layout, scores, next: 0, terms: Rc::new(RefCell::new(terms)) }
    }
}

impl Handler for Placement {
    fn process(&mut self, message: &mut Message) -> Result<()> {
        if !message.is_latent() || message.value.is_some() {
            return Ok(());
        }
        let Some(dist) = &message.dist else { return Ok(()) };
        let entry = self.layout.find(&message.name, self.next).ok_or_else(|| unstable(&message.name, "appears"))?;
        self.next += 1;
        if entry.dims != message.dims {
            return Err(unstable(&message.name, "changes its shape"));
        }
        let support = dist.support();
        let (low, high) = support.bounds();
        message.value = Some(constrain(&self.q, entry.offset, entry.dims, [low, high])?);
        if self.scores
            && let Some(term) = log_jacobian(&self.q, entry.offset, entry.dims, [low, high])?
        {
            self.terms.borrow_mut().push((message.name.clone(), term));
        }
        Ok(())
    }

    fn post(&mut self, message: &mut Message) -> Result<()> {
        let (true, Some(value)) = (self.scores, &message.value) else { return Ok(()) };
        let term = match (message.kind, &message.dist) {
            (Kind::Sample, Some(dist)) => {
                let term = dist.log_prob(value)?;
                if message.scale == 1.0 { term } else { record(Scale(message.scale), &[&term])? }
            }
            (Kind::Factor, _) => value.clone(),
            _ => return Ok(()),
        };
        self.terms.borrow_mut().push((message.name.clone(), term));
        Ok(())
    }
}

/// A term times a number.
struct Scale(f64);

impl FusedOp for Scale {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        Ok((inputs[0].shape, Data::F64(inputs[0].numbers().iter().map(|x| self.0 * x).collect())))
    }

    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        for lane in 0..out.shape.lanes {
            if let Some(into) = gradients[0].lane(lane) {
                into.iter_mut().zip(cotangent.lane(lane)).for_each(|(g, c)| *g += self.0 * c);
            }
        }
    }
}
