//! Params and mutables: what an engine keeps from one run of a model to the next.

use crate::array::Array;
use crate::autodiff::{Dims, Element, IntoVar, Rank, Shape, Value, Var};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::message::Kind;
use crate::support::{Bound, Support};
use crate::transform::{Draws, constrain, unconstrain};

/// What a param or a mutable may be: anything that becomes a [`Var`] (f64, on the host), or an [`Array`] (f32).
pub trait Kept {
    /// What the model gets.
    type Out;
    /// As a value.
    fn into_value(self) -> Value;
    /// From a value of the same kind and rank; `None` of another.
    fn from_value(value: Value) -> Option<Self::Out>;
}

impl<I: IntoVar> Kept for I {
    type Out = Var<I::Rank>;

    fn into_value(self) -> Value {
        self.into_var().as_value().clone()
    }

    fn from_value(value: Value) -> Option<Var<I::Rank>> {
        let fits = value.element() == Element::F64 && value.dims().rank() == I::Rank::RANK;
        fits.then(|| Var::from_value(value))
    }
}

impl Kept for Array {
    type Out = Array;

    fn into_value(self) -> Value {
        self.as_value().clone()
    }

    fn from_value(value: Value) -> Option<Array> {
        (value.element() == Element::F32).then(|| Array::from_value(value))
    }
}

impl<Depth: Rank> Ctx<Depth> {
    /// A free parameter without a prior, at `init` until an engine such as SVI moves it: a `Var`, or an [`Array`] of f32 such as
    /// the weights of a network.
    ///
    /// ```
    /// use ppl_core::{Array, Ctx, Values, handler};
    ///
    /// let model = |ctx: &mut Ctx| {
    ///     let weights = ctx.param("weights", Array::constant(&[2], vec![0.5, -0.5])?)?;
    ///     Ok(weights.lane(0).to_vec())
    /// };
    /// assert_eq!(handler::trace(model)?.returned, [0.5, -0.5]);
    /// # Ok::<(), ppl_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// A repeated name; a handler's value of another shape or kind.
    pub fn param<P: Kept>(&mut self, site: impl AsRef<str>, init: P) -> Result<P::Out> {
        self.param_in(site, init, Support::REAL)
    }

    /// A param inside a support: engines move the unconstrained numbers behind it.
    ///
    /// ```
    /// use ppl_core::distributions::Support;
    /// use ppl_core::{Ctx, handler};
    ///
    /// let model = |ctx: &mut Ctx| ctx.param_in("scale", [1.0, 2.0], Support::POSITIVE);
    /// assert_eq!(handler::trace(model)?.returned.lane(0), [1.0, 2.0]);
    /// # Ok::<(), ppl_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ctx::param`]; under an engine, an initial value that is not inside, and a support that has no transform.
    pub fn param_in<P: Kept>(&mut self, site: impl AsRef<str>, init: P, support: Support) -> Result<P::Out> {
        let init = init.into_value();
        init.check()?;
        self.kept::<P>((site.as_ref(), Kind::Param), init.dims(), support, &mut || Ok(Some(init.clone())))
    }

    /// A param of `dims` whose initial value is made only where nobody has another: for weights that are drawn or read.
    ///
    /// ```
    /// use ppl_core::{Array, Ctx, Values, handler};
    ///
    /// let model = |ctx: &mut Ctx| ctx.param_with("w", &[3], || Array::constant(&[3], vec![0.1; 3]));
    /// let trained = Values::new().with_value("w", Array::constant(&[3], vec![0.7; 3])?.as_value());
    /// assert_eq!(handler::trace(handler::substitute(model, trained))?.returned.lane(0), [0.7; 3]);
    /// # Ok::<(), ppl_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ctx::param`]; what `init` returns, and an initial value of other dimensions.
    pub fn param_with<P: Kept>(
        &mut self,
        site: impl AsRef<str>,
        dims: &[usize],
        init: impl FnOnce() -> Result<P>,
    ) -> Result<P::Out> {
        let (site, dims) = (site.as_ref(), Dims::new(dims));
        let mut init = Some(init);
        self.kept::<P>((site, Kind::Param), dims, Support::REAL, &mut || {
            let Some(value) = init.take().map(|init| init().map(P::into_value)).transpose()? else { return Ok(None) };
            value.check()?;
            if value.dims() == dims {
                Ok(Some(value))
            } else {
                Err(Error::SiteShape { site: site.to_owned(), expected: dims, got: value.dims() })
            }
        })
    }

