//! fit: from a system file to its posterior, pictures and numbers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arclet::core::PriorSet;
use arclet::fit::{Fit, FitError, FitSettings, Method, fit_bands, fit_points};
use arclet::infer::posterior::Summary;
use arclet::infer::{Error as EngineError, Executor};
use arclet::lens::data::ImageData;
use arclet::lens::system::{Role, System};

use super::args::{FitArguments, MethodName};
use super::failure::{Failure, Result};
use super::folder::Folder;
use super::output::Titled;
use super::task::Task;
use super::watch::Watch;
use super::{device, output, report, stop};

/// Runs the command.
pub fn run(arguments: &FitArguments) -> Result<()> {
    match (&arguments.resume, &arguments.system, &arguments.out) {
        (Some(place), ..) => {
            let whole = place.canonicalize().unwrap_or_else(|_| place.clone());
            let (folder, task) = Folder::resume(&whole)?;
            let task = Task::read(&task, place)?;
            // Paths, and what is said of them, are then those of the fit that was begun.
            std::env::set_current_dir(&task.folder).map_err(|e| Failure::io("go to", &task.folder, &e))?;
            go(&task.arguments, folder, place, None)
        }
        (None, Some(system), Some(out)) => {
            let (read, data) = read(system)?;
            let text = std::fs::read_to_string(system).map_err(|e| Failure::io("read", system, &e))?;
            let task = Task::new(arguments, &read, &text)?;
            device::open(arguments.device)?;
            let mut folder = Folder::begin(out, arguments.force, &task.inputs(), &output::FILES)?;
            folder.keep(&task.to_json()?)?;
            go(arguments, folder, out, Some((read, data)))
        }
        _ => Err(Failure::user("a fit needs a system and --out; see --help")),
    }
}

/// The fit of these arguments, from wherever its journal has come to.
fn go(
    arguments: &FitArguments,
    mut folder: Folder,
    out: &Path,
    read_already: Option<(System, Vec<ImageData>)>,
) -> Result<()> {
    let path = arguments.system.as_deref().unwrap_or(out);
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    let (mut system, data) = match read_already {
        Some(both) => both,
        None => read(path)?,
    };
    let settings = FitSettings {
        method: match arguments.method {
            MethodName::Nuts => Method::Nuts,
            MethodName::Map => Method::Map,
        },
        chains: arguments.chains.into(),
        warmup: arguments.warmup as usize,
        draws: arguments.draws as usize,
        seed: arguments.seed,
        basins: arguments.basins.into(),
        processor: device::open(arguments.device)?,
        ..FitSettings::default()
    };
    let shown = out.display();
    stop::is_kept(format!("stopped; go on with `arclet fit --resume {shown}`"));
    let journal = Some(Duration::from_secs_f64(arguments.checkpoint));
    let fitted = add_priors(&mut system, arguments.priors.as_deref()).and_then(|()| {
        fit_into(&folder, &Titled { title: &title(path), text: &text }, &system, data, &settings, journal, None)
    });
    let (fit, summary) = match fitted {
        // What is wrong with the system would be wrong the next time.
        Err(failure) if failure.is_users() => {
            folder.give_up();
            return Err(failure);
        }
        fitted => fitted?,
    };
    let how = fit.stopped.then(|| format!("go on with `arclet fit --resume {shown}`"));
    match &how {
        Some(_) => folder.publish()?,
        None => folder.finish()?,
    }
    report::print(&fit, &settings, &summary, out, None, how)
}

/// Fits a system and writes the files of the fit.
///
/// # Errors
/// What the fit returns; a stop before the first draw, which leaves nothing to write but its journal, if there is one.
pub fn fit_into(
    folder: &Folder,
    titled: &Titled<'_>,
    system: &System,
    data: Vec<ImageData>,
    settings: &FitSettings,
    journal: Option<Duration>,
    truth: Option<&BTreeMap<String, Vec<f64>>>,
) -> Result<(Fit, Summary)> {
    let stop = stop::flag()?;
    let watch = Watch::new(settings.chains, settings.warmup, settings.draws);
    let mut executor = Executor::new().observe(watch).observe(stop::Stages).stop(stop);
    if let Some(every) = journal {
        executor = executor.journal(folder.journal(), every);
    }
    let data: Vec<Arc<ImageData>> = data.into_iter().map(Arc::new).collect();
    let fit = if data.is_empty() {
        fit_points(system, settings, &mut executor)
    } else {
        fit_bands(system, &data, settings, &mut executor)
    };
    // The last line of progress comes before anything else is said.
    drop(executor);
    let mut fit = match fit {
        Err(FitError::Engine(EngineError::StoppedEarly)) => return Err(stop::stopped()),
        fit => fit?,
    };
    let summary = fit.posterior.summary();
    output::write(folder, titled, &mut fit, settings, &summary, truth)?;
    Ok((fit, summary))
}

/// A system and the data of its image, or of each of its bands; none where it has point sources alone.
///
/// # Errors
/// Mistakes in the file, and a system without data and without point sources.
pub fn read(path: &Path) -> Result<(System, Vec<ImageData>)> {
    let system = System::from_file_with(path, &arclet::profiles())?;
    let has = |role| system.of_role(role).next().is_some();
    if system.files().next().is_none() {
        if has(Role::Points) && !has(Role::Light) && !has(Role::Source) {
            return Ok((system, vec![]));
        }
        let line = format!(
            "{} has no data; add \"data\": {{ \"image\": .., \"noise\": .., \"pixel_scale\": .. }}, or leave out what shines to fit \
             `points` alone",
            path.display()
        );
        return Err(Failure::user(line));
    }
    let data = system.read_data()?;
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
