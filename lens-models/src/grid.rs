//! The pixel grid: where every (sub-)pixel of an image looks on the sky.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::registration::Registration;
use crate::sampling::{Sampling, nodes};

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

/// Pixels of an image, or of a window of it, each divided into s x s cells, on which the PSF acts, and these into sub-pixels, at
/// which light is evaluated.
///
/// Arcsec, x right, y up, origin at the centre of the *full* image: pixel (column, row) of a width x height image is at
/// x = (column - (width-1)/2) scale, y = (row - (height-1)/2) scale; of a further band these are moved by its [`Registration`].
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    full: (usize, usize),
    pixel_scale: f64,
    cells: usize,
    sampling: Sampling,
    window: Window,
    registration: Registration,
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
        let sampling = Sampling::Uniform(supersampling);
        let registration = Registration::default();
        let full = (width, height);
        Ok(Self { full, pixel_scale, cells: 1, sampling, window, registration, x: vec![], y: vec![] }.placed())
    }

    /// The same pixels with `cells` x `cells` cells in each. Evenly spaced sub-pixels are as many in each of these; of cells that had numbers of
    /// their own nothing is left, and the new ones have a sub-pixel each.
    #[must_use]
    pub fn with_cells(self, cells: usize) -> Self {
        let sampling = match self.sampling {
            Sampling::Uniform(k) => Sampling::Uniform(k),
            Sampling::Each(_) => Sampling::Uniform(1),
        };
        Self { cells, sampling, ..self }.placed()
    }

    /// The same cells with other sub-pixels.
    ///
    /// # Panics
    /// If the sampling is of another number of cells.
    #[must_use]
    pub fn with_sampling(&self, sampling: Sampling) -> Self {
        sampling.check(self.cells_in_window());
        let Self { full, pixel_scale, cells, window, registration, .. } = *self;
        Self { full, pixel_scale, cells, sampling, window, registration, x: vec![], y: vec![] }.placed()
    }

    /// The same pixels at other places on the sky, whatever their places were.
    #[must_use]
    pub fn registered(&self, registration: Registration) -> Self {
        Self { registration, ..self.clone() }.placed()
    }

    /// Puts every sub-pixel in its place.
    fn placed(mut self) -> Self {
        let along =
            |full: usize, range: Range<usize>, within: &[f64]| axis(full, self.pixel_scale, self.cells, within, range);
        let (width, height) = self.full;
        let (columns, rows) = (self.window.columns(), self.window.rows());
        let mut places = (vec![], vec![]);
        match &self.sampling {
            Sampling::Uniform(k) => {
                let within: Vec<f64> = (0..*k).map(|j| (j as f64 + 0.5) / *k as f64 - 0.5).collect();
                let (columns, rows) = (along(width, columns, &within), along(height, rows, &within));
                places.0.extend(rows.iter().flat_map(|_| columns.iter()));
                places.1.extend(rows.iter().flat_map(|y| std::iter::repeat_n(y, columns.len())));
            }
            Sampling::Each(levels) => {
                let finest = levels.iter().copied().max().unwrap_or(1);
                let axes = |full, range: Range<usize>| -> Vec<Vec<f32>> {
                    (1..=usize::from(finest)).map(|k| along(full, range.clone(), nodes(k))).collect()
                };
                let (columns, rows) = (axes(width, columns), axes(height, rows));
                for (cell, level) in levels.iter().enumerate() {
                    let (k, across) = (usize::from(*level), self.cell_width());
                    let of = |axes: &[Vec<f32>], i: usize| axes[k - 1][i * k..(i + 1) * k].to_vec();
                    let (columns, rows) = (of(&columns, cell % across), of(&rows, cell / across));
                    places.0.extend(rows.iter().flat_map(|_| columns.iter()));
                    places.1.extend(rows.iter().flat_map(|y| std::iter::repeat_n(y, k)));
                }
            }
        }
        (self.x, self.y) = places;
        if self.registration != Registration::default() {
            for (x, y) in self.x.iter_mut().zip(&mut self.y) {
                let (to_x, to_y) = self.registration.place(f64::from(*x), f64::from(*y));
                (*x, *y) = (to_x as f32, to_y as f32);
            }
        }
        self
    }

    /// x of every sub-pixel in arcsec, in the order of the [`Sampling`].
    pub fn x(&self) -> &[f32] {
        &self.x
    }

    /// y of every sub-pixel in arcsec, in the order of the [`Sampling`].
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

    /// Sub-pixels in the window.
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

    /// Cells along each side of a pixel.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Cells of the window along x.
    pub fn cell_width(&self) -> usize {
        self.window.width * self.cells
    }

    /// Cells of the window along y.
    pub fn cell_height(&self) -> usize {
        self.window.height * self.cells
    }

    /// Cells in the window.
    pub fn cells_in_window(&self) -> usize {
        self.cell_width() * self.cell_height()
    }

    /// The sub-pixels of the cells.
    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// Where the pixels lie on the sky.
    pub fn registration(&self) -> Registration {
        self.registration
    }

    /// (x, y) in arcsec of the centre of a pixel of the full image.
    pub fn position(&self, column: usize, row: usize) -> (f64, f64) {
        let at = |index: usize, full: usize| (index as f64 - (full as f64 - 1.0) / 2.0) * self.pixel_scale;
        self.registration.place(at(column, self.full.0), at(row, self.full.1))
    }
}

/// Positions along one axis of `full` pixels: at the offsets `within` each of the cells of the pixels in `range`.
fn axis(full: usize, scale: f64, cells: usize, within: &[f64], range: Range<usize>) -> Vec<f32> {
    let origin = (full as f64 - 1.0) / 2.0;
    let cell = |j: usize| (j as f64 + 0.5) / cells as f64 - 0.5;
    let at = |i: usize, j: usize, offset: &f64| ((i as f64 + cell(j) + offset / cells as f64 - origin) * scale) as f32;
    range.flat_map(|i| (0..cells).flat_map(move |j| within.iter().map(move |offset| at(i, j, offset)))).collect()
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
    fn subpixels_average_to_the_centre_of_their_cell_however_many_there_are() {
        for (cells, k) in [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (3, 1), (3, 2)] {
            let grid = Grid::new(7, 5, 0.05, k).unwrap().with_cells(cells);
            let centres = Grid::new(7, 5, 0.05, 1).unwrap().with_cells(cells);
            let levels: Vec<u8> = (0..35 * cells * cells).map(|i| 1 + (i % 7) as u8).collect();
            for grid in [&grid.with_sampling(Sampling::Each(levels.into())), &grid] {
                let mut mean = vec![0.0; grid.cells_in_window()];
                for (fine, expected) in [(grid.x(), centres.x()), (grid.y(), centres.y())] {
                    assert_eq!(fine.len(), grid.subpixels());
                    grid.sampling().bin(fine, &mut mean, grid.cell_width());
                    // Sums of up to 100 f32 numbers below 0.2: a few units in the last place of their sum, over their number.
                    assert!(mean.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-7), "{cells} {k}");
                }
            }
        }
        // 2 sub-pixels of a 0.1" pixel at 0 are at -0.025 and 0.025, and so are 2 cells.
        assert_eq!(Grid::new(1, 1, 0.1, 2).unwrap().x(), [-0.025, 0.025, -0.025, 0.025]);
        assert_eq!(Grid::new(1, 1, 0.1, 1).unwrap().with_cells(2).x(), [-0.025, 0.025, -0.025, 0.025]);
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
