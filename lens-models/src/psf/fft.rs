//! fft: correlation with a large kernel as a product of spectra, a block of rows at a time.

use std::cell::RefCell;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::direct::{Taps, pad};

/// The transform of one kernel for images of one size.
///
/// Rows are laid end to end with as many zeros between them as the kernel is wide, less one. A 2-d correlation is then one
/// long 1-d correlation, and a block of rows with its halo one transform (overlap-save).
pub(super) struct Plan {
    pub width: usize,
    pub height: usize,
    /// Output rows of one block; fixed by the sizes alone, so that results do not depend on threads.
    pub block: usize,
    stride: usize,
    half: (usize, usize),
    length: usize,
    forward: Arc<dyn RealToComplex<f32>>,
    backward: Arc<dyn ComplexToReal<f32>>,
    /// Spectrum of the taps, conjugated and divided by the length, for correlation.
    kernel: Vec<Complex<f32>>,
}

/// Buffers of one thread.
#[derive(Default)]
struct Scratch {
    real: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    work: Vec<Complex<f32>>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Plan {
    pub fn new(taps: &Taps, width: usize, height: usize) -> Self {
        // Blocks of about four times the kernel: the halo then costs a quarter of the rows themselves.
        let block = height.div_ceil((height / (4 * taps.height)).max(1));
        let stride = width + taps.width - 1;
        let length = fast_length((block + taps.height - 1) * stride);
        let mut planner = RealFftPlanner::<f32>::new();
        let (forward, backward) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
        let mut real = vec![0.0; length];
        for (to, from) in real.chunks_mut(stride).zip(taps.weights.chunks_exact(taps.width)) {
            to[..taps.width].copy_from_slice(from);
        }
        let mut kernel = forward.make_output_vec();
        transformed(forward.process(&mut real, &mut kernel));
        let share = 1.0 / length as f32;
        kernel.iter_mut().for_each(|z| *z = z.conj() * share);
        Self {
            width,
            height,
            block,
            stride,
            half: (taps.width / 2, taps.height / 2),
            length,
            forward,
            backward,
            kernel,
        }
    }

    /// Fills `out`, the rows from `start` on of the correlation, at most `block` of them.
    pub fn correlate(&self, input: &[f32], start: usize, out: &mut [f32]) {
        let rows = start..start + out.len() / self.width;
        SCRATCH.with_borrow_mut(|scratch| {
            let Scratch { real, spectrum, work } = scratch;
            pad(input, self.width, rows, self.half.1, self.half.0, self.stride, real);
            real.resize(self.length, 0.0);
            spectrum.resize(self.length / 2 + 1, Complex::default());
            work.resize(self.forward.get_scratch_len().max(self.backward.get_scratch_len()), Complex::default());
            transformed(self.forward.process_with_scratch(real, spectrum, work));
            spectrum.iter_mut().zip(&self.kernel).for_each(|(z, kernel)| *z *= kernel);
            // A real signal has real first and last coefficients; rounding must not say otherwise.
            spectrum[0].im = 0.0;
            if self.length.is_multiple_of(2) {
                spectrum[self.length / 2].im = 0.0;
            }
            transformed(self.backward.process_with_scratch(spectrum, real, work));
            for (to, from) in out.chunks_exact_mut(self.width).zip(real.chunks_exact(self.stride)) {
                to.copy_from_slice(&from[..self.width]);
            }
        });
    }
}

/// The transforms fail on buffers of a wrong length and on complex ends of a spectrum; both are excluded above.
fn transformed(outcome: Result<(), realfft::FftError>) {
    debug_assert!(outcome.is_ok(), "{outcome:?}");
}

/// The smallest even number from `least` on without prime factors above 5.
fn fast_length(least: usize) -> usize {
    let smooth = |mut n: usize| {
        for p in [2, 3, 5] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    (least.next_multiple_of(2)..).step_by(2).find(|n| smooth(*n)).unwrap_or(least)
}
