//! Elementwise operations: the std operators and the functions of one number, each one node.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::op::{FusedOp, Gradient, Operand, record};
use super::shape::{Shape, Walk};
use super::value::Data;
use super::var::{Broadcast, Rank, Var};
use crate::error::{Error, Result};

/// y = f(x), elementwise; `f` gives the value and its derivative.
struct Map<F> {
    f: F,
    slope: Vec<f64>,
}

impl<F: Fn(f64) -> (f64, f64) + 'static> FusedOp for Map<F> {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let x = inputs[0].numbers();
        let mut y = Vec::with_capacity(x.len());
        self.slope = x.iter().map(|&x| (self.f)(x)).map(|(value, slope)| (y.push(value), slope).1).collect();
        Ok((inputs[0].shape, Data::F64(y)))
    }

    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        if let Some(into) = gradients[0].same_as(out.shape) {
            into.iter_mut().zip(&self.slope).zip(cotangent.numbers()).for_each(|((g, d), c)| *g += d * c);
        }
    }
}

/// z = f(x, y), elementwise with NumPy's broadcasting; `f` gives the value and both derivatives.
struct Zip<F> {
    f: F,
    /// d z / d x and d z / d y of every element.
    slopes: [Vec<f64>; 2],
    walks: [Walk; 2],
}

impl<F> Zip<F> {
    fn new(f: F) -> Self {
        Zip { f, slopes: [vec![], vec![]], walks: [Walk::Along, Walk::Along] }
    }
}

impl<F: Fn(f64, f64) -> (f64, [f64; 2]) + 'static> FusedOp for Zip<F> {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let (a, b) = (inputs[0].shape, inputs[1].shape);
        let dims = a.dims.broadcast(b.dims).ok_or(Error::Broadcast { left: a.dims, right: b.dims })?;
        self.walks = [dims.walk(a.dims), dims.walk(b.dims)];
        let shape = Shape::new(a.lanes.max(b.lanes), dims);
        let mut z = Vec::with_capacity(shape.len());
        let [dx, dy] = &mut self.slopes;
        dx.reserve_exact(shape.len());
        dy.reserve_exact(shape.len());
        let mut push = |x, y| {
            let (value, slopes) = (self.f)(x, y);
            z.push(value);
            dx.push(slopes[0]);
            dy.push(slopes[1]);
        };
        for lane in 0..shape.lanes {
            let (x, y) = (inputs[0].lane(lane), inputs[1].lane(lane));
            // The two common cases first: nothing to look up in the loop.
            match &self.walks {
                [Walk::Along, Walk::Along] => x.iter().zip(y).for_each(|(x, y)| push(*x, *y)),
                [Walk::Along, Walk::Stay] => x.iter().for_each(|x| push(*x, y[0])),
                [to_x, to_y] => (0..dims.len()).for_each(|i| push(x[to_x.at(i)], y[to_y.at(i)])),
            }
        }
        Ok((shape, Data::F64(z)))
    }

    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let n = out.shape.dims.len();
        for ((gradient, slopes), walk) in gradients.iter_mut().zip(&self.slopes).zip(&self.walks) {
            if let Some(into) = gradient.same_as(out.shape) {
                into.iter_mut().zip(slopes).zip(cotangent.numbers()).for_each(|((g, d), c)| *g += d * c);
                continue;
            }
            for lane in 0..out.shape.lanes {
                let Some(into) = gradient.lane(lane) else { break };
                let terms = cotangent.lane(lane).iter().zip(&slopes[lane * n..(lane + 1) * n]).map(|(c, d)| c * d);
                match walk {
                    Walk::Along => into.iter_mut().zip(terms).for_each(|(g, t)| *g += t),
                    Walk::Stay => into[0] += terms.sum::<f64>(),
                    Walk::Table(table) => table.iter().zip(terms).for_each(|(i, t)| into[*i] += t),
                }
            }
        }
    }
}

fn map<S: Rank>(x: &Var<S>, f: impl Fn(f64) -> (f64, f64) + 'static) -> Var<S> {
    let done = record(Map { f, slope: vec![] }, &[x.as_value()]);
    Var::from_value(done.unwrap_or_else(|_| unreachable!("an elementwise map fits every shape")))
}

fn zip<A: Broadcast<B>, B: Rank>(
    a: &Var<A>,
    b: &Var<B>,
    f: impl Fn(f64, f64) -> (f64, [f64; 2]) + 'static,
) -> Var<A::Out> {
    Var::from_value(record(Zip::new(f), &[a.as_value(), b.as_value()]).unwrap_or_else(|e| panic!("{e}")))
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
/// Vectors of different lengths panic as std's arithmetic does; inside a model, plates and distributions check shapes first.
macro_rules! operators {
    ($($operator:ident $method:ident |$x:ident, $y:ident| $body:expr;)*) => { $(
        impl<A: Broadcast<B>, B: Rank> $operator<&Var<B>> for &Var<A> {
            type Output = Var<A::Out>;
            fn $method(self, other: &Var<B>) -> Var<A::Out> { zip(self, other, |$x, $y| $body) }
        }
        impl<A: Broadcast<B>, B: Rank> $operator<Var<B>> for &Var<A> {
            type Output = Var<A::Out>;
            fn $method(self, other: Var<B>) -> Var<A::Out> { self.$method(&other) }
        }
        impl<A: Broadcast<B>, B: Rank> $operator<&Var<B>> for Var<A> {
            type Output = Var<A::Out>;
            fn $method(self, other: &Var<B>) -> Var<A::Out> { (&self).$method(other) }
        }
        impl<A: Broadcast<B>, B: Rank> $operator<Var<B>> for Var<A> {
            type Output = Var<A::Out>;
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
        Value::constant(shape, Data::F64((0..shape.len()).map(|i| first + 0.37 * i as f64).collect()))
    }

    #[test]
    fn a_value_may_be_used_any_number_of_times() {
        let tape = Tape::recording();
        let x = Var::leaf(&tape, 1, (), vec![3.0]).unwrap();
        let y = &x * &x * &x + &x;
        tape.backward(y.as_value()).unwrap();
        assert_eq!(y.value().unwrap(), 30.0);
        assert!(matches!(x.as_value().take_gradient().as_ref(), Some(Data::F64(g)) if g[0] == 28.0));
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
