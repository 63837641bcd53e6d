//! The lens of the README: a Sersic source behind an elliptical power law.

use lens_models::error::Result;
use lens_models::fits::Image;
use lens_models::profiles::Profiles;
use lens_models::psf::Psf;

use super::BenchModel;
use super::lens::{Camera, of_truth};

/// Pixels along each side of the PSF.
const PSF: usize = 13;

const SERSIC: &str = r#"{
  "lens": [
    { "name": "lens", "profile": "epl", "parameters": {
      "theta_E": { "value": 1.5 }, "gamma": { "value": 2.05 }, "e1": { "value": 0.1 }, "e2": { "value": 0.05 },
      "center_x": { "value": 0.03 }, "center_y": { "value": -0.02 } } },
    { "name": "shear", "profile": "shear", "parameters": { "gamma1": { "value": 0.02 }, "gamma2": { "value": -0.03 } } }
  ],
  "source": [
    { "name": "source", "profile": "sersic", "parameters": {
      "amp": { "value": 1.0 }, "R_sersic": { "value": 0.3 }, "n_sersic": { "value": 1.5 }, "e1": { "value": 0.05 },
      "e2": { "value": 0.02 }, "center_x": { "value": 0.05 }, "center_y": { "value": 0.02 } } }
  ]
}"#;

/// EPL + shear + Sersic source, 256 x 256 pixels of 0.04 arcsec, 13 x 13 PSF, constant noise: 15 parameters.
///
/// # Errors
/// None: everything in it is fixed.
pub fn sersic() -> Result<BenchModel> {
    let camera = Camera { pixel_scale: 0.04, sigma: 0.05, psf: Psf::new(kernel()?)? };
    of_truth(
        SERSIC,
        &Profiles::standard(),
        &camera,
        "EPL + shear + Sersic source, 256 x 256 pixels, 13 x 13 PSF, 15 parameters",
    )
}

/// An ellipse turned by 30 degrees with a wide wing: no product of a row and a column.
fn kernel() -> Result<Image> {
    let (sin, cos) = 30_f64.to_radians().sin_cos();
    let half = (PSF / 2) as f64;
    let value = |i: usize| {
        let (x, y) = ((i % PSF) as f64 - half, (i / PSF) as f64 - half);
        let (u, v) = ((cos * x + sin * y) / 1.6, (cos * y - sin * x) / 1.1);
        ((-0.5 * (u * u + v * v)).exp() + 0.03 / (1.0 + (x * x + y * y) / 9.0)) as f32
    };
    let pixels: Vec<f32> = (0..PSF * PSF).map(value).collect();
    let sum: f32 = pixels.iter().sum();
    Image::new(PSF, PSF, pixels.iter().map(|p| p / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sersic_model_has_15_parameters_and_a_finite_gradient_in_every_lane() -> Result<()> {
        let model = sersic()?;
        assert_eq!(model.density().dim(), 15);
        let mut calls = model.calls(3);
        let (logp, grad) = calls.evaluate()?;
        assert!(logp.iter().all(|l| l.is_finite()) && logp[0] != logp[1]);
        assert!(grad.iter().all(|g| g.is_finite() && *g != 0.0));
        Ok(())
    }
}
