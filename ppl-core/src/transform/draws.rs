//! Draws: the vectors of one site on the tape, from a stretch of the unconstrained vector, and their log Jacobian.

use super::correlation_cholesky::CorrelationCholesky;
use super::ordered::Ordered;
use super::simplex::Simplex;
use super::unit_vector::UnitVector;
use super::vector::VectorTransform;
use crate::autodiff::{FusedOp, Gradients, Inputs, Operand, Out, Output, Value, record};
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape};
use crate::support::VectorSupport;

impl VectorSupport {
    /// The transform to it.
    pub fn transform(self) -> &'static dyn VectorTransform {
        match self {
            VectorSupport::Simplex => &Simplex,
            VectorSupport::Ordered => &Ordered { positive: false },
            VectorSupport::PositiveOrdered => &Ordered { positive: true },
            VectorSupport::UnitVector => &UnitVector,
            VectorSupport::CorrelationCholesky => &CorrelationCholesky,
        }
    }
}

/// Draws of one site: how many there are, and the dimensions of each.
#[derive(Clone, Copy)]
pub(crate) struct Draws {
    pub(crate) support: VectorSupport,
    pub(crate) dims: Dims,
    pub(crate) event: Dims,
    pub(crate) free: usize,
}

impl Draws {
    /// The draws of a site of these dimensions, the innermost `event_rank` of which are one draw.
    pub(crate) fn of(site: &str, support: VectorSupport, dims: Dims, event_rank: usize) -> Result<Self> {
        let (_, event) = dims.split(event_rank);
        match support.transform().free_len(event) {
            Some(free) => Ok(Draws { support, dims, event, free }),
            None => Err(Error::EventShape { site: site.to_owned(), support: support.name(), event }),
        }
    }

    fn count(&self) -> usize {
        self.dims.len() / self.event.len().max(1)
    }

    /// How many unconstrained numbers there are in all.
    pub(crate) fn free_len(&self) -> usize {
        self.count() * self.free
    }

    /// The value of the site from elements `start ..` of `q`.
    pub(crate) fn constrain(self, q: &Value, start: usize) -> Result<Value> {
        record(Constrain { draws: self, start, jacobian: false, x: vec![] }, &[q])
    }

    /// ln |dx / dq| of the same elements, summed in each lane.
    pub(crate) fn log_jacobian(self, q: &Value, start: usize) -> Result<Value> {
        record(Constrain { draws: self, start, jacobian: true, x: vec![] }, &[q])
    }

    /// The unconstrained numbers, `[lanes, ..]`, of a value.
    pub(crate) fn unconstrain(self, x: &Value, lanes: usize) -> Vec<f64> {
        let mut out = vec![0.0; lanes * self.free_len()];
        for (lane, out) in out.chunks_exact_mut(self.free_len().max(1)).enumerate() {
            let draws = x.peek_lane(lane).chunks_exact(self.event.len().max(1));
            let each = draws.zip(out.chunks_exact_mut(self.free.max(1)));
            each.for_each(|(x, u)| self.support.transform().inverse(self.event, x, u));
        }
        out
    }
}

#[derive(Clone)]
struct Constrain {
    draws: Draws,
    start: usize,
    jacobian: bool,
    /// The values, where the output is their Jacobian.
    x: Vec<f64>,
}

