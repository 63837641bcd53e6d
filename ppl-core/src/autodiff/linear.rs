//! Products with matrices, and their transposes.

use multiversion::multiversion;

use super::inputs::{Gradients, Inputs};
use super::op::{FusedOp, Output, common_lanes};
use super::operand::{Operand, Out};
use super::record::record;
use super::var::Var;
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};

/// Rows and columns of a matrix.
fn sides(dims: Dims) -> Result<[usize; 2]> {
    match *dims.sizes() {
        [rows, columns] => Ok([rows, columns]),
        _ => Err(Error::Axis { axis: 1, dims }),
    }
}

/// y = A x for A `[n, k]` and x `[k]`.
#[derive(Clone)]
struct MatVec {
    sides: [usize; 2],
}

impl FusedOp for MatVec {
    const NAME: &'static str = "matvec";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.sides = sides(inputs[0].dims)?;
        let [n, k] = self.sides;
        if inputs[1].dims.len() != k {
            return Err(Error::Broadcast { left: inputs[0].dims, right: inputs[1].dims });
        }
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::new(&[n]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (k, lanes) = (self.sides[1], out.shape.lanes);
        let (a, x) = (inputs.at(0), inputs.at(1));
        if a.shape.lanes == 1 && lanes > 1 {
            // One matrix for all lanes: each row is read once.
            let n = self.sides[0];
            for (i, row) in a.numbers().chunks_exact(k.max(1)).enumerate() {
                (0..lanes).for_each(|lane| out.numbers()[lane * n + i] = dot(row, x.lane(lane)));
            }
            return;
        }
        for lane in 0..lanes {
            let x = x.lane(lane);
            let rows = a.lane(lane).chunks_exact(k.max(1));
            out.lane(lane).iter_mut().zip(rows).for_each(|(y, row)| *y = dot(row, x));
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let k = self.sides[1].max(1);
        for lane in 0..out.shape.lanes {
            let (a, x, c) = (inputs.at(0).lane(lane), inputs.at(1).lane(lane), cotangent.lane(lane));
            if let Some(into) = gradients.lane(0, lane) {
                into.chunks_exact_mut(k).zip(c).for_each(|(row, c)| add_scaled(row, *c, x));
            }
            if let Some(into) = gradients.lane(1, lane) {
                a.chunks_exact(k).zip(c).for_each(|(row, c)| add_scaled(into, *c, row));
            }
        }
    }
}

/// Partial sums that run side by side, as one running sum waits for every addition.
pub(crate) const SUMS: usize = 8;

/// The scalar product.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    let mut sums = [0.0; SUMS];
    for (a, b) in a.iter().zip(b) {
        (0..SUMS).for_each(|i| sums[i] += a[i] * b[i]);
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    total(sums) + rest
}

/// The sum, as several sums that do not wait for each other.
pub(crate) fn sum(x: &[f64]) -> f64 {
    let (whole, rest) = x.as_chunks::<SUMS>();
    let mut sums = [0.0; SUMS];
    for chunk in whole {
        (0..SUMS).for_each(|i| sums[i] += chunk[i]);
    }
    total(sums) + rest.iter().sum::<f64>()
}

/// The total of such sums.
pub(super) fn total(sums: [f64; SUMS]) -> f64 {
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
}

/// into += c x.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn add_scaled(into: &mut [f64], c: f64, x: &[f64]) {
    into.iter_mut().zip(x).for_each(|(g, x)| *g += c * x);
}

/// C = A B for A `[n, k]` and B `[k, m]`.
#[derive(Clone)]
struct MatMul {
    /// n, k, m.
    sides: [usize; 3],
}

/// A matrix in a slice: its numbers, and how far apart its rows and its columns are.
#[derive(Clone, Copy)]
struct Strided<'a>(&'a [f64], usize, usize);

/// c += a b, with sizes n, k, m.
fn gemm([n, k, m]: [usize; 3], a: Strided<'_>, b: Strided<'_>, c: &mut [f64]) {
    assert!(a.0.len() >= n * k && b.0.len() >= k * m && c.len() >= n * m, "matrices of {n}, {k}, {m}");
    // SAFETY: the assertion above holds every element that the strides of a dense matrix of these sizes can reach.
    #[allow(unsafe_code)]
    unsafe {
        matrixmultiply::dgemm(
            n,
            k,
            m,
            1.0,
            a.0.as_ptr(),
            a.1 as isize,
            a.2 as isize,
            b.0.as_ptr(),
            b.1 as isize,
            b.2 as isize,
            1.0,
            c.as_mut_ptr(),
            m as isize,
            1,
        );
    }
}

