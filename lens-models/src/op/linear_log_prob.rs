//! The log likelihood of an image whose parts have linear amplitudes: these integrated over, or the best that are not negative.

use std::sync::Arc;

use ppl_core::autodiff::{Dims, FusedOp, Gradients, Inputs, Operand, Out, Output, Shape, record};
use ppl_core::{Array, Result, Var};

use super::image_products::{fixed_noise, image_products};
use crate::data::ImageData;
use crate::linear::{AmplitudePrior, Amplitudes, Equations, Marginal, count, non_negative, place};

/// What an image is the sum of.
#[derive(Clone)]
pub struct LinearImages {
    /// As the camera sees each part at amplitude one, `[height, width]`.
    pub units: Vec<Array>,
    /// What is known of the amplitude of each.
    pub priors: Vec<AmplitudePrior>,
    /// The sum of all that has no such amplitude.
    pub rest: Option<Array>,
}

/// ln p(data | images) by what is made of the amplitudes, one number per lane: `Marginal`, ln of the integral of p(data | a) p(a) over them;
/// `NonNegative`, ln p(data | a) p(a) at its top.
///
/// # Errors
/// Images of another shape than the data; noise that depends on the model.
pub fn linear_log_prob(data: &Arc<ImageData>, images: &LinearImages, amplitudes: Amplitudes) -> Result<Var> {
    let products = image_products(data, &images.units, images.rest.as_ref())?;
    let constant = fixed_noise(data)?.constant();
    let op = LinearLogProb::new(constant, images.priors.clone().into(), amplitudes);
    record(op, &[&products]).map(Var::from_value)
}

/// From the products of images, `[count]`, to the log likelihood.
#[derive(Clone)]
struct LinearLogProb {
    /// That of the likelihood.
    constant: f64,
    priors: Arc<[AmplitudePrior]>,
    amplitudes: Amplitudes,
    equations: Equations,
    marginal: Marginal,
    /// Of each lane: the amplitudes, and their covariance where they are integrated over.
    kept: Vec<f64>,
}

impl LinearLogProb {
    fn new(constant: f64, priors: Arc<[AmplitudePrior]>, amplitudes: Amplitudes) -> Self {
        let (equations, marginal) = (Equations::default(), Marginal::default());
        LinearLogProb { constant, priors, amplitudes, equations, marginal, kept: vec![] }
    }

    /// Numbers that a lane keeps.
    fn width(&self) -> usize {
        let n = self.priors.len();
        n + if self.amplitudes == Amplitudes::Marginal { n * n } else { 0 }
    }
}

impl FusedOp for LinearLogProb {
    const NAME: &'static str = "linear_log_prob";

    fn shape(&mut self, inputs: &[Shape]) -> Result<Output> {
        let (dims, lanes) = (inputs[0].dims, inputs[0].lanes);
        if dims.len() != count(self.priors.len()) {
            let left = Dims::new(&[count(self.priors.len())]);
            return Err(ppl_core::Error::Broadcast { left, right: dims });
        }
        self.kept.resize(lanes * self.width(), 0.0);
        Ok(Output::numbers(Shape::new(lanes, Dims::SCALAR)))
    }

    fn value(&mut self, inputs: Inputs<'_>, out: &mut Out<'_>) {
        let (n, width) = (self.priors.len(), self.width());
        for lane in 0..out.shape.lanes {
            self.equations.set(inputs.at(0).lane(lane), self.constant, &self.priors);
            let (mean, covariance) = self.kept[lane * width..(lane + 1) * width].split_at_mut(n);
            out.numbers()[lane] = match self.amplitudes {
                Amplitudes::Marginal => {
                    let value = self.marginal.set(&self.equations);
                    mean.copy_from_slice(&self.marginal.mean);
                    self.marginal.covariance(covariance);
                    value
                }
                Amplitudes::NonNegative => {
                    mean.copy_from_slice(&non_negative(&self.equations, |i| self.priors[i].signed));
                    self.equations.at(mean)
                }
            };
        }
    }

