//! The report on stdout: the posterior as a table, what to beware of, where everything is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use arclet::fit::{BandView, Fit, FitSettings, PointsView};
use arclet::infer::posterior::{EntrySummary, Summary};
use arclet::lens::data::ImageData;
use comfy_table::{CellAlignment, LineStyle, Table, presets};

use super::failure::{Failure, Result};
use super::{basins, label, log, summary, warning};

/// Rows that a person reads; the others are in summary.json.
const MOST_ROWS: usize = 40;

/// Prints the result of a fit that was written to `folder`; with a truth, beside it. `how` says how to go on with it, where one can.
pub fn print(
    fit: &Fit,
    settings: &FitSettings,
    summary: &Summary,
    folder: &Path,
    truth: Option<&BTreeMap<String, Vec<f64>>>,
    how: Option<String>,
) -> Result<()> {
    let mut text = String::new();
    let mut rows: Vec<(&str, &EntrySummary)> = vec![];
    for name in label::shown(summary.iter().map(|(name, _)| name)).into_iter().take(MOST_ROWS) {
        rows.extend(summary.get(name).map(|entry| (name, entry)));
    }
    let table = match truth {
        Some(truth) => beside_truth(&rows, truth),
        None => alone(&rows),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{table}");
    if summary.iter().len() > rows.len() {
        let _ = writeln!(text, "and {} more in summary.json", summary.iter().len() - rows.len());
    }
    let derived = fit.derived.summary();
    let known = |name: &str, unit: &str| {
        let s = derived.get(name).filter(|s| s.mean.is_finite())?;
        let name = name.replace("einstein", "Einstein").replace('_', " ");
        Some(format!("; {name} {}{unit}", with_error(s.mean, s.sd)))
    };
    let radius: String =
        [known("einstein_radius", " arcsec"), known("magnification", "")].into_iter().flatten().collect();
    let seconds: f64 = fit.seconds.iter().map(|(_, s)| s).sum();
    let image = fit.data.as_ref().map(|data| {
        let each = |band: &BandView| {
            let name = band.name.as_deref().unwrap_or_default();
            format!("{name}: {}\n{name}: chi2 per pixel {:.3}\n", of_data(&band.data), band.view.chi2_per_pixel)
        };
        let bands: String = fit.bands.iter().map(each).collect();
        let data = if fit.bands.is_empty() { format!("{}\n", of_data(data)) } else { bands };
        format!("{data}chi2 per pixel {:.3}{radius}; ", fit.chi2_per_pixel())
    });
    let physical: String = [("einstein_mass", " solar masses"), ("time_delay_distance", " Mpc")]
        .into_iter()
        .filter_map(|(name, unit)| known(name, unit))
        .collect();
    let points = |points: &PointsView| format!("{} images of {}", points.observed.len(), points.name);
    let image = image.unwrap_or_else(|| {
        let all: Vec<String> = fit.view.points.iter().map(points).collect();
        format!("{}{radius}; ", all.join(", "))
    });
    let _ = writeln!(
        text,
        "\n{image}{} chains x {} draws by {}, {} gradients in {seconds:.1} s{physical}",
        fit.posterior.chains(),
        fit.posterior.draws(),
        summary::method(fit, settings),
        fit.gradients,
    );
    if let Some(evidence) = &fit.halos {
        let (factor, error) = evidence.log_bayes_factor();
        let _ = writeln!(text, "log evidence with haloes over that without: {factor:+.2} ± {error:.2}");
    }
    if let Some(line) = basins::line(fit) {
        let _ = writeln!(text, "{line}");
    }
    // What stderr has said already is not said again.
    let said = warning::said();
    for warning in summary::warnings(fit, settings).iter().filter(|w| !said.contains(w)) {
        let _ = writeln!(text, "warning: {warning}");
        if log::is_quiet() {
            eprintln!("warning: {warning}");
        }
    }
    let _ = writeln!(text, "written to {}", folder.display());
    if let Some(how) = how {
        let _ = writeln!(text, "{how}");
    }
    told(&text)
}

/// What was read of an image, and at how many points light is evaluated.
fn of_data(data: &ImageData) -> String {
    let grid = &data.grid;
    let (points, finest) = (grid.subpixels(), grid.sampling().finest() * grid.cells());
    let (report, pixels) = (&data.report, grid.pixels());
    format!("{report}\nlight at {points} sub-pixels of {pixels} pixels, up to {finest} x {finest} in one")
}

/// Prints a report, unless nobody wants it.
pub fn told(text: &str) -> Result<()> {
    text.lines().filter(|line| !line.is_empty()).for_each(log::line);
    if log::is_quiet() { Ok(()) } else { stdout(text) }
}

/// Prints text where a closed pipe is no mistake.
pub fn stdout(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| Failure::stdout(&e))
}

