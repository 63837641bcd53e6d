//! The field: standard normal numbers to an image that is a draw of a Gaussian process, one operation.

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, Value, common_lanes, record};
use ppl_core::{Array, Error, Result};

use super::hartley::Hartley;
use super::spectrum::Spectrum;
use super::window::Window;

/// Parameters beside the numbers: length, slope; width and offsets of the window.
const PARAMS: usize = 5;

/// The image `[side, side]` of a Gaussian process from standard normal numbers `xi`, `[side^2]`:
///
/// w f, f = H [root(k) xi],  root(k)^2 proportional to [1 + (k length)^2]^(-slope / 2)
///
/// with H the Hartley transform along both axes, w a window of `width`, `offset_x` and `offset_y`, `length` in widths of
/// the grid, k in radians a width. Every pixel of f has a variance of one; its covariance is Matern's of nu = slope / 2 - 1 and the scale
/// sqrt(2 nu) `length`, on a grid whose opposite sides are neighbours. Where the grid lies and how wide it is on the sky is not known here:
/// the image is the same at any size. All inputs may have lanes and be differentiated; `spectrum` is length and slope.
///
/// # Errors
/// Numbers that fill no square; parameters that are no scalars.
pub fn gaussian_field(xi: &Value, spectrum: [&Value; 2], window: [&Value; 3]) -> Result<Array> {
    let [length, slope] = spectrum;
    let [width, offset_x, offset_y] = window;
    record(GaussianField::default(), &[xi, length, slope, width, offset_x, offset_y]).map(Array::from_value)
}

#[derive(Clone, Default)]
pub(super) struct GaussianField {
    lanes: Vec<Lane>,
}

/// What one lane keeps for its way back.
#[derive(Clone)]
struct Lane {
    hartley: Hartley,
    spectrum: Spectrum,
    /// What the spectrum is of: length, slope.
    of: [f64; 2],
    window: Window,
    /// The field under no window, afterwards what comes back of it.
    field: Vec<f64>,
}

impl Lane {
    fn new(side: usize) -> Self {
        Lane {
            hartley: Hartley::new(side),
            spectrum: Spectrum::default(),
            of: [f64::NAN; 2],
            window: Window::default(),
            field: vec![0.0; side * side],
        }
    }

    /// The field of these numbers.
    fn synthesise(&mut self, side: usize, xi: &[f64], [length, slope, width, x, y]: [f64; PARAMS]) {
        if [length, slope] != self.of {
            self.spectrum.set(side, length, slope);
            self.of = [length, slope];
        }
        self.window.set(side, [width, x, y]);
        let harmonics = xi.iter().zip(&self.spectrum.root);
        self.field.iter_mut().zip(harmonics).for_each(|(f, (xi, root))| *f = root * xi);
        self.hartley.transform(&mut self.field);
    }
}

/// The parameters of a lane.
fn params(inputs: Inputs<'_>, lane: usize) -> [f64; PARAMS] {
    std::array::from_fn(|i| inputs.at(1 + i).lane(lane)[0])
}

