//! Psf: the point-spread function, and its convolution with an image.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::fits::Image;

mod direct;
mod fft;
mod method;
mod resized;

use direct::Taps;
use method::Method;

/// Full width at half maximum of a Gaussian in units of its sigma, 2 sqrt(2 ln 2).
pub const FWHM_PER_SIGMA: f64 = 2.354_820_045_030_949_4;

/// A kernel of odd width and height that sums to 1, centred on its middle pixel.
///
/// With h and w the half sizes and f = 0 outside the image,
///
/// ```text
/// (K * f)[y][x] = sum_{j,i} K[j][i] f[y - (j - h)][x - (i - w)]
/// ```
///
/// ```
/// use lens_models::psf::Psf;
/// let psf = Psf::gaussian(0.1, 0.05, 9)?;
/// let mut point = vec![0.0; 15 * 15];
/// point[7 * 15 + 7] = 1.0;
/// let mut blurred = vec![0.0; 15 * 15];
/// psf.convolve(&point, 15, 15, &mut blurred);
/// assert!((blurred[7 * 15 + 7] - psf.kernel()[4 * 9 + 4]).abs() < 1e-7);
/// # Ok::<(), lens_models::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Psf {
    kernel: Image,
    raw_sum: f64,
    /// Weights of the convolution as a correlation, and of its adjoint.
    forward: Method,
    adjoint: Method,
}

impl Psf {
    /// The PSF given by an image, normalised to sum 1; a sum further than 1e-3 from 1 is said as a warning.
    ///
    /// # Errors
    /// [`Error::PsfEven`], [`Error::PsfNotFinite`], [`Error::PsfSum`] for a sum that is zero or negative.
    pub fn new(kernel: Image) -> Result<Self> {
        Self::of_band(kernel, "")
    }

    /// The same, the warning after what says which of several it is.
    pub(crate) fn of_band(kernel: Image, said: &str) -> Result<Self> {
        let Image { width, height, ref pixels } = kernel;
        if width % 2 == 0 || height % 2 == 0 {
            return Err(Error::PsfEven { width, height });
        }
        let count = pixels.iter().filter(|pixel| !pixel.is_finite()).count();
        if count > 0 {
            return Err(Error::PsfNotFinite { count });
        }
        let sum: f64 = pixels.iter().map(|pixel| f64::from(*pixel)).sum();
        if sum <= 0.0 {
            return Err(Error::PsfSum { sum });
        }
        if (sum - 1.0).abs() > 1e-3 {
            tracing::warn!(sum, "{said}the PSF sums to {sum:.4}; it is normalised to 1");
        }
        let pixels = pixels.iter().map(|pixel| (f64::from(*pixel) / sum) as f32).collect();
        let kernel = Image { width, height, pixels };
        let adjoint = Taps { width, height, weights: kernel.pixels.clone() };
        let (forward, adjoint) = (Method::choose(adjoint.flipped()), Method::choose(adjoint));
        Ok(Self { kernel, raw_sum: sum, forward, adjoint })
    }

