//! The bias of a fit with the table: delta theta = F^-1 J^T W (m_exact - m_table), F = J^T W J.

use std::sync::Arc;

use arclet::infer::diagnostics::median;
use arclet::lens::mass::{MassProfile, Sple, SpleTable};
use arclet::prelude::*;

use crate::lens::{DIM, SIGMA, camera, image, numbers, signal_to_noise, steps};

/// What is shown of the fifteen numbers that are free: r_ein, gamma, q, in this order.
pub const FREE: [&str; 3] = ["r_ein", "gamma", "q"];

/// How often the linear step is repeated to see where a fit ends.
const REPEATS: usize = 3;

/// The lenses with their exact images.
pub struct Study {
    camera: Arc<ImageData>,
    lenses: Vec<Lens>,
}

struct Lens {
    truth: [f64; DIM],
    image: Vec<f32>,
    signal_to_noise: f64,
    /// d image / d theta, each column over sigma.
    jacobian: Vec<Vec<f64>>,
    /// F^-1 without any prior.
    covariance: [[f64; DIM]; DIM],
}

/// The bias of one parameter over all lenses.
pub struct Bias {
    pub rms: f64,
    pub percent: f64,
    pub sigmas: f64,
    pub worst: f64,
}

/// What a table does to a fit.
pub struct Biases {
    /// In the order of [`FREE`].
    pub of: Vec<Bias>,
    /// The largest difference of images at the true parameters, in sigma, median over the lenses.
    pub largest: f64,
    /// The chi2 of the difference at the truth and of what a fit leaves, medians over the lenses.
    pub chi2: [f64; 2],
    /// By how much the repeated step goes beyond the first one, in sigma, at most.
    pub beyond_linear: f64,
}

impl Study {
    pub fn new(lenses: usize) -> anyhow::Result<Self> {
        let camera = camera()?;
        let lenses = (0..lenses).map(|lens| Lens::new(&camera, numbers(lens))).collect::<anyhow::Result<_>>()?;
        Ok(Self { camera, lenses })
    }

    pub fn signal_to_noise(&self) -> f64 {
        median(&self.lenses.iter().map(|lens| lens.signal_to_noise).collect::<Vec<_>>())
    }

    pub fn bias(&self, table: &'static SpleTable) -> Result<Biases> {
        let mut rows = vec![];
        let (mut largest, mut chi2, mut beyond_linear) = (vec![], [vec![], vec![]], 0.0_f64);
        for lens in &self.lenses {
            let difference = lens.difference(&image(&self.camera, table, &lens.truth)?);
            largest.push(difference.iter().fold(0.0, |m: f64, d| m.max(d.abs())));
            let first = lens.step(&difference);
            chi2[0].push(norm2(&difference));
            chi2[1].push(norm2(&lens.left(&difference, &first)));
            let mut at: [f64; DIM] = std::array::from_fn(|i| lens.truth[i] + first[i]);
            for _ in 0..REPEATS {
                let step = lens.step(&lens.difference(&image(&self.camera, table, &at)?));
                at.iter_mut().zip(step).for_each(|(at, step)| *at += step);
            }
            for i in 0..FREE.len() {
                beyond_linear = beyond_linear.max(((at[i] - lens.truth[i] - first[i]) / lens.sigma(i)).abs());
            }
            rows.push((lens, first));
        }
        let of = (0..FREE.len()).map(|i| {
            let rms = |by: &dyn Fn(&Lens) -> f64| {
                let squares = rows.iter().map(|(lens, bias)| (bias[i] / by(lens)).powi(2));
                (squares.sum::<f64>() / rows.len() as f64).sqrt()
            };
            let worst = rows.iter().map(|(lens, bias)| (bias[i] / lens.sigma(i)).abs()).fold(0.0, f64::max);
            let percent = 100.0 * rms(&|lens| lens.truth[i]);
            Bias { rms: rms(&|_| 1.0), percent, sigmas: rms(&|lens| lens.sigma(i)), worst }
        });
        Ok(Biases { of: of.collect(), largest: median(&largest), chi2: chi2.map(|c| median(&c)), beyond_linear })
    }
}

impl Lens {
    fn new(camera: &Arc<ImageData>, truth: [f64; DIM]) -> anyhow::Result<Self> {
        let exact = |theta: &[f64; DIM]| image(camera, &Sple as &dyn MassProfile, theta);
        let column = |(i, step): (usize, f64)| -> Result<Vec<f64>> {
            let moved = |by: f64| {
                let mut theta = truth;
                theta[i] += by;
                exact(&theta)
            };
            let slope = |(p, m): (&f32, &f32)| f64::from(p - m) / (2.0 * step * SIGMA);
            Ok(moved(step)?.iter().zip(&moved(-step)?).map(slope).collect())
        };
        let jacobian = steps().into_iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let fisher = std::array::from_fn(|i| std::array::from_fn(|j| dot(&jacobian[i], &jacobian[j])));
        let image = exact(&truth)?;
        let signal_to_noise = signal_to_noise(camera, &image)?;
        Ok(Self { truth, image, signal_to_noise, jacobian, covariance: inverse(fisher) })
    }

    /// (m_exact - m) / sigma.
    fn difference(&self, model: &[f32]) -> Vec<f64> {
        self.image.iter().zip(model).map(|(exact, m)| f64::from(exact - m) / SIGMA).collect()
    }

    /// F^-1 J^T W of a difference.
    fn step(&self, difference: &[f64]) -> [f64; DIM] {
        let along = |column: &Vec<f64>| column.iter().zip(difference).map(|(j, d)| j * d).sum();
        let gradient: Vec<f64> = self.jacobian.iter().map(along).collect();
        self.covariance.map(|row| row.iter().zip(&gradient).map(|(c, g)| c * g).sum())
    }

    /// What a step leaves of a difference.
    fn left(&self, difference: &[f64], step: &[f64; DIM]) -> Vec<f64> {
        let pixel = |k: usize| self.jacobian.iter().zip(step).map(|(column, s)| column[k] * s).sum::<f64>();
        difference.iter().enumerate().map(|(k, d)| d - pixel(k)).collect()
    }

    fn sigma(&self, i: usize) -> f64 {
        self.covariance[i][i].sqrt()
    }
}

fn norm2(difference: &[f64]) -> f64 {
    difference.iter().map(|d| d * d).sum()
}

/// The inverse of a symmetric, positive definite matrix by elimination; its rows are first scaled to a diagonal of one.
fn inverse(matrix: [[f64; DIM]; DIM]) -> [[f64; DIM]; DIM] {
    let scale: [f64; DIM] = std::array::from_fn(|i| matrix[i][i].sqrt().recip());
    let mut a: [[f64; DIM]; DIM] = std::array::from_fn(|i| std::array::from_fn(|j| matrix[i][j] * scale[i] * scale[j]));
    let mut b: [[f64; DIM]; DIM] = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(i == j)));
    for i in 0..DIM {
        let pivot = a[i][i].recip();
        a[i] = a[i].map(|v| v * pivot);
        b[i] = b[i].map(|v| v * pivot);
        for k in (0..DIM).filter(|k| *k != i) {
            let factor = a[k][i];
            for j in 0..DIM {
                a[k][j] -= factor * a[i][j];
                b[k][j] -= factor * b[i][j];
            }
        }
    }
    std::array::from_fn(|i| std::array::from_fn(|j| b[i][j] * scale[i] * scale[j]))
}
