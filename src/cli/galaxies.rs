//! galaxies: a set to learn from, of real or of simulated galaxies.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use arclet::lens::image_file::read_image;
use arclet::source::Error as SourceError;
use arclet::source::data::simulate::{Population, Simulator, Survey, simulate_set};
use arclet::source::data::{
    Catalog, Cuts, Dataset, Galaxy, NonLocalMeans, Provenance, Reason, Source, Split, Tally, prepare_all,
};
use rayon::prelude::*;

use super::args::GalaxiesArguments;
use super::failure::{Failure, Result};
use super::folder::Folder;
use super::watch::Counter;
use super::{gallery, report, stop};

/// The set in its folder.
const SET: &str = "galaxies.safetensors";

/// Runs the command.
pub fn run(arguments: &GalaxiesArguments) -> Result<()> {
    let GalaxiesArguments { catalog, out, seed, .. } = arguments;
    let (side, min_side) = (arguments.side as usize, arguments.min_side as usize);
    let cuts = Cuts { side, min_side, signal: arguments.signal.0 };
    cuts.check()?;
    let inputs: Vec<&Path> =
        catalog.iter().chain(&arguments.psf).chain(&arguments.population).map(PathBuf::as_path).collect();
    let population = arguments.population.as_deref().map_or(Ok(Population::default()), read_population)?;
    stop::at_once()?;
    let folder = Folder::begin(out, arguments.force, &inputs, &[SET, "galaxies.png"])?;
    let (mut galaxies, tally) = match arguments.simulate {
        Some(n) => simulated(n as usize, arguments, &population, &cuts)?,
        None => real(catalog, &cuts)?,
    };
    if arguments.denoise {
        denoise(&mut galaxies)?;
    }
    let (seen, dropped) = Provenance::counts(&tally);
    let dataset = Dataset::new(
        galaxies,
        Provenance {
            source: match arguments.simulate {
                Some(_) => {
                    Source::Simulated { psf: arguments.psf.as_deref().map(file_name), population: Box::new(population) }
                }
                None => Source::Catalogs(catalog.iter().map(file_name).collect()),
            },
            seed: *seed,
            side,
            min_side,
            signal: cuts.signal,
            seen,
            dropped,
            denoised: arguments.denoise,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
    )?;
    write(&folder, out, &dataset)?;
    folder.finish()?;
    warn(&dataset, &tally);
    report::stdout(&told(&dataset, &tally, out))
}

/// The galaxies of catalogues that pass the cuts.
fn real(catalogs: &[PathBuf], cuts: &Cuts) -> Result<(Vec<Galaxy>, Tally)> {
    for (k, path) in catalogs.iter().enumerate() {
        let same = |other: &PathBuf| other.canonicalize().is_ok_and(|o| path.canonicalize().is_ok_and(|p| p == o));
        if catalogs[..k].iter().any(same) {
            return Err(Failure::user(format!(
                "--catalog {} is given twice; give each catalogue once",
                path.display()
            )));
        }
    }
    let catalogs = catalogs.iter().map(Catalog::open).collect::<Result<Vec<_>, SourceError>>()?;
    for note in catalogs.iter().flat_map(Catalog::notes) {
        tracing::warn!("{note}");
    }
    let counter = Counter::new("reading galaxies", catalogs.iter().map(Catalog::len).sum());
    let stamps = catalogs.iter().flat_map(Catalog::stamps);
    let prepared = prepare_all(stamps, cuts, &mut |seen| counter.set(seen))?;
    counter.finish();
    Ok(prepared)
}

/// Simulated galaxies, as many as are asked for.
fn simulated(
    n: usize,
    arguments: &GalaxiesArguments,
    population: &Population,
    cuts: &Cuts,
) -> Result<(Vec<Galaxy>, Tally)> {
    let survey = match &arguments.psf {
        Some(path) => Survey::default().with_psf(read_image(path)?)?,
        None => Survey::default(),
    };
    let simulator = Simulator::new(survey, population.clone(), arguments.seed)?;
    let counter = Counter::new("simulating galaxies", n);
    let drawn = simulate_set(&simulator, n, cuts, &mut |kept| counter.set(kept))?;
    counter.finish();
    Ok(drawn)
}

/// A population from JSON; what it leaves out is as in the default one.
fn read_population(path: &Path) -> Result<Population> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    let population: Population = serde_json::from_str(&text)
        .map_err(|cause| Failure::user(format!("{}: {cause}; fix the file there", path.display())))?;
    population.check()?;
    Ok(population)
}

