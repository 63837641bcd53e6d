//! A small set of data for the tests of the operations.

use std::sync::Arc;

use ppl_core::autodiff::{Dims, Shape, Value};

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

/// Images of 6 x 5 pixels, some of two lanes, some shared, the last what is added to them.
pub(super) fn images(lanes: usize) -> Vec<Value> {
    let image = |k: usize, lanes: usize| {
        let at = |i: usize| 0.4 + (0.3 + 0.7 * k as f32 + (0.2 + 0.3 * k as f32) * i as f32).sin();
        Value::constant(Shape::new(lanes, Dims::new(&[5, 6])), (0..lanes * 30).map(at).collect::<Vec<f32>>())
    };
    vec![image(0, lanes), image(1, 1), image(2, lanes), image(3, lanes)]
}
