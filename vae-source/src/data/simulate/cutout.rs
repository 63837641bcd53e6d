//! Cutout: the part of the sky that becomes a stamp, centred on the galaxy and as wide as the archive would cut it.

use lens_models::fits::Image;

/// Detection threshold in units of the noise of a pixel: two standard deviations of noise with the correlation of drizzled
/// images, once it is smoothed by a Gaussian of 1.5 pixels.
const THRESHOLD: f64 = 0.75;

/// log10 of the side of a stamp (pixels): at an extent of one pixel, and its slope with log10 of the extent. The rule of the
/// archive is not published; the slope was fitted to 101 galaxies (`scripts/cosmos_numbers.py`), the first number then raised by 0.025 for the median of the
/// sides of simulated ones.
const SIDE: [f64; 2] = [0.475, 0.816];

/// Scatter of log10 of the side about that rule; 0.08 with the noise of the extents themselves.
const SCATTER: f64 = 0.06;

/// The square stamp around the galaxy in a noise-free image. `scatter` is a unit normal.
#[must_use]
pub fn cutout(sky: &Image, sigma: f64, scatter: f64) -> Image {
    let detection = detect(sky, (THRESHOLD * sigma) as f32);
    let log = SIDE[0] + SIDE[1] * (detection.extent as f64).log10() + SCATTER * scatter;
    let largest = sky.width.min(sky.height) & !1;
    let side = 2 * (0.5 * 10_f64.powf(log)).round().clamp(8.0, 128.0) as usize;
    let side = side.min(largest);
    let start = |centre: f64, n: usize| ((centre - 0.5 * side as f64).round().max(0.0) as usize).min(n - side);
    let (x0, y0) = (start(detection.centre[0], sky.width), start(detection.centre[1], sky.height));
    let rows = sky.pixels.chunks_exact(sky.width).skip(y0).take(side);
    Image { width: side, height: side, pixels: rows.flat_map(|row| row[x0..x0 + side].iter().copied()).collect() }
}

/// A galaxy found in an image.
struct Detection {
    /// The longer side of the box around it, pixels.
    extent: usize,
    /// Its centroid, pixels from the lower left corner of the image.
    centre: [f64; 2],
}

/// The connected pixels above the threshold about the brightest one.
fn detect(sky: &Image, threshold: f32) -> Detection {
    let (width, height) = sky.size();
    let brightest = (0..sky.pixels.len()).fold(0, |best, k| if sky.pixels[k] > sky.pixels[best] { k } else { best });
    // A galaxy below the noise is found at half of its peak, as deep stacks would.
    let threshold = threshold.min(0.5 * sky.pixels[brightest]);
    let mut seen = vec![false; sky.pixels.len()];
    let mut stack = vec![brightest];
    seen[brightest] = true;
    let (mut low, mut high) = ([width, height], [0, 0]);
    let (mut light, mut x_light, mut y_light) = (0.0, 0.0, 0.0);
    while let Some(k) = stack.pop() {
        let place = [k % width, k / width];
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
        let value = f64::from(sky.pixels[k]);
        light += value;
        x_light += value * (place[0] as f64 + 0.5);
        y_light += value * (place[1] as f64 + 0.5);
        let [x, y] = place;
        let neighbours = [
            (x > 0, k.wrapping_sub(1)),
            (x + 1 < width, k + 1),
            (y > 0, k.wrapping_sub(width)),
            (y + 1 < height, k + width),
        ];
        for (inside, next) in neighbours {
            if inside && !seen[next] && sky.pixels[next] > threshold {
                seen[next] = true;
                stack.push(next);
            }
        }
    }
    let extent = (high[0] - low[0]).max(high[1] - low[1]) + 1;
    Detection { extent, centre: [x_light / light.max(f64::MIN_POSITIVE), y_light / light.max(f64::MIN_POSITIVE)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sky(centre: [f64; 2], radius: f64) -> Image {
        let at = |k: usize| {
            let (x, y) = ((k % 120) as f64 + 0.5 - centre[0], (k / 120) as f64 + 0.5 - centre[1]);
            if x.hypot(y) < radius { 1.0 } else { 0.0 }
        };
        Image { width: 120, height: 120, pixels: (0..120 * 120).map(at).collect() }
    }

    #[test]
    fn a_stamp_is_centred_on_the_light_and_sized_by_its_extent() {
        let stamp = cutout(&sky([50.0, 66.0], 10.0), 0.1, 0.0);
        // 20 pixels across: 10^(0.475 + 0.816 log 20) = 34.4, to the nearest even number.
        assert_eq!(stamp.size(), (34, 34));
        let sum: f32 = stamp.pixels.iter().sum();
        let x: f32 = stamp.pixels.iter().enumerate().map(|(k, v)| v * ((k % 34) as f32 + 0.5)).sum();
        assert!((x / sum - 17.0).abs() < 1e-3);
    }

    #[test]
    fn a_galaxy_below_the_noise_still_has_a_stamp() {
        assert_eq!(cutout(&sky([60.0, 60.0], 10.0), 1e6, 0.0).size(), (34, 34));
    }

    #[test]
    fn a_galaxy_at_the_edge_does_not_push_its_stamp_outside() {
        let sky = sky([2.0, 118.0], 40.0);
        let stamp = cutout(&sky, 0.1, 3.0);
        // 42 pixels across: 10^(0.475 + 0.816 log 42 + 3 x 0.06) = 95.4. All of its light is in a corner of the stamp.
        assert_eq!(stamp.size(), (96, 96));
        assert_eq!(stamp.pixels.iter().sum::<f32>(), sky.pixels.iter().sum::<f32>());
    }
}
