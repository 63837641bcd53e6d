//! Body: one galaxy of a scene, seen at an angle: disc of finite thickness, bulge, dust and clumps.

use super::blob::Blob;
use super::bulge::Bulge;
use super::disc::{EDGE, Face};
use super::dust::Dust;

/// One galaxy.
#[derive(Debug, Clone)]
pub struct Body {
    /// Place of its centre, arcsec from the centre of the image.
    pub centre: [f64; 2],
    /// Position angle of its major axis, radians counter-clockwise from +x.
    pub angle: f64,
    /// Its light.
    pub flux: f64,
    /// Half-light radius of the disc along the major axis, arcsec.
    pub radius: f64,
    /// 0 is face-on, pi/2 edge-on.
    pub inclination: f64,
    /// Scale height h of the disc over its half-light radius; the density goes as sech^2(z / h).
    pub thickness: f64,
    /// The disc seen face-on; it has the light that bulge and clumps leave.
    pub disc: Option<Face>,
    /// The bulge.
    pub bulge: Option<Bulge>,
    /// Dust in the plane of the disc.
    pub dust: Option<Dust>,
    /// Star-forming clumps.
    pub clumps: Vec<Clump>,
    /// Curvature of the major axis, per half-light radius: chains and bananas.
    pub bend: f64,
}

/// A star-forming clump of a disc.
#[derive(Debug, Clone)]
pub struct Clump {
    /// Place in the disc and height above it, half-light radii.
    pub place: [f64; 3],
    /// Standard deviation, arcsec.
    pub sigma: f64,
    /// Share of the galaxy's light.
    pub share: f64,
}

/// An edge-on disc has no face to look up: cos i stays above this (86 degrees), and the thickness does the rest.
const COS_MIN: f64 = 0.07;

impl Body {
    /// Adds the galaxy to an image of `width` pixels a row, `scale` arcsec each, whose centre is (0, 0).
    pub fn add_to(&self, image: &mut [f64], width: usize, scale: f64) {
        let clumps: f64 = self.clumps.iter().map(|clump| clump.share).sum();
        let bulge = self.bulge.as_ref().map_or(0.0, |bulge| bulge.share);
        let disc = (1.0 - clumps - bulge).max(0.0);
        let sky = self.sky();
        let profile = self.bulge.as_ref().map(Bulge::profile);
        let height = image.len() / width.max(1);
        let mut smooth = vec![0.0; image.len()];
        // With and without dust, to give back the light that it takes: the flux is the flux that is seen.
        let (mut seen, mut all) = (0.0, 0.0);
        let area = (scale / self.radius).powi(2) * disc;
        let (sin, cos) = self.angle.sin_cos();
        for (y, row) in smooth.chunks_exact_mut(width.max(1)).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let place = |k: usize, n: usize| (k as f64 + 0.5 - 0.5 * n as f64) * scale;
                let (dx, dy) = (place(x, width) - self.centre[0], place(y, height) - self.centre[1]);
                let along = dx * cos + dy * sin;
                let across = dy * cos - dx * sin - self.bend * along * along / self.radius;
                let (u, v) = (along / self.radius, across / self.radius);
                // Half of a bulge lies behind the dust.
                let through = sky.as_ref().map_or(1.0, |sky| sky.through(u, v));
                let bulge = profile.as_ref().map_or(0.0, |profile| bulge * profile.pixel(along, across, scale));
                let light = sky.as_ref().map_or(Light::default(), |sky| sky.light(u, v, through));
                *pixel = area * light.dusty + 0.5 * bulge * (1.0 + through);
                seen += *pixel;
                all += area * light.clear + bulge;
            }
        }
        let brighter = self.flux * if seen > 0.0 { all / seen } else { 1.0 };
        image.iter_mut().zip(&smooth).for_each(|(sum, light)| *sum += brighter * light);
        self.clump_blobs().for_each(|blob| blob.add_to(image, width, scale));
    }

    /// The place on the sky of a point of the disc, arcsec from the centre of the image.
    #[must_use]
    pub fn on_sky(&self, [x, y, z]: [f64; 3]) -> [f64; 2] {
        let (sin_i, cos_i) = self.inclination.sin_cos();
        let along = x * self.radius;
        let across = (y * cos_i + z * sin_i) * self.radius + self.bend * along * along / self.radius;
        let (sin, cos) = self.angle.sin_cos();
        [self.centre[0] + along * cos - across * sin, self.centre[1] + along * sin + across * cos]
    }

    fn clump_blobs(&self) -> impl Iterator<Item = Blob> {
        self.clumps.iter().map(|clump| Blob {
            centre: self.on_sky(clump.place),
            sigma: clump.sigma,
            flux: self.flux * clump.share,
        })
    }

    fn sky(&self) -> Option<Sky<'_>> {
        let face = self.disc.as_ref()?;
        let cos = self.inclination.cos().max(COS_MIN);
        let sin = (1.0 - cos * cos).sqrt();
        // Layers near enough to each other that patches and arms do not show as stripes, at equal shares of sech^2.
        let depth = 4.0 * self.thickness * sin / cos;
        let layers = ((depth / 0.2).ceil() as usize).clamp(1, 80);
        let height = |k: usize| self.thickness * (2.0 * (k as f64 + 0.5) / layers as f64 - 1.0).atanh();
        Some(Sky { face, dust: self.dust.as_ref(), cos, sin, heights: (0..layers).map(height).collect() })
    }
}

