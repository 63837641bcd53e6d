//! A small set of data for the tests of the operations.

use std::sync::Arc;

use crate::data::{DataFiles, ImageData, Inputs};
use crate::fits::Image;
use crate::psf::Psf;

/// `width` x `height` pixels with constant noise and a 3 x 3 PSF that has no symmetry.
pub(super) fn data(width: usize, height: usize, supersampling: usize) -> Arc<ImageData> {
    let pixels = (0..width * height).map(|i| (0.3 * i as f32).cos()).collect();
    let kernel = (1..=9).map(|i| i as f32 / 45.0).collect();
    let inputs = Inputs {
        psf: Some(Psf::new(Image::new(3, 3, kernel).unwrap()).unwrap()),
        ..Inputs::new(Image::new(width, height, pixels).unwrap())
    };
    let files: DataFiles = serde_json::from_value(serde_json::json!({
        "image": "none", "pixel_scale": 0.1, "supersampling": supersampling, "background_rms": 0.5
    }))
    .unwrap();
    Arc::new(files.assemble(inputs).unwrap())
}
