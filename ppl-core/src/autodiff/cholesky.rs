//! Cholesky: the lower-triangular factor of a covariance, its determinant, and what is solved with it.

use super::inputs::{Gradients, Inputs};
use super::linear::dot;
use super::op::{FusedOp, Output, common_lanes};
use super::operand::{Operand, Out};
use super::record::record;
use super::value::Value;
use super::var::Var;
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};

impl Var<(usize, usize)> {
    /// L with L L^T = this matrix, of which the lower triangle alone is read; all -inf in a lane where there is none
    /// (all NaN where the matrix holds a NaN).
    ///
    /// # Errors
    /// Where the matrix is not square.
    pub fn cholesky(&self) -> Result<Self> {
        cholesky(self.as_value()).map(Var::from_value)
    }

    /// L^-1 x for this lower-triangular matrix L `[n, n]`, of which the upper triangle is not read.
    ///
    /// ```
    /// use ppl_core::Var;
    /// use ppl_core::autodiff::IntoVar;
    /// let l = [[2.0, 0.0], [1.0, 1.0]].into_var();
    /// assert_eq!(l.solve_triangular(&Var::vector([2.0, 3.0])).lane(0), [1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn solve_triangular(&self, x: &Var<(usize,)>) -> Var<(usize,)> {
        Var::or_fault(record(Solve { side: 0, room: vec![] }, &[self.as_value(), x.as_value()]))
    }

    /// ln det (L L^T) of this lower-triangular factor L.
    ///
    /// ```
    /// use ppl_core::autodiff::IntoVar;
    /// let l = [[2.0, 0.0], [1.0, 3.0]].into_var();
    /// assert!((l.log_determinant().value()? - 36.0_f64.ln()).abs() < 1e-15);
    /// # Ok::<(), ppl_core::Error>(())
    /// ```
    #[track_caller]
    pub fn log_determinant(&self) -> Var<()> {
        Var::or_fault(record(LogDeterminant { side: 0 }, &[self.as_value()]))
    }
}

/// See [`Var::cholesky`].
pub(crate) fn cholesky(matrix: &Value) -> Result<Value> {
    record(Cholesky::new(), &[matrix])
}

/// The side of a square matrix.
pub(crate) fn side(dims: Dims) -> Result<usize> {
    match dims.sizes() {
        [rows, columns] if rows == columns => Ok(*rows),
        sizes => {
            Err(Error::Broadcast { left: dims, right: Dims::new(&sizes.iter().rev().copied().collect::<Vec<_>>()) })
        }
    }
}

#[derive(Clone)]
struct Cholesky {
    side: usize,
    /// Room for one square matrix on the way back.
    room: Vec<f64>,
}

impl Cholesky {
    fn new() -> Self {
        Cholesky { side: 0, room: vec![] }
    }
}

impl FusedOp for Cholesky {
    const NAME: &'static str = "cholesky";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.side = side(inputs[0].dims)?;
        self.room.resize(self.side * self.side, 0.0);
        Ok(Output::numbers(inputs[0]))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let (matrix, l) = (inputs.at(0).lane(lane), out.lane(lane));
            if factor_into(matrix, self.side, l).is_err() {
                l.fill(if matrix.iter().any(|x| x.is_nan()) { f64::NAN } else { f64::NEG_INFINITY });
            }
        }
    }

    /// With P the lower triangle of L^T L', its diagonal halved, the gradient is S = L^-T P L^-1 (Murray 2016, arXiv:1602.07527),
    /// folded onto the lower triangle that was read.
    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = self.side;
        for lane in 0..out.shape.lanes {
            let (l, c) = (out.lane(lane), cotangent.lane(lane));
            let Some(into) = gradients.lane(0, lane) else { return };
            if !is_factor(l, n) {
                continue;
            }
            // Row j of `s` is column j of P, then of L^-T P; both solves run along rows.
            let s = &mut self.room[..];
            s.fill(0.0);
            for i in 0..n {
                for j in 0..=i {
                    let product: f64 = (i..n).map(|k| l[k * n + i] * c[k * n + j]).sum();
                    s[j * n + i] = if i == j { 0.5 * product } else { product };
                }
            }
            s.chunks_exact_mut(n).for_each(|column| solve_transposed(l, column));
            transpose(s, n);
            s.chunks_exact_mut(n).for_each(|row| solve_transposed(l, row));
            for i in 0..n {
                for j in 0..i {
                    into[i * n + j] += s[i * n + j] + s[j * n + i];
                }
                into[i * n + i] += s[i * n + i];
            }
        }
    }
}

