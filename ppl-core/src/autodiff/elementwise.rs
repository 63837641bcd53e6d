//! Elementwise operations: the std operators and the functions of one number, each one node.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::inputs::{Gradients, Inputs};
use super::linear::{SUMS, total};
use super::op::{FusedOp, Output, broadcast_all, common_lanes};
use super::operand::{Operand, Out};
use super::record::record;
use super::value::Value;
use super::var::{Broadcast, Rank, Var};
use crate::error::Result;
use crate::shape::{Shape, Walk};

/// y = f(x), elementwise; `f` gives the value and its derivative.
#[derive(Clone)]
struct Map<F> {
    f: F,
    slope: Vec<f64>,
}

impl<F: Fn(f64) -> (f64, f64) + Clone + Send + 'static> FusedOp for Map<F> {
    const NAME: &'static str = "map";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.slope.resize(inputs[0].len(), 0.0);
        Ok(Output::numbers(inputs[0]))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let each = out.numbers().iter_mut().zip(&mut self.slope).zip(inputs.at(0).numbers());
        each.for_each(|((y, slope), x)| (*y, *slope) = (self.f)(*x));
    }

    fn vjp(&mut self, _: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        if let Some(into) = gradients.numbers(0) {
            into.iter_mut().zip(&self.slope).zip(cotangent.numbers()).for_each(|((g, d), c)| *g += d * c);
        }
    }
}

/// z = f(x, y), elementwise with NumPy's broadcasting; `f` gives the value and both derivatives.
#[derive(Clone)]
struct Zip<F> {
    f: F,
    walks: [Walk; 2],
}

impl<F> Zip<F> {
    fn new(f: F) -> Self {
        Zip { f, walks: [Walk::Along, Walk::Along] }
    }

    /// Calls `each` with the elements of both inputs for every element of one lane.
    #[inline(always)]
    fn pairs(walks: &[Walk; 2], n: usize, x: &[f64], y: &[f64], mut each: impl FnMut(usize, usize, usize, f64, f64)) {
        // The common cases first: nothing to look up in the loop.
        match walks {
            [Walk::Along, Walk::Along] => {
                x.iter().zip(y).enumerate().for_each(|(i, (x, y))| each(i, i, i, *x, *y));
            }
            [Walk::Along, Walk::Same] => x.iter().enumerate().for_each(|(i, x)| each(i, i, 0, *x, y[0])),
            [Walk::Same, Walk::Along] => y.iter().enumerate().for_each(|(i, y)| each(i, 0, i, x[0], *y)),
            [to_x, to_y] => (0..n).for_each(|i| {
                let (a, b) = (to_x.at(i), to_y.at(i));
                each(i, a, b, x[a], y[b]);
            }),
        }
    }
}

