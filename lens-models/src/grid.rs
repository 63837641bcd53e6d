//! The pixel grid: where every (sub-)pixel of an image looks on the sky.

use std::ops::Range;

use multiversion::multiversion;

use crate::error::{Error, Result};

/// A rectangle of pixels inside an image; (x0, y0) is its bottom-left pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Window {
    /// First column.
    pub x0: usize,
    /// First row.
    pub y0: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Window {
    /// The window's pixels of a row-major image that is `full_width` wide.
    pub fn crop<T: Copy>(&self, image: &[T], full_width: usize) -> Vec<T> {
        let rows = image.chunks_exact(full_width).skip(self.y0).take(self.height);
        rows.flat_map(|row| row[self.x0..self.x0 + self.width].iter().copied()).collect()
    }

    /// Pixels in the window.
    pub fn len(&self) -> usize {
        self.width * self.height
    }

    /// Whether the window holds no pixel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Columns of the window, in the full image.
    pub fn columns(&self) -> Range<usize> {
        self.x0..self.x0 + self.width
    }

    /// Rows of the window, in the full image.
    pub fn rows(&self) -> Range<usize> {
        self.y0..self.y0 + self.height
    }
}

/// Pixels of an image, or of a window of it, each divided into k x k sub-pixels.
///
/// Arcsec, x right, y up, origin at the centre of the *full* image: pixel (column, row) of a width x height image is at
/// x = (column - (width-1)/2) scale, y = (row - (height-1)/2) scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    full: (usize, usize),
    pixel_scale: f64,
    supersampling: usize,
    window: Window,
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Grid {
    /// The grid of a whole image of `width` x `height` pixels of `pixel_scale` arcsec with k = `supersampling`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a scale that is not positive or k outside 1..=16; [`Error::WindowOutside`] without pixels.
    pub fn new(width: usize, height: usize, pixel_scale: f64, supersampling: usize) -> Result<Self> {
        Self::windowed(width, height, pixel_scale, supersampling, Window { x0: 0, y0: 0, width, height })
    }

    /// The grid of a window of that image.
    ///
    /// # Errors
    /// As [`Grid::new`], and [`Error::WindowOutside`] if the window is empty or leaves the image.
    pub fn windowed(
        width: usize,
        height: usize,
        pixel_scale: f64,
        supersampling: usize,
        window: Window,
    ) -> Result<Self> {
        if !(pixel_scale > 0.0 && pixel_scale.is_finite()) {
            let allowed = "a positive number of arcsec";
            return Err(Error::OutOfRange { what: "pixel_scale", value: pixel_scale, allowed });
        }
        if !(1..=16).contains(&supersampling) {
            let (what, value) = ("supersampling", supersampling as f64);
            return Err(Error::OutOfRange { what, value, allowed: "a whole number from 1 to 16" });
        }
        let fits = |start: usize, length: usize, full: usize| start.checked_add(length).is_some_and(|end| end <= full);
        if window.is_empty() || !fits(window.x0, window.width, width) || !fits(window.y0, window.height, height) {
            let Window { x0, y0, width: w, height: h } = window;
            return Err(Error::WindowOutside { x0, y0, width: w, height: h, image: (width, height) });
        }
        let columns = axis(width, pixel_scale, supersampling, window.columns());
        let rows = axis(height, pixel_scale, supersampling, window.rows());
        let x = rows.iter().flat_map(|_| columns.iter().copied()).collect();
        let y = rows.iter().flat_map(|y| std::iter::repeat_n(*y, columns.len())).collect();
        Ok(Self { full: (width, height), pixel_scale, supersampling, window, x, y })
    }

    /// x of every sub-pixel in arcsec, row-major `[height k][width k]` of the window.
    pub fn x(&self) -> &[f32] {
        &self.x
    }

    /// y of every sub-pixel in arcsec, row-major `[height k][width k]` of the window.
    pub fn y(&self) -> &[f32] {
        &self.y
    }

    /// Pixels of the window along x.
    pub fn width(&self) -> usize {
        self.window.width
    }

    /// Pixels of the window along y.
    pub fn height(&self) -> usize {
        self.window.height
    }

    /// Pixels in the window.
    pub fn pixels(&self) -> usize {
        self.window.len()
    }

    /// Sub-pixels in the window: pixels k^2.
    pub fn subpixels(&self) -> usize {
        self.x.len()
    }

    /// (width, height) of the full image.
    pub fn full_size(&self) -> (usize, usize) {
        self.full
    }

    /// The modelled part of the full image.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Arcsec per pixel.
    pub fn pixel_scale(&self) -> f64 {
        self.pixel_scale
    }

    /// Sub-pixels along each side of a pixel.
    pub fn supersampling(&self) -> usize {
        self.supersampling
    }

    /// (x, y) in arcsec of the centre of a pixel of the full image.
    pub fn position(&self, column: usize, row: usize) -> (f64, f64) {
        let at = |index: usize, full: usize| (index as f64 - (full as f64 - 1.0) / 2.0) * self.pixel_scale;
        (at(column, self.full.0), at(row, self.full.1))
    }

    /// The mean over each pixel's k x k sub-pixels. `fine` holds k^2 times the pixels of `coarse`: the whole window, or
    /// any number of whole rows of it.
    ///
    /// # Panics
    /// If the lengths do not belong together.
    pub fn bin(&self, fine: &[f32], coarse: &mut [f32]) {
        let (k, width) = (self.supersampling, self.window.width);
        assert!(coarse.len().is_multiple_of(width) && fine.len() == coarse.len() * k * k, "whole rows of the window");
        match k {
            1 => coarse.copy_from_slice(fine),
            2 => bin_fixed::<2>(fine, coarse, width),
            3 => bin_fixed::<3>(fine, coarse, width),
            4 => bin_fixed::<4>(fine, coarse, width),
            _ => bin_any(fine, coarse, width, k),
        }
    }

    /// The adjoint of [`Grid::bin`]: each sub-pixel gets 1/k^2 of its pixel's value.
    ///
    /// # Panics
    /// If the lengths do not belong together.
    pub fn bin_adjoint(&self, coarse: &[f32], fine: &mut [f32]) {
        let (k, width) = (self.supersampling, self.window.width);
        assert!(coarse.len().is_multiple_of(width) && fine.len() == coarse.len() * k * k, "whole rows of the window");
        match k {
            1 => fine.copy_from_slice(coarse),
            2 => spread_fixed::<2>(coarse, fine, width),
            3 => spread_fixed::<3>(coarse, fine, width),
            4 => spread_fixed::<4>(coarse, fine, width),
            _ => spread_any(coarse, fine, width, k),
        }
    }
}