/// y = L^-1 x for a lower-triangular L `[n, n]` and x `[.., n]`; all NaN where L has no inverse.
#[derive(Clone)]
struct Solve {
    side: usize,
    room: Vec<f64>,
}

impl FusedOp for Solve {
    const NAME: &'static str = "solve_triangular";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.side = side(inputs[0].dims)?;
        self.room.resize(self.side, 0.0);
        let x = inputs[1].dims;
        if x.sizes().last() != Some(&self.side) {
            return Err(Error::Broadcast { left: inputs[0].dims, right: x });
        }
        Ok(Output::numbers(Shape::new(common_lanes(inputs), x)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let (l, y) = (inputs.at(0).lane(lane), out.lane(lane));
            y.copy_from_slice(inputs.at(1).lane(lane));
            y.chunks_exact_mut(self.side.max(1)).for_each(|y| solve(l, y));
        }
    }

    /// x' = L^-T y' and L' = -x' y^T, its lower triangle.
    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = self.side.max(1);
        for lane in 0..out.shape.lanes {
            let l = inputs.at(0).lane(lane);
            let vectors = out.lane(lane).chunks_exact(n).zip(cotangent.lane(lane).chunks_exact(n));
            for (v, (y, c)) in vectors.enumerate() {
                self.room.copy_from_slice(c);
                solve_transposed(l, &mut self.room);
                if let Some(into) = gradients.lane(0, lane) {
                    for i in 0..n {
                        into[i * n..=i * n + i].iter_mut().zip(y).for_each(|(g, y)| *g -= self.room[i] * y);
                    }
                }
                if let Some(into) = gradients.lane(1, lane) {
                    into[v * n..(v + 1) * n].iter_mut().zip(&self.room).for_each(|(g, x)| *g += x);
                }
            }
        }
    }
}

/// ln det of the matrix whose lower-triangular factor this is: twice the sum of ln L_ii.
#[derive(Clone)]
struct LogDeterminant {
    side: usize,
}

impl FusedOp for LogDeterminant {
    const NAME: &'static str = "log_determinant";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.side = side(inputs[0].dims)?;
        Ok(Output::numbers(Shape::new(inputs[0].lanes, Dims::SCALAR)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for (lane, y) in out.numbers().iter_mut().enumerate() {
            *y = 2.0 * inputs.at(0).lane(lane).iter().step_by(self.side + 1).map(|d| d.ln()).sum::<f64>();
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for (lane, c) in cotangent.numbers().iter().enumerate() {
            let l = inputs.at(0).lane(lane);
            let Some(into) = gradients.lane(0, lane) else { return };
            let diagonal = into.iter_mut().zip(l).step_by(self.side + 1);
            diagonal.for_each(|(g, d)| *g += 2.0 * c / d);
        }
    }
}

fn transpose(a: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..i {
            a.swap(i * n + j, j * n + i);
        }
    }
}

/// The factor of a matrix of `n` rows, or the first row that leaves nothing positive on the diagonal.
///
/// # Errors
/// That row.
pub fn factor(matrix: &[f64], n: usize) -> Result<Vec<f64>, usize> {
    let mut l = vec![0.0; n * n];
    factor_into(matrix, n, &mut l).map(|()| l)
}

/// The same into a place of its own, `[n, n]`.
///
/// # Errors
/// As [`factor`].
pub fn factor_into(matrix: &[f64], n: usize, l: &mut [f64]) -> Result<(), usize> {
    l.fill(0.0);
    for i in 0..n {
        for j in 0..=i {
            let (done, row) = l.split_at_mut(i * n);
            let other = if i == j { &row[..j] } else { &done[j * n..j * n + j] };
            let rest = matrix[i * n + j] - row[..j].iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
            row[j] = if i == j { rest.sqrt() } else { rest / done[j * n + j] };
        }
        // Written so that NaN fails too.
        let pivot = l[i * n + i];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return Err(i);
        }
    }
    Ok(())
}

