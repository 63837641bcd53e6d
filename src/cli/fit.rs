//! fit: from a system file to its posterior, pictures and numbers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arclet::core::PriorSet;
use arclet::fit::{Fit, FitError, FitSettings, Method, fit};
use arclet::infer::posterior::Summary;
use arclet::infer::{Error as EngineError, Executor};
use arclet::lens::data::ImageData;
use arclet::lens::system::System;

use super::args::{FitArguments, MethodName};
use super::failure::{Failure, Result};
use super::folder::Folder;
use super::watch::Terminal;
use super::{device, output, report, stop};

/// Runs the command.
pub fn run(arguments: &FitArguments) -> Result<()> {
    let (mut system, data) = read(&arguments.system)?;
    add_priors(&mut system, arguments.priors.as_deref())?;
    let inputs: Vec<&Path> = std::iter::once(arguments.system.as_path()).chain(arguments.priors.as_deref()).collect();
    let folder = Folder::begin(&arguments.out, arguments.force, &inputs)?;
    let settings = FitSettings {
        method: match arguments.method {
            MethodName::Nuts => Method::Nuts,
            MethodName::Map => Method::Map,
        },
        chains: arguments.chains.into(),
        warmup: arguments.warmup as usize,
        draws: arguments.draws as usize,
        seed: arguments.seed,
        processor: device::open(arguments.device)?,
        ..FitSettings::default()
    };
    let (fit, summary) = fit_into(&folder, &title(&arguments.system), &system, data, &settings, None)?;
    folder.finish()?;
    report::print(&fit, &settings, &summary, &arguments.out, None)
}

/// Fits a system and writes the files of the fit.
///
/// # Errors
/// What the fit returns; a stop before the first draw, which leaves nothing to write.
pub fn fit_into(
    folder: &Folder,
    title: &str,
    system: &System,
    data: ImageData,
    settings: &FitSettings,
    truth: Option<&BTreeMap<String, Vec<f64>>>,
) -> Result<(Fit, Summary)> {
    let stop = stop::flag()?;
    let watch = Terminal::new(settings.chains, settings.warmup, settings.draws);
    let mut executor = Executor::new().observe(watch).stop(stop);
    let fit = fit(system, Arc::new(data), settings, &mut executor);
    // The last line of progress comes before anything else is said.
    drop(executor);
    let mut fit = match fit {
        Err(FitError::Engine(EngineError::StoppedEarly)) => {
            return Err(Failure::interrupt("stopped before the first draw; nothing is written"));
        }
        fit => fit?,
    };
    let summary = fit.posterior.summary();
    output::write(folder, title, &mut fit, settings, &summary, truth)?;
    Ok((fit, summary))
}

/// A system and its data.
///
/// # Errors
/// Mistakes in the file, and a system without data.
pub fn read(path: &Path) -> Result<(System, ImageData)> {
    let system = System::from_file_with(path, &arclet::profiles())?;
    let Some(files) = &system.data else {
        let line = format!(
            "{} has no data; add \"data\": {{ \"image\": .., \"noise\": .., \"pixel_scale\": .. }}",
            path.display()
        );
        return Err(Failure::user(line));
    };
    let data = files.read(&system.folder)?;
    Ok((system, data))
}

/// Puts the priors of a file in place of those of the system.
///
/// # Errors
/// Mistakes in the file.
pub fn add_priors(system: &mut System, path: Option<&Path>) -> Result<()> {
    if let Some(path) = path {
        system.priors.extend(PriorSet::from_file(path)?);
    }
    Ok(())
}

/// What pictures are titled: the stem of the system's file, after its folder where it is just `system`.
fn title(path: &Path) -> String {
    let name = |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let (stem, parent) = (name(path.file_stem()), name(path.parent().and_then(Path::file_name)));
    if stem == "system" && !parent.is_empty() { format!("{parent}/{stem}") } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_just_called_system_is_titled_with_its_folder() {
        assert_eq!(title(Path::new("a/J0037-0942.json")), "J0037-0942");
        assert_eq!(title(Path::new("a/mock/system.json")), "mock/system");
        assert_eq!(title(Path::new("system.json")), "system");
    }
}