impl FusedOp for MatMul {
    const NAME: &'static str = "matmul";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let ([n, k], [rows, m]) = (sides(inputs[0].dims)?, sides(inputs[1].dims)?);
        if k != rows {
            return Err(Error::Broadcast { left: inputs[0].dims, right: inputs[1].dims });
        }
        self.sides = [n, k, m];
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::new(&[n, m]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let [_, k, m] = self.sides;
        out.numbers().fill(0.0);
        for lane in 0..out.shape.lanes {
            let (a, b) = (inputs.at(0).lane(lane), inputs.at(1).lane(lane));
            gemm(self.sides, Strided(a, k, 1), Strided(b, m, 1), out.lane(lane));
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let [n, k, m] = self.sides;
        for lane in 0..out.shape.lanes {
            let (a, b, c) = (inputs.at(0).lane(lane), inputs.at(1).lane(lane), cotangent.lane(lane));
            if let Some(into) = gradients.lane(0, lane) {
                gemm([n, m, k], Strided(c, m, 1), Strided(b, 1, m), into);
            }
            if let Some(into) = gradients.lane(1, lane) {
                gemm([k, n, m], Strided(a, 1, k), Strided(c, m, 1), into);
            }
        }
    }
}

/// The rows of a matrix as columns.
#[derive(Clone)]
struct Transpose {
    sides: [usize; 2],
}

impl FusedOp for Transpose {
    const NAME: &'static str = "transpose";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.sides = sides(inputs[0].dims)?;
        let [n, m] = self.sides;
        Ok(Output::numbers(Shape::new(inputs[0].lanes, Dims::new(&[m, n]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let [n, m] = self.sides;
        for lane in 0..out.shape.lanes {
            let x = inputs.at(0).lane(lane);
            out.lane(lane).iter_mut().enumerate().for_each(|(e, y)| *y = x[e % n * m + e / n]);
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let [n, m] = self.sides;
        for lane in 0..out.shape.lanes {
            let Some(into) = gradients.lane(0, lane) else { return };
            cotangent.lane(lane).iter().enumerate().for_each(|(e, c)| into[e % n * m + e / n] += c);
        }
    }
}

impl Var<(usize, usize)> {
    /// The product of a matrix `[n, k]` with a vector `[k]`: `[n]`.
    ///
    /// # Errors
    /// Where the inner sizes differ.
    pub fn matvec(&self, x: &Var<(usize,)>) -> Result<Var<(usize,)>> {
        record(MatVec { sides: [0; 2] }, &[self.as_value(), x.as_value()]).map(Var::from_value)
    }

    /// The product of a matrix `[n, k]` with another `[k, m]`: `[n, m]`.
    ///
    /// ```
    /// use ppl_core::autodiff::IntoVar;
    /// let (a, b) = ([[1.0, 2.0]].into_var(), [[3.0], [4.0]].into_var());
    /// assert_eq!(a.matmul(&b).lane(0), [11.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        Var::or_fault(record(MatMul { sides: [0; 3] }, &[self.as_value(), other.as_value()]))
    }

    /// The transpose `[m, n]`.
    #[must_use]
    #[track_caller]
    pub fn transpose(&self) -> Self {
        Var::or_fault(record(Transpose { sides: [0; 2] }, &[self.as_value()]))
    }
}

impl Var<(usize,)> {
    /// The scalar product with a vector of the same length.
    #[track_caller]
    pub fn dot(&self, other: &Var<(usize,)>) -> Var<()> {
        (self * other).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_of_every_product_is_right() {
        for (a, b) in [(1, 1), (1, 3), (3, 1), (3, 3)] {
            check::vjp(
                || MatVec { sides: [0; 2] },
                &[check::example(a, &[2, 11]), check::example(b, &[11])],
                1e-5,
                1e-9,
            );
            check::vjp(
                || MatMul { sides: [0; 3] },
                &[check::example(a, &[2, 3]), check::example(b, &[3, 4])],
                1e-5,
                1e-9,
            );
            check::vjp(|| Transpose { sides: [0; 2] }, &[check::example(a, &[2, 3])], 1e-5, 1e-9);
        }
    }

    #[test]
    fn a_product_agrees_with_its_definition() {
        let (a, b) = (check::example(1, &[3, 5]), check::example(1, &[5, 2]));
        let product = Var::<(usize, usize)>::from_value(a.clone()).matmul(&Var::from_value(b.clone()));
        for i in 0..3 {
            for j in 0..2 {
                let plain: f64 = (0..5).map(|k| a.numbers()[i * 5 + k] * b.numbers()[k * 2 + j]).sum();
                assert!((product.lane(0)[i * 2 + j] - plain).abs() < 1e-15);
            }
        }
        assert_eq!(Var::<(usize, usize)>::from_value(a.clone()).transpose().transpose().lane(0), a.numbers());
    }

    #[test]
    fn a_matrix_times_a_vector_of_another_length_is_an_error_with_both_shapes() {
        let error = Var::matrix(2, 3, vec![0.0; 6]).unwrap().matvec(&Var::vector([1.0, 2.0])).unwrap_err();
        assert!(error.to_string().contains("[2, 3]") && error.to_string().contains("[2]"), "{error}");
    }
}
