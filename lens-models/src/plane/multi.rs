//! Several planes: rays through lenses at several redshifts, in f64.

use super::cut::{about, cut};
use super::{Curve, Lens, LensChain, LensMapping, Ray, image_near, images, square_of_images};
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
    /// From the nearest; no two of one redshift.
    layers: Vec<Layer>,
}

/// The centres that count where there are hundreds, of haloes: that of a lens and those of its neighbours.
const STRONGEST: usize = 8;
/// Most centres that all count, and most profiles in front of one of which all images are looked for: a search takes 1e5 rays or so.
const SEARCHED: usize = 32;

/// The lenses of one plane.
struct Layer {
    z: f64,
    mass: MassSum,
    params: Vec<f64>,
}

impl Layer {
    /// The convergence of its plane a hundredth of an arcsec from a centre.
    fn strength(&self, [x, y]: [f64; 2]) -> f64 {
        Lens::new(&self.mass, &self.params).kappa(x + 0.01, y)
    }
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
        let Planes { cosmology, z_source, .. } = self;
        let layers = &self.layers[..self.layers.partition_point(|layer| layer.z < z)];
        let stops: Vec<f64> = layers.iter().map(|layer| layer.z).chain([z]).collect();
        let in_front = |(front, z): (usize, &f64)| {
            layers[..front].iter().map(|lens| cosmology.deflection_scale(lens.z, *z, *z_source)).collect()
        };
        let unit = layers.first().map_or(1.0, |first| cosmology.time_delay_distance(first.z, z));
        let delays = layers
            .iter()
            .zip(stops.iter().skip(1))
            .map(|(lens, next)| [*next, *z_source].map(|z| cosmology.time_delay_distance(lens.z, z) / unit));
        let chain = LensChain {
            lenses: layers.iter().map(|layer| Lens::new(&layer.mass, &layer.params)).collect(),
            scales: stops.iter().enumerate().map(in_front).collect(),
            delays: delays.collect(),
        };
        PlanesTo { planes: self, z, layers, chain }
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
    chain: LensChain<'a>,
}

/// Where the centre of a mass profile is seen.
struct Center<'a> {
    layer: &'a Layer,
    /// In the plane of its lens.
    position: [f64; 2],
    seen: [f64; 2],
}

