//! A family of distributions of one number: its name, its parameters, its support and its formulas.

use crate::rng::Rng;
use crate::support::{Support, is_whole};

/// log p and its derivatives with respect to the value and each parameter.
#[derive(Clone, Copy, Debug)]
pub struct Partials<const N: usize> {
    /// log p(x | parameters).
    pub value: f64,
    /// d log p / d x (zero for whole numbers).
    pub dx: f64,
    /// d log p / d parameter.
    pub dparams: [f64; N],
}

impl<const N: usize> Partials<N> {
    /// Of a value that has no mass, such as the end of an open interval.
    pub const IMPOSSIBLE: Self = Partials { value: f64::NEG_INFINITY, dx: 0.0, dparams: [0.0; N] };

    /// The same with a constant added to log p.
    #[must_use]
    #[inline]
    pub fn plus(self, constant: f64) -> Self {
        Partials { value: self.value + constant, ..self }
    }
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constraint {
    /// Any finite number.
    Real,
    /// A finite number above zero.
    Positive,
    /// Between zero and one, both included.
    Unit,
    /// A whole number of at least zero. A log density has no slope by it.
    Count,
    /// An end of an interval: any number, or infinite.
    Bound,
}

impl Constraint {
    /// Whether `x` is allowed.
    #[inline]
    pub fn holds(self, x: f64) -> bool {
        // With as few branches as can be, so that loops over many numbers are vectorised.
        match self {
            Constraint::Real => x.is_finite(),
            Constraint::Positive => (x > 0.0) & (x < f64::INFINITY),
            Constraint::Unit => (0.0..=1.0).contains(&x),
            Constraint::Count => (x >= 0.0) & is_whole(x),
            Constraint::Bound => !x.is_nan(),
        }
    }

    /// What is allowed, in words.
    pub fn words(self) -> &'static str {
        match self {
            Constraint::Real => "a finite number",
            Constraint::Positive => "positive and finite",
            Constraint::Unit => "between 0 and 1",
            Constraint::Count => "a whole number of at least 0",
            Constraint::Bound => "a number or infinite",
        }
    }
}

/// A parameter of a family.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, as in NumPyro and in JSON.
    pub name: &'static str,
    /// What it may be.
    pub constraint: Constraint,
    /// What it is in JSON that leaves it out.
    pub default: Option<f64>,
}

impl Parameter {
    const fn new(name: &'static str, constraint: Constraint) -> Self {
        Parameter { name, constraint, default: None }
    }

    /// The same parameter, which JSON may leave out.
    pub const fn or(self, default: f64) -> Self {
        Parameter { default: Some(default), ..self }
    }
}

/// A parameter on the real line.
pub const fn real(name: &'static str) -> Parameter {
    Parameter::new(name, Constraint::Real)
}

/// A parameter above zero.
pub const fn positive(name: &'static str) -> Parameter {
    Parameter::new(name, Constraint::Positive)
}

/// A probability.
pub const fn unit(name: &'static str) -> Parameter {
    Parameter::new(name, Constraint::Unit)
}

/// A whole number of at least zero.
pub const fn count(name: &'static str) -> Parameter {
    Parameter::new(name, Constraint::Count)
}

/// An end of an interval.
pub const fn bound(name: &'static str) -> Parameter {
    Parameter::new(name, Constraint::Bound)
}

/// A distribution of one number with `N` parameters, as pure functions. [`super::Univariate`] makes the rest of it: lanes,
/// broadcasting, plates, the fused tape node, checks and JSON.
///
/// `log_prob` is called inside the support (its ends included) with valid parameters alone, `sample` with valid parameters. `None` says that there is no such function.
pub trait Family<const N: usize>: Copy + 'static {
    /// Its name in JSON and in messages.
    const NAME: &'static str;
    /// Its parameters, in the order of every `[f64; N]`.
    const PARAMS: [Parameter; N];
    /// Where it puts its mass.
    const SUPPORT: Support;

    /// The log density (or mass) and its derivatives.
    fn log_prob(x: f64, params: [f64; N]) -> Partials<N>;
    /// What [`Family::log_constant`] depends on: 0 is `x`, `i + 1` is parameter `i`. Empty where no constant is kept apart.
    const CONSTANT_OF: &'static [usize] = &[];
    /// A term of `log_prob` that is computed once where what it depends on does not move; the rest is [`Family::log_kernel`].
    fn log_constant(_x: f64, _params: [f64; N]) -> f64 {
        0.0
    }
    /// `log_prob` without its constant, the derivatives being those of the whole.
    fn log_kernel(x: f64, params: [f64; N]) -> Partials<N> {
        Self::log_prob(x, params)
    }
    /// One draw.
    fn sample(rng: &mut Rng, params: [f64; N]) -> f64;
    /// d x / d parameter of a draw `x` at a fixed random number, where a draw has one: what gradients flow through.
    /// By the distribution function F that is -(dF / d parameter) / p(x).
    fn pathwise(_x: f64, _params: [f64; N]) -> [Option<f64>; N] {
        [None; N]
    }
    /// The cumulative distribution function.
    fn cdf(_x: f64, _params: [f64; N]) -> Option<f64> {
        None
    }
    /// The quantile function.
    fn icdf(_p: f64, _params: [f64; N]) -> Option<f64> {
        None
    }
    /// The mean, where it exists.
    fn mean(_params: [f64; N]) -> Option<f64> {
        None
    }
    /// The variance, where it exists.
    fn variance(_params: [f64; N]) -> Option<f64> {
        None
    }
}

pub use crate::family;
