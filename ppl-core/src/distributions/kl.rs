//! Kullback-Leibler divergences in closed form.

use super::{Distribution, Family, LogNormal, Normal};
use crate::autodiff::{
    Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, Walk, common_lanes, record,
};
use crate::error::{Error, Result};

/// `scale` times KL(q || p), summed over a site of `dims`, one number per lane; `None` of a pair without a closed form here: all but
/// two normals, or two log-normals.
///
/// KL = ln(s_p / s_q) + (s_q^2 + (m_q - m_p)^2) / (2 s_p^2) - 1/2
///
/// # Errors
/// Parameters whose shapes do not fit the site.
pub fn kl_divergence(q: &dyn Distribution, p: &dyn Distribution, dims: Dims, scale: f64) -> Result<Option<Value>> {
    // What both are transformed by does not change the divergence.
    if q.name() != p.name() || ![Normal::NAME, LogNormal::NAME].contains(&q.name()) {
        return Ok(None);
    }
    let parameters = [q.parameter("loc"), q.parameter("scale"), p.parameter("loc"), p.parameter("scale")];
    let [Some(q_loc), Some(q_scale), Some(p_loc), Some(p_scale)] = &parameters else { return Ok(None) };
    let op = NormalNormal { dims, scale, walks: [const { Walk::Along }; 4] };
    record(op, &[q_loc, q_scale, p_loc, p_scale]).map(Some)
}

/// The divergence of two normals, element by element and summed.
#[derive(Clone)]
struct NormalNormal {
    dims: Dims,
    scale: f64,
    walks: [Walk; 4],
}

impl NormalNormal {
    /// The divergence of one element, and its slopes by the four parameters.
    #[inline(always)]
    fn element([q_loc, q_scale, p_loc, p_scale]: [f64; 4]) -> (f64, [f64; 4]) {
        let (ratio, d) = (q_scale / p_scale, (q_loc - p_loc) / p_scale);
        let square = ratio * ratio + d * d;
        let pull = d / p_scale;
        (0.5 * (square - 1.0) - ratio.ln(), [pull, (ratio - 1.0 / ratio) / p_scale, -pull, (1.0 - square) / p_scale])
    }

    #[inline(always)]
    fn parameters(&self, lanes: &[&[f64]; 4], e: usize) -> [f64; 4] {
        std::array::from_fn(|i| lanes[i][self.walks[i].at(e)])
    }
}

impl FusedOp for NormalNormal {
    const NAME: &'static str = "kl_normal_normal";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        for (walk, input) in self.walks.iter_mut().zip(inputs) {
            if self.dims.broadcast(input.dims) != Some(self.dims) {
                return Err(Error::Broadcast { left: self.dims, right: input.dims });
            }
            *walk = self.dims.walk(input.dims);
        }
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::SCALAR)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for (lane, sum) in out.numbers().iter_mut().enumerate() {
            let lanes = std::array::from_fn(|i| inputs.at(i).lane(lane));
            let each = (0..self.dims.len()).map(|e| Self::element(self.parameters(&lanes, e)).0);
            *sum = self.scale * each.sum::<f64>();
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for (lane, c) in cotangent.numbers().iter().enumerate() {
            let lanes: [&[f64]; 4] = std::array::from_fn(|i| inputs.at(i).lane(lane));
            for which in 0..4 {
                let Some(into) = gradients.lane(which, lane) else { continue };
                for e in 0..self.dims.len() {
                    let slopes = Self::element(self.parameters(&lanes, e)).1;
                    into[self.walks[which].at(e)] += c * self.scale * slopes[which];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::check;

    #[test]
    fn the_vjp_is_right_for_every_broadcast() {
        let value = |lanes, dims: &[usize], first: f64| {
            let shape = Shape::new(lanes, Dims::new(dims));
            Value::constant(shape, (0..shape.len()).map(|i| first + 0.3 * i as f64).collect::<Vec<_>>())
        };
        let op = || NormalNormal { dims: Dims::new(&[2, 3]), scale: 1.7, walks: [const { Walk::Along }; 4] };
        let inputs = [value(2, &[2, 3], 0.1), value(1, &[3], 0.4), value(1, &[], -0.2), value(2, &[2, 1], 0.9)];
        check::vjp(op, &inputs, 1e-5, 1e-8);
    }
}
