//! The lens mapping: where the rays of the image plane meet the plane of a source, through one plane of lenses or several.

use crate::mass::Lensing;

/// Where a ray is in a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Its position, arcsec.
    pub position: [f64; 2],
    /// A = d position / d theta, by rows; not symmetric behind more than one lens.
    pub jacobian: [[f64; 2]; 2],
}

/// The mapping theta -> beta from the plane of the images to that of a source. Critical curves, caustics, the Einstein radius and the images
/// of a point source are made of it alone. [`Lens`](super::Lens) is one, of lenses in one plane, and [`PlanesTo`](super::PlanesTo) another, of
/// lenses in several.
pub trait LensMapping {
    /// Where the ray that is seen at (x, y), arcsec, meets the plane of the source.
    fn ray(&self, seen: [f64; 2]) -> Ray;

    /// The same of many rays.
    fn rays(&self, seen: &[[f64; 2]]) -> Vec<Ray>;

    /// What the arrival time of an image at `seen` of a source at `source` is proportional to, arcsec^2; behind one plane of lenses the
    /// Fermat potential |theta - beta|^2 / 2 - psi.
    fn fermat(&self, seen: [f64; 2], source: [f64; 2]) -> f64;
}

impl Ray {
    /// One that nothing has bent.
    pub(super) fn straight(seen: [f64; 2]) -> Self {
        Ray { position: seen, jacobian: [[1.0, 0.0], [0.0, 1.0]] }
    }

    /// One that is bent in one plane, by as much.
    pub(super) fn bent(seen: [f64; 2], at: &Lensing) -> Self {
        Ray { position: [seen[0] - at.alpha[0], seen[1] - at.alpha[1]], jacobian: at.jacobian() }
    }

    /// det A, the inverse of the magnification.
    pub fn det_jacobian(&self) -> f64 {
        let [[a, b], [c, d]] = self.jacobian;
        a * d - b * c
    }

    /// The signed magnification of a source there; infinite on a critical curve.
    pub fn magnification(&self) -> f64 {
        self.det_jacobian().recip()
    }

    /// The effective convergence 1 - tr A / 2: the convergence where there is one plane of lenses.
    pub fn kappa(&self) -> f64 {
        let [[a, _], [_, d]] = self.jacobian;
        1.0 - 0.5 * (a + d)
    }

    /// The effective shear: gamma1 = (A_yy - A_xx) / 2 and gamma2 = -(A_xy + A_yx) / 2. Behind several planes of lenses an image is
    /// rotated too, by (A_yx - A_xy) / 2 to first order.
    pub fn shear(&self) -> [f64; 2] {
        let [[a, b], [c, d]] = self.jacobian;
        [0.5 * (d - a), -0.5 * (b + c)]
    }

    /// A^-1 v: what a displacement in this plane is in that of the images; none where A has no inverse.
    pub(crate) fn seen(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let ([[a, b], [c, d]], det) = (self.jacobian, self.det_jacobian());
        let step = [(d * x - b * y) / det, (a * y - c * x) / det];
        step.iter().all(|s| s.is_finite()).then_some(step)
    }

    /// The root of the sum of the squares of the entries of A.
    pub(super) fn norm(&self) -> f64 {
        self.jacobian.as_flattened().iter().map(|entry| entry * entry).sum::<f64>().sqrt()
    }
}
