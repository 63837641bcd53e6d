//! simulate: the image of a system, and a system file to fit it with.

use std::path::PathBuf;

use arclet::fit::View;
use arclet::lens::data::DataFiles;
use arclet::lens::fits::{HeaderCard, HeaderValue, Image, NamedImage, write_images};
use arclet::lens::image_file::read_image;
use arclet::lens::system::{Mock, Role, System, simulate_bands};
use serde_json::{Map, Value as Json};

use super::args::SimulateArguments;
use super::best::{entries, whole_paths};
use super::failure::{Failure, Result};
use super::folder::Folder;
use super::{output, picture, report};

/// What a simulation of one image writes; of the last three, those that the system has.
pub const FILES: [&str; 8] = [
    "image.fits",
    "noise.fits",
    "simulation.png",
    "system.json",
    "truth.json",
    "psf.fits",
    "mask.fits",
    "correlation.fits",
];

/// The same of each band: `image-NAME.fits` and so on.
fn files(system: &System) -> Vec<String> {
    let mut all: Vec<String> = FILES.iter().map(|name| (*name).to_owned()).collect();
    for band in system.band_names() {
        all.extend(PARTS.map(|part| named(part, Some(&band))));
    }
    all
}

/// The images of each band.
const PARTS: [&str; 5] = ["image", "noise", "psf", "mask", "correlation"];

fn named(part: &str, band: Option<&str>) -> String {
    band.map_or_else(|| format!("{part}.fits"), |band| format!("{part}-{band}.fits"))
}

/// Runs the command.
pub fn run(arguments: &SimulateArguments) -> Result<()> {
    let path = &arguments.system;
    let system = System::from_file_with(path, &arclet::profiles())?.at_start();
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    let written = files(&system);
    let written: Vec<&str> = written.iter().map(String::as_str).collect();
    let folder = Folder::begin(&arguments.out, arguments.force, &[path], &written)?;
    let title = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let mocks = simulate_into(&folder, &title, &system, &text, arguments.seed)?;
    folder.finish()?;
    let sizes: Vec<String> = mocks.iter().map(|mock| mock.image.size()).map(|(w, h)| format!("{w} x {h}")).collect();
    let out = arguments.out.display();
    report::told(&format!(
        "simulated {} pixels from seed {}\nwritten to {out}; all parameters are free in {out}/system.json, so that\n  \
         arclet fit {out}/system.json --out {out}-fit\nfits it\n",
        sizes.join(" and "),
        arguments.seed
    ))
}

/// Simulates a system and writes its files; `text` is the JSON that the system was read from. A mock of each band.
///
/// # Errors
/// What the simulation returns; what the operating system says.
pub fn simulate_into(folder: &Folder, title: &str, system: &System, text: &str, seed: u64) -> Result<Vec<Mock>> {
    // A value stands for the simulation, a prior beside it for the fit that follows.
    let given = |site: &str| system.components.iter().any(|c| c.fixed_sites().any(|(fixed, _)| site == fixed));
    let drawn = System { priors: system.priors.filtered(|site| !given(site)), ..system.clone() };
    let mocks = simulate_bands(&drawn, seed)?;
    let mut written = vec![];
    for (mock, files) in mocks.iter().zip(system.files()) {
        written.push(write_images_of(folder, system, mock, files)?);
    }
    let Some(mock) = mocks.first() else { return Err(Failure::ours("a system without data was simulated")) };
    output::truth(folder, &mock.truth)?;
    output::json(folder, "system.json", &to_fit(text, system, &written)?)?;
    let truth = with_values(system, mock);
    let data: Vec<_> = mocks.iter().map(|mock| mock.data.clone()).collect();
    let views = View::of_bands(&truth, &data)?;
    folder.write("simulation.png", &picture::simulation_page(title, system, &views, &mock.truth)?)?;
    Ok(mocks)
}

/// Writes the images of a band and returns its data as a fit would read them.
fn write_images_of(folder: &Folder, system: &System, mock: &Mock, files: &DataFiles) -> Result<DataFiles> {
    let path = |part: &str| PathBuf::from(named(part, files.name.as_deref()));
    let image = |part: &str, image: &Image| {
        let value = HeaderValue::Real(mock.data.grid.pixel_scale());
        let cards = vec![HeaderCard { keyword: "PIXSCALE", value, comment: "arcsec per pixel" }];
        write_images(folder.path().join(path(part)), &[NamedImage { name: &part.to_uppercase(), image, cards }])
    };
    image("image", &mock.image)?;
    image("noise", &mock.sigma)?;
    // A fit takes the cells out of a PSF on finer pixels by itself; one on whole pixels it takes as it is.
    let given = if files.psf_supersampling > 1 { files.read_psf(&system.folder)? } else { None };
    if let Some(psf) = given.as_ref().or(mock.data.psf.as_ref()) {
        image("psf", &Image::new(psf.width(), psf.height(), psf.kernel().to_vec())?)?;
    }
    if let Some(correlation) = &mock.correlation {
        image("correlation", &correlation.image())?;
    }
    if let Some(mask) = &files.mask {
        image("mask", &read_image(system.folder.join(mask))?)?;
    }
    Ok(DataFiles {
        image: Some(path("image")),
        noise: Some(path("noise")),
        psf: mock.data.psf.as_ref().map(|_| path("psf")),
        mask: files.mask.as_ref().map(|_| path("mask")),
        size: None,
        background_rms: None,
        inverse_variance: None,
        exposure_time: None,
        exposure_map: None,
        noise_correlation: mock.correlation.as_ref().map(|_| path("correlation")),
        noise_patch: None,
        noise_reach: None,
        psf_fwhm: None,
        ..files.clone()
    })
}

/// The same system with all parameters free, and these data; what is said of the cosmology, and of where a band lies, stays, unless its prior says that
/// it is free. It lies in another folder, so that a path of weights becomes a whole one.
fn to_fit(text: &str, system: &System, data: &[DataFiles]) -> Result<Json> {
    let mut json: Map<String, Json> = serde_json::from_str(text).map_err(Failure::ours)?;
    json.shift_remove("covariance");
    whole_paths(&mut json, &system.folder);
    for role in Role::ALL.into_iter().filter(|role| !matches!(role, Role::Cosmology | Role::Band)) {
        for component in entries(&mut json, role) {
            component.shift_remove("parameters");
        }
    }
    let mut written = vec![];
    for files in data {
        let mut entry = serde_json::to_value(files).map_err(Failure::ours)?;
        let band = system.of_role(Role::Band).find(|c| Some(&c.name) == files.name.as_ref());
        let known = band.iter().flat_map(|c| c.fixed.iter().map(move |(name, values)| (c.site_of(name), name, values)));
        let held = known.filter(|(site, _, values)| system.priors.get(site).is_none() && values[..] != [0.0]);
        let held: Map<String, Json> =
            held.map(|(_, name, values)| ((*name).to_owned(), serde_json::json!({ "value": values[0] }))).collect();
        if !held.is_empty() {
            entry["parameters"] = Json::Object(held);
        }
        written.push(entry);
    }
    let data =
        if system.bands.is_empty() { written.into_iter().next().unwrap_or_default() } else { Json::Array(written) };
    json.insert("data".to_owned(), data);
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