    /// With A the matrix of the equations and b their vector, a the amplitudes and C their covariance where they are integrated over: d / dA =
    /// -(a a^T + C) / 2, d / db = a. (The derivative of a maximum is that of what is maximised.) A sum off the diagonal is twice in A.
    fn vjp(&mut self, _: Inputs<'_>, out: Operand<'_>, cotangent: Operand<'_>, into: &mut Gradients<'_>) {
        let (n, width) = (self.priors.len(), self.width());
        for (lane, by) in cotangent.numbers().iter().enumerate() {
            let Some(gradient) = into.lane(0, lane).filter(|_| out.numbers()[lane].is_finite()) else { continue };
            let (a, covariance) = self.kept[lane * width..(lane + 1) * width].split_at(n);
            let add = |gradient: &mut [f64], i: usize, j: usize, d: f64| gradient[place(n + 1, i, j)] += by * d;
            for i in 0..n {
                for j in i..n {
                    let twice = if i == j { 0.5 } else { 1.0 };
                    let c = covariance.get(i * n + j).copied().unwrap_or(0.0);
                    add(gradient, i, j, -twice * (a[i] * a[j] + c));
                }
                add(gradient, i, n, a[i]);
            }
            add(gradient, n, n, -0.5);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::op::tests_data::{data, images};
    use ppl_core::autodiff::{Value, check};

    const PRIORS: [AmplitudePrior; 3] = [
        AmplitudePrior { loc: 0.0, scale: 2.0, signed: false },
        AmplitudePrior { loc: 0.5, scale: 0.7, signed: false },
        AmplitudePrior { loc: 0.0, scale: 0.3, signed: true },
    ];

    fn of(inputs: &[Value], rest: bool, amplitudes: Amplitudes) -> Vec<f64> {
        let arrays: Vec<Array> = inputs.iter().cloned().map(Array::from_value).collect();
        let images = LinearImages {
            units: arrays[..3].to_vec(),
            priors: PRIORS.to_vec(),
            rest: rest.then(|| arrays[3].clone()),
        };
        let value = linear_log_prob(&data(6, 5, 1), &images, amplitudes).unwrap();
        value.as_value().numbers().to_vec()
    }

    /// The images of a lane, what is added to them (or not), and the data: for each pixel.
    fn pixels(inputs: &[Value], lane: usize, rest: bool) -> Vec<[f64; 5]> {
        let data = data(6, 5, 1);
        let at = |k: usize, i: usize| f64::from(inputs[k].data().pixels()[lane % inputs[k].lanes() * 30 + i]);
        let one = |i: usize| {
            let rest = if rest { at(3, i) } else { 0.0 };
            [at(0, i), at(1, i), at(2, i), rest, f64::from(data.image.pixels[i])]
        };
        (0..30).map(one).collect()
    }

    /// ln p(data | a) p(a) pixel by pixel, without any equation; sigma is 0.5.
    fn density(pixels: &[[f64; 5]], a: [f64; 3]) -> f64 {
        let ln_normal = |z: f64, sigma: f64| -0.5 * z * z - sigma.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
        let one = |[b0, b1, b2, rest, data]: &[f64; 5]| {
            ln_normal((data - rest - a[0] * b0 - a[1] * b1 - a[2] * b2) / 0.5, 0.5)
        };
        let prior = |(p, a): (&AmplitudePrior, f64)| ln_normal((a - p.loc) / p.scale, p.scale);
        pixels.iter().map(one).sum::<f64>() + PRIORS.iter().zip(a).map(prior).sum::<f64>()
    }

    /// ln of the integral over the amplitudes by the trapezium.
    fn integrated(pixels: &[[f64; 5]]) -> f64 {
        let (points, step) = (101, 0.06);
        let at = |i: i32| step * f64::from(i - points / 2);
        let top = density(pixels, [0.0; 3]);
        let mut sum = 0.0;
        for (i, j) in (0..points).flat_map(|i| (0..points).map(move |j| (i, j))) {
            sum += (0..points).map(|k| (density(pixels, [at(i), at(j), at(k)]) - top).exp()).sum::<f64>();
        }
        top + (sum * step.powi(3)).ln()
    }

    #[test]
    fn the_marginal_is_the_numerical_integral_over_the_amplitudes() {
        let inputs = images(2);
        for rest in [false, true] {
            let value = of(&inputs, rest, Amplitudes::Marginal);
            for (lane, value) in value.iter().enumerate() {
                let expected = integrated(&pixels(&inputs, lane, rest));
                println!("lane {lane}, rest {rest}: {} off by {:.1e}", value, value - expected);
                // No bell is narrower than the step: the trapezium is wrong by exp(-2 pi^2) of it at most, squared for every
                // further step that it is wide; here it is wider than 1.3, which is 1e-14.
                assert!((value - expected).abs() < 1e-8, "{} is not {expected}", value);
            }
        }
    }

    #[test]
    fn the_marginal_of_a_bright_image_is_exact_too() {
        // 64 x 64 pixels that lie thirty deviations off, as in the middle of a galaxy: chi2 is 1e6.
        let data = data(64, 64, 1);
        let image = |by: f32, step: f32| -> Vec<f32> { (0..4096).map(|i| by * (step * i as f32).sin()).collect() };
        let units = [image(1.0, 0.37), image(1.0, 0.71)];
        let priors = [AmplitudePrior { loc: 0.0, scale: 20.0, signed: false }; 2];
        let value = |rest: &[f32]| {
            let array = |pixels: &[f32]| Array::constant(&[64, 64], pixels.to_vec()).unwrap();
            let units = units.iter().map(|u| array(u)).collect();
            let images = LinearImages { units, priors: priors.to_vec(), rest: Some(array(rest)) };
            linear_log_prob(&data, &images, Amplitudes::Marginal).unwrap().lane(0)[0]
        };
        // ln p(data | a) p(a), and the trapezium over both amplitudes about their best ones by Newton's step from 0.
        let expected = |rest: &[f32]| {
            let pixels = || (0..4096).map(|i| (data.image.pixels[i], rest[i], units[0][i], units[1][i]));
            let wide = || pixels().map(|(d, r, b0, b1)| [f64::from(d) - f64::from(r), f64::from(b0), f64::from(b1)]);
            let at = |a: [f64; 2]| -> f64 {
                let chi2: f64 = wide().map(|[t, b0, b1]| (2.0 * (t - a[0] * b0 - a[1] * b1)).powi(2)).sum();
                -0.5 * chi2 - 0.5 * a.iter().map(|a| (a / 20.0).powi(2)).sum::<f64>()
            };
            let by = |k: usize| wide().map(move |p| (p[0] * p[1 + k], p[1 + k] * p[1 + k]));
            let best = [0, 1].map(|k| by(k).map(|p| p.0).sum::<f64>() / by(k).map(|p| p.1).sum::<f64>());
            // Sines of 4096 pixels: sum of squares 2048, so that an amplitude is known to 0.5 / sqrt(2048) = 0.011.
            let (step, top) = (0.008, at(best));
            let offsets = || (-20..=20).map(|i| step * f64::from(i));
            let all = offsets().flat_map(|x| offsets().map(move |y| [best[0] + x, best[1] + y]));
            let sum: f64 = all.map(|a| (at(a) - top).exp()).sum();
            top + (sum * step * step).ln()
        };
        let [one, other] = [image(15.0, 0.05), image(20.0, 0.371)];
        let (got, want) = (value(&one) - value(&other), expected(&one) - expected(&other));
        println!("a difference of {want:.1}, off by {:.1e}", got - want);
        // The sums are of 1e6, whose last digit is 1e-10.
        assert!((got - want).abs() < 1e-8, "{got} is not {want}");
    }

    #[test]
    fn the_top_is_no_worse_than_any_amplitudes_beside_it_that_are_not_negative() {
        let inputs = images(1);
        let (value, pixels) = (of(&inputs, true, Amplitudes::NonNegative)[0], pixels(&inputs, 0, true));
        let mut best = f64::NEG_INFINITY;
        for i in 0..81 {
            for j in 0..81 {
                for k in -40..41 {
                    let a = [0.025 * f64::from(i), 0.025 * f64::from(j), 0.025 * f64::from(k)];
                    best = best.max(density(&pixels, a));
                }
            }
        }
        // Half a step of 0.025 beside the top costs at most a few thousandths times the curvature, about 100.
        assert!(value >= best && value < best + 0.05, "{value} is not just above {best}");
    }

    #[test]
    fn the_vjp_is_right_by_every_product_in_every_lane() {
        for lanes in [1, 2] {
            let arrays: Vec<Array> = images(lanes).into_iter().map(Array::from_value).collect();
            let products = image_products(&data(6, 5, 1), &arrays[..3], Some(&arrays[3])).unwrap();
            for amplitudes in Amplitudes::ALL {
                // All in f64: the curvature over steps of 1e-4.
                check::vjp(
                    || LinearLogProb::new(0.3, PRIORS.into(), amplitudes),
                    std::slice::from_ref(&products),
                    1e-4,
                    1e-6,
                );
            }
        }
    }

    #[test]
    fn noise_that_depends_on_the_model_is_refused() {
        let plain = data(6, 5, 1);
        let used = crate::mask::Mask::all(6, 5);
        let noise = crate::noise::Background::new(0.5, 100.0, (6, 5), &used, plain.grid.window()).unwrap();
        let photons = Arc::new(ImageData { noise: Noise::Background(noise), ..(*plain).clone() });
        let units = vec![Array::constant(&[5, 6], vec![1.0; 30]).unwrap()];
        let images = LinearImages { units, priors: PRIORS[..1].to_vec(), rest: None };
        let error = linear_log_prob(&photons, &images, Amplitudes::Marginal).err().unwrap().to_string();
        assert!(error.contains("exposure_time") && error.contains("`noise`"), "{error}");
    }
}
