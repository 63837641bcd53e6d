//! The posterior of Chianese et al. (2020): a power law and a shear in front of a decoded galaxy.

use std::path::Path;

use lens_models::error::Result;
use lens_models::psf::Psf;
use vae_source::network::LATENT;
use vae_source::profile::profiles;

use super::BenchModel;
use super::lens::{Camera, of_truth};

/// SPLE + shear + decoded source, 256 x 256 pixels over 10 arcsec, a Gaussian PSF of 0.05 arcsec, noise of 0.1: 76 parameters.
/// The weights are those of a safetensors file, or the ones that the program carries.
///
/// # Errors
/// A file of weights that is missing or holds something else.
pub fn paper(weights: Option<&Path>) -> Result<BenchModel> {
    let latent: Vec<f64> = (0..LATENT).map(|i| (1.3 * i as f64).sin()).collect();
    let weights = weights.map_or_else(String::new, |file| {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        format!(r#""weights": {:?},"#, file.to_string_lossy())
    });
    let system = format!(
        r#"{{
          "lens": [
            {{ "name": "lens", "profile": "sple", "parameters": {{
              "r_ein": {{ "value": 1.5 }}, "gamma": {{ "value": 2.05 }}, "q": {{ "value": 0.75 }}, "phi": {{ "value": 0.4 }},
              "center_x": {{ "value": 0.03 }}, "center_y": {{ "value": -0.02 }} }} }},
            {{ "name": "shear", "profile": "shear", "parameters": {{
              "gamma1": {{ "value": 0.02 }}, "gamma2": {{ "value": -0.03 }} }} }}
          ],
          "source": [
            {{ "name": "source", "profile": "vae", {weights} "parameters": {{
              "z": {{ "value": {latent:?} }}, "scale": {{ "value": 1.2 }}, "amp": {{ "value": 1.0 }},
              "center_x": {{ "value": 0.05 }}, "center_y": {{ "value": 0.02 }} }} }}
          ]
        }}"#
    );
    let pixel_scale = 10.0 / 256.0;
    let camera = Camera { pixel_scale, sigma: 0.1, psf: Psf::gaussian(0.05, pixel_scale, 13)? };
    let what = "SPLE + shear + decoded source, 256 x 256 pixels, Gaussian PSF, 76 parameters";
    of_truth(&system, &profiles(), &camera, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_s_model_has_76_parameters_and_a_finite_gradient_in_every_lane() -> Result<()> {
        let model = paper(None)?;
        assert_eq!(model.density().dim(), 76);
        let mut calls = model.calls(2);
        let (logp, grad) = calls.evaluate()?;
        assert!(logp.iter().all(|l| l.is_finite()) && logp[0] != logp[1]);
        assert!(grad.iter().all(|g| g.is_finite() && *g != 0.0));
        Ok(())
    }
}