    /// State that a model updates and no gradient moves, such as running statistics: what it was last updated to under an
    /// engine that keeps it, otherwise `init`.
    ///
    /// ```
    /// use ppl_core::{Ctx, handler};
    ///
    /// let model = |ctx: &mut Ctx| {
    ///     let mean = ctx.mutable("running_mean", [0.0, 0.0])?;
    ///     ctx.update("running_mean", mean * 0.9 + 0.1)
    /// };
    /// let run = handler::trace(model)?;
    /// assert_eq!(run.get("running_mean").unwrap().value.numbers(), [0.1, 0.1]);
    /// # Ok::<(), ppl_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ctx::param`].
    pub fn mutable<P: Kept>(&mut self, site: impl AsRef<str>, init: P) -> Result<P::Out> {
        let init = init.into_value();
        init.check()?;
        self.kept::<P>((site.as_ref(), Kind::Mutable), init.dims(), Support::REAL, &mut || Ok(Some(init.clone())))
    }

    /// What a mutable is from the next run on; an engine keeps the mean over lanes, cut off from the tape.
    ///
    /// # Errors
    /// A site that no `mutable` has declared.
    pub fn update<P: Kept>(&mut self, site: impl AsRef<str>, value: P) -> Result<()> {
        self.record(site.as_ref(), Kind::Update, value.into_value()).map(drop)
    }

    fn kept<P: Kept>(
        &self,
        site: (&str, Kind),
        dims: Dims,
        constraint: Support,
        initial: &mut dyn FnMut() -> Result<Option<Value>>,
    ) -> Result<P::Out> {
        let value = self.keep(site, dims, constraint, initial)?;
        let got = value.dims();
        P::from_value(value).ok_or(Error::SiteShape { site: site.0.to_owned(), expected: dims, got })
    }
}

/// The space of a param: its dimensions and its constraint, and the way between its values and unconstrained numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSpace {
    dims: Dims,
    support: Support,
}

impl ParamSpace {
    /// The space of a param of these dimensions.
    ///
    /// # Errors
    /// A constraint that no param can have: whole numbers, or ends that are no numbers in order.
    pub fn new(site: &str, dims: &[usize], support: Support) -> Result<Self> {
        let refuse = |reason| Err(Error::ParamConstraint { site: site.to_owned(), reason });
        match support {
            Support::Integers { .. } => refuse("whole numbers have no gradient"),
            Support::Interval { low: Bound::At(low), high: Bound::At(high) } if low < high => {
                Ok(ParamSpace { dims: Dims::new(dims), support })
            }
            Support::Interval { .. } => refuse("its ends must be two numbers in order"),
            Support::Vector(_) => Ok(ParamSpace { dims: Dims::new(dims), support }),
        }
    }

    /// The unconstrained numbers behind a value: of one dimension, or the value itself where nothing constrains it.
    ///
    /// # Errors
    /// A value that is not inside the constraint, or that differs between lanes; pixels under a constraint.
    pub fn unconstrain(&self, site: &str, value: &Value) -> Result<Value> {
        let refuse = |reason| Err(Error::ParamConstraint { site: site.to_owned(), reason });
        if value.lanes() != 1 {
            return refuse("its initial value differs between lanes");
        }
        if value.element() == Element::F32 && self.support != Support::REAL {
            return refuse("an `Array` of f32 is moved as it is; constrain a `Var`");
        }
        let numbers = match self.support {
            Support::REAL => return Ok(value.detached()),
            Support::Vector(_) => self.draws(site)?.unconstrain(value, 1),
            _ => {
                let [low, high] = self.ends();
                unconstrain(value, 1, [&low, &high])
            }
        };
        match numbers.iter().position(|u| !u.is_finite()) {
            Some(at) => {
                let value = value.peek().numbers().get(at).copied().unwrap_or(f64::NAN);
                Err(Error::ParamStart { site: site.to_owned(), value })
            }
            None => Ok(Value::shared(Dims::new(&[numbers.len()]), numbers)),
        }
    }

    /// The value of unconstrained numbers, on their tape.
    ///
    /// # Errors
    /// A shape that the constraint does not have.
    pub fn constrain(&self, site: &str, numbers: &Value) -> Result<Value> {
        match self.support {
            Support::REAL => Ok(numbers.clone()),
            Support::Vector(_) => self.draws(site)?.constrain(numbers, 0),
            _ => {
                let [low, high] = self.ends();
                constrain(numbers, 0, self.dims, [&low, &high])
            }
        }
    }

    fn draws(&self, site: &str) -> Result<Draws> {
        let Support::Vector(support) = self.support else {
            return Err(Error::ParamConstraint { site: site.to_owned(), reason: "it is no support of vectors" });
        };
        Draws::of(site, support, self.dims, support.event_rank())
    }

    fn ends(&self) -> [Value; 2] {
        let (low, high) = self.support.ends(&[]);
        [low, high].map(|end| Value::constant(Shape::new(1, Dims::SCALAR), vec![end]))
    }
}
