//! M20: how far from the centre the brightest fifth of the light lies.

use super::second_moments::centroid;

/// The part of the light that the brightest pixels hold.
const BRIGHTEST: f64 = 0.2;
/// The second moment of a pixel of even brightness about its own centre, per flux [pixels^2].
const PIXEL: f64 = 1.0 / 6.0;

/// M_20 = log10(sum of f r^2 over the brightest pixels that hold 20 % of the flux / sum of f r^2 over all), r from the centroid (Lotz,
/// Primack & Madau 2004, AJ 128, 163, eq. 8); `pixels` are (x, y, flux).
///
/// A fifth of the light in one pixel on the centroid would give minus infinity: the moment of the brightest is that of one pixel of their
/// flux at least. `None` if the flux or its moment is not positive.
pub(super) fn m20(pixels: &[(f64, f64, f64)]) -> Option<f64> {
    let flux: f64 = pixels.iter().map(|(_, _, f)| f).sum();
    let (x, y) = centroid(pixels)?;
    let moment = |&(px, py, f): &(f64, f64, f64)| f * ((px - x).powi(2) + (py - y).powi(2));

    let mut fluxes: Vec<f64> = pixels.iter().map(|(_, _, f)| *f).collect();
    fluxes.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut held = 0.0;
    let faintest = fluxes.into_iter().find(|f| {
        held += f;
        held > BRIGHTEST * flux
    })?;
    let brightest = || pixels.iter().filter(|(_, _, f)| *f >= faintest);
    let all: f64 = pixels.iter().map(moment).sum();
    let part = brightest().map(moment).sum::<f64>().max(PIXEL * brightest().map(|(_, _, f)| f).sum::<f64>());
    (all > 0.0).then(|| (part / all).log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cross(r: f64, flux: f64) -> [(f64, f64, f64); 4] {
        [(r, 0.0, flux), (-r, 0.0, flux), (0.0, r, flux), (0.0, -r, flux)]
    }

    #[test]
    fn a_bright_ring_holds_the_moment_and_a_bright_centre_does_not() {
        let m20_of = |inner: f64, outer: f64| m20(&[cross(1.0, inner), cross(4.0, outer)].concat()).unwrap_or(f64::NAN);
        assert!((m20_of(5.0, 20.0) - (20.0_f64 * 16.0 / (20.0 * 16.0 + 5.0)).log10()).abs() < 1e-14);
        assert!((m20_of(20.0, 5.0) - (20.0_f64 / (20.0 + 5.0 * 16.0)).log10()).abs() < 1e-14);
    }

    #[test]
    fn equal_pixels_are_all_the_brightest() {
        assert!(m20(&cross(3.0, 2.0)).is_some_and(|m| m.abs() < 1e-14));
    }

    #[test]
    fn a_point_at_the_centre_is_as_wide_as_a_pixel() {
        let mut pixels = cross(2.0, 1.0).to_vec();
        pixels.push((0.0, 0.0, 8.0));
        assert!(m20(&pixels).is_some_and(|m| (m - (8.0_f64 / 6.0 / 16.0).log10()).abs() < 1e-14));
        assert_eq!(m20(&cross(1.0, -1.0)), None);
    }
}
