//! Cholesky: the lower-triangular factor of a covariance, as one fused operation.

use crate::autodiff::{Data, Dims, FusedOp, Gradient, Operand, Shape, Value, Var, record};
use crate::error::{Error, Result};

impl Var<(usize, usize)> {
    /// L with L L^T = this matrix, of which the lower triangle alone is read; all -inf in a lane where there is none
    /// (all NaN where the matrix holds a NaN).
    ///
    /// # Errors
    /// Where the matrix is not square.
    pub fn cholesky(&self) -> Result<Self> {
        cholesky(self.as_value()).map(Var::from_value)
    }
}

/// See [`Var::cholesky`].
pub(super) fn cholesky(matrix: &Value) -> Result<Value> {
    record(Cholesky, &[matrix])
}

/// The side of a square matrix.
pub(super) fn side(dims: Dims) -> Result<usize> {
    match dims.sizes() {
        [rows, columns] if rows == columns => Ok(*rows),
        sizes => {
            Err(Error::Broadcast { left: dims, right: Dims::new(&sizes.iter().rev().copied().collect::<Vec<_>>()) })
        }
    }
}

struct Cholesky;

impl FusedOp for Cholesky {
    fn value(&mut self, inputs: &[Operand<'_>]) -> Result<(Shape, Data)> {
        let shape = inputs[0].shape;
        let n = side(shape.dims)?;
        let factors = (0..shape.lanes).flat_map(|lane| {
            let matrix = inputs[0].lane(lane);
            factor(matrix, n).unwrap_or_else(|_| {
                let none = if matrix.iter().any(|x| x.is_nan()) { f64::NAN } else { f64::NEG_INFINITY };
                vec![none; n * n]
            })
        });
        Ok((shape, Data::F64(factors.collect())))
    }

    /// With P the lower triangle of L^T L', its diagonal halved, the gradient is S = L^-T P L^-1 (Murray 2016, arXiv:1602.07527),
    /// folded onto the lower triangle that was read.
    fn vjp(&mut self, _: &[Operand<'_>], out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut [Gradient]) {
        let n = out.shape.dims.sizes()[0];
        for lane in 0..out.shape.lanes {
            let (l, c) = (out.lane(lane), cotangent.lane(lane));
            let Some(into) = gradients[0].lane(lane) else { return };
            if !is_factor(l, n) {
                continue;
            }
            // Row j of `s` is column j of P, then of L^-T P; both solves run along rows.
            let mut s = vec![0.0; n * n];
            for i in 0..n {
                for j in 0..=i {
                    let product: f64 = (i..n).map(|k| l[k * n + i] * c[k * n + j]).sum();
                    s[j * n + i] = if i == j { 0.5 * product } else { product };
                }
            }
            s.chunks_exact_mut(n).for_each(|column| solve_transposed(l, column));
            transpose(&mut s, n);
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

fn transpose(a: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..i {
            a.swap(i * n + j, j * n + i);
        }
    }
}

/// The factor of a matrix of `n` rows, or the first row that leaves nothing positive on the diagonal.
pub(super) fn factor(matrix: &[f64], n: usize) -> Result<Vec<f64>, usize> {
    let mut l = vec![0.0; n * n];
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
    Ok(l)
}

/// Whether the diagonal is positive and all is finite, as in every factor.
pub(super) fn is_factor(l: &[f64], n: usize) -> bool {
    l.iter().all(|x| x.is_finite()) && l.iter().step_by(n + 1).all(|d| *d > 0.0)
}

/// x = L^-1 x.
pub(super) fn solve(l: &[f64], x: &mut [f64]) {
    let n = x.len();
    for i in 0..n {
        let known: f64 = l[i * n..i * n + i].iter().zip(&*x).map(|(l, x)| l * x).sum();
        x[i] = (x[i] - known) / l[i * n + i];
    }
}

/// x = L^-T x.
pub(super) fn solve_transposed(l: &[f64], x: &mut [f64]) {
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
        Value::constant(Shape::new(2, Dims::new(&[n, n])), Data::F64(numbers.collect()))
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
        check::vjp(|| Cholesky, &[matrices()], 1e-5, 1e-8);
    }

    #[test]
    fn a_lane_without_a_factor_leaves_the_others_alone() {
        let pair = [1.0, 2.0, 2.0, 1.0, 4.0, 2.0, 2.0, 5.0, f64::NAN, 0.0, 0.0, 1.0];
        let l = cholesky(&Value::constant(Shape::new(3, Dims::new(&[2, 2])), Data::F64(pair.to_vec()))).unwrap();
        assert_eq!(l.lane(0), [f64::NEG_INFINITY; 4]);
        assert_eq!(l.lane(1), [2.0, 0.0, 1.0, 2.0]);
        assert!(l.lane(2).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn a_matrix_that_is_not_square_is_an_error() {
        assert!(Var::matrix(2, 3, vec![0.0; 6]).unwrap().cholesky().is_err());
    }
}
