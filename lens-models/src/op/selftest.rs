//! Every operation of this crate on a GPU against itself on the host, at random inputs.

use std::sync::Arc;

use ppl_core::Result;
use ppl_core::autodiff::check_gpu::{DeviceErrors, device_errors};
use ppl_core::autodiff::{Dims, Shape, Value};
use ppl_core::cuda::Gpu;
use ppl_core::rng::{Rng, keyed};
use rand_distr::{Distribution, Uniform};

use super::brightness::Brightness;
use super::deflector::TraceRays;
use super::expose::Expose;
use super::image_log_prob::ImageLogProb;
use super::image_products::ImageProducts;
use super::planes::{Deflection, WeightedSum};
use super::ray_sum::RaySum;
use crate::check::example;
use crate::data::{DataFiles, ImageData, Inputs};
use crate::fits::Image;
use crate::grid::Grid;
use crate::light::{self, LightProfile};
use crate::mass::{self, MassProfile, MassSum};
use crate::noise::{Correlated, Correlation, Noise, SigmaMap};
use crate::parameter::{self, ProfileParameter};
use crate::psf::Psf;
use crate::sampling::Sampling;

/// The errors of every operation, for these numbers of lanes.
///
/// # Errors
/// What the driver says.
pub fn selftest(gpu: &Gpu, seed: u64, lanes: &[usize]) -> Result<Vec<DeviceErrors>> {
    let mut rng = keyed(seed, "selftest", 0);
    let mut all = vec![];
    for &lanes in lanes {
        for profile in mass::ALL {
            all.extend(deflections(gpu, &mut rng, lanes, profile.name(), &[*profile])?);
        }
        all.extend(deflections(gpu, &mut rng, lanes, "epl + shear", &[&mass::Epl, &mass::Shear])?);
        all.extend(deflections(gpu, &mut rng, lanes, "sple_table", &[&mass::SPLE_TABLE])?);
        for profile in light::ALL {
            all.push(shine(gpu, &mut rng, lanes, *profile)?);
        }
        all.extend(images(gpu, &mut rng, lanes)?);
        all.extend(super::raster::selftest(gpu, seed, lanes)?);
        all.push(rays_through_planes(gpu, &mut rng, lanes)?);
        all.push(products(gpu, &mut rng, lanes)?);
        all.push(correlated(gpu, &mut rng, lanes)?);
    }
    Ok(all)
}

fn named(lanes: usize, what: &str) -> String {
    format!("{what} {lanes} lane{}", if lanes == 1 { "" } else { "s" })
}

fn uniform(rng: &mut Rng, low: f32, high: f32, n: usize) -> Vec<f32> {
    (0..n).map(|_| low + (high - low) * Uniform::new(0.0_f32, 1.0).map_or(0.5, |u| u.sample(rng))).collect()
}

/// Parameters with values of their own in each lane.
fn parameters(table: &[ProfileParameter], lanes: usize, first: usize) -> Vec<Value> {
    let rows: Vec<Vec<f64>> = (0..lanes).map(|lane| example(table, first + lane)).collect();
    let each =
        |i: usize| Value::constant(Shape::new(lanes, Dims::SCALAR), rows.iter().map(|r| r[i]).collect::<Vec<f64>>());
    (0..parameter::count(table)).map(each).collect()
}

