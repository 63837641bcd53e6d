//! A galaxy: one prepared image of the set that the neural source learns from.

/// A square image, divided by its maximum.
#[derive(Debug, Clone, PartialEq)]
pub struct Galaxy {
    /// Number in its catalogue (IDENT), or of the simulated galaxy.
    pub ident: i64,
    /// Pixels a side; the paper has 64.
    pub side: usize,
    /// `side` rows of `side` values, `[y][x]`, (0, 0) at the bottom left; the largest is 1.
    pub pixels: Vec<f32>,
    /// Standard deviation of the noise of one pixel, in the unit of the pixels.
    pub sigma_noise: f32,
    /// Arcsec a pixel.
    pub pixel_scale: f64,
}
