//! Lenses one behind another: the lens mapping through planes whose scales are known.

use super::{Lens, LensMapping, Ray};
use crate::mass::Lensing;

/// Lenses from the nearest, each in its own plane, and what the distances between the planes make of them.
pub(crate) struct LensChain<'a> {
    pub lenses: Vec<Lens<'a>>,
    /// B of the lenses in front, in the plane of each lens and last in that of the source: theta - sum B alpha is where a ray is.
    pub scales: Vec<Vec<f64>>,
    /// For each lens what half the square of the way to the next plane counts, and what its potential, in the Fermat potential.
    pub delays: Vec<[f64; 2]>,
}

/// A ray in the plane of a lens: where it is, what the lens does to it, and the derivatives of that by theta.
struct Bent {
    position: [f64; 2],
    potential: f64,
    alpha: [f64; 2],
    slope: [[f64; 2]; 2],
}

impl Bent {
    fn new(ray: &Ray, at: &Lensing) -> Self {
        let (h, a) = ([[at.f_xx, at.f_xy], [at.f_xy, at.f_yy]], ray.jacobian);
        let slope = [0, 1].map(|i| [0, 1].map(|j| h[i][0] * a[0][j] + h[i][1] * a[1][j]));
        Bent { position: ray.position, potential: at.potential, alpha: at.alpha, slope }
    }
}

impl LensChain<'_> {
    /// The rays in the plane of each lens, and in that of the source.
    fn follow(&self, seen: &[[f64; 2]]) -> (Vec<Vec<Bent>>, Vec<Ray>) {
        let mut bent: Vec<Vec<Bent>> = Vec::with_capacity(self.lenses.len());
        let mut rays: Vec<Ray> = seen.iter().map(|seen| Ray::straight(*seen)).collect();
        for (lens, scales) in self.lenses.iter().zip(self.scales.iter().skip(1)) {
            let positions: Vec<[f64; 2]> = rays.iter().map(|ray| ray.position).collect();
            let at = lens.at_all(&positions);
            bent.push(rays.iter().zip(&at).map(|(ray, at)| Bent::new(ray, at)).collect());
            rays = arriving(seen, scales, &bent);
        }
        (bent, rays)
    }
}

impl LensMapping for LensChain<'_> {
    fn ray(&self, seen: [f64; 2]) -> Ray {
        self.rays(&[seen]).pop().unwrap_or(Ray::straight(seen))
    }

    fn rays(&self, seen: &[[f64; 2]]) -> Vec<Ray> {
        self.follow(seen).1
    }

    fn fermat(&self, seen: [f64; 2], source: [f64; 2]) -> f64 {
        let bent = self.follow(&[seen]).0;
        let behind = bent.iter().flatten().skip(1).map(|bent| bent.position).chain([source]);
        let terms = bent.iter().flatten().zip(behind).zip(&self.delays).map(|((here, next), [way, potential])| {
            let square = (here.position[0] - next[0]).powi(2) + (here.position[1] - next[1]).powi(2);
            0.5 * way * square - potential * here.potential
        });
        terms.sum()
    }
}

/// theta - sum B alpha and its derivatives, behind lenses that have bent the rays.
fn arriving(seen: &[[f64; 2]], scales: &[f64], bent: &[Vec<Bent>]) -> Vec<Ray> {
    let mut rays: Vec<Ray> = seen.iter().map(|seen| Ray::straight(*seen)).collect();
    for (scale, lens) in scales.iter().zip(bent) {
        for (ray, Bent { alpha, slope, .. }) in rays.iter_mut().zip(lens) {
            for i in 0..2 {
                ray.position[i] -= scale * alpha[i];
                (0..2).for_each(|j| ray.jacobian[i][j] -= scale * slope[i][j]);
            }
        }
    }
    rays
}
