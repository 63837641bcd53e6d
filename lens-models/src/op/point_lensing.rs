//! What deflectors do at single points, in f64 on the tape: potential, deflection and Hessian, which magnifications and delays are made of.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Error, Result, Var};

use super::deflector::{Deflector, add_scalars, scalars};
use crate::mass::{MassSum, Slopes};

/// What deflectors do at points, one number of each vector for each point.
pub struct PointFields {
    /// The potential psi, arcsec^2.
    pub potential: Var<(usize,)>,
    /// The deflection alpha, arcsec.
    pub alpha: [Var<(usize,)>; 2],
    /// The Hessian of psi: xx, xy, yy.
    pub hessian: [Var<(usize,)>; 3],
}

/// Potential, deflection and Hessian of all deflectors together at points (x, y), arcsec.
///
/// ```
/// use lens_models::{mass::Sis, op::{Deflector, point_lensing}};
/// use ppl_core::Var;
///
/// let at = point_lensing(&Var::vector([2.0]), &Var::vector([0.0]), &[Deflector::new(&Sis, [1.0, 0.0, 0.0])?])?;
/// assert_eq!((at.potential.lane(0), at.alpha[0].lane(0), at.hessian[2].lane(0)), (&[2.0][..], &[1.0][..], &[0.5][..]));
/// # Ok::<(), ppl_core::Error>(())
/// ```
///
/// # Errors
/// As many x as y are wanted.
pub fn point_lensing(x: &Var<(usize,)>, y: &Var<(usize,)>, deflectors: &[Deflector]) -> Result<PointFields> {
    let mass = MassSum::new(deflectors.iter().map(Deflector::profile));
    let params = deflectors.iter().flat_map(Deflector::params).map(Var::as_value);
    let inputs: Vec<&Value> = [x.as_value(), y.as_value()].into_iter().chain(params).collect();
    let all = Var::<(usize,)>::from_value(record(PointLensing::new(mass), &inputs)?);
    let row = |row: usize| all.slice(row * x.len()..(row + 1) * x.len());
    Ok(PointFields { potential: row(0), alpha: [row(1), row(2)], hessian: [row(3), row(4), row(5)] })
}

/// `[6 points]`: psi of all points, then alpha_x, alpha_y, f_xx, f_xy, f_yy.
#[derive(Clone)]
struct PointLensing {
    mass: MassSum,
    params: Vec<f64>,
    sums: Vec<f64>,
}

impl PointLensing {
    fn new(mass: MassSum) -> Self {
        PointLensing { mass, params: vec![], sums: vec![] }
    }
}

impl FusedOp for PointLensing {
    const NAME: &'static str = "point_lensing";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let [x, y] = [inputs[0].dims, inputs[1].dims];
        if x != y {
            return Err(Error::Broadcast { left: x, right: y });
        }
        self.params.reserve(inputs.len());
        self.sums.resize(inputs.len() - 2, 0.0);
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::new(&[6 * x.len()]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = out.shape.dims.len() / 6;
        for lane in 0..out.shape.lanes {
            scalars(inputs, 2, lane, &mut self.params);
            let [x, y] = [0, 1].map(|i| inputs.at(i).lane(lane));
            let out = out.lane(lane);
            for i in 0..n {
                let fields = self.mass.point(&self.params, x[i], y[i]).fields();
                fields.iter().enumerate().for_each(|(row, field)| out[row * n + i] = *field);
            }
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        let n = cotangent.shape.dims.len() / 6;
        for lane in 0..cotangent.shape.lanes {
            scalars(inputs, 2, lane, &mut self.params);
            self.sums.fill(0.0);
            let [x, y] = [0, 1].map(|i| inputs.at(i).lane(lane));
            let g = cotangent.lane(lane);
            for i in 0..n {
                let g: [f64; 6] = std::array::from_fn(|row| g[row * n + i]);
                let Slopes { at, third: [xxx, xxy, xyy, yyy], params } = self.mass.slopes(&self.params, x[i], y[i]);
                let dot = |slopes: &[f64; 6]| g.iter().zip(slopes).map(|(g, slope)| g * slope).sum::<f64>();
                self.sums.iter_mut().zip(&params).for_each(|(sum, slopes)| *sum += dot(slopes));
                for (axis, slopes) in
                    [[at.alpha[0], at.f_xx, at.f_xy, xxx, xxy, xyy], [at.alpha[1], at.f_xy, at.f_yy, xxy, xyy, yyy]]
                        .iter()
                        .enumerate()
                {
                    if let Some(into) = gradients.lane(axis, lane) {
                        into[i] += dot(slopes);
                    }
                }
            }
            add_scalars(gradients, 2, lane, &self.sums, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, Nfw, Shear};
    use ppl_core::autodiff::check;

    #[test]
    fn the_vjp_of_potential_deflection_and_hessian_is_right_in_every_lane() {
        let rows = [
            [1.2, 2.1, 0.1, -0.05, 0.02, 0.03, 0.04, -0.02, 2.0, 0.4, 0.1, -0.2],
            [1.0, 1.8, -0.2, 0.1, -0.05, 0.0, 0.0, 0.01, 3.0, 0.3, 0.0, 0.1],
        ];
        for lanes in [1, 2] {
            let away = |i: usize| (1.0 + 0.4 * (1.3 * i as f64).sin()) * if i.is_multiple_of(3) { -1.0 } else { 1.0 };
            let along = |first: usize| {
                let shape = Shape::new(lanes, Dims::new(&[3]));
                Value::constant(shape, (first..first + 3 * lanes).map(away).collect::<Vec<f64>>())
            };
            let param = |i: usize| Value::constant(Shape::new(2, Dims::SCALAR), rows.map(|r| r[i]).to_vec());
            let inputs: Vec<Value> = [along(0), along(7)].into_iter().chain((0..12).map(param)).collect();
            let op = || PointLensing::new(MassSum::new([&Epl as _, &Shear as _, &Nfw as _]));
            // Differences of second order over 1e-4: 1e-8 of third derivatives near 10.
            check::vjp(op, &inputs, 1e-4, 1e-6);
        }
    }
}
