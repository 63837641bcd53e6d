//! The seven statistics of a galaxy by which samples are compared (Lotz et al. 2004 and the second moments).

use arclet::source::data::{Galaxy, Morphology};

/// What they are called, in order.
#[allow(dead_code, reason = "not every example prints them")]
pub const NAMES: [&str; 7] =
    ["concentration C", "asymmetry A", "smoothness S", "Gini", "M20", "effective radius / stamp", "axis ratio q"];

/// The statistics of a galaxy; `None` where they cannot be measured.
pub fn measure(galaxy: &Galaxy) -> Option<[f64; 7]> {
    let side = galaxy.side;
    let m = Morphology::measure(&galaxy.pixels, side, side, f64::from(galaxy.sigma_noise)).ok()?;
    let radius = m.effective_radius / side as f64;
    Some([m.concentration, m.asymmetry, m.smoothness, m.gini, m.m20, radius, m.axis_ratio])
}

/// Statistic `k` of every row.
#[allow(dead_code, reason = "not every example compares them")]
pub fn column(rows: &[[f64; 7]], k: usize) -> Vec<f64> {
    rows.iter().map(|row| row[k]).collect()
}
