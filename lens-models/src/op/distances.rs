//! Distances of a cosmology on the tape, all that a model asks for as one operation.

use ppl_core::autodiff::{
    Dims, Dual, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record,
};
use ppl_core::{Result, Var};

use crate::cosmology::Cosmology;

/// The angular diameter distances (Mpc) of what is at the second redshift of each pair as seen from the first, `[pairs]`; `cosmology` has
/// H0, Om0, Ok0, w0 and wa.
///
/// ```
/// use lens_models::{cosmology::Cosmology, op::angular_diameter_distances};
/// use ppl_core::Var;
///
/// let flat = [70.0, 0.3, 0.0, -1.0, 0.0];
/// let d = angular_diameter_distances(&flat.map(Var::scalar), &[(0.0, 0.5), (0.5, 2.0)])?;
/// assert_eq!(d.lane(0)[1], Cosmology::of(flat).angular_diameter_distance(0.5, 2.0));
/// # Ok::<(), ppl_core::Error>(())
/// ```
///
/// # Errors
/// None.
pub fn angular_diameter_distances(cosmology: &[Var; 5], pairs: &[(f64, f64)]) -> Result<Var<(usize,)>> {
    let inputs: Vec<&Value> = cosmology.iter().map(Var::as_value).collect();
    record(Distances { pairs: pairs.to_vec() }, &inputs).map(Var::from_value)
}

#[derive(Clone)]
struct Distances {
    pairs: Vec<(f64, f64)>,
}

impl Distances {
    fn numbers(inputs: Inputs<'_>, lane: usize) -> [f64; 5] {
        std::array::from_fn(|i| inputs.at(i).lane(lane)[0])
    }
}

impl FusedOp for Distances {
    const NAME: &'static str = "angular_diameter_distances";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::new(&[self.pairs.len()]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            let cosmology = Cosmology::of(Self::numbers(inputs, lane));
            for (d, (from, to)) in out.lane(lane).iter_mut().zip(&self.pairs) {
                *d = cosmology.angular_diameter_distance(*from, *to);
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        if !gradients.any_wanted() {
            return;
        }
        for lane in 0..cotangent.shape.lanes {
            let cosmology = Cosmology::of(Dual::variables(Self::numbers(inputs, lane)));
            for (c, (from, to)) in cotangent.lane(lane).iter().zip(&self.pairs) {
                let [from, to] = [from, to].map(|z| Dual::constant(*z));
                let slopes = cosmology.angular_diameter_distance(from, to).slopes;
                for (i, slope) in slopes.into_iter().enumerate() {
                    if let Some(into) = gradients.lane(i, lane) {
                        into[0] += c * slope;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::check;

    #[test]
    fn the_vjp_of_distances_is_right_in_every_lane() {
        let rows = [[70.0, 0.3, 0.0, -1.0, 0.0], [65.0, 0.25, -0.1, -1.2, 0.3]];
        let inputs: Vec<Value> =
            (0..5).map(|i| Value::constant(Shape::new(2, Dims::SCALAR), rows.map(|r| r[i]).to_vec())).collect();
        let pairs = vec![(0.0, 0.5), (0.0, 2.0), (0.5, 2.0)];
        // Distances near 1e3 over a step of 1e-4.
        check::vjp(|| Distances { pairs: pairs.clone() }, &inputs, 1e-4, 1e-7);
    }
}
