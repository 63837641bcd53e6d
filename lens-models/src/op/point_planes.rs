//! Points seen through planes of lenses, on the tape: where their rays arrive, with Jacobian and arrival time, and the images of a source behind them.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Error, Result, Var};

use super::deflector::{Deflector, scalars};
use super::point_images::{PointImages, SAME, point_images};
use super::point_lensing::point_lensing;
use crate::mass::MassSum;
use crate::plane::{Lens, LensChain, LensMapping, image_near};

type Vector = Var<(usize,)>;

/// Deflectors in planes, from the nearest.
///
/// ```
/// use lens_models::{mass::Sis, op::{Deflector, PointPlanes}};
/// use ppl_core::Var;
///
/// let lens = PointPlanes::single(vec![Deflector::new(&Sis, [1.0, 0.0, 0.0])?]);
/// let rays = lens.rays(&Var::vector([2.0]), &Var::vector([0.0]))?;
/// assert_eq!((rays.beta[0].lane(0), rays.jacobian[1][1].lane(0), rays.fermat.lane(0)), (&[1.0][..], &[0.5][..], &[0.0][..]));
/// # Ok::<(), ppl_core::Error>(())
/// ```
pub struct PointPlanes {
    layers: Vec<Vec<Deflector>>,
    /// None where there is one plane, whose parameters are for the source at hand.
    between: Option<Between>,
}

/// What distances make of planes.
pub struct Between {
    /// B of the lenses in front, in the plane of each lens and last in that of the source, as many in each as lenses are in front.
    pub scales: Vec<Vec<Var>>,
    /// For each plane of lenses what half the square of the way to the next plane counts, and what its potential, in the Fermat potential.
    pub delays: Vec<[Var; 2]>,
}

/// Rays of points: a number of each vector for each point.
pub struct PointRays {
    /// Where they meet the plane of the source, arcsec.
    pub beta: [Vector; 2],
    /// A = d beta / d theta, by rows.
    pub jacobian: [[Vector; 2]; 2],
    /// The Fermat potential of a source at the origin, arcsec^2: that of a source at s is `fermat` - `lever` . s, but for what all rays share.
    pub fermat: Vector,
    /// Where they are in the plane of the last lens, times what the way from there counts, arcsec.
    pub lever: [Vector; 2],
}

/// A plane of lenses that rays have passed.
struct Passed {
    at: [Vector; 2],
    alpha: [Vector; 2],
    /// d alpha / d theta.
    slope: [[Vector; 2]; 2],
    potential: Vector,
}

impl PointPlanes {
    /// Deflectors in one plane, whose parameters are for the source at hand.
    pub fn single(deflectors: Vec<Deflector>) -> Self {
        PointPlanes { layers: vec![deflectors], between: None }
    }

    /// Deflectors of each plane, from the nearest.
    ///
    /// # Errors
    /// Other numbers of scales than there are lenses in front, or of delays than there are planes.
    pub fn several(layers: Vec<Vec<Deflector>>, between: Between) -> Result<Self> {
        let counted = [(layers.len() + 1, between.scales.len()), (layers.len(), between.delays.len())];
        let in_front = between.scales.iter().map(Vec::len).enumerate();
        match counted.into_iter().chain(in_front).find(|(expected, got)| expected != got) {
            Some((expected, got)) => Err(Error::ArrayLength { expected, got }),
            None => Ok(PointPlanes { layers, between: Some(between) }),
        }
    }

    /// The rays that are seen at (x, y), arcsec.
    ///
    /// # Errors
    /// As many x as y are wanted.
    pub fn rays(&self, x: &Vector, y: &Vector) -> Result<PointRays> {
        let mut passed: Vec<Passed> = vec![];
        for (layer, lenses) in self.layers.iter().enumerate() {
            let (at, jacobian) = self.arriving([x, y], layer, &passed);
            let fields = point_lensing(&at[0], &at[1], lenses)?;
            let [xx, xy, yy] = fields.hessian;
            let hessian = [[xx, xy.clone()], [xy, yy]];
            let slope = match jacobian {
                None => hessian,
                Some(a) => [0, 1].map(|i| [0, 1].map(|j| &hessian[i][0] * &a[0][j] + &hessian[i][1] * &a[1][j])),
            };
            passed.push(Passed { at, alpha: fields.alpha, slope, potential: fields.potential });
        }
        let (beta, jacobian) = self.arriving([x, y], self.layers.len(), &passed);
        let zero = || x * 0.0;
        let jacobian = jacobian.unwrap_or_else(|| [[zero() + 1.0, zero()], [zero(), zero() + 1.0]]);
        let (fermat, lever) = self.fermat([x, y], &passed);
        Ok(PointRays { beta, jacobian, fermat, lever })
    }

