//! Mock observations (section 5.1): a real galaxy behind a power law and a shear, 256 x 256 pixels over 10 arcsec.

use std::sync::Arc;

use arclet::core::rng;
use arclet::lens::psf::Psf;
use arclet::prelude::*;
use arclet::source::profile::{self, Interpolation, Placed};
use rand_distr::{Distribution as _, StandardNormal};

use crate::galaxy::Source;

/// Pixels along each side.
pub const SIZE: usize = 256;
/// Arcsec.
pub const PIXEL: f64 = 10.0 / SIZE as f64;
/// The noise of the three observations of a system.
pub const SIGMAS: [f64; 3] = [0.333, 0.1, 0.0333];
/// Width of the image of a galaxy on the sky, arcsec: a third of the 10 arcsec of the source plane.
pub const WIDTH: f64 = 10.0 / 3.0;

/// The numbers of a lens: `r_ein gamma q phi center_x center_y`, `gamma1 gamma2`, and where the source is.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    pub sple: [f64; 6],
    pub shear: [f64; 2],
    pub source: [f64; 2],
}

impl Truth {
    /// A draw of equations 14 and 18-23 that is a lens: most draws of these priors are none, as a shear of order one has no images.
    pub fn drawn(seed: u64) -> Truth {
        let mut rng = rng::keyed(seed, "truth", 0);
        let mut normal = |loc: f64, scale: f64| {
            let z: f64 = StandardNormal.sample(&mut rng);
            loc + scale * z
        };
        loop {
            let shear = [normal(0.0, 1.0), normal(0.0, 1.0)];
            let phi = normal(0.0, 1.0);
            let (q, r_ein, gamma) = (normal(0.5, 0.5), normal(1.5, 0.5), normal(2.0, 0.5));
            let centre = [normal(0.0, 0.5), normal(0.0, 0.5)];
            let source = [normal(0.0, 0.1), normal(0.0, 0.1)];
            let sensible = shear[0].hypot(shear[1]) < 0.1
                && (0.5..0.95).contains(&q)
                && (1.0..2.0).contains(&r_ein)
                && (1.7..2.3).contains(&gamma)
                && centre[0].hypot(centre[1]) < 0.3;
            if sensible {
                return Truth { sple: [r_ein, gamma, q, phi, centre[0], centre[1]], shear, source };
            }
        }
    }
}

impl Truth {
    /// The numbers of the lens by site.
    pub fn named(&self) -> Vec<(&'static str, f64)> {
        let sites = ["lens.r_ein", "lens.gamma", "lens.q", "lens.phi", "lens.center_x", "lens.center_y"];
        let shear = ["shear.gamma1", "shear.gamma2"];
        sites.into_iter().zip(self.sple).chain(shear.into_iter().zip(self.shear)).collect()
    }
}

/// An observation: what is seen, and its noise.
pub struct Mock {
    pub data: Arc<ImageData>,
    pub sigma: f64,
}

/// The data of an image with this noise.
pub fn data_of(pixels: Vec<f32>, sigma: f64) -> anyhow::Result<Arc<ImageData>> {
    let files: DataFiles = serde_json::from_value(
        serde_json::json!({ "pixel_scale": PIXEL, "supersampling": 1, "background_rms": sigma }),
    )?;
    let psf = Psf::gaussian(0.05, PIXEL, 13)?;
    let image = Image::new(SIZE, SIZE, pixels)?;
    Ok(Arc::new(files.assemble(Inputs { psf: Some(psf), ..Inputs::new(image) })?))
}

/// A galaxy behind a lens, as the camera sees it without noise.
pub fn lensed(truth: &Truth, galaxy: &Source) -> anyhow::Result<Vec<f32>> {
    let blank = data_of(vec![0.0; SIZE * SIZE], 1.0)?;
    let grid = Arc::new(blank.grid.clone());
    let deflectors = [Deflector::new(&Sple, truth.sple)?, Deflector::new(&Shear, truth.shear)?];
    let rays = trace_rays(&grid, &deflectors)?;
    let image = Array::constant(&[64, 64], galaxy.pixels.clone())?;
    let placed = Placed::new(truth.source[0], truth.source[1], WIDTH, 1.0, 0.0);
    let light = profile::brightness(&image, &rays, &placed, Interpolation::Bilinear)?;
    Ok(expose(&blank, &light)?.lane(0).to_vec())
}

/// The observation with Gaussian noise.
pub fn observed(clean: &[f32], sigma: f64, seed: u64) -> anyhow::Result<Mock> {
    let mut rng = rng::keyed(seed, "noise", 0);
    let noisy = clean.iter().map(|p| {
        let z: f64 = StandardNormal.sample(&mut rng);
        p + (sigma * z) as f32
    });
    Ok(Mock { data: data_of(noisy.collect(), sigma)?, sigma })
}

/// Signal to noise by equations 24 and 25: of the pixels that, blurred by 0.16 arcsec, are above the noise.
pub fn signal_to_noise(mock: &Mock) -> anyhow::Result<f64> {
    let blur = Psf::gaussian(0.16, PIXEL, Psf::gaussian_size(0.16, PIXEL))?;
    let seen = &mock.data.image.pixels;
    let mut blurred = vec![0.0; seen.len()];
    blur.convolve(seen, SIZE, SIZE, &mut blurred);
    let inside = seen.iter().zip(&blurred).filter(|(_, b)| f64::from(**b) >= mock.sigma);
    let (sum, count) = inside.fold((0.0, 0.0_f64), |(sum, count), (p, _)| (sum + f64::from(*p), count + 1.0));
    Ok(sum / (mock.sigma * count.sqrt()))
}
