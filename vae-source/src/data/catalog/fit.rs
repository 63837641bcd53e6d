//! Sersic fits: which galaxies of a catalogue have one that failed or is unphysical.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lens_models::fits::{Table, read_table};

use super::entry::Entry;
use super::note::Note;
use crate::data::SersicFit;
use crate::error::Result;

/// Arcsec a pixel of the images that GalSim's fits were made on, whatever the catalogue's own scale.
const FIT_PIXEL_SCALE: f64 = 0.03;

/// The state of a fit, by the criteria of GalSim.
///
/// Failed: `fit_status[4]`, the status of the least-squares solver for the Sersic fit, is not 1 to 4 (`galsim/galaxy_sample.py`,
/// exclusion levels `bad_fits` and `marginal`; 0 is bad input, 5 the limit of iterations).
///
/// Unphysical: amplitude or half-light radius not positive (the rule of the column `viable_sersic`,
/// `devel/external/update_parametric_fits.py`), or that column 0; axis ratio above 1 or at the bound of the fit, 0.05 (the
/// same script has 0.051 for discs and bulges); index not positive; index 5 or more with a circularised half-light radius of
/// 1 arcsec or more, "a likely sky subtraction error" (level `marginal`). An index at its bound of 6 is not dropped there nor here.
///
/// `sersicfit` is [surface brightness at the half-light radius, half-light radius along the major axis in pixels, index,
/// axis ratio, boxiness, x, y, position angle].
fn judge(status: [i64; 5], sersicfit: [f64; 8], viable: bool) -> SersicFit {
    let [amplitude, radius, index, ratio, ..] = sersicfit;
    let half_light = radius * ratio.sqrt() * FIT_PIXEL_SCALE;
    let physical = viable
        && [amplitude, radius, index].iter().all(|value| value.is_finite() && *value > 0.0)
        && (0.051..=1.0).contains(&ratio)
        && !(index >= 5.0 && half_light >= 1.0);
    match (status[4], physical) {
        (1..=4, true) => SersicFit::Good,
        (1..=4, false) => SersicFit::Unphysical,
        _ => SersicFit::Failed,
    }
}

/// Gives each galaxy the state of its fit in the table beside the catalogue, found by IDENT.
pub(super) fn add(entries: &mut [Entry], catalog: &Path, notes: &mut Vec<Note>) -> Result<()> {
    let path = table_beside(catalog);
    if !path.exists() {
        notes.push(Note::NoFits { path });
        return Ok(());
    }
    let table = read_table(&path)?;
    if !(table.has("sersicfit") && table.has("fit_status")) {
        notes.push(Note::NoSersicColumns { path });
        return Ok(());
    }
    let fits = judged(&table)?;
    let mut galaxies = 0;
    for entry in entries {
        match fits.get(&entry.ident) {
            Some(fit) => entry.sersic = *fit,
            None => galaxies += 1,
        }
    }
    if galaxies > 0 {
        notes.push(Note::FitsLack { path, galaxies });
    }
    Ok(())
}

fn judged(table: &Table) -> Result<HashMap<i64, SersicFit>> {
    let (idents, fits) = (table.integers("IDENT")?, table.float_vectors("sersicfit")?);
    let status = table.integer_vectors("fit_status")?;
    let viable = match table.has("viable_sersic") {
        true => table.integers("viable_sersic")?.into_iter().map(|value| value != 0).collect(),
        false => vec![true; idents.len()],
    };
    let rows = idents.into_iter().zip(status).zip(fits).zip(viable);
    Ok(rows.map(|(((ident, status), fit), viable)| (ident, judge(status, fit, viable))).collect())
}

/// GalSim's rule: `_fits` before the ending `.fits` (or `.fits.gz`).
fn table_beside(catalog: &Path) -> PathBuf {
    let name = catalog.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (stem, ending) = name.split_at(name.rfind(".fits").unwrap_or(name.len()));
    catalog.with_file_name(format!("{stem}_fits{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [f64; 8] = [0.0411, 19.03, 1.966, 0.4751, 0.0, 147.0, 148.0, -0.023];

    #[test]
    fn the_solver_tells_which_fits_failed() {
        for status in -2..=7 {
            // The other four are of other fits.
            let fit = judge([0, 5, 9, -1, status], GOOD, true);
            assert_eq!(fit == SersicFit::Good, (1..=4).contains(&status), "{status}");
            assert_ne!(fit, SersicFit::Unphysical);
        }
        assert_eq!(judge([1, 1, 1, 1, 5], [0.0; 8], false), SersicFit::Failed);
    }

    #[test]
    fn parameters_that_no_galaxy_has_are_unphysical() {
        let with = |place: usize, value: f64| {
            let mut fit = GOOD;
            fit[place] = value;
            judge([1; 5], fit, true)
        };
        for (place, value) in [
            (0, 0.0),
            (0, -0.1),
            (0, f64::NAN),
            (1, 0.0),
            (1, f64::INFINITY),
            (2, 0.0),
            (3, 0.05),
            (3, 1.1),
            (3, f64::NAN),
        ] {
            assert_eq!(with(place, value), SersicFit::Unphysical, "{place}: {value}");
        }
        for (place, value) in [(1, 80.0), (2, 0.2), (2, 6.0), (3, 1.0), (3, 0.051), (4, -1.0), (7, 9.0)] {
            assert_eq!(with(place, value), SersicFit::Good, "{place}: {value}");
        }
        assert_eq!(judge([1; 5], GOOD, false), SersicFit::Unphysical);
    }

    #[test]
    fn a_high_index_is_doubted_only_with_a_large_radius() {
        // 1 arcsec circularised is 1 / (0.03 sqrt(0.25)) = 66.7 pixels along the major axis.
        let fit = |radius: f64, index: f64| judge([1; 5], [0.01, radius, index, 0.25, 0.0, 0.0, 0.0, 0.0], true);
        assert_eq!(fit(66.0, 5.5), SersicFit::Good);
        assert_eq!(fit(67.0, 4.9), SersicFit::Good);
        assert_eq!(fit(67.0, 5.0), SersicFit::Unphysical);
    }

    #[test]
    fn the_table_of_fits_is_named_as_galsim_names_it() {
        let name = |catalog: &str| table_beside(Path::new(catalog)).display().to_string();
        assert_eq!(name("a.fits/real_23.5.fits"), "a.fits/real_23.5_fits.fits");
        assert_eq!(name("real.fits.gz"), "real_fits.fits.gz");
        assert_eq!(name("real"), "real_fits");
    }
}
