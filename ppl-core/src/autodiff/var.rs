//! `Var<S>`: a cheap handle to a value on the current tape, whose rank is in the type.

use std::marker::PhantomData;

use super::tape::Tape;
use super::value::Value;
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};

/// The rank of a value: `()`, `(usize,)`, `(usize, usize)` and so on to six dimensions. Lanes do not count.
pub trait Rank: Copy + 'static {
    /// How many dimensions.
    const RANK: usize;
    /// One dimension more: what a plate makes of this rank.
    type Up: Rank;
    /// The sizes.
    fn sizes(&self) -> Vec<usize>;
}

/// Ranks of at least one dimension, which a reduction takes one from.
pub trait Reduce: Rank {
    /// One dimension less.
    type Down: Rank;
}

/// Ranks that broadcast together, and what they give: the larger of the two, aligned at the innermost dimension.
pub trait Broadcast<Other: Rank>: Rank {
    /// The larger of the two.
    type Out: Rank;
}

/// Ranks with what a plate makes of them, and their fields after a `none` that stands for a rank without any.
macro_rules! ranks {
    ($($rank:ty, $up:ty, [$($field:tt),*];)+) => { $(
        impl Rank for $rank {
            const RANK: usize = [$(stringify!($field)),*].len() - 1;
            type Up = $up;
            fn sizes(&self) -> Vec<usize> {
                ranks!(@sizes self, [$($field),*])
            }
        }
        impl Broadcast<$rank> for $rank {
            type Out = $rank;
        }
    )+ };
    (@sizes $self:ident, [none]) => { vec![] };
    (@sizes $self:ident, [none, $($field:tt),+]) => { vec![$($self.$field),+] };
}
type R1 = (usize,);
type R2 = (usize, usize);
type R3 = (usize, usize, usize);
type R4 = (usize, usize, usize, usize);
type R5 = (usize, usize, usize, usize, usize);
type R6 = (usize, usize, usize, usize, usize, usize);
ranks! {
    (), R1, [none];
    R1, R2, [none, 0];
    R2, R3, [none, 0, 1];
    R3, R4, [none, 0, 1, 2];
    R4, R5, [none, 0, 1, 2, 3];
    R5, R6, [none, 0, 1, 2, 3, 4];
    // Nothing has more than six dimensions: a seventh plate is an error when the model runs.
    R6, R6, [none, 0, 1, 2, 3, 4, 5];
}

