//! The summary as aligned text, each number to the digits that its spread leaves it.

use super::summary::{EntrySummary, Summary};
use std::fmt;

const HEADERS: [&str; 11] =
    ["mean", "sd", "mcse_mean", "q05", "q16", "q50", "q84", "q95", "ess_bulk", "ess_tail", "r_hat"];

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<(&str, [String; 11])> = self.iter().map(|(name, stats)| (name, cells(stats))).collect();
        let name_width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut widths = HEADERS.map(str::len);
        for (_, cells) in &rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.len());
            }
        }
        write!(f, "{:name_width$}", "")?;
        for (header, width) in HEADERS.iter().zip(widths) {
            write!(f, "  {header:>width$}")?;
        }
        for (name, cells) in &rows {
            write!(f, "\n{name:name_width$}")?;
            for (cell, width) in cells.iter().zip(widths) {
                write!(f, "  {cell:>width$}")?;
            }
        }
        Ok(())
    }
}

fn cells(stats: &EntrySummary) -> [String; 11] {
    let s = stats;
    let scale = if s.sd > 0.0 && s.sd.is_finite() { s.sd } else { s.mean.abs() };
    let plain = |x: f64| number(x, scale, 2);
    [
        plain(s.mean),
        plain(s.sd),
        number(s.mcse_mean, scale, 3),
        plain(s.q05),
        plain(s.q16),
        plain(s.q50),
        plain(s.q84),
        plain(s.q95),
        fixed(s.ess_bulk, 0),
        fixed(s.ess_tail, 0),
        fixed(s.r_hat, 3),
    ]
}

/// `x` with `digits` digits beyond the leading one of `scale`; with an exponent where plain digits would be many.
fn number(x: f64, scale: f64, digits: i32) -> String {
    if !x.is_finite() || (scale > 0.0 && (1e-4..1e6).contains(&scale) && x.abs() < 1e8) {
        let decimals = (f64::from(digits) - scale.log10().floor()).clamp(0.0, 8.0);
        // Zero scale never gets here with a finite x, so the conversion is of a number within 0 to 8.
        fixed(x, decimals as usize)
    } else if x == 0.0 {
        "0".to_string()
    } else {
        format!("{x:.3e}")
    }
}

fn fixed(x: f64, decimals: usize) -> String {
    if x.is_nan() { "-".to_string() } else { format!("{x:.decimals$}") }
}

#[cfg(test)]
mod tests {
    use crate::posterior::Posterior;

    #[test]
    fn the_table_is_aligned_and_shows_the_digits_that_matter() {
        let mut posterior = Posterior::new(2, 4);
        posterior.push_variable("mu", &[], vec![1.01, 1.02, 1.03, 1.04, 1.04, 1.03, 1.02, 1.01]).unwrap();
        posterior
            .push_variable("flux", &[], [1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0].map(|x| x * 1e9).to_vec())
            .unwrap();
        posterior.push_variable("stuck", &[1], vec![0.0; 8]).unwrap();
        let table = posterior.summary().to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{table}");
        let row = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
        assert_eq!(row(lines[0])[..4], ["mean", "sd", "mcse_mean", "q05"]);
        assert_eq!(row(lines[1])[..3], ["mu", "1.0250", "0.0120"]);
        assert_eq!(row(lines[2])[..3], ["flux", "2.500e9", "1.195e9"]);
        assert_eq!(row(lines[3])[..3], ["stuck[0]", "0", "0"]);
        assert_eq!(row(lines[3])[11], "-");
    }
}