/// Sub-pixel positions along one axis of `full` pixels, for the pixels in `range`.
fn axis(full: usize, scale: f64, k: usize, range: Range<usize>) -> Vec<f32> {
    let origin = (full as f64 - 1.0) / 2.0;
    let sub = |j: usize| (j as f64 + 0.5) / k as f64 - 0.5;
    range.flat_map(|i| (0..k).map(move |j| ((i as f64 + sub(j) - origin) * scale) as f32)).collect()
}

/// `bin` with the factor known to the compiler, so that the k x k sums become shuffles.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn bin_fixed<const K: usize>(fine: &[f32], coarse: &mut [f32], width: usize) {
    let share = 1.0 / (K * K) as f32;
    for (rows, out) in fine.chunks_exact(K * K * width).zip(coarse.chunks_exact_mut(width)) {
        out.fill(0.0);
        for row in rows.chunks_exact(K * width) {
            for (sum, cell) in out.iter_mut().zip(row.as_chunks::<K>().0) {
                *sum += cell.iter().sum::<f32>();
            }
        }
        out.iter_mut().for_each(|sum| *sum *= share);
    }
}

fn bin_any(fine: &[f32], coarse: &mut [f32], width: usize, k: usize) {
    let share = 1.0 / (k * k) as f32;
    for (rows, out) in fine.chunks_exact(k * k * width).zip(coarse.chunks_exact_mut(width)) {
        out.fill(0.0);
        for row in rows.chunks_exact(k * width) {
            for (sum, cell) in out.iter_mut().zip(row.chunks_exact(k)) {
                *sum += cell.iter().sum::<f32>();
            }
        }
        out.iter_mut().for_each(|sum| *sum *= share);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn spread_fixed<const K: usize>(coarse: &[f32], fine: &mut [f32], width: usize) {
    let share = 1.0 / (K * K) as f32;
    for (rows, from) in fine.chunks_exact_mut(K * K * width).zip(coarse.chunks_exact(width)) {
        for row in rows.chunks_exact_mut(K * width) {
            for (cell, value) in row.as_chunks_mut::<K>().0.iter_mut().zip(from) {
                *cell = [value * share; K];
            }
        }
    }
}

fn spread_any(coarse: &[f32], fine: &mut [f32], width: usize, k: usize) {
    let share = 1.0 / (k * k) as f32;
    for (rows, from) in fine.chunks_exact_mut(k * k * width).zip(coarse.chunks_exact(width)) {
        for row in rows.chunks_exact_mut(k * width) {
            for (cell, value) in row.chunks_exact_mut(k).zip(from) {
                cell.fill(value * share);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_the_centre_of_the_full_image() {
        let grid = Grid::new(4, 3, 0.5, 1).unwrap();
        assert_eq!(&grid.x()[..4], [-0.75, -0.25, 0.25, 0.75]);
        assert_eq!([grid.y()[0], grid.y()[4], grid.y()[11]], [-0.5, 0.0, 0.5]);
        let window = Window { x0: 2, y0: 1, width: 2, height: 2 };
        let part = Grid::windowed(4, 3, 0.5, 1, window).unwrap();
        assert_eq!(part.x(), window.crop(grid.x(), 4));
        assert_eq!(part.y(), window.crop(grid.y(), 4));
        assert_eq!(part.position(3, 2), (0.75, 0.5));
    }

    #[test]
    fn subpixels_average_to_the_centre_of_their_pixel() {
        for k in [1, 2, 3, 4, 5] {
            let grid = Grid::new(7, 5, 0.05, k).unwrap();
            let centres = Grid::new(7, 5, 0.05, 1).unwrap();
            let mut mean = vec![0.0; 35];
            for (fine, expected) in [(grid.x(), centres.x()), (grid.y(), centres.y())] {
                grid.bin(fine, &mut mean);
                // Sums of k^2 f32 numbers below 0.2: a few units in the last place of 0.2 k^2 / k^2.
                assert!(mean.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-7), "k = {k}");
            }
        }
        // 2 sub-pixels of a 0.1" pixel at 0 are at -0.025 and 0.025.
        assert_eq!(Grid::new(1, 1, 0.1, 2).unwrap().x(), [-0.025, 0.025, -0.025, 0.025]);
    }

    #[test]
    fn spreading_is_the_adjoint_of_binning() {
        for k in [1, 2, 3, 4, 6] {
            let grid = Grid::new(9, 4, 1.0, k).unwrap();
            let fine: Vec<f32> = (0..grid.subpixels()).map(|i| (i as f32 * 0.7).sin()).collect();
            let coarse: Vec<f32> = (0..grid.pixels()).map(|i| (i as f32 * 1.3).cos()).collect();
            let (mut binned, mut spread) = (vec![0.0; coarse.len()], vec![0.0; fine.len()]);
            grid.bin(&fine, &mut binned);
            grid.bin_adjoint(&coarse, &mut spread);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            // Both sides are sums of 36 products of order 1, each with an f32 rounding of 6e-8.
            assert!((dot(&binned, &coarse) - dot(&fine, &spread)).abs() < 1e-6, "k = {k}");
        }
    }

    #[test]
    fn impossible_grids_are_refused() {
        assert!(matches!(Grid::new(4, 4, 0.0, 1), Err(Error::OutOfRange { what: "pixel_scale", .. })));
        assert!(matches!(Grid::new(4, 4, 0.1, 0), Err(Error::OutOfRange { what: "supersampling", .. })));
        assert!(matches!(Grid::new(0, 4, 0.1, 1), Err(Error::WindowOutside { .. })));
        let window = Window { x0: 3, y0: 0, width: 2, height: 1 };
        assert!(matches!(Grid::windowed(4, 4, 0.1, 1, window), Err(Error::WindowOutside { .. })));
    }
}
