//! Scene: what a stamp shows, a galaxy with its companion and their tails.

use super::body::Body;
use super::tail::Tail;

/// Galaxies and tails.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// The galaxy, then its companion.
    pub bodies: Vec<Body>,
    /// Tidal tails.
    pub tails: Vec<Tail>,
}

impl Scene {
    /// Moves everything by a step on the sky, arcsec.
    pub fn shift(&mut self, step: [f64; 2]) {
        let places = self
            .bodies
            .iter_mut()
            .map(|body| &mut body.centre)
            .chain(self.tails.iter_mut().map(|tail| &mut tail.centre));
        places.for_each(|[x, y]| (*x, *y) = (*x + step[0], *y + step[1]));
    }

    /// The half-light radius of the largest galaxy along its major axis, arcsec.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.bodies.iter().map(|body| body.radius).fold(0.0, f64::max)
    }

    /// The light in each of `width` x `height` pixels of `scale` arcsec, before the telescope; `[y][x]`.
    #[must_use]
    pub fn image(&self, width: usize, height: usize, scale: f64) -> Vec<f64> {
        let mut image = vec![0.0; width * height];
        self.bodies.iter().for_each(|body| body.add_to(&mut image, width, scale));
        self.tails.iter().flat_map(Tail::blobs).for_each(|blob| blob.add_to(&mut image, width, scale));
        image
    }
}
