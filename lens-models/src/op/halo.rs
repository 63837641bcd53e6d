//! The angles of a halo of given mass on the tape.

use ppl_core::autodiff::{
    Dims, Dual, FusedOp, Gradients, Inputs, Number, Operand, Out, Output, Shape, Value, common_lanes, record,
};
use ppl_core::{Result, Var};

use crate::cosmology::{Concentration, Cosmology};

/// What is fixed of a halo: where its concentration comes from, and how far it and the source are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HaloAt {
    /// Where its concentration comes from.
    pub concentration: Concentration,
    /// Its redshift.
    pub z: f64,
    /// That of the source.
    pub z_source: f64,
}

impl HaloAt {
    /// `Rs` and `alpha_Rs`, arcsec ([`Cosmology::halo_angles`]); `given` as of [`Concentration::of`].
    pub fn angles<T: Number>(&self, log10_m200: T, given: T, cosmology: &Cosmology<T>) -> [T; 2] {
        let c = self.concentration.of(log10_m200, given, self.z, cosmology.h0);
        cosmology.halo_angles(log10_m200, c, T::constant(self.z), T::constant(self.z_source))
    }
}

/// `Rs` and `alpha_Rs` of a halo (arcsec), `[2]`; `cosmology` has H0, Om0, Ok0, w0 and wa.
///
/// # Errors
/// None.
pub fn halo_angles(halo: HaloAt, log10_m200: &Var, given: &Var, cosmology: &[Var; 5]) -> Result<Var<(usize,)>> {
    let inputs: Vec<&Value> = [log10_m200, given].into_iter().chain(cosmology).map(Var::as_value).collect();
    record(HaloAngles { halo }, &inputs).map(Var::from_value)
}

#[derive(Clone)]
struct HaloAngles {
    halo: HaloAt,
}

impl HaloAngles {
    fn of<T: Number>(&self, [log10_m200, given, h0, om0, ok0, w0, wa]: [T; 7]) -> [T; 2] {
        self.halo.angles(log10_m200, given, &Cosmology::of([h0, om0, ok0, w0, wa]))
    }

    fn numbers(inputs: Inputs<'_>, lane: usize) -> [f64; 7] {
        std::array::from_fn(|i| inputs.at(i).lane(lane)[0])
    }
}

impl FusedOp for HaloAngles {
    const NAME: &'static str = "halo_angles";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::new(&[2]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        for lane in 0..out.shape.lanes {
            out.lane(lane).copy_from_slice(&self.of(Self::numbers(inputs, lane)));
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        if !gradients.any_wanted() {
            return;
        }
        for lane in 0..cotangent.shape.lanes {
            let angles = self.of(Dual::variables(Self::numbers(inputs, lane)));
            for (c, angle) in cotangent.lane(lane).iter().zip(angles) {
                for (i, slope) in angle.slopes.into_iter().enumerate() {
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
    fn the_vjp_of_the_angles_is_right_by_mass_concentration_and_cosmology_in_every_lane() {
        let rows = [[9.5, 0.1, 70.0, 0.3, 0.0, -1.0, 0.0], [7.2, -0.2, 65.0, 0.25, -0.1, -1.2, 0.3]];
        for concentration in Concentration::ALL {
            let given = |i: usize, v: f64| if i == 1 && concentration == Concentration::Free { 9.0 + v } else { v };
            let input = |i: usize| Value::constant(Shape::new(2, Dims::SCALAR), rows.map(|r| given(i, r[i])).to_vec());
            let inputs: Vec<Value> = (0..7).map(input).collect();
            let halo = HaloAt { concentration, z: 0.45, z_source: 2.1 };
            check::vjp(|| HaloAngles { halo }, &inputs, 1e-4, 1e-7);
        }
    }
}