impl FusedOp for GaussianField {
    const NAME: &'static str = "gaussian_field";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let dims = inputs[0].dims;
        let side = dims.len().isqrt();
        if side == 0 || side * side != dims.len() {
            return Err(Error::Broadcast { left: Dims::new(&[side.max(1) * side.max(1)]), right: dims });
        }
        if let Some(shape) = inputs[1..].iter().find(|shape| shape.dims.len() != 1) {
            return Err(Error::Broadcast { left: Dims::SCALAR, right: shape.dims });
        }
        let lanes = common_lanes(inputs);
        self.lanes.retain(|lane| lane.field.len() == side * side);
        self.lanes.resize_with(lanes, || Lane::new(side));
        Ok(Output::pixels(Shape::new(lanes, Dims::new(&[side, side]))))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let side = out.shape.dims.len().isqrt();
        for (l, lane) in self.lanes.iter_mut().enumerate() {
            lane.synthesise(side, inputs.at(0).lane(l), params(inputs, l));
            let pixels = out.lane_pixels(l).iter_mut().zip(&lane.field).zip(lane.window.factors());
            pixels.for_each(|((out, f), w)| *out = (w * f) as f32);
        }
    }

    fn vjp(&mut self, inputs: Inputs<'_>, _: Operand<'_>, cotangent: Operand<'_>, gradients: &mut Gradients<'_>) {
        for (l, lane) in self.lanes.iter_mut().enumerate() {
            let length = params(inputs, l)[0];
            let xi = inputs.at(0).lane(l);
            let mut by = [0.0; PARAMS];
            let windowed = cotangent.lane_pixels(l).iter().zip(lane.window.factors()).zip(lane.window.slopes());
            for (f, ((c, w), slopes)) in lane.field.iter_mut().zip(windowed) {
                let back = w * f64::from(*c);
                by[2..].iter_mut().zip(slopes).for_each(|(by, slope)| *by += back * *f * slope);
                *f = back;
            }
            // The transform is symmetric: back is forth.
            lane.hartley.transform(&mut lane.field);
            let spectrum = &lane.spectrum;
            for (k, h) in lane.field.iter_mut().enumerate() {
                *h *= spectrum.root[k];
                by[0] += *h * xi[k] * spectrum.by_ln_length[k] / length;
                by[1] += *h * xi[k] * spectrum.by_slope[k];
            }
            if let Some(into) = gradients.lane(0, l) {
                into.iter_mut().zip(&lane.field).for_each(|(g, h)| *g += h);
            }
            for (i, by) in by.into_iter().enumerate() {
                if let Some(into) = gradients.lane(1 + i, l) {
                    into[0] += by;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::check;

    fn inputs(lanes: usize, side: usize) -> Vec<Value> {
        let rows = [[0.11, 3.5, 0.9, 0.06, -0.04], [0.22, 4.2, 1.2, -0.03, 0.08]];
        let scalar = |i: usize| {
            let numbers: Vec<f64> = (0..lanes).map(|l| rows[l % 2][i]).collect();
            Value::constant(Shape::new(lanes, Dims::SCALAR), numbers)
        };
        std::iter::once(check::example(lanes, &[side * side])).chain((0..PARAMS).map(scalar)).collect()
    }

    #[test]
    fn the_vjp_of_a_field_is_right_by_its_numbers_its_spectrum_and_its_window() {
        for (lanes, side) in [(1, 4), (2, 5)] {
            // f32 pixels over a step of 1e-3, and its curvature.
            check::vjp(GaussianField::default, &inputs(lanes, side), 1e-3, 1e-3);
        }
    }

    #[test]
    fn its_covariance_is_that_of_its_spectrum() {
        let (side, length, slope, of) = (6, 0.15, 3.0, [0.8, 0.1, -0.05]);
        let scalar = |v: f64| Value::shared(Dims::SCALAR, vec![v]);
        let (spectrum, under) = ([length, slope].map(scalar), of.map(scalar));
        let window: Vec<f64> = Window::new(side, of).factors().collect();
        // Column k of the linear map from xi to the field.
        let column = |k: usize| {
            let mut xi = vec![0.0; side * side];
            xi[k] = 1.0;
            let xi = Value::shared(Dims::new(&[side * side]), xi);
            let field = gaussian_field(&xi, spectrum.each_ref(), under.each_ref()).unwrap();
            field.lane(0).iter().map(|f| f64::from(*f)).collect::<Vec<_>>()
        };
        let columns: Vec<_> = (0..side * side).map(column).collect();
        let covariance = |a: usize, b: usize| columns.iter().map(|c| c[a] * c[b]).sum::<f64>();
        // The Fourier sum of the power, by the distance alone.
        let power = |x: usize, y: usize| {
            let k2 =
                [x, y].map(|k| k.min(side - k) as f64).iter().map(|k| (std::f64::consts::TAU * k).powi(2)).sum::<f64>();
            (1.0 + k2 * length * length).powf(-0.5 * slope)
        };
        let pairs = || (0..side).flat_map(|x| (0..side).map(move |y| (x, y)));
        let total: f64 = pairs().map(|(x, y)| power(x, y)).sum();
        for (a, b) in [(0, 0), (7, 7), (0, 1), (8, 15), (3, 35)] {
            let (dx, dy) = ((a % side) as f64 - (b % side) as f64, (a / side) as f64 - (b / side) as f64);
            let turn = std::f64::consts::TAU / side as f64;
            let sum: f64 = pairs().map(|(x, y)| power(x, y) * (turn * (x as f64 * dx + y as f64 * dy)).cos()).sum();
            let expected = window[a] * window[b] * sum / total;
            // Pixels of f32.
            assert!((covariance(a, b) - expected).abs() < 1e-5, "{a} {b}: {} {expected}", covariance(a, b));
        }
    }

    #[test]
    fn numbers_that_fill_no_square_are_refused() {
        let scalar = Value::shared(Dims::SCALAR, vec![1.0]);
        let xi = Value::shared(Dims::new(&[5]), vec![0.0; 5]);
        assert!(gaussian_field(&xi, [&scalar; 2], [&scalar; 3]).is_err());
    }
}
