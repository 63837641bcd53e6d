//! raster: an image of numbers with its place on the sky.

use super::contour::contours;
use super::error::{PlotError, Result};

/// The edges (not pixel centres) of an image, in arcsec; x right, y up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Left and right.
    pub x: [f64; 2],
    /// Bottom and top.
    pub y: [f64; 2],
}

/// An image `[y][x]`, pixel (0, 0) bottom-left as FITS has it, that covers `extent`.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    nx: usize,
    ny: usize,
    values: Vec<f64>,
    extent: Extent,
}

impl Extent {
    /// nx by ny pixels of `pixel_scale` arcsec centred on (0, 0).
    #[must_use]
    pub fn centred(nx: usize, ny: usize, pixel_scale: f64) -> Self {
        let half = |n: usize| 0.5 * n as f64 * pixel_scale;
        Self { x: [-half(nx), half(nx)], y: [-half(ny), half(ny)] }
    }

    /// A square of the given half width about a point.
    #[must_use]
    pub fn square([x, y]: [f64; 2], half: f64) -> Self {
        Self { x: [x - half, x + half], y: [y - half, y + half] }
    }
}

impl Raster {
    /// `nx * ny` values over `extent`, rows from the bottom. NaN is allowed and drawn grey.
    ///
    /// # Errors
    /// When the number of values is not `nx * ny`, when there are none, or when the extent is empty.
    pub fn new<T: Into<f64>>(
        nx: usize,
        ny: usize,
        values: impl IntoIterator<Item = T>,
        extent: Extent,
    ) -> Result<Self> {
        let values: Vec<f64> = values.into_iter().map(Into::into).collect();
        let (expected, got) = ((nx * ny).max(1), values.len());
        if got != expected {
            return Err(PlotError::Length { what: format!("an image of {nx} x {ny} pixels"), expected, got });
        }
        for (axis, [lo, hi]) in [("x", extent.x), ("y", extent.y)] {
            if !(lo.is_finite() && hi.is_finite() && lo < hi) {
                return Err(PlotError::Extent { what: format!("the {axis} axis of an image"), lo, hi });
            }
        }
        Ok(Self { nx, ny, values, extent })
    }

    /// `nx * ny` values of pixels of `pixel_scale` arcsec about (0, 0), rows from the bottom.
    ///
    /// # Errors
    /// As [`Raster::new`].
    pub fn centred<T: Into<f64>>(
        nx: usize,
        ny: usize,
        values: impl IntoIterator<Item = T>,
        pixel_scale: f64,
    ) -> Result<Self> {
        Self::new(nx, ny, values, Extent::centred(nx, ny, pixel_scale))
    }

    /// The number of columns and rows.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [self.nx, self.ny]
    }

    /// All values, rows from the bottom.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The edges in arcsec.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The same image with `hidden` pixels without a value.
    #[must_use]
    pub fn without(&self, hidden: &[bool]) -> Self {
        let mut shown = self.clone();
        for (value, hidden) in shown.values.iter_mut().zip(hidden) {
            if *hidden {
                *value = f64::NAN;
            }
        }
        shown
    }

    /// The lines on which the image crosses `level`, in arcsec, linear between pixel centres (the critical curves of a map of
    /// det A at level 0, for example). Closed lines repeat their first point.
    #[must_use]
    pub fn contours(&self, level: f64) -> Vec<Vec<[f64; 2]>> {
        let Extent { x: [x0, x1], y: [y0, y1] } = self.extent;
        let (dx, dy) = ((x1 - x0) / self.nx as f64, (y1 - y0) / self.ny as f64);
        let mut lines = contours(&self.values, self.nx, level);
        for [x, y] in lines.iter_mut().flatten() {
            (*x, *y) = (x0 + (*x + 0.5) * dx, y0 + (*y + 0.5) * dy);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_refuses_a_wrong_number_of_values_and_an_empty_extent() {
        assert!(matches!(Raster::centred(3, 2, vec![0.0; 5], 0.1), Err(PlotError::Length { expected: 6, got: 5, .. })));
        assert!(matches!(Raster::centred(0, 0, Vec::<f64>::new(), 0.1), Err(PlotError::Length { .. })));
        assert!(matches!(Raster::centred(1, 1, vec![0.0], f64::NAN), Err(PlotError::Extent { .. })));
        assert!(matches!(Raster::centred(1, 1, vec![0.0], -1.0), Err(PlotError::Extent { .. })));
    }

    #[test]
    fn contours_lie_between_pixel_centres_in_arcsec() -> Result<()> {
        // Values are x of the pixel centre: -0.15, -0.05, 0.05, 0.15.
        let image = Raster::centred(4, 2, [-0.15, -0.05, 0.05, 0.15, -0.15, -0.05, 0.05, 0.15], 0.1)?;
        let lines = image.contours(0.03);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].iter().all(|[x, y]| (x - 0.03).abs() < 1e-12 && (y.abs() - 0.05).abs() < 1e-12), "{lines:?}");
        Ok(())
    }
}
