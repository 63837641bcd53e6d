//! The lenses on which the bias is measured, and their images without noise.

use std::sync::Arc;

use arclet::lens::mass::MassProfile;
use arclet::lens::psf::Psf;
use arclet::prelude::*;

/// The paper's smallest noise.
pub const SIGMA: f64 = 0.0333;

/// Numbers of the main lens, the shear and the source.
pub const DIM: usize = 15;

/// Where each number is drawn, evenly, and the step of its differences: r_ein, gamma, q, phi, centre; shear; amplitude, radius,
/// Sersic index, ellipticity and centre of the source.
const RANGES: [[f64; 3]; DIM] = [
    [1.0, 2.0, 1e-3],
    [1.5, 2.5, 1e-3],
    [0.3, 0.95, 1e-3],
    [-1.57, 1.57, 1e-3],
    [-0.1, 0.1, 1e-3],
    [-0.1, 0.1, 1e-3],
    [-0.05, 0.05, 1e-3],
    [-0.05, 0.05, 1e-3],
    [0.25, 0.37, 1e-3],
    [0.25, 0.45, 1e-3],
    [0.7, 1.2, 3e-3],
    [-0.2, 0.2, 2e-3],
    [-0.2, 0.2, 2e-3],
    [-0.1, 0.1, 1e-3],
    [-0.1, 0.1, 1e-3],
];

/// The steps of the differences.
pub fn steps() -> [f64; DIM] {
    RANGES.map(|[_, _, step]| step)
}

/// The lens of that number: fractions of multiples of roots of primes, which are spread evenly.
pub fn numbers(lens: usize) -> [f64; DIM] {
    let primes = [2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0, 41.0, 43.0, 47.0_f64];
    std::array::from_fn(|i| {
        let [low, high, _] = RANGES[i];
        low + (high - low) * ((lens + 1) as f64 * primes[i].sqrt()).fract()
    })
}

/// The paper's camera: 256 x 256 pixels over 10 arcsec, a Gaussian PSF of 0.05".
pub fn camera() -> anyhow::Result<Arc<ImageData>> {
    let (n, scale) = (256, 10.0 / 256.0);
    let files = serde_json::json!({ "pixel_scale": scale, "background_rms": SIGMA });
    let files: DataFiles = serde_json::from_value(files)?;
    let image = Image::new(n, n, vec![0.0; n * n])?;
    let psf = Some(Psf::gaussian(0.05, scale, Psf::gaussian_size(0.05, scale))?);
    Ok(Arc::new(files.assemble(Inputs { psf, ..Inputs::new(image) })?))
}

/// The image without noise, with that profile as the main lens.
pub fn image(camera: &Arc<ImageData>, main: &'static dyn MassProfile, theta: &[f64; DIM]) -> Result<Vec<f32>> {
    let mass = [Deflector::new(main, theta[..6].to_vec())?, Deflector::new(&Shear, theta[6..8].to_vec())?];
    let rays = trace_rays(&Arc::new(camera.grid.clone()), &mass)?;
    Ok(expose(camera, &brightness(&rays, &LightComponent::new(&Sersic, theta[8..].to_vec())?)?)?.lane(0).to_vec())
}

/// The signal to noise of an image (eqs. 24 and 25): over the pixels that are above the noise after a blur by 0.16".
pub fn signal_to_noise(camera: &ImageData, image: &[f32]) -> anyhow::Result<f64> {
    let (grid, mut blurred) = (&camera.grid, vec![0.0; image.len()]);
    let blur = Psf::gaussian(0.16, grid.pixel_scale(), Psf::gaussian_size(0.16, grid.pixel_scale()))?;
    blur.convolve(image, grid.width(), grid.height(), &mut blurred);
    let bright = || image.iter().zip(&blurred).filter(|(_, b)| f64::from(**b) >= SIGMA).map(|(v, _)| f64::from(*v));
    Ok(bright().sum::<f64>() / (SIGMA * (bright().count() as f64).sqrt()))
}
