//! export: a system, or the result of a fit, in the COOLEST standard.

use std::path::{Path, PathBuf};

use arclet::lens::data::{DataFiles, ImageData};
use arclet::lens::exchange::coolest::{self, NoiseFile, Observation, PsfFile, Redshifts, Statistics};
use arclet::lens::fits::{Image, NamedImage, write_images};
use arclet::lens::image_file::read_image;
use arclet::lens::registration::Registration;
use arclet::lens::system::{Component, Profile, Role, System};
use serde_json::Value as Json;

use super::args::ExportArguments;
use super::failure::{Failure, Result};
use super::folder::Folder;
use super::{fit, output, report};

/// What an export writes; of the images, those that the system has.
const FILES: [&str; 5] = ["coolest.json", "image.fits", "noise.fits", "psf.fits", "mask.fits"];

/// Runs the command.
pub fn run(arguments: &ExportArguments) -> Result<()> {
    let given = &arguments.system;
    // The folder of a fit stands for its best point and its posterior.
    let (path, summary) = match given.is_dir() {
        true => (given.join("best.json"), Some(given.join("summary.json"))),
        false => (given.clone(), None),
    };
    let (system, data) = fit::read(&path)?;
    let band = band(&system, arguments.band.as_deref(), &path)?;
    let data = data.into_iter().nth(band).ok_or_else(|| {
        Failure::user(format!(
            "{} has no data; COOLEST describes an observation, its image among others",
            path.display()
        ))
    })?;
    let mut system = system.of_band(band);
    let lies = |c: &Component, name| c.fixed.get(name).or(c.start.get(name)).is_some_and(|v| v[0] != 0.0);
    for component in system.of_role(Role::Band).filter(|c| Registration::PARAMETERS.iter().any(|p| lies(c, p.name))) {
        tracing::warn!("the offset and rotation of band `{}` are left out: the standard has none", component.name);
    }
    let summary = summary.map(|path| read_json(&path)).transpose()?;
    fit::add_priors(&mut system, None)?;
    let folder = Folder::begin(&arguments.out, arguments.force, &[&path], &FILES)?;
    let observation = observation(&folder, &system, &data)?;
    let known = system.components.iter().find_map(|component| match &component.profile {
        Profile::Cosmology(redshifts) => Some(*redshifts),
        _ => None,
    });
    let redshifts = Redshifts {
        lens: arguments.z_lens.or(known.map(|known| known.lens)),
        source: arguments.z_source.or(known.map(|known| known.source)),
    };
    let converted = coolest::write(&system, &observation, redshifts, &|name| statistics(summary.as_ref()?, name))?;
    output::json(&folder, "coolest.json", &converted.json)?;
    folder.finish()?;
    converted.notes.iter().for_each(|note| tracing::warn!("{note}"));
    report::told(&format!("written to {}/coolest.json\n", arguments.out.display()))
}

/// Which of several bands is asked for.
fn band(system: &System, name: Option<&str>, path: &Path) -> Result<usize> {
    let (names, shown) = (system.band_names(), path.display());
    match name {
        None if names.len() < 2 => Ok(0),
        None => {
            let line = format!(
                "{shown} has several bands, and COOLEST one observation; choose by --band one of {}",
                names.join(", ")
            );
            Err(Failure::user(line))
        }
        Some(name) => names.iter().position(|known| known == name).ok_or_else(|| match names.len() {
            0 => Failure::user(format!("{shown} has one image, which has no name; leave --band away")),
            _ => Failure::user(format!("{shown} has no band `{name}`; it has {}", names.join(", "))),
        }),
    }
}

fn read_json(path: &Path) -> Result<Json> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    serde_json::from_str(&text).map_err(|e| Failure::user(format!("{}: {e}; run the fit again", path.display())))
}

/// Of a scalar of `summary.json`, sampled or derived.
fn statistics(summary: &Json, name: &str) -> Option<Statistics> {
    let entry = ["sites", "derived"].iter().find_map(|part| summary.get(part)?.get(name))?;
    let number = |key: &str| entry.get(key)?.as_f64();
    Some(Statistics { mean: number("mean")?, quantiles: [number("q16")?, number("q50")?, number("q84")?] })
}

/// Copies the images and says where they are.
fn observation(folder: &Folder, system: &System, data: &ImageData) -> Result<Observation> {
    let Some(files) = system.files().next() else { return Err(Failure::ours("a system without data was read")) };
    let copy = |name: &str, path: &PathBuf| {
        let image = read_image(system.folder.join(path))?;
        write(folder, name, &image)?;
        Ok::<_, Failure>((name.to_owned(), image.size()))
    };
    let image = files.image.as_ref().map(|path| copy("image.fits", path)).transpose()?;
    let size = image.as_ref().map_or(data.grid.full_size(), |(_, size)| *size);
    if files.exposure_time.is_some() {
        tracing::warn!("`exposure_time` is left out: the standard has no noise like it");
    }
    let psf = match (&files.psf, files.psf_fwhm) {
        (Some(path), _) => {
            let (name, size) = copy("psf.fits", path)?;
            Some(PsfFile::Pixels(name, size, files.psf_supersampling))
        }
        (None, fwhm) => fwhm.map(PsfFile::Gaussian),
    };
    Ok(Observation {
        size,
        pixel_scale: data.grid.pixel_scale(),
        image: image.map(|(name, _)| name),
        noise: noise(folder, system, files, size)?,
        psf,
        mask: mask(folder, data, size)?,
    })
}

fn noise(folder: &Folder, system: &System, files: &DataFiles, size: (usize, usize)) -> Result<Option<NoiseFile>> {
    if let Some(rms) = files.background_rms {
        return Ok(Some(NoiseFile::Uniform(rms)));
    }
    let Some(sigma) = files.read_noise(&system.folder)? else { return Ok(None) };
    write(folder, "noise.fits", &Image::new(size.0, size.1, sigma.pixels)?)?;
    Ok(Some(NoiseFile::Map("noise.fits".to_owned())))
}

/// Writes which pixels are used, where some are not.
fn mask(folder: &Folder, data: &ImageData, (width, height): (usize, usize)) -> Result<Option<String>> {
    let used: Vec<f32> = data.mask.used().iter().map(|used| f32::from(u8::from(*used))).collect();
    if used.iter().all(|used| *used == 1.0) {
        return Ok(None);
    }
    write(folder, "mask.fits", &Image::new(width, height, used)?)?;
    Ok(Some("mask.fits".to_owned()))
}

fn write(folder: &Folder, name: &str, image: &Image) -> Result<()> {
    let stem = name.trim_end_matches(".fits").to_uppercase();
    Ok(write_images(folder.path().join(name), &[NamedImage { name: &stem, image, cards: vec![] }])?)
}
