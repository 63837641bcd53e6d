//! The picture of docs/sple-table.md.

use arclet::plot::{LogCurve, LogLogFigure, LogPanel, Result};

use crate::bias::{Biases, FREE};
use crate::deflection::Error;

/// Errors and biases over the nodes of q, and gamma, of the tables that are cubes.
pub fn draw(sizes: &[[usize; 3]], errors: &[Error], biases: &[Biases]) -> Result<Vec<u8>> {
    let curve = |name: &str, value: &dyn Fn(usize) -> f64| {
        let cubes = (0..sizes.len()).filter(|&k| sizes[k].iter().all(|n| *n == sizes[k][0]));
        let points = cubes.map(|k| [sizes[k][0] as f64, value(k)]).collect();
        LogCurve { name: name.to_owned(), points, dashed: false }
    };
    let n = |k: usize| (sizes[k][0] - 1) as f64;
    let mut square = curve("1 / n²", &|k| errors[0].rms * (n(0) / n(k)).powi(2));
    square.dashed = true;
    let mut noise = curve("1 σ of the fit", &|_| 1.0);
    noise.dashed = true;
    let deflection = LogPanel {
        x_label: "nodes n along each of η, q, γ".to_owned(),
        y_label: "relative error of the deflection".to_owned(),
        curves: vec![curve("largest", &|k| errors[k].largest), curve("rms", &|k| errors[k].rms), square],
    };
    let names = FREE.iter().map(|name| match *name {
        "gamma" => "γ",
        "q" => "q",
        _ => "r_Ein",
    });
    let mut curves: Vec<_> = names.enumerate().map(|(i, name)| curve(name, &|k| biases[k].of[i].sigmas)).collect();
    curves.push(noise);
    let bias = LogPanel {
        x_label: "nodes n along each of η, q, γ".to_owned(),
        y_label: "rms bias of a fit, σ of the fit".to_owned(),
        curves,
    };
    let title = "The table of appendix A beside the exact deflection".to_owned();
    LogLogFigure { title, panels: vec![deflection, bias] }.render()
}