impl<F: Fn(f64, f64) -> (f64, [f64; 2]) + Clone + Send + 'static> FusedOp for Zip<F> {
    const NAME: &'static str = "zip";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let dims = broadcast_all(inputs)?;
        self.walks = [dims.walk(inputs[0].dims), dims.walk(inputs[1].dims)];
        Ok(Output::numbers(Shape::new(common_lanes(inputs), dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (x, y, n) = (inputs.at(0), inputs.at(1), out.shape.dims.len());
        if x.shape == out.shape && y.shape == out.shape {
            let z = out.numbers();
            z.iter_mut().zip(x.numbers()).zip(y.numbers()).for_each(|((z, x), y)| *z = (self.f)(*x, *y).0);
            return;
        }
        for lane in 0..out.shape.lanes {
            let z = out.lane(lane);
            Self::pairs(&self.walks, n, x.lane(lane), y.lane(lane), |i, _, _, x, y| z[i] = (self.f)(x, y).0);
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (x, y, lanes) = (inputs.at(0), inputs.at(1), out.shape.lanes);
        for which in 0..2 {
            let Some((into, step)) = gradients.lanes(which) else { continue };
            if lanes == 1 {
                self.carry(which, x.numbers(), y.numbers(), cotangent.numbers(), into);
                continue;
            }
            for lane in 0..lanes {
                self.carry(which, x.lane(lane), y.lane(lane), cotangent.lane(lane), &mut into[lane * step..]);
            }
        }
    }
}

impl<F: Fn(f64, f64) -> (f64, [f64; 2])> Zip<F> {
    /// Adds to the gradient of one of the inputs in one lane.
    #[inline]
    fn carry(&self, which: usize, x: &[f64], y: &[f64], c: &[f64], into: &mut [f64]) {
        match (which, &self.walks[0], &self.walks[1]) {
            (0, Walk::Same, Walk::Along) => into[0] += fold(c, y, |y| (self.f)(x[0], y).1[0]),
            (0, Walk::Along, Walk::Same) => {
                let y = y[0];
                add(into, c, x, |x| (self.f)(x, y).1[0]);
            }
            (0, ..) => {
                Self::pairs(&self.walks, c.len(), x, y, |i, a, _, x, y| into[a] += c[i] * (self.f)(x, y).1[0]);
            }
            (_, Walk::Along, Walk::Same) => into[0] += fold(c, x, |x| (self.f)(x, y[0]).1[1]),
            (_, Walk::Same, Walk::Along) => {
                let x = x[0];
                add(into, c, y, |y| (self.f)(x, y).1[1]);
            }
            _ => Self::pairs(&self.walks, c.len(), x, y, |i, _, b, x, y| into[b] += c[i] * (self.f)(x, y).1[1]),
        }
    }
}

/// into_i += c_i f(x_i).
#[inline(always)]
fn add(into: &mut [f64], c: &[f64], x: &[f64], f: impl Fn(f64) -> f64) {
    into.iter_mut().zip(c).zip(x).for_each(|((g, c), x)| *g += c * f(*x));
}

/// sum_i c_i f(x_i), as several sums that do not wait for each other.
#[inline(always)]
fn fold(c: &[f64], x: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let ((c, c_rest), (x, x_rest)) = (c.as_chunks::<SUMS>(), x.as_chunks::<SUMS>());
    let mut sums = [0.0; SUMS];
    for (c, x) in c.iter().zip(x) {
        (0..SUMS).for_each(|i| sums[i] += c[i] * f(x[i]));
    }
    total(sums) + c_rest.iter().zip(x_rest).map(|(c, x)| c * f(*x)).sum::<f64>()
}

/// An elementwise function of a value: `f` gives the value and its derivative.
pub(crate) fn map_value(x: &Value, f: impl Fn(f64) -> (f64, f64) + Clone + Send + 'static) -> Value {
    record(Map { f, slope: vec![] }, &[x]).unwrap_or_else(|fault| Value::faulty(x.dims(), fault))
}

/// An elementwise function of two values that broadcast: `f` gives the value and both derivatives.
///
/// # Errors
/// Shapes that do not fit together.
pub(crate) fn zip_values(
    a: &Value,
    b: &Value,
    f: impl Fn(f64, f64) -> (f64, [f64; 2]) + Clone + Send + 'static,
) -> Result<Value> {
    record(Zip::new(f), &[a, b])
}

fn map<S: Rank>(x: &Var<S>, f: impl Fn(f64) -> (f64, f64) + Clone + Send + 'static) -> Var<S> {
    Var::from_value(map_value(x.as_value(), f))
}

#[track_caller]
fn zip<A: Broadcast<B>, B: Rank>(
    a: &Var<A>,
    b: &Var<B>,
    f: impl Fn(f64, f64) -> (f64, [f64; 2]) + Clone + Send + 'static,
) -> Var<A::Out> {
    Var::or_fault(zip_values(a.as_value(), b.as_value(), f))
}

impl<S: Rank> Var<S> {
    /// A function of one's own, element by element; `f` gives the value and its derivative.
    ///
    /// ```
    /// use ppl_core::Var;
    /// let x = Var::vector([1.0, 2.0]);
    /// assert_eq!(x.map(|x| (x * x, 2.0 * x)).lane(0), [1.0, 4.0]);
    /// ```
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> (f64, f64) + Clone + Send + 'static) -> Self {
        map(self, f)
    }
}

/// The logistic function without overflow.
pub(crate) fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident: |$x:ident| $body:expr;)*) => {
        impl<S: Rank> Var<S> {
            $($(#[$doc])* pub fn $name(&self) -> Self { map(self, |$x: f64| $body) })*
        }
    };
}

functions! {
    /// e^x.
    exp: |x| (x.exp(), x.exp());
    /// Natural logarithm.
    ln: |x| (x.ln(), 1.0 / x);
    /// ln(1 + x), accurate near zero.
    ln_1p: |x| (x.ln_1p(), 1.0 / (1.0 + x));
    /// Square root.
    sqrt: |x| (x.sqrt(), 0.5 / x.sqrt());
    /// x^2.
    square: |x| (x * x, 2.0 * x);
    /// 1 / x.
    recip: |x| (1.0 / x, -1.0 / (x * x));
    /// |x|, with slope zero at zero.
    abs: |x| (x.abs(), if x == 0.0 { 0.0 } else { x.signum() });
    /// Sine of an angle in radians.
    sin: |x| (x.sin(), x.cos());
    /// Cosine of an angle in radians.
    cos: |x| (x.cos(), -x.sin());
    /// Hyperbolic tangent.
    tanh: |x| (x.tanh(), 1.0 - x.tanh() * x.tanh());
    /// The logistic function 1 / (1 + e^-x).
    sigmoid: |x| { let s = sigmoid(x); (s, s * (1.0 - s)) };
    /// ln(1 + e^x), without overflow.
    softplus: |x| (x.max(0.0) + (-x.abs()).exp().ln_1p(), sigmoid(x));
}

impl<S: Rank> Var<S> {
    /// x^p for a constant power.
    pub fn powf(&self, p: f64) -> Self {
        map(self, move |x| (x.powf(p), p * x.powf(p - 1.0)))
    }

    /// x^n for a whole power.
    pub fn powi(&self, n: i32) -> Self {
        map(self, move |x| (x.powi(n), f64::from(n) * x.powi(n - 1)))
    }
}

impl<S: Rank> Neg for &Var<S> {
    type Output = Var<S>;
    fn neg(self) -> Var<S> {
        map(self, |x| (-x, -1.0))
    }
}

impl<S: Rank> Neg for Var<S> {
    type Output = Var<S>;
    fn neg(self) -> Var<S> {
        -&self
    }
}

/// The four operators, for values and references on either side, and for plain numbers.
///
/// Shapes that do not fit give a value that stands for the mistake: the statement of the model that uses it returns the error,
/// which names both shapes and the line of the arithmetic.
macro_rules! operators {
    ($($operator:ident $method:ident |$x:ident, $y:ident| $body:expr;)*) => { $(
        impl<A: Broadcast<B>, B: Rank> $operator<&Var<B>> for &Var<A> {
            type Output = Var<A::Out>;
            #[track_caller]
            fn $method(self, other: &Var<B>) -> Var<A::Out> { zip(self, other, |$x, $y| $body) }
        }
        impl<A: Broadcast<B>, B: Rank> $operator<Var<B>> for &Var<A> {
            type Output = Var<A::Out>;
            #[track_caller]
            fn $method(self, other: Var<B>) -> Var<A::Out> { self.$method(&other) }
        }
        impl<A: Broadcast<B>, B: Rank> $operator<&Var<B>> for Var<A> {
            type Output = Var<A::Out>;
            #[track_caller]
            fn $method(self, other: &Var<B>) -> Var<A::Out> { (&self).$method(other) }
        }
        impl<A: Broadcast<B>, B: Rank> $operator<Var<B>> for Var<A> {
            type Output = Var<A::Out>;
            #[track_caller]
            fn $method(self, other: Var<B>) -> Var<A::Out> { (&self).$method(&other) }
        }
        impl<S: Rank> $operator<f64> for &Var<S> {
            type Output = Var<S>;
            fn $method(self, other: f64) -> Var<S> {
                map(self, move |$x| { let $y = other; let (value, slopes) = $body; (value, slopes[0]) })
            }
        }
        impl<S: Rank> $operator<f64> for Var<S> {
            type Output = Var<S>;
            fn $method(self, other: f64) -> Var<S> { (&self).$method(other) }
        }
        impl<S: Rank> $operator<&Var<S>> for f64 {
            type Output = Var<S>;
            fn $method(self, other: &Var<S>) -> Var<S> {
                map(other, move |$y| { let $x = self; let (value, slopes) = $body; (value, slopes[1]) })
            }
        }
        impl<S: Rank> $operator<Var<S>> for f64 {
            type Output = Var<S>;
            fn $method(self, other: Var<S>) -> Var<S> { self.$method(&other) }
        }
    )* };
}

operators! {
    Add add |x, y| (x + y, [1.0, 1.0]);
    Sub sub |x, y| (x - y, [1.0, -1.0]);
    Mul mul |x, y| (x * y, [y, x]);
    Div div |x, y| (x / y, [1.0 / y, -x / (y * y)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::{Dims, Tape, Value, check};

    fn value(lanes: usize, dims: &[usize], first: f64) -> Value {
        let shape = Shape::new(lanes, Dims::new(dims));
        Value::constant(shape, (0..shape.len()).map(|i| first + 0.37 * i as f64).collect::<Vec<_>>())
    }

    #[test]
    fn a_value_may_be_used_any_number_of_times() {
        let tape = Tape::recording();
        let x = Var::leaf(&tape, 1, (), vec![3.0]).unwrap();
        let y = &x * &x * &x + &x;
        tape.backward(y.as_value()).unwrap();
        assert_eq!(y.value().unwrap(), 30.0);
        assert_eq!(x.as_value().take_gradient().unwrap().numbers(), [28.0]);
    }

    #[test]
    fn the_vjp_of_every_operator_is_right_for_every_broadcast() {
        type Slopes = fn(f64, f64) -> (f64, [f64; 2]);
        let operators: [Slopes; 4] = [
            |x, y| (x + y, [1.0, 1.0]),
            |x, y| (x - y, [1.0, -1.0]),
            |x, y| (x * y, [y, x]),
            |x, y| (x / y, [1.0 / y, -x / (y * y)]),
        ];
        for f in operators {
            for (a, b) in [
                (value(1, &[], 0.5), value(3, &[], 1.2)),
                (value(3, &[2], 0.5), value(1, &[], 1.2)),
                (value(2, &[3], 0.5), value(2, &[2, 3], 1.2)),
                (value(2, &[2, 1], 0.5), value(1, &[3], 1.2)),
            ] {
                check::vjp(|| Zip::new(f), &[a, b], 1e-5, 1e-8);
            }
        }
    }

    #[test]
    fn the_slope_of_every_function_is_right() {
        type Function = fn(&Var<(usize,)>) -> Var<(usize,)>;
        let functions: [Function; 14] = [
            Var::exp,
            Var::ln,
            Var::ln_1p,
            Var::sqrt,
            Var::square,
            Var::recip,
            Var::abs,
            Var::sin,
            Var::cos,
            Var::tanh,
            Var::sigmoid,
            Var::softplus,
            |x| x.powf(1.7),
            |x| x.powi(3),
        ];
        for f in functions {
            check::function(
                |inputs| f(&Var::from_value(inputs[0].clone())).as_value().clone(),
                &[value(2, &[3], 0.3)],
                1e-5,
                1e-8,
            );
        }
    }
}
