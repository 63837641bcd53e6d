//! Indexing: taking elements out of a value, laying values together, and spreading one over larger dimensions.

use super::inputs::{Gradients, Inputs};
use super::op::{FusedOp, Output, common_lanes};
use super::operand::{Operand, Out};
use super::record::record;
use super::value::Value;
use super::var::{Rank, Reduce, Var};
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape, Walk};

/// Elements `start .. start + dims.len()` of each lane, as `dims`.
#[derive(Clone)]
pub(crate) struct Slice {
    pub(crate) start: usize,
    pub(crate) dims: Dims,
}

impl FusedOp for Slice {
    const NAME: &'static str = "slice";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let (end, length) = (self.start + self.dims.len(), inputs[0].dims.len());
        if end > length {
            return Err(Error::Index { index: end - 1, length });
        }
        Ok(Output::numbers(Shape::new(inputs[0].lanes, self.dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (x, n) = (inputs.at(0), self.dims.len().max(1));
        let rows = x.numbers().chunks_exact(x.shape.dims.len().max(1));
        for (y, x) in out.numbers().chunks_exact_mut(n).zip(rows) {
            y.iter_mut().zip(&x[self.start..]).for_each(|(y, x)| *y = *x);
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let (length, n) = (gradients.shape(0).dims.len().max(1), self.dims.len().max(1));
        let Some(into) = gradients.numbers(0) else { return };
        for (g, c) in into.chunks_exact_mut(length).zip(cotangent.numbers().chunks_exact(n)) {
            g[self.start..].iter_mut().zip(c).for_each(|(g, c)| *g += c);
        }
    }
}

/// Blocks of the outermost axis by their indices, any number of times and in any order.
#[derive(Clone)]
struct Gather {
    indices: std::sync::Arc<[usize]>,
    block: usize,
}

impl Gather {
    fn of(indices: &[usize]) -> Self {
        Gather { indices: indices.into(), block: 0 }
    }
}

impl FusedOp for Gather {
    const NAME: &'static str = "gather";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let dims = inputs[0].dims;
        let [length, inner @ ..] = dims.sizes() else { return Err(Error::Axis { axis: 0, dims }) };
        if let Some(&index) = self.indices.iter().find(|i| *i >= length) {
            return Err(Error::Index { index, length: *length });
        }
        self.block = inner.iter().product();
        let sizes: Vec<usize> = std::iter::once(self.indices.len()).chain(inner.iter().copied()).collect();
        Ok(Output::numbers(Shape::new(inputs[0].lanes, Dims::new(&sizes))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = self.block;
        for lane in 0..out.shape.lanes {
            let x = inputs.at(0).lane(lane);
            if n == 1 {
                out.lane(lane).iter_mut().zip(&*self.indices).for_each(|(y, i)| *y = x[*i]);
            } else {
                let blocks = out.lane(lane).chunks_exact_mut(n.max(1)).zip(&*self.indices);
                blocks.for_each(|(y, i)| y.copy_from_slice(&x[i * n..(i + 1) * n]));
            }
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = self.block;
        for lane in 0..out.shape.lanes {
            let Some(into) = gradients.lane(0, lane) else { return };
            if n == 1 {
                cotangent.lane(lane).iter().zip(&*self.indices).for_each(|(c, i)| into[*i] += c);
                continue;
            }
            let blocks = cotangent.lane(lane).chunks_exact(n.max(1)).zip(&*self.indices);
            blocks.for_each(|(c, i)| into[i * n..(i + 1) * n].iter_mut().zip(c).for_each(|(g, c)| *g += c));
        }
    }
}

/// The input broadcast to larger dimensions.
#[derive(Clone)]
struct Expand {
    dims: Dims,
    walk: Walk,
}

impl FusedOp for Expand {
    const NAME: &'static str = "expand";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let from = inputs[0];
        if self.dims.broadcast(from.dims) != Some(self.dims) {
            return Err(Error::Broadcast { left: self.dims, right: from.dims });
        }
        self.walk = self.dims.walk(from.dims);
        Ok(Output::numbers(Shape::new(from.lanes, self.dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let x = inputs.at(0).lane(lane);
            out.lane(lane).iter_mut().enumerate().for_each(|(e, y)| *y = x[self.walk.at(e)]);
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..out.shape.lanes {
            if let Some(into) = gradients.lane(0, lane) {
                cotangent.lane(lane).iter().enumerate().for_each(|(e, c)| into[self.walk.at(e)] += c);
            }
        }
    }
}

impl Value {
    /// The value broadcast to larger dimensions.
    ///
    /// # Errors
    /// Where it does not broadcast to them.
    pub fn expanded(&self, dims: Dims) -> Result<Value> {
        record(Expand { dims, walk: Walk::Along }, &[self])
    }
}

/// Elements of the flattened input by their indices, as a vector.
#[derive(Clone)]
struct Pick(std::sync::Arc<[usize]>);

impl FusedOp for Pick {
    const NAME: &'static str = "pick";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(Shape::new(inputs[0].lanes, Dims::new(&[self.0.len()]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let x = inputs.at(0).lane(lane);
            out.lane(lane).iter_mut().zip(&*self.0).for_each(|(y, i)| *y = x[*i]);
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..out.shape.lanes {
            let Some(into) = gradients.lane(0, lane) else { return };
            cotangent.lane(lane).iter().zip(&*self.0).for_each(|(c, i)| into[*i] += c);
        }
    }
}

/// The first input with some of its elements replaced by those of the second.
#[derive(Clone)]
struct Fill(std::sync::Arc<[usize]>);

impl FusedOp for Fill {
    const NAME: &'static str = "fill";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(Shape::new(common_lanes(inputs), inputs[0].dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let y = out.lane(lane);
            y.copy_from_slice(inputs.at(0).lane(lane));
            self.0.iter().zip(inputs.at(1).lane(lane)).for_each(|(i, x)| y[*i] = *x);
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..out.shape.lanes {
            let c = cotangent.lane(lane);
            if let Some(into) = gradients.lane(0, lane) {
                into.iter_mut().zip(c).for_each(|(g, c)| *g += c);
                self.0.iter().for_each(|i| into[*i] -= c[*i]);
            }
            if let Some(into) = gradients.lane(1, lane) {
                into.iter_mut().zip(&*self.0).for_each(|(g, i)| *g += c[*i]);
            }
        }
    }
}

impl Value {
    /// Elements by their flat indices.
    pub(crate) fn picked(&self, indices: &[usize]) -> Result<Value> {
        record(Pick(indices.into()), &[self])
    }

    /// The value with the elements at these flat indices replaced.
    pub(crate) fn filled(&self, indices: &[usize], with: &Value) -> Result<Value> {
        record(Fill(indices.into()), &[self, with])
    }
}

/// Inputs laid one after the other in each lane, as `dims`.
#[derive(Clone)]
struct Concat(Dims);

impl FusedOp for Concat {
    const NAME: &'static str = "concat";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let got = inputs.iter().map(|shape| shape.dims.len()).sum();
        if got != self.0.len() {
            return Err(Error::ArrayLength { expected: self.0.len(), got });
        }
        Ok(Output::numbers(Shape::new(common_lanes(inputs), self.0)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let mut rest = out.lane(lane);
            for input in inputs.iter() {
                let (mine, after) = rest.split_at_mut(input.shape.dims.len());
                mine.copy_from_slice(input.lane(lane));
                rest = after;
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for lane in 0..out.shape.lanes {
            let mut rest = cotangent.lane(lane);
            for (i, input) in inputs.iter().enumerate() {
                let (mine, after) = rest.split_at(input.shape.dims.len());
                rest = after;
                if let Some(into) = gradients.lane(i, lane) {
                    into.iter_mut().zip(mine).for_each(|(g, c)| *g += c);
                }
            }
        }
    }
}

/// `x` where the mask holds, `y` elsewhere; no gradient flows to what is not taken, so that a NaN there stays there.
#[derive(Clone)]
struct Where {
    mask: std::sync::Arc<[bool]>,
    walks: [Walk; 2],
}

impl FusedOp for Where {
    const NAME: &'static str = "where";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let (x, y) = (inputs[0].dims, inputs[1].dims);
        let both = x.broadcast(y).ok_or(Error::Broadcast { left: x, right: y })?;
        let mask = Dims::new(&[self.mask.len()]);
        let dims = if both.len() == self.mask.len() { Some(both) } else { both.broadcast(mask) };
        let dims = dims.filter(|d| d.len() == self.mask.len()).ok_or(Error::Broadcast { left: both, right: mask })?;
        self.walks = [dims.walk(x), dims.walk(y)];
        Ok(Output::numbers(Shape::new(common_lanes(inputs), dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let (x, y) = (inputs.at(0).lane(lane), inputs.at(1).lane(lane));
            let [to_x, to_y] = &self.walks;
            for (e, (z, taken)) in out.lane(lane).iter_mut().zip(&*self.mask).enumerate() {
                *z = if *taken { x[to_x.at(e)] } else { y[to_y.at(e)] };
            }
        }
    }

    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for (i, walk) in self.walks.iter().enumerate() {
            for lane in 0..out.shape.lanes {
                let Some(into) = gradients.lane(i, lane) else { break };
                let each = cotangent.lane(lane).iter().zip(&*self.mask).enumerate();
                each.filter(|(_, (_, taken))| **taken == (i == 0)).for_each(|(e, (c, _))| into[walk.at(e)] += c);
            }
        }
    }
}

impl<S: Reduce> Var<S> {
    /// Elements (or rows, or blocks) of the outermost axis by their indices, any number of times: what gives each
    /// observation the parameter of its group.
    ///
    /// ```
    /// use ppl_core::Var;
    /// let theta = Var::vector([0.5, -1.0]);
    /// assert_eq!(theta.at(&[0, 1, 1]).lane(0), [0.5, -1.0, -1.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn at(&self, indices: &[usize]) -> Self {
        Var::or_fault(record(Gather::of(indices), &[self.as_value()]))
    }

    /// A range of the outermost axis.
    ///
    /// ```
    /// use ppl_core::Var;
    /// assert_eq!(Var::vector([1.0, 2.0, 3.0]).slice(1..3).lane(0), [2.0, 3.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let dims = self.dims();
        let [_, inner @ ..] = dims.sizes() else { return self.clone() };
        let block: usize = inner.iter().product();
        let sizes: Vec<usize> = std::iter::once(range.len()).chain(inner.iter().copied()).collect();
        let op = Slice { start: range.start * block, dims: Dims::new(&sizes) };
        Var::or_fault(record(op, &[self.as_value()]))
    }

    /// Values one after the other along the outermost axis.
    ///
    /// ```
    /// use ppl_core::Var;
    /// let whole = Var::concat(&[Var::vector([1.0]), Var::vector([2.0, 3.0])]);
    /// assert_eq!(whole.lane(0), [1.0, 2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn concat(parts: &[Self]) -> Self {
        let inner: Vec<usize> = parts.first().map_or(vec![], |p| p.dims().sizes()[1..].to_vec());
        let misfit = parts.iter().map(Var::dims).find(|dims| dims.sizes()[1..] != inner[..]);
        if let (Some(right), Some(first)) = (misfit, parts.first()) {
            return Var::or_fault(Err(Error::Broadcast { left: first.dims(), right }));
        }
        let length = parts.iter().map(|p| p.dims().sizes()[0]).sum();
        let sizes: Vec<usize> = std::iter::once(length).chain(inner).collect();
        let inputs: Vec<&Value> = parts.iter().map(Var::as_value).collect();
        Var::or_fault(record(Concat(Dims::new(&sizes)), &inputs))
    }
}

impl<S: Rank> Var<S> {
    /// Values of one shape along a new outermost axis.
    #[track_caller]
    pub fn stack(parts: &[Self]) -> Var<S::Up> {
        let dims = parts.first().map_or(Dims::new(&vec![0; S::RANK]), Var::dims);
        if let Some(other) = parts.iter().map(Var::dims).find(|d| *d != dims) {
            return Var::or_fault(Err(Error::Broadcast { left: dims, right: other }));
        }
        let inputs: Vec<&Value> = parts.iter().map(Var::as_value).collect();
        Var::or_fault(record(Concat(Dims::new(&[parts.len()]).then(dims)), &inputs))
    }

    /// This value where `mask` holds and `other` elsewhere; the mask has an element for each of the result.
    ///
    /// ```
    /// use ppl_core::Var;
    /// let x = Var::vector([1.0, 2.0]);
    /// assert_eq!(x.select(&[true, false], &Var::vector([0.0, 0.0])).lane(0), [1.0, 0.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn select(&self, mask: &[bool], other: &Self) -> Self {
        let op = Where { mask: mask.into(), walks: [Walk::Along, Walk::Along] };
        Var::or_fault(record(op, &[self.as_value(), other.as_value()]))
    }
}

impl Var<(usize,)> {
    /// One element.
    ///
    /// # Errors
    /// Where `i` is out of range.
    pub fn get(&self, i: usize) -> Result<Var<()>> {
        record(Slice { start: i, dims: Dims::SCALAR }, &[self.as_value()]).map(Var::from_value)
    }

    /// All elements of a vector of known length: `let [e1, e2] = e.unstack()?;`
    ///
    /// # Errors
    /// Where the length is another.
    pub fn unstack<const N: usize>(&self) -> Result<[Var<()>; N]> {
        if self.len() != N {
            return Err(Error::ArrayLength { expected: N, got: self.len() });
        }
        let parts: Vec<Var<()>> = (0..N).map(|i| self.get(i)).collect::<Result<_>>()?;
        parts.try_into().map_err(|_| Error::ArrayLength { expected: N, got: self.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_of_every_way_of_indexing_is_right() {
        for (a, b) in [(1, 1), (1, 3), (3, 1), (3, 3)] {
            check::vjp(|| Slice { start: 1, dims: Dims::new(&[2]) }, &[check::example(a, &[4])], 1e-5, 1e-9);
            check::vjp(|| Gather::of(&[2, 0, 2]), &[check::example(a, &[3])], 1e-5, 1e-9);
            check::vjp(|| Gather::of(&[1, 1, 0]), &[check::example(a, &[2, 3])], 1e-5, 1e-9);
            let expand = || Expand { dims: Dims::new(&[2, 3]), walk: Walk::Along };
            check::vjp(expand, &[check::example(a, &[3])], 1e-5, 1e-9);
            check::vjp(expand, &[check::example(a, &[2, 1])], 1e-5, 1e-9);
            check::vjp(|| Concat(Dims::new(&[5])), &[check::example(a, &[2]), check::example(b, &[3])], 1e-5, 1e-9);
            check::vjp(|| Pick([2, 0].into()), &[check::example(a, &[3])], 1e-5, 1e-9);
            check::vjp(|| Fill([2, 0].into()), &[check::example(a, &[3]), check::example(b, &[2])], 1e-5, 1e-9);
            let choose = || Where { mask: [true, false, true].into(), walks: [Walk::Along, Walk::Along] };
            check::vjp(choose, &[check::example(a, &[3]), check::example(b, &[])], 1e-5, 1e-9);
        }
    }

    #[test]
    fn a_vector_comes_apart_into_as_many_scalars_as_it_has() {
        let v = Var::vector([1.0, 2.0]);
        let [a, b] = v.unstack().unwrap();
        assert_eq!((a.value().unwrap(), b.value().unwrap()), (1.0, 2.0));
        assert_eq!(v.unstack::<3>().unwrap_err(), Error::ArrayLength { expected: 3, got: 2 });
    }

    #[test]
    fn an_index_out_of_range_says_so_with_the_line_that_took_it() {
        let error = Var::vector([1.0, 2.0]).at(&[2]).sum().value().unwrap_err().to_string();
        assert!(error.contains("index.rs:") && error.contains("index 2 is out of range for a vector of 2"), "{error}");
    }

    #[test]
    fn stacked_vectors_are_the_rows_of_a_matrix() {
        let m = Var::stack(&[Var::vector([1.0, 2.0]), Var::vector([3.0, 4.0])]);
        assert_eq!((m.dims().sizes(), m.lane(0)), (&[2, 2][..], &[1.0, 2.0, 3.0, 4.0][..]));
    }
}
