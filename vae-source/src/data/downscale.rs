//! Downscale: an image on another number of pixels, its surface brightness kept.

use lens_models::fits::Image;

/// The pixels of a row of `n` that one of `side` wider (or narrower) pixels covers, with the part of it that each fills.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Overlap {
    /// The first pixel covered.
    pub start: usize,
    /// The weight of it and of those that follow; their sum is 1.
    pub weights: Vec<f64>,
}

/// How `side` pixels lie on `n` pixels of the same total length; exact, for any ratio n / side, below 1 too.
pub(super) fn overlaps(n: usize, side: usize) -> Vec<Overlap> {
    // In units of 1 / side of a pixel every edge is a whole number: the k-th new pixel reaches from k n to (k + 1) n.
    let covered = |k: usize| {
        let (low, high) = (k * n, (k + 1) * n);
        let start = low / side;
        let part = |pixel: usize| high.min((pixel + 1) * side) - low.max(pixel * side);
        Overlap { start, weights: (start..high.div_ceil(side)).map(|pixel| part(pixel) as f64 / n as f64).collect() }
    };
    (0..side).map(covered).collect()
}

/// The image on `side` x `side` pixels: each is the mean of the area that it covers, so that the mean surface brightness is
/// that of the image. A `side` above that of the image repeats and mixes its pixels.
pub fn downscale(image: &Image, side: usize) -> Image {
    let across = overlaps(image.width, side);
    let rows: Vec<Vec<f64>> = image
        .pixels
        .chunks_exact(image.width.max(1))
        .map(|row| {
            let mean = |o: &Overlap| row[o.start..].iter().zip(&o.weights).map(|(p, w)| f64::from(*p) * w).sum();
            across.iter().map(mean).collect()
        })
        .collect();
    let mut pixels = Vec::with_capacity(side * side);
    for Overlap { start, weights } in overlaps(image.height, side) {
        let mean = |x: usize| rows[start..].iter().zip(&weights).map(|(row, w)| row[x] * w).sum::<f64>();
        pixels.extend((0..side).map(|x| mean(x) as f32));
    }
    Image { width: side, height: side, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn image(width: usize, height: usize, pixel: impl Fn(usize, usize) -> f32) -> Image {
        let pixels = (0..width * height).map(|i| pixel(i % width, i / width)).collect();
        Image { width, height, pixels }
    }

    fn mean(image: &Image) -> f64 {
        image.pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / image.pixels.len() as f64
    }

    #[test]
    fn three_pixels_on_two_are_weighted_by_overlap() {
        let two = overlaps(3, 2);
        let thirds = |a: f64, b: f64| vec![a / 3.0, b / 3.0];
        assert_eq!(two[0], Overlap { start: 0, weights: thirds(2.0, 1.0) });
        assert_eq!(two[1], Overlap { start: 1, weights: thirds(1.0, 2.0) });
    }

    #[test]
    fn a_whole_ratio_is_the_mean_of_blocks_and_ratio_one_is_the_image() {
        let blocks = downscale(&image(4, 4, |x, y| (10 * y + x) as f32), 2);
        assert_eq!(blocks.pixels, [5.5, 7.5, 25.5, 27.5]);
        let same = image(9, 9, |x, y| (x * x + 3 * y) as f32);
        assert_eq!(downscale(&same, 9), same);
    }

    #[test]
    fn more_pixels_repeat_and_mix_those_of_the_image() {
        assert_eq!(downscale(&image(2, 1, |x, _| x as f32), 3).pixels, [0.0, 0.5, 1.0, 0.0, 0.5, 1.0, 0.0, 0.5, 1.0]);
    }

    proptest! {
        #[test]
        fn the_mean_surface_brightness_is_kept(width in 1..90_usize, height in 1..90_usize, side in 1..80_usize, seed: u32) {
            let image = image(width, height, |x, y| ((x * 37 + y * 101 + seed as usize % 997) % 211) as f32 - 100.0);
            let small = downscale(&image, side);
            prop_assert_eq!(small.size(), (side, side));
            // The output is rounded to f32, 6e-8 of values up to 110.
            prop_assert!((mean(&small) - mean(&image)).abs() < 1e-5);
        }

        #[test]
        fn a_plane_stays_a_plane_under_whole_ratios(times in 1..9_usize, side in 1..12_usize) {
            // Averaging over a box gives a plane's value at the centre of the box.
            let n = times * side;
            let small = downscale(&image(n, n, |x, y| 3.0 * x as f32 - 2.0 * y as f32), side);
            let centre = |k: usize| (k as f64 + 0.5) * times as f64 - 0.5;
            for (i, pixel) in small.pixels.iter().enumerate() {
                // f32: 6e-8 of values up to 300.
                prop_assert!((f64::from(*pixel) - 3.0 * centre(i % side) + 2.0 * centre(i / side)).abs() < 2e-5);
            }
        }
    }
}
