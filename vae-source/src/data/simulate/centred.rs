//! Centred: point-spread functions of even sides brought onto a grid with a central pixel.

use std::f64::consts::PI;

use lens_models::fits::Image;

/// How near the centroid must be to a pixel, or to the middle between two, in pixels.
const NEAR: f64 = 0.25;

/// The image with an odd number of pixels along each axis.
///
/// An even number about a pixel loses its outer pixels on one side. One about the middle between two pixels, as sums of sub-pixels
/// often have it, is moved by half a pixel. Any other is left as it is.
pub fn centred(kernel: Image) -> Image {
    let turned = along_x(kernel);
    transposed(&along_x(transposed(&turned)))
}

fn along_x(kernel: Image) -> Image {
    let (width, height) = kernel.size();
    if width % 2 == 1 || width < 4 {
        return kernel;
    }
    let sum: f64 = kernel.pixels.iter().map(|p| f64::from(*p)).sum();
    let moment: f64 = kernel.pixels.iter().enumerate().map(|(k, p)| f64::from(*p) * (k % width) as f64).sum();
    let off = moment / sum - (width as f64 - 1.0) / 2.0;
    let row: &dyn Fn(&[f32]) -> Vec<f32> = if (off + 0.5).abs() < NEAR {
        &|row| row[..width - 1].to_vec()
    } else if (off - 0.5).abs() < NEAR {
        &|row| row[1..].to_vec()
    } else if off.abs() < NEAR {
        &|row| (0..width - 1).map(|x| between(row, x)).collect()
    } else {
        return kernel;
    };
    let pixels = kernel.pixels.chunks_exact(width).flat_map(row).collect();
    Image { width: width - 1, height, pixels }
}

/// The value half-way between pixels x and x + 1 of the trigonometric polynomial through all of an even number of pixels: a shift in
/// Fourier space, exact for what the pixels resolve.
fn between(row: &[f32], x: usize) -> f32 {
    let n = row.len() as f64;
    let kernel = |k: usize| {
        let t = PI * (x as f64 + 0.5 - k as f64);
        t.sin() / (n * (t / n).tan())
    };
    row.iter().enumerate().map(|(k, v)| f64::from(*v) * kernel(k)).sum::<f64>() as f32
}

fn transposed(image: &Image) -> Image {
    let (width, height) = image.size();
    let pixels = (0..width * height).map(|k| image.pixels[(k % height) * width + k / height]).collect();
    Image { width: height, height: width, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Gaussian of standard deviation 1.7 pixels, as wide as a PSF of HST on its finer grids.
    fn gaussian(width: usize, height: usize, [x0, y0]: [f64; 2]) -> Image {
        let at = |k: usize| {
            let (x, y) = ((k % width) as f64 - x0, (k / width) as f64 - y0);
            (-0.5 * (x * x + y * y) / 1.7_f64.powi(2)).exp() as f32
        };
        Image { width, height, pixels: (0..width * height).map(at).collect() }
    }

    fn worst(a: &Image, b: &Image) -> f32 {
        assert_eq!(a.size(), b.size());
        a.pixels.iter().zip(&b.pixels).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_kernel_about_a_pixel_is_cut() {
        assert_eq!(centred(gaussian(24, 21, [11.0, 10.0])), gaussian(23, 21, [11.0, 10.0]));
        assert_eq!(centred(gaussian(21, 24, [10.0, 12.0])), gaussian(21, 23, [10.0, 11.0]));
    }

    #[test]
    fn a_kernel_about_the_middle_between_pixels_is_moved_by_half_a_pixel() {
        let off = worst(&centred(gaussian(24, 26, [11.5, 12.5])), &gaussian(23, 25, [11.0, 12.0]));
        // What of the Gaussian is finer than the pixels, and its rim; the mean of two neighbours would be off by 0.04.
        assert!(off < 2e-6, "{off}");
    }

    #[test]
    fn other_kernels_stay() {
        let odd = gaussian(21, 21, [10.0, 10.0]);
        assert_eq!(centred(odd.clone()), odd);
        let aside = gaussian(24, 21, [9.0, 10.0]);
        assert_eq!(centred(aside.clone()), aside);
    }
}
