//! A lens system as a bench: the image that its own values make, and its density a little beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lens_models::data::{DataFiles, ImageData, Inputs};
use lens_models::error::Result;
use lens_models::fits::Image;
use lens_models::op::expose;
use lens_models::profiles::Profiles;
use lens_models::psf::Psf;
use lens_models::system::{Scales, System, SystemModel};
use ppl_core::{Ctx, ModelDensity, Values, handler};

use super::{BenchModel, Model};

/// Pixels along each side of the image.
const SIZE: usize = 256;

/// What sees the lens.
pub(super) struct Camera {
    /// Arcsec.
    pub(super) pixel_scale: f64,
    /// Of the noise.
    pub(super) sigma: f64,
    pub(super) psf: Psf,
}

/// The posterior of all parameters of a system that gives a value to each.
pub(super) fn of_truth(json: &str, profiles: &Profiles, camera: &Camera, what: &'static str) -> Result<BenchModel> {
    let truth = System::from_json_with(json, Path::new("bench"), Path::new("."), profiles)?;
    let files = DataFiles {
        name: None,
        image: None,
        size: None,
        noise: None,
        psf: None,
        mask: None,
        pixel_scale: Some(camera.pixel_scale),
        inverse_variance: None,
        mask_center: None,
        supersampling: Some(1),
        psf_supersampling: 1,
        mask_radius: None,
        background_rms: Some(camera.sigma),
        exposure_time: None,
        exposure_map: None,
        noise_correlation: None,
        noise_patch: None,
        noise_reach: None,
        psf_fwhm: None,
    };
    let data = |pixels| -> Result<Arc<ImageData>> {
        let image = Image::new(SIZE, SIZE, pixels)?;
        files.assemble(Inputs { psf: Some(camera.psf.clone()), ..Inputs::new(image) }).map(Arc::new)
    };
    // The image is the model's own: what is timed does not depend on it.
    let blank = data(vec![0.0; SIZE * SIZE])?;
    let model = SystemModel::new(&truth, blank.clone(), &Scales { peak: 1.0, ..Scales::of(&blank, false) })?;
    let source = handler::trace(handler::seed(|ctx: &mut Ctx| model.run(ctx), 0))?.returned.source;
    let pixels =
        source.map_or_else(|| Ok(vec![0.0; SIZE * SIZE]), |s| expose(&blank, &s).map(|i| i.lane(0).to_vec()))?;
    let data = data(pixels)?;

    let mut values = Values::new();
    let mut free = System { folder: PathBuf::new(), ..truth };
    for component in &mut free.components {
        for (name, value) in std::mem::take(&mut component.fixed) {
            // A little beside the truth, as a sampler is: at the truth itself all residuals would be 0.
            let beside: Vec<f64> = value.iter().map(|v| v * 1.001).collect();
            let site = format!("{}.{name}", component.name);
            values = match beside[..] {
                [number] => values.with(site, number),
                _ => values.with(site, beside),
            };
        }
    }
    let model = SystemModel::new(&free, data.clone(), &Scales::of(&data, false))?;
    let model: Model = Box::new(move |ctx: &mut Ctx| model.run(ctx).map(drop));
    let density = ModelDensity::new(model)?;
    let position = density.position_of(&values, 0)?;
    Ok(BenchModel { density, position, what })
}