    /// Where rays are in a plane, and their Jacobian there where they have passed a lens.
    fn arriving(&self, seen: [&Vector; 2], plane: usize, passed: &[Passed]) -> ([Vector; 2], Option<[[Vector; 2]; 2]>) {
        let scaled = |lens: usize, v: &Vector| match &self.between {
            Some(between) => v * &between.scales[plane][lens],
            None => v.clone(),
        };
        let bent = passed.iter().enumerate();
        let position = [0, 1].map(|i| bent.clone().fold(seen[i].clone(), |at, (k, p)| at - scaled(k, &p.alpha[i])));
        let entry = |i: usize, j: usize| {
            let identity = if i == j { 1.0 } else { 0.0 };
            let sum = bent.clone().map(|(k, p)| scaled(k, &p.slope[i][j])).reduce(|a, b| a + b);
            sum.map(|sum| identity - sum)
        };
        let jacobian = match (entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)) {
            (Some(a), Some(b), Some(c), Some(d)) => Some([[a, b], [c, d]]),
            _ => None,
        };
        (position, jacobian)
    }

    /// sum_i w_i |x_i - x_(i+1)|^2 / 2 - v_i psi_i(x_i) with the source at the origin behind the last, and w x of the last.
    fn fermat(&self, seen: [&Vector; 2], passed: &[Passed]) -> (Vector, [Vector; 2]) {
        let half_square = |[x, y]: [&Vector; 2]| (x * x + y * y) * 0.5;
        let Some(between) = &self.between else {
            let potential = passed.first().map(|p| &p.potential);
            let square = half_square(seen);
            return (potential.map_or(square.clone(), |psi| square - psi), seen.map(Clone::clone));
        };
        let (mut sum, mut lever) = (seen[0] * 0.0, seen.map(|v| v * 0.0));
        for (k, (here, [way, potential])) in passed.iter().zip(&between.delays).enumerate() {
            let step = match passed.get(k + 1) {
                Some(next) => [0, 1].map(|i| &here.at[i] - &next.at[i]),
                None => {
                    lever = here.at.each_ref().map(|v| v * way);
                    here.at.clone()
                }
            };
            sum = sum + half_square([&step[0], &step[1]]) * way - &here.potential * potential;
        }
        (sum, lever)
    }

    /// The images of a point source that Newton's method finds from `starts`, as [`point_images`], which it is for one plane.
    ///
    /// Behind several their derivatives are those of one step of the method with the A of the images held fixed, theta + A^-1
    /// (source - beta(theta)): by the implicit function theorem those of the images.
    ///
    /// # Errors
    /// None with deflectors made by [`Deflector::new`].
    pub fn images(&self, source: &[Var; 2], starts: &[[f64; 2]]) -> Result<PointImages> {
        let Some(between) = &self.between else {
            return point_images(source, &self.layers.concat(), starts);
        };
        let params = self.layers.iter().flatten().flat_map(Deflector::params);
        let inputs = source.iter().chain(params).chain(between.scales.iter().flatten()).map(Var::as_value);
        let masses = self.layers.iter().map(|lenses| MassSum::new(lenses.iter().map(Deflector::profile)));
        let op = FindImages { masses: masses.collect(), starts: starts.to_vec(), numbers: vec![] };
        let all = Vector::from_value(record(op, &inputs.collect::<Vec<&Value>>())?);
        let n = starts.len();
        let row = |row: usize| all.slice(row * n..(row + 1) * n);
        let found = [row(0), row(1)];
        let beta = self.rays(&found[0], &found[1])?.beta;
        let off = [0, 1].map(|i| &source[i] - &beta[i]);
        let [x, y] = [0, 1].map(|i| &found[i] + row(2 + 2 * i) * &off[0] + row(3 + 2 * i) * &off[1]);
        Ok(PointImages { x, y, log_found: all.get(6 * n)? })
    }
}

/// `[6 images + 1]`: all x, all y, the entries of A^-1 by rows, and the log of whether images were found, without derivatives. Inputs:
/// the source, the parameters of all planes, their scales.
#[derive(Clone)]
struct FindImages {
    masses: Vec<MassSum>,
    starts: Vec<[f64; 2]>,
    numbers: Vec<f64>,
}

impl FindImages {
    /// Each image with its A^-1; none where a start has none, or two have the same.
    fn find(&self, source: [f64; 2]) -> Option<Vec<[f64; 6]>> {
        let (mut lenses, mut rest) = (vec![], &self.numbers[..]);
        for mass in &self.masses {
            let (own, others) = rest.split_at_checked(mass.len())?;
            lenses.push(Lens::new(mass, own));
            rest = others;
        }
        let mut scales = vec![];
        for front in 0..=lenses.len() {
            let (own, others) = rest.split_at_checked(front)?;
            scales.push(own.to_vec());
            rest = others;
        }
        let chain = LensChain { lenses, scales, delays: vec![] };
        let mut found: Vec<[f64; 6]> = Vec::with_capacity(self.starts.len());
        for start in &self.starts {
            let [x, y] = image_near(&chain, source, *start)?.position;
            if found.iter().any(|other| (other[0] - x).hypot(other[1] - y) < SAME) {
                return None;
            }
            let ray = chain.ray([x, y]);
            let ([a, c], [b, d]) = (ray.seen([1.0, 0.0])?, ray.seen([0.0, 1.0])?);
            found.push([x, y, a, b, c, d]);
        }
        Some(found)
    }
}

