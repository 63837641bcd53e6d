//! Reductions: sums over all elements or along an axis, their running form, and their logarithmic kin.

use super::inputs::{Gradients, Inputs};
use super::op::{FusedOp, Output, common_lanes};
use super::operand::{Operand, Out};
use super::record::record;
use super::value::Value;
use super::var::{Rank, Reduce, Var};
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};

/// Sum over all elements of a lane.
#[derive(Clone)]
struct Sum;

impl FusedOp for Sum {
    const NAME: &'static str = "sum";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(Shape::new(inputs[0].lanes, Dims::SCALAR)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let x = inputs.at(0);
        out.numbers().iter_mut().enumerate().for_each(|(lane, sum)| *sum = super::linear::sum(x.lane(lane)));
    }

    fn vjp(&mut self, _: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for (lane, c) in cotangent.numbers().iter().enumerate() {
            if let Some(into) = gradients.lane(0, lane) {
                into.iter_mut().for_each(|g| *g += c);
            }
        }
    }
}

/// Sum of any number of scalars: the last node of a log density.
#[derive(Clone)]
struct Total;

impl FusedOp for Total {
    const NAME: &'static str = "total";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::SCALAR)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let sums = out.numbers();
        sums.fill(0.0);
        for input in inputs.iter() {
            match input.numbers() {
                [shared] => sums.iter_mut().for_each(|sum| *sum += shared),
                own => sums.iter_mut().zip(own).for_each(|(sum, term)| *sum += term),
            }
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for i in 0..gradients.len() {
            match gradients.numbers(i) {
                // One lane that all share.
                Some([into]) => *into += cotangent.numbers().iter().sum::<f64>(),
                Some(into) => into.iter_mut().zip(cotangent.numbers()).for_each(|(g, c)| *g += c),
                None => {}
            }
        }
    }
}

/// The sum over all elements.
pub(crate) fn sum_value(x: &Value) -> Result<Value> {
    record(Sum, &[x])
}

/// The sum over the innermost `rank` dimensions.
pub(crate) fn sum_inner(x: &Value, rank: usize) -> Result<Value> {
    (0..rank).try_fold(x.clone(), |x, _| record(SumAxis::along(x.dims().rank().saturating_sub(1)), &[&x]))
}

/// The sum of scalars.
pub(crate) fn total(terms: &[Value]) -> Result<Value> {
    record(Total, &terms.iter().collect::<Vec<_>>())
}

/// Sum along one axis: elements are `[outer, n, inner]` around it.
#[derive(Clone)]
struct SumAxis {
    axis: usize,
    around: [usize; 3],
}

impl SumAxis {
    fn along(axis: usize) -> Self {
        SumAxis { axis, around: [0; 3] }
    }
}

/// The sizes before an axis, of it, and after it.
fn around(dims: Dims, axis: usize) -> Result<[usize; 3]> {
    let sizes = dims.sizes();
    let n = *sizes.get(axis).ok_or(Error::Axis { axis, dims })?;
    Ok([sizes[..axis].iter().product(), n, sizes[axis + 1..].iter().product()])
}