/// A disc projected on the sky; lengths in half-light radii.
struct Sky<'a> {
    face: &'a Face,
    dust: Option<&'a Dust>,
    cos: f64,
    sin: f64,
    heights: Vec<f64>,
}

/// Brightness without and with dust.
#[derive(Default)]
struct Light {
    clear: f64,
    dusty: f64,
}

impl Sky<'_> {
    /// What is left of light from behind the plane of the disc.
    fn through(&self, u: f64, v: f64) -> f64 {
        let y = v / self.cos;
        match self.dust {
            Some(dust) if u * u + y * y < EDGE * EDGE => dust.transmission(u, y, self.cos),
            _ => 1.0,
        }
    }

    /// The sum over the layers; those behind the plane shine through the dust.
    fn light(&self, u: f64, v: f64, through: f64) -> Light {
        if u.abs() > EDGE {
            return Light::default();
        }
        let share = 1.0 / (self.heights.len() as f64 * self.cos);
        let mut light = Light { clear: 0.0, dusty: 0.0 };
        // Only these layers are inside the disc here: heights are sorted.
        let inside = EDGE * self.cos / self.sin.max(1e-9);
        let first = self.heights.partition_point(|z| *z < v / self.sin.max(1e-9) - inside);
        let layers = self.heights[first..].iter().take_while(|z| **z <= v / self.sin.max(1e-9) + inside);
        for &z in layers {
            let brightness = share * self.face.at(u, (v - z * self.sin) / self.cos);
            light.clear += brightness;
            // With one layer it is the middle of the disc: half of its stars lie behind.
            light.dusty += brightness
                * if z > 1e-9 {
                    1.0
                } else if z < -1e-9 {
                    through
                } else {
                    0.5 * (1.0 + through)
                };
        }
        light
    }
}

#[cfg(test)]
mod tests {
    use super::super::disc::Disc;
    use super::super::patches::Patches;
    use super::*;

    fn body(inclination: f64) -> Body {
        let disc = Disc { index: 1.0, lopsided: [0.0; 2], arms: None, ring: None, bar: None, patches: Patches::none() };
        Body {
            centre: [0.0; 2],
            angle: 0.0,
            flux: 3.0,
            radius: 0.5,
            inclination,
            thickness: 0.1,
            disc: Some(disc.face()),
            bulge: None,
            dust: None,
            clumps: Vec::new(),
            bend: 0.0,
        }
    }

    fn image(body: &Body) -> Vec<f64> {
        let mut image = vec![0.0; 160 * 160];
        body.add_to(&mut image, 160, 0.03);
        image
    }

    fn second_moments(image: &[f64]) -> [f64; 2] {
        let place = |k: usize| (k as f64 + 0.5 - 80.0) * 0.03;
        let sum: f64 = image.iter().sum();
        let x: f64 = image.iter().enumerate().map(|(k, v)| v * place(k % 160).powi(2)).sum();
        let y: f64 = image.iter().enumerate().map(|(k, v)| v * place(k / 160).powi(2)).sum();
        [x / sum, y / sum]
    }

    #[test]
    fn a_disc_keeps_its_light_at_any_inclination() {
        for inclination in [0.0, 0.7, 1.2, 1.5, std::f64::consts::FRAC_PI_2] {
            let sum: f64 = image(&body(inclination)).iter().sum();
            assert!((sum - 3.0).abs() < 0.03, "{inclination}: {sum}");
        }
    }

    #[test]
    fn the_axis_ratio_is_that_of_an_inclined_thick_disc() {
        for inclination in [0.5_f64, 1.0, 1.3] {
            let [x, y] = second_moments(&image(&body(inclination)));
            // <z^2> of sech^2(z / h) is pi^2 h^2 / 12; layers at equal shares of light fall 5 % to 20 % short of it.
            let z = std::f64::consts::PI.powi(2) / 12.0 * (0.1_f64 * 0.5).powi(2);
            let expected = x * inclination.cos().powi(2) + z * inclination.sin().powi(2);
            assert!((y / expected - 1.0).abs() < 0.03, "{inclination}: {y} {expected}");
        }
    }

    #[test]
    fn dust_darkens_the_far_side_of_a_bulge_and_keeps_the_flux() {
        let bulge = Bulge { share: 0.5, radius: 0.2, index: 1.0, axis_ratio: 0.9 };
        let clear = Body { bulge: Some(bulge), ..body(1.3) };
        let dusty = Body { dust: Some(Dust { depth: 1.0, scale: 1.0, lanes: 0.0, arms: None }), ..clear.clone() };
        let (clear, dusty) = (image(&clear), image(&dusty));
        assert!((clear.iter().sum::<f64>() / dusty.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let dip = |image: &[f64]| image[80 * 160 + 80] / image[88 * 160 + 80];
        assert!(dip(&dusty) < 0.8 * dip(&clear), "{} {}", dip(&dusty), dip(&clear));
    }

    #[test]
    fn clumps_turn_with_the_disc() {
        let mut body = body(std::f64::consts::FRAC_PI_2);
        body.angle = std::f64::consts::FRAC_PI_2;
        let [x, y] = body.on_sky([1.0, 0.3, 0.2]);
        // The major axis points up; height above the edge-on disc points to -x.
        assert!((x + 0.1).abs() < 1e-12 && (y - 0.5).abs() < 1e-12, "{x} {y}");
    }
}
