//! The Hartley transform along both axes of a grid: harmonics of real numbers, orthonormal and its own inverse.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// H(k, l) = sum_xy f(x, y) cas(2 pi k x / n) cas(2 pi l y / n) / n over a grid of n x n numbers, cas t = cos t + sin t: a real Fourier
/// transform along each axis, whose real part less its imaginary part is the transform. What is even in k and in l acts on it as on a
/// Fourier transform: a power spectrum gives a stationary covariance.
#[derive(Clone)]
pub(super) struct Hartley {
    side: usize,
    fft: Arc<dyn RealToComplex<f64>>,
    line: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Hartley {
    pub fn new(side: usize) -> Self {
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(side);
        let (line, spectrum, scratch) = (fft.make_input_vec(), fft.make_output_vec(), fft.make_scratch_vec());
        Hartley { side, fft, line, spectrum, scratch }
    }

    /// Transforms in place.
    pub fn transform(&mut self, numbers: &mut [f64]) {
        let side = self.side;
        for y in 0..side {
            self.along(numbers, y * side, 1);
        }
        for x in 0..side {
            self.along(numbers, x, side);
        }
    }

    /// Transforms the numbers at `first`, `first + step`, ..
    fn along(&mut self, numbers: &mut [f64], first: usize, step: usize) {
        let side = self.side;
        self.line.iter_mut().enumerate().for_each(|(i, to)| *to = numbers[first + i * step]);
        // Fails for buffers of another length alone.
        let done = self.fft.process_with_scratch(&mut self.line, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok());
        let share = 1.0 / (side as f64).sqrt();
        for (k, z) in self.spectrum.iter().enumerate() {
            numbers[first + k * step] = share * (z.re - z.im);
            // F(-k) is the conjugate of F(k).
            numbers[first + (side - k) % side * step] = share * (z.re + z.im);
        }
        // Where k = -k both are the same, as the imaginary part is 0.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_that_defines_it_and_its_own_inverse() {
        for side in [1, 5, 8] {
            let numbers: Vec<f64> = (0..side * side).map(|i| (1.3 * i as f64).sin()).collect();
            let mut transformed = numbers.clone();
            let mut hartley = Hartley::new(side);
            hartley.transform(&mut transformed);
            let cas = |k: usize, x: usize| {
                let phase = std::f64::consts::TAU * (k * x) as f64 / side as f64;
                phase.cos() + phase.sin()
            };
            for (k, got) in transformed.iter().enumerate() {
                let term = |(x, f): (usize, &f64)| f * cas(k / side, x / side) * cas(k % side, x % side);
                let sum = numbers.iter().enumerate().map(term).sum::<f64>() / side as f64;
                assert!((sum - got).abs() < 1e-13, "{side} {k}");
            }
            hartley.transform(&mut transformed);
            assert!(numbers.iter().zip(&transformed).all(|(a, b)| (a - b).abs() < 1e-14));
        }
    }
}
