//! `Var<S>`: a cheap handle to a value on the current tape, whose rank is in the type.

use std::marker::PhantomData;

use super::shape::{Dims, Shape};
use super::tape::Tape;
use super::value::{Data, Value};
use crate::error::{Error, Result};

/// The rank of a value: `()`, `(usize,)` or `(usize, usize)`. Lanes do not count.
pub trait Rank: Copy + 'static {
    /// How many dimensions.
    const RANK: usize;
    /// One dimension more: what a plate makes of this rank.
    type Up: Rank;
    /// The sizes.
    fn sizes(&self) -> Vec<usize>;
}

impl Rank for () {
    const RANK: usize = 0;
    type Up = (usize,);
    fn sizes(&self) -> Vec<usize> {
        vec![]
    }
}

impl Rank for (usize,) {
    const RANK: usize = 1;
    type Up = (usize, usize);
    fn sizes(&self) -> Vec<usize> {
        vec![self.0]
    }
}

impl Rank for (usize, usize) {
    const RANK: usize = 2;
    type Up = (usize, usize, usize);
    fn sizes(&self) -> Vec<usize> {
        vec![self.0, self.1]
    }
}

impl Rank for (usize, usize, usize) {
    const RANK: usize = 3;
    type Up = (usize, usize, usize);
    fn sizes(&self) -> Vec<usize> {
        vec![self.0, self.1, self.2]
    }
}

/// Ranks that broadcast together, and what they give: equal ranks, or a scalar with any.
pub trait Broadcast<Other: Rank>: Rank {
    /// The larger of the two.
    type Out: Rank;
}

impl<S: Rank> Broadcast<()> for S {
    type Out = S;
}
macro_rules! broadcast {
    ($($left:ty, $right:ty => $out:ty;)*) => { $(impl Broadcast<$right> for $left { type Out = $out; })* };
}
broadcast! {
    (), (usize,) => (usize,);
    (), (usize, usize) => (usize, usize);
    (usize,), (usize,) => (usize,);
    (usize,), (usize, usize) => (usize, usize);
    (usize, usize), (usize,) => (usize, usize);
    (usize, usize), (usize, usize) => (usize, usize);
}

/// A differentiable value of rank `S`, in every lane at once.
///
/// ```
/// use ppl_core::autodiff::Var;
/// let x = Var::scalar(3.0);
/// assert_eq!((&x * &x + 1.0).value().unwrap(), 10.0);
/// ```
#[derive(Clone)]
pub struct Var<S: Rank = ()>(Value, PhantomData<S>);

impl Var<()> {
    /// A constant number.
    pub fn scalar(x: f64) -> Self {
        Var::from_value(Value::shared(Dims::SCALAR, vec![x]))
    }

    /// The number itself, to branch on.
    ///
    /// # Errors
    /// With more than one lane, where there is no single number; engines then run such a model one lane a call.
    pub fn value(&self) -> Result<f64> {
        match self.0.numbers() {
            [x] => Ok(*x),
            many => Err(Error::ValueOfLanes { lanes: many.len() }),
        }
    }
}

impl Var<(usize,)> {
    /// A constant vector.
    pub fn vector(x: impl Into<Vec<f64>>) -> Self {
        let x = x.into();
        Var::from_value(Value::shared(Dims::new(&[x.len()]), x))
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.dims().len()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.dims().is_empty()
    }
}

impl Var<(usize, usize)> {
    /// A constant matrix from rows laid one after the other.
    ///
    /// # Errors
    /// Where the numbers do not fill `rows x columns`.
    pub fn matrix(rows: usize, columns: usize, x: impl Into<Vec<f64>>) -> Result<Self> {
        let x = x.into();
        if x.len() != rows * columns {
            return Err(Error::ArrayLength { expected: rows * columns, got: x.len() });
        }
        Ok(Var::from_value(Value::shared(Dims::new(&[rows, columns]), x)))
    }
}

impl<S: Rank> Var<S> {
    /// A value on `tape` whose gradient is wanted; `numbers` are `[lanes, dims]`.
    ///
    /// # Errors
    /// Where the numbers do not fill the shape.
    pub fn leaf(tape: &Tape, lanes: usize, dims: S, numbers: Vec<f64>) -> Result<Self> {
        let shape = Shape::new(lanes, Dims::new(&dims.sizes()));
        if shape.len() != numbers.len() {
            return Err(Error::ArrayLength { expected: shape.len(), got: numbers.len() });
        }
        Ok(Var::from_value(Value::leaf(tape, shape, Data::F64(numbers))))
    }

    /// The typed face of a value.
    ///
    /// # Panics
    /// Where the rank is another, which is a bug in the calling operation.
    pub fn from_value(value: Value) -> Self {
        assert_eq!(value.dims().rank(), S::RANK, "rank of {:?}", value.dims());
        Var(value, PhantomData)
    }

    /// The value under it, for operations.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Dimensions without lanes.
    pub fn dims(&self) -> Dims {
        self.0.dims()
    }

    /// The numbers of one lane, row-major.
    pub fn lane(&self, lane: usize) -> &[f64] {
        self.0.lane(lane)
    }

    /// The same numbers, cut off from the tape.
    pub fn detach(&self) -> Self {
        Var(self.0.detached(), PhantomData)
    }
}

impl<S: Rank> std::fmt::Debug for Var<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Var({} lanes of {}: {:?})", self.0.lanes(), self.dims(), self.0.numbers())
    }
}

/// What may stand where a value of a known rank is wanted: numbers, vectors, and `Var`s by value or reference.
pub trait IntoVar {
    /// Its rank.
    type Rank: Rank;
    /// As a value.
    fn into_var(self) -> Var<Self::Rank>;
}

impl IntoVar for f64 {
    type Rank = ();
    fn into_var(self) -> Var<()> {
        Var::scalar(self)
    }
}

impl IntoVar for Vec<f64> {
    type Rank = (usize,);
    fn into_var(self) -> Var<(usize,)> {
        Var::vector(self)
    }
}

impl IntoVar for &[f64] {
    type Rank = (usize,);
    fn into_var(self) -> Var<(usize,)> {
        Var::vector(self)
    }
}

impl<const N: usize> IntoVar for [f64; N] {
    type Rank = (usize,);
    fn into_var(self) -> Var<(usize,)> {
        Var::vector(self)
    }
}

impl<const N: usize> IntoVar for &[f64; N] {
    type Rank = (usize,);
    fn into_var(self) -> Var<(usize,)> {
        Var::vector(self.as_slice())
    }
}

impl IntoVar for &Vec<f64> {
    type Rank = (usize,);
    fn into_var(self) -> Var<(usize,)> {
        Var::vector(self.as_slice())
    }
}

impl<S: Rank> IntoVar for Var<S> {
    type Rank = S;
    fn into_var(self) -> Var<S> {
        self
    }
}

impl<S: Rank> IntoVar for &Var<S> {
    type Rank = S;
    fn into_var(self) -> Var<S> {
        self.clone()
    }
}
