//! The readings of an image beside each other: `basins.json`, and what is said of them.

use arclet::fit::{Basin, Fit};
use serde_json::{Value as Json, json};

/// A second reading whose log evidence is lower by less than this, one in twenty of the first, is not ruled out by the image.
const CLOSE: f64 = 3.0;

/// The picture of basin `k`; the first is that of the fit itself.
pub fn picture(k: usize) -> String {
    if k == 0 { "fit.png".to_owned() } else { format!("basin-{}.png", k + 1) }
}

/// `basins.json`.
pub fn json(fit: &Fit) -> Json {
    let basin = |(k, basin): (usize, &Basin)| {
        json!({
            "log_evidence": basin.log_evidence,
            "log_density": basin.log_density,
            "chi2_per_pixel": basin.chi2_per_pixel(),
            "einstein_radius": basin.view.einstein_radius,
            "picture": picture(k),
            "parameters": basin.best,
        })
    };
    json!({
        "of": "the maxima of the search: noise taken three times larger and lens light uncertain by a tenth where there is lens light or a decoded source, light at one point a pixel",
        "basins": fit.basins.iter().enumerate().map(basin).collect::<Vec<_>>(),
    })
}

/// A line on the other readings; none where there is none.
pub fn line(fit: &Fit) -> Option<String> {
    let first = fit.basins.first()?;
    let others = fit.basins.iter().enumerate().skip(1).map(|(k, other)| {
        let radius = other
            .view
            .einstein_radius
            .map_or_else(|| "no Einstein radius".to_owned(), |r| format!("Einstein radius {r:.3} arcsec"));
        let lower = match below(first, other) {
            Some(nats) => format!("log evidence {:+.1}", -nats),
            None => "without a width".to_owned(),
        };
        format!("{radius} ({lower}, {})", picture(k))
    });
    let others: Vec<String> = others.collect();
    let readings = if others.len() == 1 { "another reading" } else { "other readings" };
    Some(format!("{readings} of the image under the noise of the search: {}", others.join("; ")))
}

/// A warning where a second reading is nearly as likely as the first.
pub fn warning(fit: &Fit) -> Option<String> {
    let (first, second) = (fit.basins.first()?, fit.basins.get(1)?);
    let nats = below(first, second).filter(|nats| *nats < CLOSE)?;
    Some(format!(
        "a second reading of the image is nearly as likely in the search (log evidence lower by {nats:.1}); compare {} with fit.png",
        picture(1)
    ))
}

/// How much lower the log evidence of another basin is.
fn below(first: &Basin, other: &Basin) -> Option<f64> {
    Some(first.log_evidence? - other.log_evidence?)
}
