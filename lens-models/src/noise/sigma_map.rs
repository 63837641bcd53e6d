//! A map of the noise: a standard deviation for each pixel.

use crate::error::{Error, Result};
use crate::grid::Window;
use crate::mask::{MASKED_NOISE, Mask};

/// (1/2) ln(2 pi).
pub(super) const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// ln L = -1/2 sum ((d - m) / sigma)^2 - sum ln sigma - n/2 ln(2 pi).
#[derive(Debug, Clone, PartialEq)]
pub struct SigmaMap {
    /// 1 / sigma; 0 where the pixel is not used.
    inverse: Vec<f32>,
    /// - sum ln sigma - n/2 ln(2 pi).
    constant: f64,
}

impl SigmaMap {
    /// From sigma of every pixel of the full image; the noise of the window's pixels is kept.
    ///
    /// # Errors
    /// [`Error::NoiseNotPositive`] for a used pixel whose sigma is not positive, [`Error::WrongLength`] for a map of
    /// another size.
    pub fn new(sigma: &[f32], size: (usize, usize), mask: &Mask, window: Window) -> Result<Self> {
        if sigma.len() != size.0 * size.1 || mask.used().len() != sigma.len() {
            let (got, expected) = (sigma.len(), mask.used().len());
            return Err(Error::WrongLength { what: "the noise map", got, expected, size });
        }
        // NaN and 1e7 are masked before; a caller's own mask may still let them in.
        let bad = |sigma: f32| sigma.is_nan() || sigma <= 0.0 || sigma >= MASKED_NOISE;
        if let Some(i) = (0..sigma.len()).find(|&i| mask.used()[i] && bad(sigma[i])) {
            return Err(Error::NoiseNotPositive { x: i % size.0, y: i / size.0, value: f64::from(sigma[i]) });
        }
        let (sigma, used) = (window.crop(sigma, size.0), window.crop(mask.used(), size.0));
        let inverse = sigma.iter().zip(&used).map(|(sigma, used)| if *used { 1.0 / sigma } else { 0.0 }).collect();
        let logs = sigma.iter().zip(&used).filter(|(_, used)| **used).map(|(sigma, _)| f64::from(*sigma).ln());
        let constant = -logs.map(|ln| ln + HALF_LN_2PI).sum::<f64>();
        Ok(Self { inverse, constant })
    }

    /// From 1 / sigma of the pixels of the window itself, 0 where one is not used.
    pub fn from_inverse(inverse: Vec<f32>) -> Self {
        let ln_sigma = inverse.iter().filter(|w| **w > 0.0).map(|w| f64::from(*w).ln() - HALF_LN_2PI);
        let constant = ln_sigma.sum();
        Self { inverse, constant }
    }

    /// 1 / sigma of each pixel of the window, 0 where it is not used.
    pub fn inverse(&self) -> &[f32] {
        &self.inverse
    }

    /// What does not depend on the model: - sum ln sigma - n/2 ln(2 pi).
    pub fn constant(&self) -> f64 {
        self.constant
    }
}