/// Takes the noise out of each image. Its unit stays, so that the maximum may fall below 1, and `sigma_noise` goes on to say how
/// noisy the image was.
fn denoise(galaxies: &mut [Galaxy]) -> Result<()> {
    let counter = Counter::new("denoising", galaxies.len());
    galaxies.par_iter_mut().try_for_each(|galaxy| -> Result<(), SourceError> {
        let Galaxy { side, sigma_noise, .. } = *galaxy;
        galaxy.pixels = NonLocalMeans::default().denoise(&galaxy.pixels, side, side, sigma_noise)?;
        counter.add();
        Ok(())
    })?;
    counter.finish();
    Ok(())
}

fn write(folder: &Folder, out: &Path, dataset: &Dataset) -> Result<()> {
    dataset.write(folder.path().join(SET)).map_err(|error| match error {
        // The user knows nothing of the folder in the making.
        SourceError::Io { cause, .. } => Failure::io("write", &out.join(SET), &cause),
        error => error.into(),
    })?;
    folder.write("galaxies.png", &gallery::sheet(dataset)?)
}

fn file_name(path: impl AsRef<Path>) -> String {
    path.as_ref().file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What to beware of in the set.
fn warn(dataset: &Dataset, tally: &Tally) {
    if let Some(first) = tally.first(Reason::NotFinite) {
        match tally.dropped(Reason::NotFinite) {
            1 => tracing::warn!("galaxy {first} was dropped because its stamp has NaN or infinite pixels"),
            n => tracing::warn!(
                "{n} galaxies, {first} first, were dropped because their stamps have NaN or infinite pixels"
            ),
        }
    }
    let empty: Vec<&str> =
        Split::ALL.into_iter().zip(dataset.counts()).filter(|(_, n)| *n == 0).map(|(part, _)| part.name()).collect();
    if !empty.is_empty() {
        tracing::warn!(
            "the set is so small that none of it is for {}; 18 galaxies fill every part",
            empty.join(" or ")
        );
    }
}

/// The report: how many galaxies there were, what became of them, where they are.
fn told(dataset: &Dataset, tally: &Tally, out: &Path) -> String {
    let mut table = report::table(&["galaxies", "number"]);
    let mut row = |name: String, count: usize| {
        table.add_row([name, count.to_string()]);
    };
    let seen = match &dataset.provenance.source {
        Source::Simulated { .. } => "simulated",
        Source::Catalogs(files) if files.len() == 1 => "in the catalogue",
        Source::Catalogs(_) => "in the catalogues",
    };
    row(seen.to_owned(), tally.seen());
    for reason in Reason::ALL.into_iter().filter(|reason| tally.dropped(*reason) > 0) {
        row(format!("dropped, {}", reason.words()), tally.dropped(reason));
    }
    row("kept".to_owned(), tally.kept());
    for (part, count) in Split::ALL.into_iter().zip(dataset.counts()) {
        row(format!("  for {}", part.name()), count);
    }
    let (side, path) = (dataset.provenance.side, out.join(SET));
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{table}\nimages of {side} x {side} pixels, written to {}; look at galaxies.png beside it first\n\
         read it with arclet::source::data::Dataset::read({:?})",
        path.display(),
        path,
    );
    text
}
