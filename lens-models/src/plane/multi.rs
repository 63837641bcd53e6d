//! Several planes: rays through lenses at several redshifts, in f64.

use super::cut::{about, cut};
use super::{Curve, Lens, LensMapping, Ray, images, square_of_images};
use crate::cosmology::Cosmology;
use crate::mass::{Lensing, MassSum};

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
    /// From the nearest; no two of one redshift.
    layers: Vec<Layer>,
}

/// The lenses of one plane.
struct Layer {
    z: f64,
    mass: MassSum,
    params: Vec<f64>,
}

impl Planes {
    /// From the redshift, the profiles and the parameters of each plane.
    pub fn new(cosmology: Cosmology, z_source: f64, mut layers: Vec<(f64, MassSum, Vec<f64>)>) -> Self {
        layers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut planes = Planes { cosmology, z_source, layers: vec![] };
        for (z, mass, params) in layers {
            match planes.layers.last_mut() {
                Some(last) if last.z == z => {
                    last.mass = MassSum::new([last.mass.profiles(), mass.profiles()].concat());
                    last.params.extend(params);
                }
                _ => planes.layers.push(Layer { z, mass, params }),
            }
        }
        planes
    }

    /// The mapping to the plane of a source at z.
    pub fn to(&self, z: f64) -> PlanesTo<'_> {
        let layers = &self.layers[..self.layers.partition_point(|layer| layer.z < z)];
        let scales = |(front, z): (usize, f64)| {
            layers[..front].iter().map(|lens| self.cosmology.deflection_scale(lens.z, z, self.z_source)).collect()
        };
        let to_lenses = layers.iter().enumerate().map(|(i, layer)| scales((i, layer.z))).collect();
        PlanesTo { planes: self, z, layers, to_lenses, to_source: scales((layers.len(), z)) }
    }

    /// Where the ray that is seen at (x, y) is in the plane at z.
    pub fn at(&self, x: f64, y: f64, z: f64) -> Ray {
        self.to(z).ray([x, y])
    }
}

/// The lens mapping through several planes to that of a source at one redshift, of [`Planes::to`]. Lenses there and behind do nothing.
pub struct PlanesTo<'a> {
    planes: &'a Planes,
    z: f64,
    /// Those in front of the source.
    layers: &'a [Layer],
    /// B of each lens, in the plane of each lens behind it and in that of the source.
    to_lenses: Vec<Vec<f64>>,
    to_source: Vec<f64>,
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

/// Where the centre of a mass profile is seen.
struct Center<'a> {
    layer: &'a Layer,
    /// In the plane of its lens.
    position: [f64; 2],
    seen: [f64; 2],
}

impl PlanesTo<'_> {
    /// The rays in the planes of all lenses, from the nearest.
    fn follow(&self, seen: &[[f64; 2]]) -> Vec<Vec<Bent>> {
        let mut bent = Vec::with_capacity(self.layers.len());
        let mut at = vec![Lensing::default(); seen.len()];
        for (layer, scales) in self.layers.iter().zip(&self.to_lenses) {
            let rays = arriving(seen, scales, &bent);
            let positions: Vec<[f64; 2]> = rays.iter().map(|ray| ray.position).collect();
            layer.mass.points(&layer.params, &positions, &mut at);
            bent.push(rays.iter().zip(&at).map(|(ray, at)| Bent::new(ray, at)).collect());
        }
        bent
    }

    /// D_dt = (1 + z) D(z) D(z_s) / D(z, z_s) of the nearest lens and the source of this mapping, Mpc: c times the arrival time over
    /// [`LensMapping::fermat`]; none without a lens in front of it.
    pub fn time_delay_distance(&self) -> Option<f64> {
        self.layers.first().map(|first| self.planes.cosmology.time_delay_distance(first.z, self.z))
    }

    /// The delay that a difference of [`LensMapping::fermat`] is, days; zero without a lens.
    pub fn delay(&self, fermat: f64) -> f64 {
        self.layers.first().map_or(0.0, |first| self.planes.cosmology.delay(fermat, first.z, self.z))
    }

    /// Where the centres of the mass profiles are seen, arcsec: those of the nearest plane where they are, those behind it at each of
    /// their images. One that is seen as a ring is left out.
    pub fn centers(&self) -> Vec<[f64; 2]> {
        self.seen_centers().iter().map(|center| center.seen).collect()
    }

    fn seen_centers(&self) -> Vec<Center<'_>> {
        let mut all: Vec<Center<'_>> = vec![];
        for layer in self.layers {
            let front = self.planes.to(layer.z);
            let before: Vec<[f64; 2]> = all.iter().map(|center| center.seen).collect();
            for position in layer.mass.centers(&layer.params) {
                let seen = match front.layers {
                    [] => vec![position],
                    _ => {
                        let found = images(&front, position, square_of_images(&front, position, &before), &before);
                        found.unwrap_or_default().iter().map(|image| image.position).collect()
                    }
                };
                all.extend(seen.into_iter().map(|seen| Center { layer, position, seen }));
            }
        }
        all
    }

    /// The cuts about all centres of mass, in the plane of the source, as those of [`Lens::cuts`]: the loop whose image is the cut
    /// is a circle in the plane of the lens.
    pub fn cuts(&self) -> Vec<Curve> {
        let of = |center: &Center<'_>| {
            let Center { layer, position: [x, y], seen } = center;
            let radius = Lens::new(&layer.mass, &layer.params).cut_radius([*x, *y])?;
            let there = self.planes.to(layer.z).ray(*seen);
            let around = about([0.0, 0.0], radius).map(|step| there.seen(step)).collect::<Option<Vec<_>>>()?;
            cut(self, around.into_iter().map(|[dx, dy]| [seen[0] + dx, seen[1] + dy]))
        };
        self.seen_centers().iter().filter_map(of).collect()
    }
}

impl LensMapping for PlanesTo<'_> {
    fn ray(&self, seen: [f64; 2]) -> Ray {
        self.rays(&[seen]).pop().unwrap_or(Ray::straight(seen))
    }

    fn rays(&self, seen: &[[f64; 2]]) -> Vec<Ray> {
        arriving(seen, &self.to_source, &self.follow(seen))
    }

    /// c times the arrival time over [`PlanesTo::time_delay_distance`]; the arrival time is (Schneider, Ehlers & Falco 1992, eq. 9.22)
    ///
    /// ```text
    /// c T = sum_i D_dt(z_i, z_(i+1)) |x_i - x_(i+1)|^2 / 2 - D_dt(z_i, z_source) psi_i(x_i)
    /// ```
    ///
    /// with the source behind the last lens, and each psi_i that of a source at the redshift of the convention.
    fn fermat(&self, seen: [f64; 2], source: [f64; 2]) -> f64 {
        let Planes { cosmology, z_source, .. } = self.planes;
        let bent = self.follow(&[seen]);
        let behind = self.layers.iter().zip(bent.iter().flatten()).skip(1);
        let behind = behind.map(|(layer, bent)| (layer.z, bent.position)).chain([(self.z, source)]);
        let times = self.layers.iter().zip(bent.iter().flatten()).zip(behind).map(|((lens, bent), (z, next))| {
            let way = (bent.position[0] - next[0]).powi(2) + (bent.position[1] - next[1]).powi(2);
            cosmology.time_delay_distance(lens.z, z) * 0.5 * way
                - cosmology.time_delay_distance(lens.z, *z_source) * bent.potential
        });
        self.time_delay_distance().map_or(0.0, |unit| times.sum::<f64>() / unit)
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
