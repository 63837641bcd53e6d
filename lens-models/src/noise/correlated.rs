//! Correlated noise: the exact Gaussian likelihood of pixels whose errors go with those of their neighbours.

use std::cell::RefCell;
use std::sync::Arc;

use super::correlation::Correlation;
use super::sigma_map::SigmaMap;
use crate::error::{Error, Result};
use crate::grid::Window;

/// ln L = -1/2 z' R^-1 z - 1/2 ln det R - sum ln sigma - n/2 ln(2 pi) with z = (d - m) / sigma of the n used pixels, and R their correlation.
///
/// R = L L', L once for all evaluations. The pixels are taken row by row; L is as narrow as R is, a few rows of the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlated {
    map: SigmaMap,
    /// Where in the window the used pixels are.
    used: Arc<[u32]>,
    factor: Arc<Factor>,
    /// What does not depend on the model.
    constant: f64,
}

/// The lower triangular factor, row by row, each from its first number that may differ from 0 to the diagonal.
#[derive(Debug, PartialEq)]
struct Factor {
    /// The column of each row's first number.
    first: Vec<u32>,
    /// Where each row ends in `numbers`; the diagonal is before that.
    end: Vec<usize>,
    numbers: Vec<f64>,
}

/// The most numbers of a factor: a gigabyte.
const MOST: usize = 1 << 27;

