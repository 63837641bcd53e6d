//! simulate: the image of a system, and a system file to fit it with.

use std::path::{Path, PathBuf};

use arclet::fit::View;
use arclet::lens::data::DataFiles;
use arclet::lens::fits::{HeaderCard, HeaderValue, Image, NamedImage, write_images};
use arclet::lens::image_file::read_image;
use arclet::lens::system::{Mock, Role, System, simulate};
use serde_json::{Map, Value as Json};

use super::args::SimulateArguments;
use super::best::{entries, whole_paths};
use super::failure::{Failure, Result};
use super::folder::Folder;
use super::{output, picture, report};

/// What a simulation writes; of the last two, those that the system has.
pub const FILES: [&str; 7] =
    ["image.fits", "noise.fits", "simulation.png", "system.json", "truth.json", "psf.fits", "mask.fits"];

/// Runs the command.
pub fn run(arguments: &SimulateArguments) -> Result<()> {
    let path = &arguments.system;
    let system = System::from_file_with(path, &arclet::profiles())?.at_start();
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    let folder = Folder::begin(&arguments.out, arguments.force, &[path], &FILES)?;
    let title = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let mock = simulate_into(&folder, &title, &system, &text, arguments.seed)?;
    folder.finish()?;
    let (width, height) = mock.image.size();
    let out = arguments.out.display();
    report::told(&format!(
        "simulated {width} x {height} pixels from seed {}\nwritten to {out}; all parameters are free in {out}/system.json, so that\n  \
         arclet fit {out}/system.json --out {out}-fit\nfits it\n",
        arguments.seed
    ))
}

/// Simulates a system and writes its files; `text` is the JSON that the system was read from.
///
/// # Errors
/// What the simulation returns; what the operating system says.
pub fn simulate_into(folder: &Folder, title: &str, system: &System, text: &str, seed: u64) -> Result<Mock> {
    // A value stands for the simulation, a prior beside it for the fit that follows.
    let given =
        |site: &str| system.components.iter().any(|c| c.fixed.keys().any(|p| site == format!("{}.{p}", c.name)));
    let drawn = System { priors: system.priors.filtered(|site| !given(site)), ..system.clone() };
    let mock = simulate(&drawn, seed)?;
    let Some(files) = &system.data else { return Err(Failure::ours("a system without data was simulated")) };
    let image = |name: &str, image: &Image| {
        let value = HeaderValue::Real(mock.data.grid.pixel_scale());
        let cards = vec![HeaderCard { keyword: "PIXSCALE", value, comment: "arcsec per pixel" }];
        let stem = name.trim_end_matches(".fits").to_uppercase();
        write_images(folder.path().join(name), &[NamedImage { name: &stem, image, cards }])
    };
    image("image.fits", &mock.image)?;
    image("noise.fits", &mock.sigma)?;
    if let Some(psf) = &mock.data.psf {
        image("psf.fits", &Image::new(psf.width(), psf.height(), psf.kernel().to_vec())?)?;
    }
    if let Some(mask) = &files.mask {
        image("mask.fits", &read_image(system.folder.join(mask))?)?;
    }
    output::truth(folder, &mock.truth)?;
    let written = DataFiles {
        image: Some("image.fits".into()),
        noise: Some("noise.fits".into()),
        psf: mock.data.psf.as_ref().map(|_| PathBuf::from("psf.fits")),
        mask: files.mask.as_ref().map(|_| PathBuf::from("mask.fits")),
        size: None,
        background_rms: None,
        inverse_variance: None,
        exposure_time: None,
        exposure_map: None,
        psf_fwhm: None,
        ..files.clone()
    };
    output::json(folder, "system.json", &to_fit(text, &system.folder, &written)?)?;
    let truth = with_values(system, &mock);
    let view = View::of(&truth, &mock.data)?;
    folder.write("simulation.png", &picture::simulation_page(title, system, &mock.data, &view, &mock.truth)?)?;
    Ok(mock)
}

/// The same system with all parameters free, and these data. It lies in another folder, so that a path of weights becomes a whole one.
fn to_fit(text: &str, from: &Path, data: &DataFiles) -> Result<Json> {
    let mut json: Map<String, Json> = serde_json::from_str(text).map_err(Failure::ours)?;
    json.shift_remove("covariance");
    whole_paths(&mut json, from);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Cosmology) {
        for component in entries(&mut json, role) {
            component.shift_remove("parameters");
        }
    }
    json.insert("data".to_owned(), serde_json::to_value(data).map_err(Failure::ours)?);
    Ok(Json::Object(json))
}

/// The same system with every parameter at its true value.
fn with_values(system: &System, mock: &Mock) -> System {
    let mut system = system.clone();
    for component in &mut system.components {
        for parameter in component.profile.parameters() {
            if let Some(values) = mock.truth.get(&component.site(parameter)) {
                component.fixed.insert(parameter.name, values.clone());
            }
        }
    }
    system.priors = Default::default();
    system
}
