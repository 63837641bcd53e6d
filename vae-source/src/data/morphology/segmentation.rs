//! Segmentation: which pixels belong to the galaxy in the middle of the image.

use super::petrosian::annulus_mean;
use crate::data::picture::Picture;
use crate::error::{Error, Result};

/// Standard deviation of the Gaussian that the image is smoothed with before it is cut [pixels].
const SMOOTHING: f64 = 1.5;
/// The cut on the smoothed image, in noise of a pixel. White noise has 0.19 of it left after the smoothing, drizzled noise of lag-1
/// correlation 0.48 some 0.36: this is 2 to 4 standard deviations.
const LEVEL: f64 = 0.75;
/// A galaxy whose smoothed image nowhere near the centre reaches this, in noise of a pixel, is none. The faintest of 112 COSMOS galaxies
/// has 1.4, the next 2.0.
const FAINTEST: f64 = 1.0;

/// The pixels of one galaxy: (x, y, flux).
pub(super) type Pixels = Vec<(f64, f64, f64)>;

/// The pixels of the galaxy in the middle: of those above the cut, the ones connected (by sides or corners) to the brightest of the
/// smoothed image within a sixth of the image from its centre. A galaxy fainter than twice the cut is cut at half its own height.
///
/// # Errors
/// [`Error::NoGalaxy`] if that brightest pixel is no brighter than the noise.
pub(super) fn central(picture: &Picture, sigma: f64) -> Result<Pixels> {
    let smooth = picture.gaussian(SMOOTHING);
    let (width, height) = (picture.width(), picture.height());
    let middle = (0.5 * (width as f64 - 1.0), 0.5 * (height as f64 - 1.0));
    let reach = (width.min(height) as f64 / 6.0).max(3.0);
    let (seed, peak) = brightest(&smooth, middle, reach);
    if peak < FAINTEST * sigma {
        return Err(Error::NoGalaxy { peak, sigma });
    }
    Ok(connected(picture, &smooth, seed, (LEVEL * sigma).min(0.5 * peak)))
}

/// The pixels within the isophote of the Petrosian radius: the image is smoothed by a fifth of that radius and cut at its mean there;
/// connected to its brightest pixel within the radius (Lotz, Primack & Madau 2004, AJ 128, 163, section 3.2).
pub(super) fn petrosian(picture: &Picture, center: (f64, f64), radius: f64) -> Pixels {
    let smooth = picture.gaussian(0.2 * radius);
    let (seed, _) = brightest(&smooth, center, radius);
    connected(picture, &smooth, seed, annulus_mean(&smooth, center, radius))
}

/// The brightest pixel not farther than `reach` from `center`, and its value.
fn brightest(smooth: &Picture, center: (f64, f64), reach: f64) -> (usize, f64) {
    let width = smooth.width();
    let near = |i: usize| ((i % width) as f64 - center.0).hypot((i / width) as f64 - center.1) <= reach;
    let candidates = smooth.values().iter().copied().enumerate().filter(|(i, _)| near(*i));
    candidates.fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best })
}

/// The pixels of the picture connected to `seed` over pixels of the smoothed one that are at the level or above; the seed always.
fn connected(picture: &Picture, smooth: &Picture, seed: usize, level: f64) -> Pixels {
    let (width, height) = (picture.width(), picture.height());
    let mut seen = vec![false; width * height];
    seen[seed] = true;
    let mut open = vec![seed];
    let mut found = Pixels::new();
    while let Some(at) = open.pop() {
        let (x, y) = (at % width, at / width);
        found.push((x as f64, y as f64, picture.values()[at]));
        for row in y.saturating_sub(1)..(y + 2).min(height) {
            for column in x.saturating_sub(1)..(x + 2).min(width) {
                let next = row * width + column;
                if !seen[next] && smooth.values()[next] >= level {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
    }
    // In the order of the image, so that sums do not depend on the walk.
    found.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn galaxies(list: &[(f64, f64, f64)]) -> Picture {
        let at = |x: f64, y: f64| {
            list.iter().map(|(f, a, b)| f * (-0.5 * ((x - a).powi(2) + (y - b).powi(2)) / 9.0).exp()).sum()
        };
        Picture::from_values((0..51 * 41).map(|i| at((i % 51) as f64, (i / 51) as f64)).collect(), 51, 41)
    }

    /// How many pixels have their centre at most this far, squared, from the centre of one of them.
    fn pixels_within(square: f64) -> usize {
        let reach = square.sqrt() as i32 + 1;
        let at = || (-reach..=reach).map(|k| f64::from(k * k));
        at().flat_map(|x| at().map(move |y| x + y)).filter(|r| *r <= square).count()
    }

    #[test]
    fn the_galaxy_in_the_middle_is_taken_and_a_brighter_one_beside_it_is_not() -> Result<()> {
        let found = central(&galaxies(&[(10.0, 24.0, 21.0), (90.0, 44.0, 6.0)]), 1.0)?;
        // Smoothed it is 10 * 9 / 11.25 exp(-r^2 / 22.5), and that is 0.75 at:
        assert_eq!(found.len(), pixels_within(22.5 * (8.0_f64 / 0.75).ln()));
        assert!(found.iter().all(|(x, y, _)| (x - 24.0).hypot(y - 21.0) < 8.0));
        Ok(())
    }

    #[test]
    fn a_faint_galaxy_is_cut_at_half_its_height() -> Result<()> {
        let found = central(&galaxies(&[(1.5, 24.0, 21.0)]), 1.0)?;
        // exp(-r^2 / 22.5) = 1/2.
        assert_eq!(found.len(), pixels_within(22.5 * 2.0_f64.ln()));
        Ok(())
    }

    #[test]
    fn nothing_above_the_noise_is_no_galaxy() {
        assert!(matches!(central(&galaxies(&[(1.2, 24.0, 21.0)]), 1.0), Err(Error::NoGalaxy { .. })));
    }

    #[test]
    fn the_petrosian_map_of_a_round_galaxy_is_a_disc_about_as_large_as_its_radius() {
        let picture = galaxies(&[(1.0, 24.0, 21.0)]);
        let radius = super::super::petrosian::radius(&picture, (24.0, 21.0));
        let area = std::f64::consts::PI * radius * radius;
        // The mean over the annulus is that of a circle some 5 % from its radius.
        assert!((petrosian(&picture, (24.0, 21.0), radius).len() as f64 / area - 1.0).abs() < 0.15);
    }
}