fn deflections(
    gpu: &Gpu,
    rng: &mut Rng,
    lanes: usize,
    name: &str,
    profiles: &[&'static dyn MassProfile],
) -> Result<Vec<DeviceErrors>> {
    let sum = MassSum::new(profiles.iter().copied());
    let params: Vec<Value> =
        profiles.iter().enumerate().flat_map(|(k, p)| parameters(p.parameters(), lanes, 1 + 5 * k)).collect();
    let grid = Arc::new(Grid::new(61, 47, 0.05, 1).map_err(ppl_core::Error::from)?);
    let case = named(lanes, name);
    let rays = device_errors(gpu, &case, || TraceRays::new(grid.clone(), sum.clone()), &params, &[])?;
    let shape = Shape::new(lanes, Dims::new(&[2, 3001]));
    let positions = Value::constant(shape, uniform(rng, -2.0, 2.0, shape.len()));
    let inputs: Vec<Value> = std::iter::once(positions).chain(params).collect();
    Ok(vec![rays, device_errors(gpu, &case, || Deflection::new(sum.clone()), &inputs, &[])?])
}

fn shine(gpu: &Gpu, rng: &mut Rng, lanes: usize, profile: &'static dyn LightProfile) -> Result<DeviceErrors> {
    let shape = Shape::new(lanes, Dims::new(&[2, 3001]));
    let positions = Value::constant(shape, uniform(rng, -2.0, 2.0, shape.len()));
    let inputs: Vec<Value> = std::iter::once(positions).chain(parameters(profile.parameters(), lanes, 2)).collect();
    device_errors(gpu, &named(lanes, profile.name()), || Brightness::new(profile), &inputs, &[])
}

/// Exposures with every kind of sampling and PSF, and both kinds of noise.
fn images(gpu: &Gpu, rng: &mut Rng, lanes: usize) -> Result<Vec<DeviceErrors>> {
    let (width, height) = (75, 41);
    let mut all = vec![];
    let kernel = |rng: &mut Rng, side: usize| {
        let mut pixels = uniform(rng, 0.1, 1.0, side * side);
        let sum: f32 = pixels.iter().sum();
        pixels.iter_mut().for_each(|p| *p /= sum);
        Psf::new(Image { width: side, height: side, pixels })
    };
    let psfs =
        [None, Some(kernel(rng, 3)), Some(Psf::gaussian(0.1, 0.05, 13)), Some(kernel(rng, 15)), Some(kernel(rng, 81))];
    for (number, psf) in psfs.into_iter().enumerate() {
        let psf = psf.transpose().map_err(ppl_core::Error::from)?;
        let side = psf.as_ref().map_or(0, Psf::width);
        let data = Arc::new(assemble(rng, [width, height], psf, number % 2 == 1).map_err(ppl_core::Error::from)?);
        for (supersampling, cells) in [(1, 1), (2, 1), (1, 3), (0, 2)] {
            let grid = data.grid.clone().with_cells(cells);
            let levels: Vec<u8> = (0..grid.cells_in_window()).map(|i| 1 + (i * i % 4) as u8).collect();
            let sampling =
                if supersampling == 0 { Sampling::Each(levels.into()) } else { Sampling::Uniform(supersampling) };
            let data = Arc::new(ImageData { grid: grid.with_sampling(sampling), ..(*data).clone() });
            let shape = Shape::new(lanes, Dims::new(&[data.grid.subpixels()]));
            let fine = Value::constant(shape, uniform(rng, -0.5, 1.0, shape.len()));
            let sampled = if supersampling == 0 { "adaptive".to_owned() } else { format!("x{supersampling}") };
            let case = named(lanes, &format!("psf {side}, {sampled}, {cells} cells,"));
            all.push(device_errors(gpu, &case, || Expose::new(data.clone()), &[fine], &[])?);
        }
        let shape = Shape::new(lanes, Dims::new(&[height, width]));
        let image = Value::constant(shape, uniform(rng, -0.5, 1.0, shape.len()));
        let noise = if number % 2 == 1 { "photons" } else { "sigma" };
        all.push(device_errors(gpu, &named(lanes, noise), || ImageLogProb::new(data.clone()), &[image], &[])?);
    }
    let shape = |lanes| Shape::new(lanes, Dims::new(&[2, 501]));
    let arrays = [shape(lanes), shape(1)].map(|s| Value::constant(s, uniform(rng, -1.0, 1.0, s.len())));
    let sum = || WeightedSum::new(vec![0.7, -1.3]);
    all.push(device_errors(gpu, &named(lanes, ""), sum, &arrays, &[])?);
    Ok(all)
}

/// What is seen and the last scale are shared by all lanes, and want their gradients too.
fn rays_through_planes(gpu: &Gpu, rng: &mut Rng, lanes: usize) -> Result<DeviceErrors> {
    let shape = |lanes| Shape::new(lanes, Dims::new(&[2, 3001]));
    let mut inputs: Vec<Value> =
        [1, lanes, lanes, 1].map(|own| Value::constant(shape(own), uniform(rng, -1.0, 2.0, shape(own).len()))).to_vec();
    let scale = |own: usize| {
        Value::constant(Shape::new(own, Dims::SCALAR), (0..own).map(|l| 0.4 + 0.3 * l as f64).collect::<Vec<f64>>())
    };
    inputs.extend([lanes, lanes, 1].map(scale));
    device_errors(gpu, &named(lanes, "3 planes"), || RaySum::new(3), &inputs, &[])
}

/// Seven images, one of them and what is added to them shared by all lanes, which want their gradients too.
fn products(gpu: &Gpu, rng: &mut Rng, lanes: usize) -> Result<DeviceErrors> {
    let [width, height] = [75, 41];
    let data = Arc::new(assemble(rng, [width, height], None, false).map_err(ppl_core::Error::from)?);
    let shape = |lanes| Shape::new(lanes, Dims::new(&[height, width]));
    let own = [lanes, lanes, 1, lanes, lanes, lanes, lanes, 1];
    let images = own.map(|own| Value::constant(shape(own), uniform(rng, -0.5, 1.0, shape(own).len())));
    let op = ImageProducts::new(data, 7).map_err(ppl_core::Error::from)?;
    device_errors(gpu, &named(lanes, "7 images"), || op.clone(), &images, &[])
}

/// An image of 31 x 17 pixels, a few of which are not used, whose noise goes with that of its neighbours.
fn correlated(gpu: &Gpu, rng: &mut Rng, lanes: usize) -> Result<DeviceErrors> {
    let [width, height] = [31, 17];
    let mut data = assemble(rng, [width, height], None, false).map_err(ppl_core::Error::from)?;
    let inverse = (0..width * height).map(|i| if i % 29 == 7 { 0.0 } else { 8.0 + (i % 5) as f32 }).collect();
    let lag = |i: usize| (-0.5 * ((i % 5) as f32 - 2.0).powi(2) - 0.7 * ((i / 5) as f32 - 1.0).powi(2)).exp();
    let image = Image::new(5, 3, (0..15).map(lag).collect()).map_err(ppl_core::Error::from)?;
    let made = Correlation::new(&image)
        .and_then(|correlation| Correlated::new(SigmaMap::from_inverse(inverse), &correlation, data.grid.window()));
    data.noise = Noise::Correlated(made.map_err(ppl_core::Error::from)?);
    let shape = Shape::new(lanes, Dims::new(&[height, width]));
    let image = Value::constant(shape, uniform(rng, -0.5, 1.0, shape.len()));
    let data = Arc::new(data);
    device_errors(gpu, &named(lanes, "correlated"), || ImageLogProb::new(data.clone()), &[image], &[])
}

fn assemble(
    rng: &mut Rng,
    [width, height]: [usize; 2],
    psf: Option<Psf>,
    photons: bool,
) -> crate::error::Result<ImageData> {
    let mut json =
        serde_json::json!({ "image": "none", "pixel_scale": 0.05, "background_rms": 0.1, "supersampling": 1 });
    if photons {
        json["exposure_time"] = 300.0.into();
    }
    let files: DataFiles =
        serde_json::from_value(json).map_err(|cause| crate::Error::BadKey { place: "selftest".to_owned(), cause })?;
    let image = Image::new(width, height, uniform(rng, -0.2, 1.0, width * height))?;
    files.assemble(Inputs { psf, ..Inputs::new(image) })
}