fn alone(rows: &[(&str, &EntrySummary)]) -> Table {
    let mut table = table(&["parameter", "mean", "sd", "16 %", "median", "84 %", "ESS", "R-hat"]);
    for (name, s) in rows {
        let numbers = [s.mean, s.sd, s.q16, s.q50, s.q84].map(|x| rounded(x, s.sd));
        let tail = [count(s.ess_bulk.min(s.ess_tail)), fixed(s.r_hat, 3)];
        table.add_row(std::iter::once((*name).to_owned()).chain(numbers).chain(tail));
    }
    table
}

fn beside_truth(rows: &[(&str, &EntrySummary)], truth: &BTreeMap<String, Vec<f64>>) -> Table {
    let mut table = table(&["parameter", "truth", "mean", "sd", "16 %", "median", "84 %", "off by"]);
    for (name, s) in rows {
        let EntrySummary { mean, sd, q16, q50, q84, .. } = **s;
        let truth = true_value(truth, name);
        let numbers = [truth.unwrap_or(f64::NAN), mean, sd, q16, q50, q84].map(|x| rounded(x, sd));
        let off = truth.map_or_else(|| "-".to_owned(), |t| format!("{:+.1} σ", (mean - t) / sd));
        table.add_row(std::iter::once((*name).to_owned()).chain(numbers).chain([off]));
    }
    table
}

/// The true value of the scalar of this flat name.
pub fn true_value(truth: &BTreeMap<String, Vec<f64>>, name: &str) -> Option<f64> {
    let (site, index) = match name.strip_suffix(']').and_then(|n| n.rsplit_once('[')) {
        Some((site, index)) => (site, index.parse().ok()?),
        None => (name, 0),
    };
    let values = truth.get(site)?;
    values.get(index).or(values.first()).copied()
}

/// An empty table: text on the left, numbers on the right.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(header);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

/// `x` with two significant digits of `sd`, in powers of ten where it is very large or small.
fn rounded(x: f64, sd: f64) -> String {
    if !x.is_finite() {
        return "-".to_owned();
    }
    let scale = if sd > 0.0 && sd.is_finite() { sd } else { 1e-3 * x.abs().max(1e-9) };
    let decimals = 1 - scale.log10().floor() as i32;
    match decimals {
        0..=8 => fixed(x, decimals as usize),
        _ if decimals < 0 && x.abs() < 1e9 => fixed(x, 0),
        _ => format!("{x:.3e}"),
    }
}

/// A number and its error to the same digit, at least three of the number; one power of ten for both where the number is large.
fn with_error(mean: f64, sd: f64) -> String {
    let unit = if mean.abs() < 1e6 { 0 } else { mean.abs().log10().floor() as i32 };
    let (mean, sd) = (mean / 10f64.powi(unit), sd / 10f64.powi(unit));
    let digits = sd.max(1e-3 * mean.abs());
    // What hangs on nothing that is sampled has none.
    if sd < 1e-9 * mean.abs() {
        return if unit == 0 { rounded(mean, digits) } else { format!("{}e{unit}", rounded(mean, digits)) };
    }
    let both = format!("{} ± {}", rounded(mean, digits), rounded(sd, digits));
    if unit == 0 { both } else { format!("({both})e{unit}") }
}

fn fixed(x: f64, decimals: usize) -> String {
    if x.is_finite() { format!("{x:.decimals$}") } else { "-".to_owned() }
}

fn count(x: f64) -> String {
    fixed(x, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_two_digits_of_their_spread() {
        assert_eq!(rounded(1.23456, 0.0123), "1.235");
        assert_eq!(rounded(123456.7, 2345.0), "123457");
        assert_eq!(rounded(1.2e-12, 1e-13), "1.200e-12");
        assert_eq!(rounded(2.0, 0.0), "2.0000");
        assert_eq!(rounded(f64::NAN, 1.0), "-");
    }

    #[test]
    fn a_number_and_its_error_have_one_power_of_ten() {
        assert_eq!(with_error(1.6591e11, 9.1e8), "(1.6591 ± 0.0091)e11");
        assert_eq!(with_error(1749.7, 0.0), "1749.7");
        assert_eq!(with_error(1.0019, 0.0003), "1.0019 ± 0.0003");
        assert_eq!(with_error(17.666, 0.099), "17.666 ± 0.099");
    }

    #[test]
    fn a_true_value_is_found_for_scalars_and_copies() {
        let truth = BTreeMap::from([("a.x".to_owned(), vec![1.0]), ("b.y".to_owned(), vec![2.0, 3.0])]);
        assert_eq!(true_value(&truth, "a.x"), Some(1.0));
        assert_eq!(true_value(&truth, "b.y[1]"), Some(3.0));
        assert_eq!(true_value(&truth, "c.z"), None);
    }
}
