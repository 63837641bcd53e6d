//! A family whose parameters or draws are vectors or matrices: its name, its parameters, its support and its formulas.

use crate::autodiff::{Dims, Rank};
use crate::error::Result;
use crate::rng::Rng;
use crate::support::Support;

/// A parameter of a vector family.
#[derive(Clone, Copy, Debug)]
pub struct VectorParameter {
    /// Its name, as in NumPyro and in JSON.
    pub name: &'static str,
    /// How many dimensions one of it has: none of a number, one of a vector, two of a matrix.
    pub rank: usize,
}

/// What is wrong with the parameters of one draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flaw {
    /// A number that is not allowed.
    Value {
        /// Which parameter.
        parameter: usize,
        /// The number.
        value: f64,
        /// What is allowed.
        constraint: &'static str,
    },
    /// A row of a matrix that leaves it without an inverse.
    Row {
        /// Which parameter.
        parameter: usize,
        /// The row.
        row: usize,
    },
}

/// A distribution as pure functions of one draw and its parameters, as slices (matrices row-major). [`super::Multivariate`]
/// makes the rest of it: lanes, batches and their broadcasting, plates, the fused tape node, checks and JSON.
///
/// `log_prob` and `vjp` are called with parameters that [`VectorFamily::flaw`] finds none in.
pub trait VectorFamily: Copy + Send + 'static {
    /// Its name in JSON and in messages.
    const NAME: &'static str;
    /// Its parameters, in the order of every slice of them.
    const PARAMS: &'static [VectorParameter];
    /// How many dimensions one draw has.
    const EVENT_RANK: usize;
    /// Rank of a batch of draws of rank `B`.
    type Draw<B: Rank>: Rank;

    /// Where it puts its mass, for parameters of these dimensions.
    fn support(params: &[Dims]) -> Support;

    /// Dimensions of one draw, for parameters of these dimensions.
    ///
    /// # Errors
    /// Parameters whose dimensions do not fit together.
    fn event(params: &[Dims]) -> Result<Dims>;

    /// What is wrong with the parameters, if anything is.
    fn flaw(params: &[&[f64]]) -> Option<Flaw>;

    /// log p(x | parameters): -inf outside the support. `room` is scratch that is kept between calls.
    fn log_prob(x: &[f64], params: &[&[f64]], room: &mut Vec<f64>) -> f64;

    /// Adds the slopes of `log_prob` by x (first) and by each parameter.
    fn vjp(x: &[f64], params: &[&[f64]], room: &mut Vec<f64>, slopes: &mut [Vec<f64>]);

    /// Whether gradients flow through a draw: [`VectorFamily::pathwise`].
    const PATHWISE: bool = false;

    /// Adds cotangent * d x / d parameter of a draw `x` at fixed random numbers to `slopes`, by parameter.
    fn pathwise(_x: &[f64], _params: &[&[f64]], _cotangent: &[f64], _room: &mut Vec<f64>, _slopes: &mut [Vec<f64>]) {}

    /// Writes one draw.
    fn sample(rng: &mut Rng, params: &[&[f64]], out: &mut [f64]);
}

/// A parameter of so many dimensions.
pub const fn parameter(name: &'static str, rank: usize) -> VectorParameter {
    VectorParameter { name, rank }
}

/// The first number of a parameter that is not allowed.
pub fn unfit(parameter: usize, numbers: &[f64], constraint: &'static str, holds: fn(f64) -> bool) -> Option<Flaw> {
    numbers.iter().find(|x| !holds(**x)).map(|&value| Flaw::Value { parameter, value, constraint })
}