macro_rules! lower {
    ($($high:ty => $down:ty: $($low:ty),+;)+) => { $(
        impl Reduce for $high {
            type Down = $down;
        }
        $(impl Broadcast<$low> for $high { type Out = $high; }
        impl Broadcast<$high> for $low { type Out = $high; })+
    )+ };
}
lower! {
    R1 => (): ();
    R2 => R1: (), R1;
    R3 => R2: (), R1, R2;
    R4 => R3: (), R1, R2, R3;
    R5 => R4: (), R1, R2, R3, R4;
    R6 => R5: (), R1, R2, R3, R4, R5;
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
        self.0.check()?;
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
        Ok(Var::from_value(Value::leaf(tape, shape, numbers)))
    }

    /// The typed face of a value.
    ///
    /// # Panics
    /// Where the rank is another, which is a bug in the calling operation.
    pub fn from_value(value: Value) -> Self {
        assert_eq!(value.dims().rank(), S::RANK, "rank of {:?}", value.dims());
        Var(value, PhantomData)
    }

    /// The result of an operation, or a value that stands for its mistake: the statement of the model that uses it returns the
    /// error, with the line of the caller.
    ///
    /// # Panics
    /// As [`Var::from_value`].
    #[track_caller]
    pub fn or_fault(result: Result<Value>) -> Self {
        let at = std::panic::Location::caller();
        Var::from_value(result.unwrap_or_else(|error| {
            let fault = match error {
                Error::At { .. } => error,
                error => Error::At { file: at.file(), line: at.line(), source: Box::new(error) },
            };
            Value::faulty(Dims::new(&vec![1; S::RANK]), fault)
        }))
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
        write!(f, "Var({} lanes of {}: {:?})", self.0.lanes(), self.dims(), self.0.peek().to_f64())
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

/// Numbers of other types, by themselves and in vectors: what data are often read as.
macro_rules! into_var {
    ($($number:ty: |$x:ident| $as_f64:expr),+ $(,)?) => { $(
        impl IntoVar for $number {
            type Rank = ();
            fn into_var(self) -> Var<()> {
                let $x = self;
                Var::scalar($as_f64)
            }
        }
        impl IntoVar for &[$number] {
            type Rank = (usize,);
            fn into_var(self) -> Var<(usize,)> {
                Var::vector(self.iter().map(|&$x| $as_f64).collect::<Vec<f64>>())
            }
        }
        impl IntoVar for Vec<$number> {
            type Rank = (usize,);
            fn into_var(self) -> Var<(usize,)> {
                self.as_slice().into_var()
            }
        }
        impl IntoVar for &Vec<$number> {
            type Rank = (usize,);
            fn into_var(self) -> Var<(usize,)> {
                self.as_slice().into_var()
            }
        }
        impl<const N: usize> IntoVar for [$number; N] {
            type Rank = (usize,);
            fn into_var(self) -> Var<(usize,)> {
                self.as_slice().into_var()
            }
        }
        impl<const N: usize> IntoVar for &[$number; N] {
            type Rank = (usize,);
            fn into_var(self) -> Var<(usize,)> {
                self.as_slice().into_var()
            }
        }
    )+ };
}
into_var! {
    f32: |x| f64::from(x),
    bool: |x| f64::from(x),
    u8: |x| f64::from(x),
    u32: |x| f64::from(x),
    i32: |x| f64::from(x),
    u64: |x| x as f64,
    i64: |x| x as f64,
    usize: |x| x as f64,
}

/// Numbers some of which are missing: `None` becomes NaN, which [`crate::Ctx::observe_missing`] imputes.
impl IntoVar for &[Option<f64>] {
    type Rank = (usize,);
    fn into_var(self) -> Var<(usize,)> {
        Var::vector(self.iter().map(|x| x.unwrap_or(f64::NAN)).collect::<Vec<f64>>())
    }
}

impl<const N: usize> IntoVar for [Option<f64>; N] {
    type Rank = (usize,);
    fn into_var(self) -> Var<(usize,)> {
        self.as_slice().into_var()
    }
}

impl IntoVar for Vec<Option<f64>> {
    type Rank = (usize,);
    fn into_var(self) -> Var<(usize,)> {
        self.as_slice().into_var()
    }
}

impl<const N: usize, const M: usize> IntoVar for [[f64; M]; N] {
    type Rank = (usize, usize);
    fn into_var(self) -> Var<(usize, usize)> {
        Var::from_value(Value::shared(Dims::new(&[N, M]), self.concat()))
    }
}

impl<const N: usize, const M: usize> IntoVar for &[[f64; M]; N] {
    type Rank = (usize, usize);
    fn into_var(self) -> Var<(usize, usize)> {
        Var::from_value(Value::shared(Dims::new(&[N, M]), self.concat()))
    }
}

impl<const M: usize> IntoVar for &[[f64; M]] {
    type Rank = (usize, usize);
    fn into_var(self) -> Var<(usize, usize)> {
        Var::from_value(Value::shared(Dims::new(&[self.len(), M]), self.concat()))
    }
}

impl IntoVar for &[Vec<f64>] {
    type Rank = (usize, usize);
    #[track_caller]
    fn into_var(self) -> Var<(usize, usize)> {
        let columns = self.first().map_or(0, Vec::len);
        Var::or_fault(match self.iter().find(|row| row.len() != columns) {
            Some(row) => Err(Error::ArrayLength { expected: columns, got: row.len() }),
            None => Ok(Value::shared(Dims::new(&[self.len(), columns]), self.concat())),
        })
    }
}

impl IntoVar for Vec<Vec<f64>> {
    type Rank = (usize, usize);
    #[track_caller]
    fn into_var(self) -> Var<(usize, usize)> {
        self.as_slice().into_var()
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