    /// A round Gaussian of standard deviation `sigma` arcsec, integrated over each of `size` x `size` pixels and normalised. See
    /// [`FWHM_PER_SIGMA`].
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a width or scale that is not positive, [`Error::PsfEven`].
    pub fn gaussian(sigma: f64, pixel_scale: f64, size: usize) -> Result<Self> {
        for (what, value) in [("the sigma of the PSF", sigma), ("pixel_scale", pixel_scale)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::OutOfRange { what, value, allowed: "a positive number of arcsec" });
            }
        }
        // Beyond an edge; the tails of erf itself cancel.
        let beyond = |edge: f64| libm::erfc(edge * pixel_scale / (sigma * std::f64::consts::SQRT_2));
        let at = |i: usize| {
            let centre = (i as f64 - (size as f64 - 1.0) / 2.0).abs();
            beyond(centre - 0.5) - beyond(centre + 0.5)
        };
        let total = (0..size).map(at).sum::<f64>().powi(2);
        let pixels = (0..size * size).map(|i| (at(i / size) * at(i % size) / total) as f32).collect();
        Self::new(Image { width: size, height: size, pixels })
    }

    /// The odd size that holds a Gaussian out to 4 sigma on each side, all but 1e-4 of its flux.
    pub fn gaussian_size(sigma: f64, pixel_scale: f64) -> usize {
        // 101 pixels bound what a mistyped width can ask for.
        2 * ((4.0 * sigma / pixel_scale).ceil().clamp(1.0, 50.0) as usize) + 1
    }

    /// Pixels along x.
    pub fn width(&self) -> usize {
        self.kernel.width
    }

    /// Pixels along y.
    pub fn height(&self) -> usize {
        self.kernel.height
    }

    /// (width / 2, height / 2): how far the kernel reaches from its central pixel.
    pub fn half_size(&self) -> (usize, usize) {
        (self.kernel.width / 2, self.kernel.height / 2)
    }

    /// The normalised kernel, row-major `[y][x]`.
    pub fn kernel(&self) -> &[f32] {
        &self.kernel.pixels
    }

    /// The row and the column whose product the kernel is, if there are such.
    #[cfg(feature = "cuda")]
    pub(crate) fn factors(&self) -> Option<[Vec<f32>; 2]> {
        let Image { width, height, ref pixels } = self.kernel;
        let taps = Taps { width, height, weights: pixels.clone() };
        method::separate(&taps).map(|(row, column)| [row.weights, column.weights])
    }

    /// The sum that the kernel had before it was normalised.
    pub fn raw_sum(&self) -> f64 {
        self.raw_sum
    }

    /// out = K * input on one thread; both row-major `[y][x]`, zero outside.
    ///
    /// # Panics
    /// If a slice does not hold `width * height` values.
    pub fn convolve(&self, input: &[f32], width: usize, height: usize, out: &mut [f32]) {
        self.forward.whole(input, width, height, out);
    }

    /// out = K^T input, the transpose of [`Psf::convolve`]: correlation with the kernel.
    ///
    /// # Panics
    /// As [`Psf::convolve`].
    pub fn convolve_adjoint(&self, input: &[f32], width: usize, height: usize, out: &mut [f32]) {
        self.adjoint.whole(input, width, height, out);
    }

    /// [`Psf::convolve`] with its rows shared over rayon's threads; the same bits for any number of threads.
    ///
    /// # Panics
    /// As [`Psf::convolve`].
    pub fn convolve_threaded(&self, input: &[f32], width: usize, height: usize, out: &mut [f32]) {
        self.forward.threaded(input, width, height, out);
    }

    /// [`Psf::convolve_adjoint`] with its rows shared over rayon's threads; the same bits for any number of threads.
    ///
    /// # Panics
    /// As [`Psf::convolve`].
    pub fn convolve_adjoint_threaded(&self, input: &[f32], width: usize, height: usize, out: &mut [f32]) {
        self.adjoint.threaded(input, width, height, out);
    }

    /// The rows `rows` of [`Psf::convolve`] into `out`, `rows.len() * width` values.
    ///
    /// The same bits as the whole for kernels up to 17 x 17 pixels (35 x 35 if separable); larger ones go through spectra,
    /// whose rounding, about 1e-7 of the brightest pixel, depends on where the range starts.
    ///
    /// # Panics
    /// If a slice has the wrong length or the rows leave the image.
    pub fn convolve_rows(&self, input: &[f32], width: usize, height: usize, rows: Range<usize>, out: &mut [f32]) {
        self.forward.rows(input, width, height, rows, out);
    }

    /// The rows `rows` of [`Psf::convolve_adjoint`]; see [`Psf::convolve_rows`].
    ///
    /// # Panics
    /// As [`Psf::convolve_rows`].
    pub fn convolve_adjoint_rows(
        &self,
        input: &[f32],
        width: usize,
        height: usize,
        rows: Range<usize>,
        out: &mut [f32],
    ) {
        self.adjoint.rows(input, width, height, rows, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, step: f32) -> Vec<f32> {
        (0..n).map(|i| (i as f32 * step).sin() + 0.3).collect()
    }

    /// A kernel of rank above 1, without any symmetry.
    pub(super) fn uneven(width: usize, height: usize) -> Psf {
        let weight = |i: usize| (1.0 + i as f32 * 0.37 + (i % width) as f32).cos().abs();
        let pixels = (0..width * height).map(weight).collect();
        Psf::new(Image { width, height, pixels }).unwrap()
    }

    /// One of each method, and shapes that are not square.
    fn kernels() -> Vec<Psf> {
        let mut all = vec![uneven(1, 1), uneven(3, 3), uneven(5, 3), uneven(1, 5), uneven(13, 13), uneven(17, 17)];
        all.extend([uneven(19, 21), uneven(41, 41)]);
        all.extend([7, 13, 35, 41].map(|size| Psf::gaussian(0.1, 0.05, size).unwrap()));
        all
    }

    /// The definition, in f64.
    fn reference(psf: &Psf, input: &[f32], (width, height): (usize, usize), adjoint: bool) -> Vec<f64> {
        let (w, h) = (psf.width() as isize, psf.height() as isize);
        let pixel = |y: isize, x: isize| {
            let mut sum = 0.0;
            for (j, i) in (0..h).flat_map(|j| (0..w).map(move |i| (j, i))) {
                let (dy, dx) = if adjoint { (j - h / 2, i - w / 2) } else { (h / 2 - j, w / 2 - i) };
                let (y, x) = (y + dy, x + dx);
                if (0..height as isize).contains(&y) && (0..width as isize).contains(&x) {
                    let at = (y * width as isize + x) as usize;
                    sum += f64::from(psf.kernel()[(j * w + i) as usize]) * f64::from(input[at]);
                }
            }
            sum
        };
        (0..(width * height) as isize).map(|i| pixel(i / width as isize, i % width as isize)).collect()
    }

    #[test]
    fn convolution_and_its_adjoint_are_their_definitions() {
        for size in [(70, 45), (33, 64), (5, 9), (301, 6)] {
            let input = wave(size.0 * size.1, 0.7);
            for psf in kernels() {
                let mut out = vec![f32::NAN; input.len()];
                for adjoint in [false, true] {
                    let run = if adjoint { Psf::convolve_adjoint } else { Psf::convolve };
                    run(&psf, &input, size.0, size.1, &mut out);
                    let expected = reference(&psf, &input, size, adjoint);
                    let worst = out.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
                    // Values up to 1.3 in f32 (6e-8), through sums of weights that add to 1 or a transform.
                    assert!(worst < 6e-7, "{} x {} on {size:?}: {worst:e}", psf.width(), psf.height());
                }
            }
        }
    }

    #[test]
    fn convolution_is_scipys() {
        // scripts/golden/images.py: scipy.signal.convolve2d(image, kernel, mode="same").
        let kernel = [0.1, 0.0, 0.2, 0.05, 0.3, 0.0, 0.15, 0.0, 0.2];
        let expected = [
            [5.4, 15.25, 21.4, 28.85, 23.7],
            [28.25, 60.55, 74.85, 91.15, 72.4],
            [79.75, 152.05, 176.35, 202.65, 155.9],
            [112.85, 152.45, 173.45, 195.85, 159.2],
        ];
        let image: Vec<f32> = (1..=20).map(|i| (i * i) as f32).collect();
        let psf = Psf::new(Image { width: 3, height: 3, pixels: kernel.to_vec() }).unwrap();
        let mut out = vec![0.0; 20];
        psf.convolve(&image, 5, 4, &mut out);
        assert!(out.iter().zip(expected.as_flattened()).all(|(a, b)| (a - b).abs() < 1e-4), "{out:?}");
    }

    #[test]
    fn the_adjoint_identity_holds() {
        let (width, height) = (61, 50);
        let (x, y) = (wave(width * height, 0.31), wave(width * height, 1.7));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        for psf in kernels() {
            let (mut ax, mut aty) = (vec![0.0; x.len()], vec![0.0; y.len()]);
            psf.convolve(&x, width, height, &mut ax);
            psf.convolve_adjoint(&y, width, height, &mut aty);
            let (left, right) = (dot(&ax, &y), dot(&x, &aty));
            // 3050 products of order 1 with roundings of 1e-7 that mostly cancel.
            assert!((left - right).abs() < 1e-4, "{} x {}: {left} {right}", psf.width(), psf.height());
        }
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let (width, height) = (90, 200);
        let input = wave(width * height, 0.9);
        for psf in kernels() {
            let (mut serial, mut threaded) = (vec![0.0; input.len()], vec![0.0; input.len()]);
            psf.convolve(&input, width, height, &mut serial);
            for threads in [1, 2, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| psf.convolve_threaded(&input, width, height, &mut threaded));
                assert_eq!(serial, threaded, "{} x {}", psf.width(), psf.height());
            }
            let mut part = vec![0.0; 40 * width];
            psf.convolve_rows(&input, width, height, 33..73, &mut part);
            let worst = part.iter().zip(&serial[33 * width..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst == 0.0 || (psf.width() > 17 && worst < 5e-7), "{} x {}", psf.width(), psf.height());
        }
    }

    #[test]
    fn kernels_that_cannot_be_used_are_refused_and_others_normalised() {
        let image = |width, height, value| Image { width, height, pixels: vec![value; width * height] };
        assert!(matches!(Psf::new(image(4, 5, 1.0)), Err(Error::PsfEven { width: 4, height: 5 })));
        assert!(matches!(Psf::new(image(3, 3, f32::NAN)), Err(Error::PsfNotFinite { count: 9 })));
        assert!(matches!(Psf::new(image(3, 3, 0.0)), Err(Error::PsfSum { sum: 0.0 })));
        assert!(matches!(Psf::new(image(3, 3, -1.0)), Err(Error::PsfSum { sum: -9.0 })));
        let psf = Psf::new(image(3, 3, 2.0)).unwrap();
        assert!((psf.kernel().iter().sum::<f32>() - 1.0).abs() < 1e-6 && psf.raw_sum() == 18.0);
        assert!(matches!(Psf::gaussian(0.0, 0.05, 5), Err(Error::OutOfRange { .. })));
    }
}