thread_local! {
    static Z: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

impl Correlated {
    /// The noise of a window, given 1 / sigma of its pixels.
    ///
    /// # Errors
    /// [`Error::NotACorrelation`] for one that no noise can have; [`Error::OutOfRange`] for more pixels than can be held.
    pub fn new(map: SigmaMap, correlation: &Correlation, window: Window) -> Result<Self> {
        let inverse = map.inverse();
        let used: Arc<[u32]> = (0..inverse.len() as u32).filter(|i| inverse[*i as usize] > 0.0).collect();
        let factor = Arc::new(Factor::of(&used, correlation, window.width)?);
        let constant = map.constant() - factor.ln_det();
        Ok(Self { map, used, factor, constant })
    }

    /// The noise of each pixel alone.
    pub fn map(&self) -> &SigmaMap {
        &self.map
    }

    /// Where in the window the used pixels are.
    #[cfg(feature = "cuda")]
    pub(crate) fn used(&self) -> &[u32] {
        &self.used
    }

    /// What does not depend on the model.
    #[cfg(feature = "cuda")]
    pub(crate) fn constant(&self) -> f64 {
        self.constant
    }

    /// The factor: the column of each row's first number, where each row ends among the numbers, the diagonal last, and these.
    #[cfg(feature = "cuda")]
    pub(crate) fn factor(&self) -> (&[u32], &[usize], &[f64]) {
        (&self.factor.first, &self.factor.end, &self.factor.numbers)
    }

    /// ln L of `data` given `model`.
    pub fn log_prob(&self, data: &[f32], model: &[f32]) -> f64 {
        self.with_residuals(data, model, |z| {
            self.factor.solve(z);
            self.constant - 0.5 * z.iter().map(|z| z * z).sum::<f64>()
        })
    }

    /// `gradient` = `cotangent` d ln L / d model.
    pub fn grad(&self, data: &[f32], model: &[f32], cotangent: f64, gradient: &mut [f32]) {
        gradient.fill(0.0);
        self.with_residuals(data, model, |z| {
            self.factor.solve(z);
            self.factor.solve_transposed(z);
            for (z, i) in z.iter().zip(&*self.used) {
                gradient[*i as usize] = (cotangent * z) as f32 * self.map.inverse()[*i as usize];
            }
        });
    }

    /// White noise of the pixels of the window, made into noise of unit variance with this correlation; what is not used stays as it is.
    pub fn colour(&self, z: &mut [f64]) {
        Z.with_borrow_mut(|white| {
            white.clear();
            white.extend(self.used.iter().map(|i| z[*i as usize]));
            for (row, i) in self.used.iter().enumerate() {
                let (first, numbers) = self.factor.row(row);
                z[*i as usize] = numbers.iter().zip(&white[first..]).map(|(l, z)| l * z).sum();
            }
        });
    }

    fn with_residuals<T>(&self, data: &[f32], model: &[f32], f: impl FnOnce(&mut [f64]) -> T) -> T {
        let inverse = self.map.inverse();
        let residual = |i: &u32| {
            let i = *i as usize;
            (f64::from(data[i]) - f64::from(model[i])) * f64::from(inverse[i])
        };
        Z.with_borrow_mut(|z| {
            z.clear();
            z.extend(self.used.iter().map(residual));
            f(z)
        })
    }
}

impl Factor {
    /// Cholesky's, of the correlations of the pixels `used` of an image of this width (George & Liu 1981, section 4: the envelope of a
    /// matrix holds that of its factor).
    fn of(used: &[u32], correlation: &Correlation, width: usize) -> Result<Self> {
        let (rx, ry) = correlation.reach();
        let place = |i: u32| ((i as usize % width) as isize, (i as usize / width) as isize);
        let (mut first, mut end, mut length) = (vec![], vec![], 0_usize);
        for (row, i) in used.iter().enumerate() {
            let nearest = (*i as usize).saturating_sub(ry * width + rx) as u32;
            let start = used[..row].partition_point(|j| *j < nearest);
            length += row - start + 1;
            first.push(start as u32);
            end.push(length);
        }
        if length > MOST {
            let allowed = "at most 134217728: narrow the mask or lower `noise_reach`";
            return Err(Error::OutOfRange {
                what: "the size of the correlations of the noise",
                value: length as f64,
                allowed,
            });
        }
        let mut factor = Factor { first, end, numbers: vec![0.0; length] };
        for (row, i) in used.iter().enumerate() {
            let from = factor.first[row] as usize;
            let (done, rest) = factor.numbers.split_at_mut(factor.end[row] - (row - from + 1));
            let this = &mut rest[..row - from + 1];
            let (x, y) = place(*i);
            for (number, j) in this.iter_mut().zip(&used[from..=row]) {
                let (other_x, other_y) = place(*j);
                *number = correlation.at(x - other_x, y - other_y);
            }
            for column in from..row {
                let first = factor.first[column] as usize;
                let end = factor.end[column];
                let other = &done[end - (column - first + 1)..end];
                // From where both rows begin.
                let common = from.max(first);
                let sum = dot(&this[common - from..column - from], &other[common - first..column - first]);
                this[column - from] = (this[column - from] - sum) / done[end - 1];
            }
            let (before, diagonal) = this.split_at_mut(row - from);
            let left = diagonal[0] - dot(before, before);
            // One is what a pixel has alone, what is left of it is its own; rounding takes 1e-16 of each of a few hundred.
            if left.is_nan() || left < 1e-9 {
                return Err(Error::NotACorrelation {
                    why: "no noise can have it: take a larger patch or a smaller `noise_reach`",
                });
            }
            diagonal[0] = left.sqrt();
        }
        Ok(factor)
    }

    /// The column of a row's first number, and its numbers.
    fn row(&self, row: usize) -> (usize, &[f64]) {
        let first = self.first[row] as usize;
        let end = self.end[row];
        (first, &self.numbers[end - (row - first + 1)..end])
    }

    fn ln_det(&self) -> f64 {
        self.end.iter().map(|end| self.numbers[end - 1].ln()).sum()
    }

    /// z = L^-1 z.
    fn solve(&self, z: &mut [f64]) {
        for row in 0..z.len() {
            let (first, numbers) = self.row(row);
            let (before, diagonal) = numbers.split_at(row - first);
            z[row] = (z[row] - dot(before, &z[first..row])) / diagonal[0];
        }
    }

    /// z = L'^-1 z.
    fn solve_transposed(&self, z: &mut [f64]) {
        for row in (0..z.len()).rev() {
            let (first, numbers) = self.row(row);
            let (before, diagonal) = numbers.split_at(row - first);
            let (above, this) = z.split_at_mut(row);
            this[0] /= diagonal[0];
            subtract_scaled(&mut above[first..], this[0], before);
        }
    }
}

/// In sums that take turns, so that none waits for the one before.
#[multiversion::multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const TURNS: usize = 16;
    let (a, b) = (a.chunks_exact(TURNS), b.chunks_exact(TURNS));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0; TURNS];
    for (a, b) in a.zip(b) {
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// out -= scale * term.
#[multiversion::multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn subtract_scaled(out: &mut [f64], scale: f64, term: &[f64]) {
    out.iter_mut().zip(term).for_each(|(out, term)| *out -= scale * term);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fits::Image;
    use serde_json::Value as Json;

    /// Made by SciPy's multivariate_normal: `scripts/golden/correlated_noise.py`.
    fn golden() -> Json {
        serde_json::from_str(include_str!("../../tests/data/correlated_noise.json")).unwrap()
    }

    fn numbers(json: &Json) -> Vec<f32> {
        json.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
    }

    /// The noise, data and model of the table.
    fn case(golden: &Json) -> (Correlated, Vec<f32>, Vec<f32>) {
        let size = |key: &str| golden[key].as_u64().unwrap() as usize;
        let (width, height) = (size("width"), size("height"));
        let correlation = Image::new(5, 3, numbers(&golden["correlation"])).unwrap();
        let inverse = numbers(&golden["sigma"]).iter().map(|s| if *s > 0.0 { 1.0 / s } else { 0.0 }).collect();
        let window = Window { x0: 0, y0: 0, width, height };
        let correlation = Correlation::new(&correlation).unwrap();
        let noise = Correlated::new(SigmaMap::from_inverse(inverse), &correlation, window).unwrap();
        (noise, numbers(&golden["data"]), numbers(&golden["model"]))
    }

    #[test]
    fn the_density_and_its_gradient_are_those_of_the_multivariate_normal_on_the_used_pixels() {
        let golden = golden();
        let (noise, data, model) = case(&golden);
        let expected = golden["log_prob"].as_f64().unwrap();
        let found = noise.log_prob(&data, &model);
        // 1 / sigma is held as f32.
        assert!((found / expected - 1.0).abs() < 2e-7, "{found} {expected}");
        let mut gradient = vec![f32::NAN; data.len()];
        noise.grad(&data, &model, 2.0, &mut gradient);
        for (found, expected) in gradient.iter().zip(numbers(&golden["gradient"])) {
            assert!((found - 2.0 * expected).abs() < 2e-6 * expected.abs().max(1.0), "{found} {expected}");
        }
    }

    #[test]
    fn no_correlation_is_the_noise_of_each_pixel_alone() {
        let golden = golden();
        let (noise, data, model) = case(&golden);
        let one = Correlation::new(&Image::new(1, 1, vec![1.0]).unwrap()).unwrap();
        let window = Window { x0: 0, y0: 0, width: data.len(), height: 1 };
        let alone = Correlated::new(noise.map().clone(), &one, window).unwrap();
        let plain = crate::noise::Noise::Sigma(noise.map().clone());
        assert!((alone.log_prob(&data, &model) - plain.log_prob(&data, &model)).abs() < 1e-4);
    }

    #[test]
    fn coloured_noise_has_the_covariance_of_the_likelihood() {
        // z' z is what white noise has, whatever it is coloured by.
        let (noise, data, _) = case(&golden());
        let white: Vec<f64> = (0..data.len()).map(|i| (1.7 * i as f64).sin()).collect();
        let mut z = white.clone();
        noise.colour(&mut z);
        let used = |i: &usize| noise.map().inverse()[*i] > 0.0;
        let out: Vec<f32> =
            (0..data.len()).map(|i| if used(&i) { z[i] as f32 / noise.map().inverse()[i] } else { 0.0 }).collect();
        let zero = vec![0.0; data.len()];
        let chi2 = -2.0 * (noise.log_prob(&out, &zero) - noise.log_prob(&zero, &zero));
        let expected: f64 = (0..data.len()).filter(used).map(|i| white[i] * white[i]).sum();
        assert!((chi2 / expected - 1.0).abs() < 1e-5, "{chi2} {expected}");
    }
}
