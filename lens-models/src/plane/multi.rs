//! Several planes: rays through lenses at several redshifts, in f64.

use crate::cosmology::Cosmology;
use crate::mass::MassSum;

/// Lenses at several redshifts. The parameters of all of them are what they would be if each were alone in front of a source at `z_source`, as
/// lenstronomy's with its `z_source_convention`.
///
/// In the plane at z a ray is at (Schneider, Ehlers & Falco 1992, eq. 9.7a)
///
/// ```text
/// x(z) = theta - sum_(z_i < z) B_i(z) alpha_i(x(z_i)),   B_i(z) = D(z_i, z) D(z_source) / (D(z) D(z_i, z_source))
/// ```
///
/// ```
/// use lens_models::{cosmology::Cosmology, mass::{MassSum, Sis}, plane::Planes};
///
/// let near = (0.3, MassSum::new([&Sis as _]), vec![1.0, 0.0, 0.0]);
/// let planes = Planes::new(Cosmology::flat(70.0, 0.3), 2.0, vec![near]);
/// // At the redshift of the convention a lens does what its parameters say, nearer to it less.
/// assert!((planes.at(3.0, 0.0, 2.0).position[0] - 2.0).abs() < 1e-14);
/// assert!(planes.at(3.0, 0.0, 0.8).position[0] > 2.0 && planes.at(3.0, 0.0, 0.2).position[0] == 3.0);
/// ```
pub struct Planes {
    cosmology: Cosmology,
    z_source: f64,
    /// From the nearest.
    layers: Vec<(f64, MassSum, Vec<f64>)>,
}

/// What a lens on the way does to a ray: its deflection, and the derivatives of that by theta.
struct Bent {
    z: f64,
    alpha: [f64; 2],
    slope: [[f64; 2]; 2],
}

/// Where a ray is in a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Its position, arcsec.
    pub position: [f64; 2],
    /// d position / d theta, by rows; not symmetric behind more than one lens.
    pub jacobian: [[f64; 2]; 2],
}

impl Planes {
    /// From the redshift, the profiles and the parameters of each plane.
    pub fn new(cosmology: Cosmology, z_source: f64, mut layers: Vec<(f64, MassSum, Vec<f64>)>) -> Self {
        layers.sort_by(|a, b| a.0.total_cmp(&b.0));
        Planes { cosmology, z_source, layers }
    }

    /// Where the ray that is seen at (x, y) is in the plane at z.
    pub fn at(&self, x: f64, y: f64, z: f64) -> Ray {
        let mut bent: Vec<Bent> = vec![];
        let ray_at = |bent: &[Bent], z: f64| {
            let mut ray = Ray { position: [x, y], jacobian: [[1.0, 0.0], [0.0, 1.0]] };
            for Bent { z: z_lens, alpha, slope } in bent {
                let scale = self.cosmology.deflection_scale(*z_lens, z, self.z_source);
                for i in 0..2 {
                    ray.position[i] -= scale * alpha[i];
                    (0..2).for_each(|j| ray.jacobian[i][j] -= scale * slope[i][j]);
                }
            }
            ray
        };
        for (z_lens, mass, params) in self.layers.iter().filter(|layer| layer.0 < z) {
            let Ray { position: [x, y], jacobian: a } = ray_at(&bent, *z_lens);
            let at = mass.point(params, x, y);
            let h = [[at.f_xx, at.f_xy], [at.f_xy, at.f_yy]];
            let slope = [0, 1].map(|i| [0, 1].map(|j| h[i][0] * a[0][j] + h[i][1] * a[1][j]));
            bent.push(Bent { z: *z_lens, alpha: at.alpha, slope });
        }
        ray_at(&bent, z)
    }
}

impl Ray {
    /// The signed magnification of a source there.
    pub fn magnification(&self) -> f64 {
        let [[a, b], [c, d]] = self.jacobian;
        (a * d - b * c).recip()
    }
}