impl FusedOp for SumAxis {
    const NAME: &'static str = "sum_axis";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let dims = inputs[0].dims;
        self.around = around(dims, self.axis)?;
        let mut sizes = dims.sizes().to_vec();
        sizes.remove(self.axis);
        Ok(Output::numbers(Shape::new(inputs[0].lanes, Dims::new(&sizes))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let [_, n, inner] = self.around;
        out.numbers().fill(0.0);
        for lane in 0..out.shape.lanes {
            let x = inputs.at(0).lane(lane);
            let blocks = out.lane(lane).chunks_exact_mut(inner.max(1)).zip(x.chunks_exact((n * inner).max(1)));
            for (sums, block) in blocks {
                block.chunks_exact(inner).for_each(|row| sums.iter_mut().zip(row).for_each(|(s, x)| *s += x));
            }
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let [_, n, inner] = self.around;
        for lane in 0..out.shape.lanes {
            let Some(into) = gradients.lane(0, lane) else { return };
            let blocks = into.chunks_exact_mut((n * inner).max(1)).zip(cotangent.lane(lane).chunks_exact(inner.max(1)));
            for (block, c) in blocks {
                block.chunks_exact_mut(inner).for_each(|row| row.iter_mut().zip(c).for_each(|(g, c)| *g += c));
            }
        }
    }
}

/// What is done to each row, the innermost axis.
#[derive(Clone, Copy, PartialEq)]
enum Row {
    /// ln sum exp x: one number.
    LogSumExp,
    /// exp(x - ln sum exp x).
    Softmax,
    /// x_0, x_0 + x_1, ..
    CumulativeSum,
}

/// An operation on every row of the innermost axis.
#[derive(Clone)]
struct Rows {
    row: Row,
    length: usize,
}

impl FusedOp for Rows {
    const NAME: &'static str = "rows";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let dims = inputs[0].dims;
        let (outer, inner) = dims.split(1);
        if dims.rank() == 0 {
            return Err(Error::Axis { axis: 0, dims });
        }
        self.length = inner.len();
        let out = if self.row == Row::LogSumExp { outer } else { dims };
        Ok(Output::numbers(Shape::new(inputs[0].lanes, out)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = self.length.max(1);
        let rows = inputs.at(0).numbers().chunks_exact(n);
        match self.row {
            Row::LogSumExp => out.numbers().iter_mut().zip(rows).for_each(|(y, x)| *y = log_sum_exp(x)),
            Row::Softmax => out.numbers().chunks_exact_mut(n).zip(rows).for_each(|(y, x)| {
                let norm = log_sum_exp(x);
                y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - norm).exp());
            }),
            Row::CumulativeSum => out.numbers().chunks_exact_mut(n).zip(rows).for_each(|(y, x)| {
                let mut sum = 0.0;
                y.iter_mut().zip(x).for_each(|(y, x)| {
                    sum += x;
                    *y = sum;
                });
            }),
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = self.length.max(1);
        let Some(into) = gradients.numbers(0) else { return };
        let (x, y, c) = (inputs.at(0).numbers(), out.numbers(), cotangent.numbers());
        match self.row {
            Row::LogSumExp => {
                for (((g, x), y), c) in into.chunks_exact_mut(n).zip(x.chunks_exact(n)).zip(y).zip(c) {
                    if y.is_finite() {
                        g.iter_mut().zip(x).for_each(|(g, x)| *g += c * (x - y).exp());
                    }
                }
            }
            Row::Softmax => {
                for ((g, y), c) in into.chunks_exact_mut(n).zip(y.chunks_exact(n)).zip(c.chunks_exact(n)) {
                    let mean: f64 = y.iter().zip(c).map(|(y, c)| y * c).sum();
                    g.iter_mut().zip(y).zip(c).for_each(|((g, y), c)| *g += y * (c - mean));
                }
            }
            Row::CumulativeSum => {
                for (g, c) in into.chunks_exact_mut(n).zip(c.chunks_exact(n)) {
                    let mut sum = 0.0;
                    g.iter_mut().zip(c).rev().for_each(|(g, c)| {
                        sum += c;
                        *g += sum;
                    });
                }
            }
        }
    }
}

/// ln sum exp x without overflow; -inf of nothing.
pub(crate) fn log_sum_exp(x: &[f64]) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !max.is_finite() {
        // All -inf, or one +inf, or a NaN, which max ignores.
        return if x.iter().any(|x| x.is_nan()) { f64::NAN } else { max };
    }
    max + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln()
}

impl<S: Rank> Var<S> {
    /// The sum of all elements.
    #[track_caller]
    pub fn sum(&self) -> Var<()> {
        Var::or_fault(record(Sum, &[self.as_value()]))
    }

    /// The mean of all elements.
    #[track_caller]
    pub fn mean(&self) -> Var<()> {
        self.sum() / self.dims().len() as f64
    }
}

impl<S: Reduce> Var<S> {
    /// The sum along one axis, counted from the outermost.
    ///
    /// ```
    /// use ppl_core::autodiff::IntoVar;
    /// let x = [[1.0, 2.0], [3.0, 4.0]].into_var();
    /// assert_eq!(x.sum_axis(0).lane(0), [4.0, 6.0]);
    /// assert_eq!(x.sum_axis(1).lane(0), [3.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn sum_axis(&self, axis: usize) -> Var<S::Down> {
        Var::or_fault(record(SumAxis::along(axis), &[self.as_value()]))
    }

    /// ln sum exp along the innermost axis, without overflow.
    #[track_caller]
    pub fn logsumexp(&self) -> Var<S::Down> {
        Var::or_fault(record(Rows { row: Row::LogSumExp, length: 0 }, &[self.as_value()]))
    }

    /// exp(x) / sum exp(x) along the innermost axis.
    #[must_use]
    #[track_caller]
    pub fn softmax(&self) -> Self {
        Var::or_fault(record(Rows { row: Row::Softmax, length: 0 }, &[self.as_value()]))
    }

    /// The running sum along the innermost axis.
    #[must_use]
    #[track_caller]
    pub fn cumsum(&self) -> Self {
        Var::or_fault(record(Rows { row: Row::CumulativeSum, length: 0 }, &[self.as_value()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_of_every_reduction_is_right() {
        for lanes in [1, 3] {
            check::vjp(|| Sum, &[check::example(lanes, &[4])], 1e-5, 1e-9);
            for other in [1, 3] {
                check::vjp(|| Total, &[check::example(lanes, &[]), check::example(other, &[])], 1e-5, 1e-9);
            }
            for axis in 0..3 {
                check::vjp(|| SumAxis::along(axis), &[check::example(lanes, &[2, 3, 4])], 1e-5, 1e-9);
            }
            for row in [Row::LogSumExp, Row::Softmax, Row::CumulativeSum] {
                check::vjp(|| Rows { row, length: 0 }, &[check::example(lanes, &[2, 4])], 1e-5, 1e-9);
            }
        }
    }

    #[test]
    fn reductions_agree_with_their_definitions() {
        let x = Var::<(usize,)>::from_value(check::example(1, &[4]));
        let plain: f64 = x.lane(0).iter().map(|x| x.exp()).sum::<f64>().ln();
        assert!((x.logsumexp().value().unwrap() - plain).abs() < 1e-15);
        assert!((x.softmax().sum().value().unwrap() - 1.0).abs() < 1e-15);
        assert_eq!(Var::vector([1.0, 2.0, 4.0]).cumsum().lane(0), [1.0, 3.0, 7.0]);
        assert_eq!(log_sum_exp(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
        assert_eq!(log_sum_exp(&[1000.0, 1000.0]), 1000.0 + 2.0_f64.ln());
    }
}