impl PlanesTo<'_> {
    /// D_dt = (1 + z) D(z) D(z_s) / D(z, z_s) of the nearest lens and the source of this mapping, Mpc: c times the arrival time over
    /// [`LensMapping::fermat`]; none without a lens in front of it.
    pub fn time_delay_distance(&self) -> Option<f64> {
        self.layers.first().map(|first| self.planes.cosmology.time_delay_distance(first.z, self.z))
    }

    /// The delay that a difference of [`LensMapping::fermat`] is, days; zero without a lens.
    pub fn delay(&self, fermat: f64) -> f64 {
        self.layers.first().map_or(0.0, |first| self.planes.cosmology.delay(fermat, first.z, self.z))
    }

    /// Where the centres of the mass profiles, of more than 32 the eight strongest, are seen, arcsec: those of the nearest plane where they are, those behind it at each
    /// of their images, or at one of them where more than 32 profiles are in front. One that is seen as a ring is left out.
    pub fn centers(&self) -> Vec<[f64; 2]> {
        self.seen_centers().iter().map(|center| center.seen).collect()
    }

    fn seen_centers(&self) -> Vec<Center<'_>> {
        let mut all: Vec<Center<'_>> = vec![];
        let least = self.least_strength();
        for layer in self.layers {
            let front = self.planes.to(layer.z);
            let before: Vec<[f64; 2]> = all.iter().map(|center| center.seen).collect();
            let in_front: usize = front.layers.iter().map(|layer| layer.mass.profiles().len()).sum();
            for position in layer.mass.centers(&layer.params).into_iter().filter(|at| layer.strength(*at) >= least) {
                let seen = match front.layers {
                    [] => vec![position],
                    _ if in_front > SEARCHED => {
                        image_near(&front, position, position).map(|image| image.position).into_iter().collect()
                    }
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

    /// The least strength of a centre that counts: of more than [`SEARCHED`] centres, that of the last of the [`STRONGEST`].
    fn least_strength(&self) -> f64 {
        let of = |layer: &Layer| layer.mass.centers(&layer.params).into_iter().map(|at| layer.strength(at)).collect();
        let mut all: Vec<f64> = self.layers.iter().flat_map(|layer| -> Vec<f64> { of(layer) }).collect();
        if all.len() <= SEARCHED {
            return f64::NEG_INFINITY;
        }
        all.sort_by(|a, b| b.total_cmp(a));
        all[STRONGEST - 1]
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
        self.chain.ray(seen)
    }

    fn rays(&self, seen: &[[f64; 2]]) -> Vec<Ray> {
        self.chain.rays(seen)
    }

    /// c times the arrival time over [`PlanesTo::time_delay_distance`]; the arrival time is (Schneider, Ehlers & Falco 1992, eq. 9.22)
    ///
    /// ```text
    /// c T = sum_i D_dt(z_i, z_(i+1)) |x_i - x_(i+1)|^2 / 2 - D_dt(z_i, z_source) psi_i(x_i)
    /// ```
    ///
    /// with the source behind the last lens, and each psi_i that of a source at the redshift of the convention.
    fn fermat(&self, seen: [f64; 2], source: [f64; 2]) -> f64 {
        self.chain.fermat(seen, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mass::{Epl, Shear, Sis};

    fn two_spheres() -> Planes {
        let sis = |z: f64, params: [f64; 3]| (z, MassSum::new([&Sis as _]), params.to_vec());
        Planes::new(Cosmology::flat(70.0, 0.3), 2.0, vec![sis(0.8, [0.3, 0.3, -0.1]), sis(0.3, [1.3, 0.0, 0.02])])
    }

    #[test]
    fn an_image_comes_or_goes_where_a_source_crosses_a_cut() {
        let planes = two_spheres();
        let map = planes.to(2.0);
        let (centers, cuts) = (map.centers(), map.cuts());
        // The near sphere, and the two images of the far one.
        assert_eq!((centers.len(), cuts.len()), (3, 3));
        for cut in &cuts {
            for k in [20, 90, 200] {
                let ([ax, ay], [bx, by]) = (cut.points[k], cut.points[k + 1]);
                let length = (bx - ax).hypot(by - ay);
                let count = |side: f64| {
                    let source = [ax + side * (by - ay) / length, ay - side * (bx - ax) / length];
                    images(&map, source, square_of_images(&map, source, &centers), &centers).unwrap().len()
                };
                assert_eq!(count(1e-3).abs_diff(count(-1e-3)), 1, "{k}");
            }
        }
    }

    #[test]
    fn of_hundreds_of_haloes_the_strongest_centres_are_seen_and_the_lens_among_them() {
        let halo = |i: usize| {
            let angle = 2.4 * i as f64;
            let params = vec![
                0.002 + 1e-5 * i as f64,
                0.1 * (i as f64).sqrt() * angle.cos(),
                0.1 * (i as f64).sqrt() * angle.sin(),
            ];
            (0.1 + 0.1 * (i % 15) as f64, MassSum::new([&Sis as _]), params)
        };
        let lens = (0.5, MassSum::new([&Sis as _]), vec![1.2, 0.0, 0.0]);
        let planes = Planes::new(Cosmology::flat(70.0, 0.3), 2.0, (1..150).map(halo).chain([lens]).collect());
        let centers = planes.to(2.0).centers();
        // Those behind the lens may be hidden, and no image of theirs is near.
        assert!((3..=8).contains(&centers.len()), "{}", centers.len());
        assert!(centers.iter().any(|[x, y]| x.hypot(*y) < 0.02), "{centers:?}");
    }

    #[test]
    fn lenses_of_one_redshift_are_one_plane_with_the_fermat_potential_of_a_lens() {
        let epl = [1.2, 2.1, 0.1, -0.05, 0.02, 0.03];
        let layer = |mass: MassSum, params: &[f64]| (0.4, mass, params.to_vec());
        let layers = vec![layer(MassSum::new([&Epl as _]), &epl), layer(MassSum::new([&Shear as _]), &[0.04, -0.02])];
        let planes = Planes::new(Cosmology::flat(70.0, 0.3), 1.5, layers);
        let mass = MassSum::new([&Epl as _, &Shear as _]);
        let params = [&epl[..], &[0.04, -0.02]].concat();
        let (map, lens) = (planes.to(1.5), Lens::new(&mass, &params));
        let (seen, source) = ([0.7, -1.1], [0.1, 0.05]);
        assert_eq!(map.ray(seen), lens.ray(seen));
        assert!((map.fermat(seen, source) - lens.fermat(seen, source)).abs() < 1e-14);
        assert_eq!(map.centers(), [[0.02, 0.03]]);
    }

    #[test]
    fn what_is_in_front_of_all_lenses_is_seen_where_it_is() {
        let planes = two_spheres();
        let map = planes.to(0.2);
        assert_eq!(map.ray([0.3, 0.4]), Ray::straight([0.3, 0.4]));
        assert!(map.fermat([0.3, 0.4], [0.3, 0.4]) == 0.0 && map.delay(1.0) == 0.0 && map.centers().is_empty());
    }
}