/// Whether the diagonal is positive and all is finite, as in every factor.
pub(crate) fn is_factor(l: &[f64], n: usize) -> bool {
    l.iter().all(|x| x.is_finite()) && l.iter().step_by(n + 1).all(|d| *d > 0.0)
}

/// x = L^-1 x for a lower-triangular L.
pub fn solve(l: &[f64], x: &mut [f64]) {
    let n = x.len();
    for i in 0..n {
        x[i] = (x[i] - dot(&l[i * n..i * n + i], &x[..i])) / l[i * n + i];
    }
}

/// x = L^-T x for a lower-triangular L.
pub fn solve_transposed(l: &[f64], x: &mut [f64]) {
    let n = x.len();
    for i in (0..n).rev() {
        x[i] /= l[i * n + i];
        let xi = x[i];
        x[..i].iter_mut().zip(&l[i * n..]).for_each(|(x, l)| *x -= l * xi);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    /// Two lanes of B B^T + 1 for an uneven B.
    fn matrices() -> Value {
        let n = 3;
        let numbers = (0..2).flat_map(|lane| {
            let b = move |i: usize, k: usize| ((lane * 9 + i * 3 + k) as f64 * 1.7).sin();
            (0..n * n).map(move |e| {
                let (i, j) = (e / n, e % n);
                (0..n).map(|k| b(i, k) * b(j, k)).sum::<f64>() + f64::from(i == j)
            })
        });
        Value::constant(Shape::new(2, Dims::new(&[n, n])), numbers.collect::<Vec<f64>>())
    }

    #[test]
    fn the_factor_times_its_transpose_is_the_matrix() {
        let (matrix, l) = (matrices(), cholesky(&matrices()).unwrap());
        for lane in 0..2 {
            let l = l.lane(lane);
            for (e, expected) in matrix.lane(lane).iter().enumerate() {
                let product: f64 = (0..3).map(|k| l[e / 3 * 3 + k] * l[e % 3 * 3 + k]).sum();
                // A few roundings of numbers of order one.
                assert!((product - expected).abs() < 1e-14, "{product} {expected}");
            }
        }
    }

    #[test]
    fn its_vjp_is_right() {
        check::vjp(Cholesky::new, &[matrices()], 1e-5, 1e-8);
    }

    #[test]
    fn the_vjp_of_what_is_done_with_a_factor_is_right() {
        let l = cholesky(&matrices()).unwrap();
        let x = Value::constant(Shape::new(1, Dims::new(&[2, 3])), vec![0.3, -1.0, 0.7, 1.1, 0.2, -0.4]);
        check::vjp(|| Solve { side: 0, room: vec![] }, &[l.clone(), x], 1e-5, 1e-8);
        check::vjp(|| LogDeterminant { side: 0 }, &[l], 1e-5, 1e-8);
    }

    #[test]
    fn a_lane_without_a_factor_leaves_the_others_alone() {
        let pair = [1.0, 2.0, 2.0, 1.0, 4.0, 2.0, 2.0, 5.0, f64::NAN, 0.0, 0.0, 1.0];
        let l = cholesky(&Value::constant(Shape::new(3, Dims::new(&[2, 2])), pair.to_vec())).unwrap();
        assert_eq!(l.lane(0), [f64::NEG_INFINITY; 4]);
        assert_eq!(l.lane(1), [2.0, 0.0, 1.0, 2.0]);
        assert!(l.lane(2).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn a_matrix_that_is_not_square_is_an_error() {
        assert!(Var::matrix(2, 3, vec![0.0; 6]).unwrap().cholesky().is_err());
    }
}