impl FusedOp for FindImages {
    const NAME: &'static str = "find_images";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        self.numbers.reserve(inputs.len());
        Ok(Output::numbers(Shape::new(common_lanes(inputs), Dims::new(&[6 * self.starts.len() + 1]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let n = self.starts.len();
        for lane in 0..out.shape.lanes {
            scalars(inputs, 2, lane, &mut self.numbers);
            let found = self.find([0, 1].map(|i| inputs.at(i).lane(lane)[0]));
            let out = out.lane(lane);
            out[6 * n] = if found.is_some() { 0.0 } else { f64::NEG_INFINITY };
            let none = || self.starts.iter().map(|[x, y]| [*x, *y, 0.0, 0.0, 0.0, 0.0]).collect();
            for (i, numbers) in found.unwrap_or_else(none).into_iter().enumerate() {
                numbers.into_iter().enumerate().for_each(|(row, number)| out[row * n + i] = number);
            }
        }
    }

    /// Nothing: what images have of derivatives comes with the step that follows.
    fn vjp(&mut self, _: Inputs<'_>, _: Operand<'_>, _: Operand<'_>, _: &mut Gradients<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, Shear, Sis};
    use ppl_core::autodiff::check;

    const STARTS: [[f64; 2]; 2] = [[1.3, 0.4], [-0.8, -0.5]];

    fn scalar(value: f64) -> Var {
        Var::scalar(value)
    }

    #[test]
    fn one_plane_whose_scales_are_one_is_the_plane_alone() {
        let lenses = || {
            vec![
                Deflector::new(&Epl, [1.2, 2.1, 0.1, -0.05, 0.02, 0.03]).unwrap(),
                Deflector::new(&Shear, [0.04, -0.02]).unwrap(),
            ]
        };
        let between = Between { scales: vec![vec![], vec![scalar(1.0)]], delays: vec![[scalar(1.0), scalar(1.0)]] };
        let (single, several) = (PointPlanes::single(lenses()), PointPlanes::several(vec![lenses()], between).unwrap());
        let numbers = |planes: &PointPlanes| {
            let images = planes.images(&[scalar(0.15), scalar(0.1)], &STARTS).unwrap();
            let rays = planes.rays(&images.x, &images.y).unwrap();
            let all = [rays.beta.to_vec(), rays.jacobian.concat(), vec![rays.fermat], rays.lever.to_vec()].concat();
            all.iter().flat_map(|v| v.lane(0).to_vec()).collect::<Vec<f64>>()
        };
        for (a, b) in numbers(&single).iter().zip(numbers(&several)) {
            assert!((a - b).abs() < 1e-13, "{a} is not {b}");
        }
    }

    #[test]
    fn the_vjp_of_images_behind_two_planes_is_that_of_the_implicit_function_theorem() {
        // The source, an EPL, a sphere behind it, and the three scales; two lanes.
        let rows = [
            [0.05, 0.03, 1.2, 2.1, 0.1, -0.05, 0.02, 0.03, 0.2, 0.5, -0.2, 0.6, 1.0, 0.9],
            [0.06, 0.02, 1.18, 2.05, 0.12, -0.06, 0.02, 0.03, 0.22, 0.5, -0.1, 0.62, 0.98, 0.93],
        ];
        let shape = ppl_core::autodiff::Shape::new(2, Dims::SCALAR);
        let inputs: Vec<Value> = (0..14).map(|i| Value::constant(shape, rows.map(|r| r[i]).to_vec())).collect();
        let positions = |v: &[Value]| {
            let all: Vec<Var> = v.iter().map(|value| Var::from_value(value.clone())).collect();
            let layers = vec![
                vec![Deflector::new(&Epl, all[2..8].to_vec()).unwrap()],
                vec![Deflector::new(&Sis, all[8..11].to_vec()).unwrap()],
            ];
            let scales = vec![vec![], vec![all[11].clone()], vec![all[12].clone(), all[13].clone()]];
            let delays = vec![[scalar(1.0), scalar(1.0)], [scalar(1.0), scalar(1.0)]];
            let planes = PointPlanes::several(layers, Between { scales, delays }).unwrap();
            let images = planes.images(&[all[0].clone(), all[1].clone()], &STARTS).unwrap();
            assert_eq!(images.log_found.lane(0), [0.0]);
            Vector::concat(&[images.x, images.y]).as_value().clone()
        };
        check::function(positions, &inputs, 1e-5, 1e-6);
    }

    #[test]
    fn scales_that_do_not_fit_the_planes_are_refused() {
        let layer = || vec![Deflector::new(&Sis, [1.0, 0.0, 0.0]).unwrap()];
        let one = || [scalar(1.0), scalar(1.0)];
        for (scales, delays) in [
            (vec![vec![]], vec![one()]),
            (vec![vec![], vec![]], vec![one()]),
            (vec![vec![], vec![scalar(1.0)]], vec![]),
        ] {
            assert!(PointPlanes::several(vec![layer()], Between { scales, delays }).is_err());
        }
    }
}