impl FusedOp for Constrain {
    const NAME: &'static str = "constrain_vector";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.x.resize(inputs[0].lanes * self.draws.dims.len(), 0.0);
        let dims = if self.jacobian { Dims::SCALAR } else { self.draws.dims };
        Ok(Output::numbers(Shape::new(inputs[0].lanes, dims)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let Draws { support, dims, event, free } = self.draws;
        let transform = support.transform();
        for lane in 0..out.shape.lanes {
            let u = &inputs.at(0).lane(lane)[self.start..];
            let x = &mut self.x[lane * dims.len()..(lane + 1) * dims.len()];
            let draws = u.chunks_exact(free.max(1)).zip(x.chunks_exact_mut(event.len().max(1)));
            let sum: f64 = draws.map(|(u, x)| transform.forward(event, u, x)).sum();
            if self.jacobian { out.lane(lane)[0] = sum } else { out.lane(lane).copy_from_slice(x) }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let Draws { support, dims, event, free } = self.draws;
        let (size, free) = (event.len().max(1), free.max(1));
        for lane in 0..out.shape.lanes {
            let u = &inputs.at(0).lane(lane)[self.start..];
            let Some(into) = gradients.lane(0, lane) else { return };
            let into = &mut into[self.start..];
            let x = &self.x[lane * dims.len()..(lane + 1) * dims.len()];
            let c = cotangent.lane(lane);
            let (c, of_jacobian) = if self.jacobian { (&[][..], c[0]) } else { (c, 0.0) };
            for (draw, x) in x.chunks_exact(size).enumerate() {
                let c = c.get(draw * size..(draw + 1) * size).unwrap_or(&[]);
                let part = draw * free..(draw + 1) * free;
                support.transform().vjp(event, &u[part.clone()], x, c, of_jacobian, &mut into[part]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    const ALL: [(VectorSupport, &[usize]); 5] = [
        (VectorSupport::Simplex, &[2, 4]),
        (VectorSupport::Ordered, &[2, 4]),
        (VectorSupport::PositiveOrdered, &[2, 4]),
        (VectorSupport::UnitVector, &[2, 4]),
        (VectorSupport::CorrelationCholesky, &[2, 4, 4]),
    ];

    fn draws(support: VectorSupport, dims: &[usize]) -> Draws {
        Draws::of("x", support, Dims::new(dims), dims.len() - 1).unwrap()
    }

    fn positions(lanes: usize, n: usize) -> Value {
        let numbers: Vec<f64> = (0..lanes * n).map(|i| (1.7 * i as f64 + 0.3).sin()).collect();
        Value::constant(Shape::new(lanes, Dims::new(&[n])), numbers)
    }

    #[test]
    fn the_vjp_of_every_transform_and_its_jacobian_is_right() {
        for (support, dims) in ALL {
            let draws = draws(support, dims);
            let q = positions(2, draws.free_len() + 1);
            for jacobian in [false, true] {
                check::vjp(|| Constrain { draws, start: 1, jacobian, x: vec![] }, std::slice::from_ref(&q), 1e-5, 1e-8);
            }
        }
    }

    #[test]
    fn every_transform_inverts_itself() {
        for (support, dims) in ALL.iter().filter(|(s, _)| *s != VectorSupport::UnitVector) {
            let draws = draws(*support, dims);
            let q = positions(3, draws.free_len());
            let x = draws.constrain(&q, 0).unwrap();
            for (a, b) in draws.unconstrain(&x, 3).iter().zip(q.numbers()) {
                assert!((a - b).abs() < 1e-12, "{support:?}: {a} {b}");
            }
        }
    }

    #[test]
    fn every_image_is_in_its_support() {
        let image = |i: usize| draws(ALL[i].0, ALL[i].1).constrain(&positions(1, 40), 0).unwrap();
        for x in image(0).numbers().chunks(4) {
            assert!(x.iter().all(|x| *x > 0.0) && (x.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        }
        assert!(image(1).numbers().chunks(4).all(|x| x.is_sorted()));
        assert!(image(2).numbers().chunks(4).all(|x| x.is_sorted() && x[0] > 0.0));
        for row in image(3).numbers().chunks(4).chain(image(4).numbers().chunks(4)) {
            assert!((row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn the_jacobian_is_the_determinant_of_the_free_elements() {
        // Of a map from n to n numbers among the elements of x: all but the last of a simplex, the strict lower triangle.
        let free_elements = |support: VectorSupport, event: &[usize]| -> Vec<usize> {
            match support {
                VectorSupport::Simplex => (0..event[0] - 1).collect(),
                VectorSupport::CorrelationCholesky => {
                    (0..event[0]).flat_map(|i| (0..i).map(move |j| i * event[0] + j)).collect()
                }
                _ => (0..event[0]).collect(),
            }
        };
        for (support, dims) in ALL.iter().filter(|(s, _)| *s != VectorSupport::UnitVector) {
            let (event, transform) = (Dims::new(&dims[1..]), support.transform());
            let n = transform.free_len(event).unwrap();
            let u: Vec<f64> = (0..n).map(|i| (0.9 * i as f64 + 0.2).cos()).collect();
            let mut x = vec![0.0; event.len()];
            let log_jacobian = transform.forward(event, &u, &mut x);
            let free = free_elements(*support, event.sizes());
            let jacobian = nalgebra::DMatrix::from_fn(n, n, |i, j| {
                let at = |step: f64| {
                    let (mut u, mut x) = (u.clone(), vec![0.0; event.len()]);
                    u[j] += step;
                    transform.forward(event, &u, &mut x);
                    x[free[i]]
                };
                (at(1e-5) - at(-1e-5)) / 2e-5
            });
            assert!((jacobian.determinant().abs().ln() - log_jacobian).abs() < 1e-7, "{support:?}");
        }
    }
}
