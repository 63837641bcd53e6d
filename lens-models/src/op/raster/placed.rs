//! Where an image lies on the sky, and the pixels that a position falls between.

use ppl_core::Var;
use ppl_core::autodiff::{Inputs, IntoVar};

/// Parameters of the placement.
pub(super) const PARAMS: usize = 5;

/// Where an image lies on the sky.
#[derive(Clone)]
pub struct Placed(pub(super) [Var; PARAMS]);

impl Placed {
    /// `center_x`, `center_y` (arcsec) of the middle of the image, `scale`: arcsec across the image, `amp`: what its pixels are
    /// multiplied with, `angle`: radians, counter-clockwise from +x to the rows of the image.
    pub fn new(
        center_x: impl IntoVar<Rank = ()>,
        center_y: impl IntoVar<Rank = ()>,
        scale: impl IntoVar<Rank = ()>,
        amp: impl IntoVar<Rank = ()>,
        angle: impl IntoVar<Rank = ()>,
    ) -> Self {
        Placed([center_x.into_var(), center_y.into_var(), scale.into_var(), amp.into_var(), angle.into_var()])
    }
}

/// From the sky to the pixels of the image: relative to the centre, turned back by the angle, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Map {
    pub(super) centre: [f32; 2],
    /// Pixels an arcsec, along and across the rows.
    pub(super) turn: [f32; 2],
    /// The centre of the image in pixels, from the centre of the first.
    pub(super) middle: f32,
    pub(super) amp: f32,
    /// Arcsec across the image.
    pub(super) scale: f64,
}

impl Map {
    pub(super) fn new(inputs: Inputs<'_>, lane: usize, side: usize) -> Self {
        let param = |i: usize| inputs.at(2 + i).lane(lane)[0];
        let angle = param(4);
        // An image of no width is nowhere, and its light not a number.
        let scale = if param(2) > 0.0 { param(2) } else { f64::NAN };
        let density = side as f64 / scale;
        Map {
            centre: [param(0) as f32, param(1) as f32],
            turn: [(density * angle.cos()) as f32, (density * angle.sin()) as f32],
            middle: 0.5 * (side as f32 - 1.0),
            amp: param(3) as f32,
            scale,
        }
    }

    /// A position relative to the middle of the image, in pixels.
    #[inline(always)]
    pub(super) fn pixel(&self, x: f32, y: f32) -> [f32; 2] {
        let ([dx, dy], [c, s]) = ([x - self.centre[0], y - self.centre[1]], self.turn);
        [c * dx + s * dy, c * dy - s * dx]
    }
}
