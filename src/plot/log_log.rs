//! log_log: curves over two logarithmic axes, panel beside panel.

use super::axes::Frame;
use super::canvas::{Canvas, Rect, Stroke};
use super::error::{PlotError, Result};
use super::number::{power_of_ten, round_number};
use super::text::{Anchor, INK, Text};

/// Panels of curves whose numbers span powers of ten. Numbers that are not positive and finite are left out.
///
/// ```
/// use arclet::plot::{LogCurve, LogLogFigure, LogPanel};
///
/// let points = [8.0, 16.0, 32.0].map(|n: f64| [n, n.powi(-2)]).to_vec();
/// let curves = vec![LogCurve { name: "trapezium".into(), points, dashed: false }];
/// let panel = LogPanel { x_label: "cells".into(), y_label: "error".into(), curves };
/// assert!(LogLogFigure { title: "quadrature".into(), panels: vec![panel] }.svg()?.contains("trapezium"));
/// # Ok::<(), arclet::plot::PlotError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LogLogFigure {
    /// On top, in bold.
    pub title: String,
    /// From the left.
    pub panels: Vec<LogPanel>,
}

/// One panel of a [`LogLogFigure`].
#[derive(Clone, Debug, Default)]
pub struct LogPanel {
    /// Below the lower axis, with its unit.
    pub x_label: String,
    /// Beside the left axis, with its unit.
    pub y_label: String,
    /// At most six.
    pub curves: Vec<LogCurve>,
}

/// A line with a mark at each of its points.
#[derive(Clone, Debug, Default)]
pub struct LogCurve {
    /// What it is called; a run after `_` is set as a subscript (`r_Ein`).
    pub name: String,
    /// (x, y).
    pub points: Vec<[f64; 2]>,
    /// Dashed and without marks, for what is no measurement.
    pub dashed: bool,
}

const WIDTH: f64 = 330.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 78.0;
const GAP: f64 = 84.0;
const TITLE: f64 = 40.0;
const ROW: f64 = 18.0;
const SIZE: f64 = 11.0;
const COLOURS: [&str; 6] = ["#d0431c", "#2f6aa8", "#3f8f4f", "#7a4fa0", "#b07a12", "#5b6f86"];
const GRID: &str = "#e3e6ea";

impl LogLogFigure {
    /// The page.
    ///
    /// # Errors
    /// Without a panel, with more than three, or with a panel that has no number to draw or more than six curves.
    pub(super) fn canvas(&self) -> Result<Canvas> {
        PlotError::check_count("a log-log figure", "panels", 3, self.panels.len())?;
        let rows = self.panels.iter().map(|panel| panel.curves.len().div_ceil(2)).max().unwrap_or(0);
        let top = TITLE + ROW * rows as f64 + 8.0;
        let n = self.panels.len() as f64;
        let (width, height) = (LEFT + n * WIDTH + (n - 1.0) * GAP + 24.0, top + HEIGHT + 52.0);
        let mut canvas = Canvas::new(width, height);
        canvas.text(&Text::new(0.5 * width, 26.0, 15.0, &self.title).middle().bold().at_most(width - 20.0));
        for (k, panel) in self.panels.iter().enumerate() {
            let x = LEFT + k as f64 * (WIDTH + GAP);
            panel.draw(&mut canvas, Rect { x, y: top, width: WIDTH, height: HEIGHT })?;
        }
        Ok(canvas)
    }
}

impl LogPanel {
    fn draw(&self, canvas: &mut Canvas, rect: Rect) -> Result<()> {
        PlotError::check_count("a log-log panel", "curves", COLOURS.len(), self.curves.len())?;
        let curves: Vec<Vec<[f64; 2]>> = self.curves.iter().map(|curve| logarithms(&curve.points)).collect();
        let all = || curves.iter().flatten();
        if all().next().is_none() {
            return Err(PlotError::NoFiniteSample { label: self.y_label.clone() });
        }
        let range = |axis: usize| {
            let along = all().map(|at| at[axis]);
            along.fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi], v| [lo.min(v), hi.max(v)])
        };
        let ([left, right], [low, high]) = (range(0), range(1));
        // Whole powers of ten upwards, and room for the marks on either side.
        let (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0));
        let pad = (0.06 * (right - left)).max(0.02);
        let frame = Frame { rect, x: [left - pad, right + pad], y: [low, high] };
        self.draw_key(canvas, rect);
        draw_axes(&frame, canvas);
        canvas.clipped(rect, |canvas| {
            for ((curve, points), colour) in self.curves.iter().zip(&curves).zip(COLOURS) {
                let line = frame.line(points);
                canvas.polyline(&line, stroke(curve, colour));
                for [x, y] in line.into_iter().filter(|_| !curve.dashed) {
                    canvas.rect(Rect { x: x - 2.5, y: y - 2.5, width: 5.0, height: 5.0 }, colour);
                }
            }
        });
        canvas.outline(rect, Stroke::new(INK, 0.9));
        let (centre, middle) = (rect.x + 0.5 * rect.width, rect.y + 0.5 * rect.height);
        canvas.text(&Text::new(centre, rect.bottom() + 38.0, 12.0, &self.x_label).middle().colour(INK));
        canvas.text(&Text::new(rect.x - 52.0, middle, 12.0, &self.y_label).middle().turned(-90.0).colour(INK));
        Ok(())
    }

    /// The names above the panel, two in a row.
    fn draw_key(&self, canvas: &mut Canvas, rect: Rect) {
        for (k, (curve, colour)) in self.curves.iter().zip(COLOURS).enumerate() {
            let rows = self.curves.len().div_ceil(2);
            let (x, y) = (rect.x + 0.5 * WIDTH * (k % 2) as f64, rect.y - 8.0 - ROW * (rows - 1 - k / 2) as f64 - 4.0);
            canvas.polyline(&[[x, y], [x + 20.0, y]], stroke(curve, colour));
            canvas.text(&Text::name(x + 26.0, y + 4.0, SIZE, &curve.name).at_most(0.5 * WIDTH - 32.0));
        }
    }
}

fn stroke<'a>(curve: &LogCurve, colour: &'a str) -> Stroke<'a> {
    let stroke = Stroke::new(colour, 1.6);
    if curve.dashed { stroke.dashed("5 4") } else { stroke }
}

/// Decimal logarithms of the points that have both.
fn logarithms(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    points.iter().map(|at| at.map(f64::log10)).filter(|at| at.iter().all(|v| v.is_finite())).collect()
}

/// A line and a number at round values.
fn draw_axes(frame: &Frame, canvas: &mut Canvas) {
    let Rect { x: left, y: top, .. } = frame.rect;
    let (right, bottom) = (frame.rect.right(), frame.rect.bottom());
    for v in round_values(frame.x) {
        let [at, _] = frame.page([v.log10(), frame.y[0]]);
        canvas.polyline(&[[at, top], [at, bottom]], Stroke::new(GRID, 0.8));
        canvas.text(&Text::new(at, bottom + 5.0 + SIZE, SIZE, &round_number(v)).middle());
    }
    // At most seven numbers.
    let [low, high] = frame.y.map(|v| v as i32);
    for power in (low..=high).step_by(((high - low) as usize).div_ceil(6).max(1)) {
        let [_, at] = frame.page([frame.x[0], power.into()]);
        canvas.polyline(&[[left, at], [right, at]], Stroke::new(GRID, 0.8));
        canvas.text(&Text::new(left - 6.0, at + 0.36 * SIZE, SIZE, &power_of_ten(power)).anchor(Anchor::End));
    }
}

/// 1, 2 and 5 times the powers of ten between two logarithms.
fn round_values([lo, hi]: [f64; 2]) -> Vec<f64> {
    let powers = lo.floor() as i32..=hi.ceil() as i32;
    let values = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(power)));
    values.filter(|v| (lo..=hi).contains(&v.log10())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(points: Vec<[f64; 2]>) -> LogPanel {
        LogPanel { curves: vec![LogCurve { points, ..LogCurve::default() }], ..LogPanel::default() }
    }

    #[test]
    fn a_log_log_figure_is_a_png_and_refuses_what_it_cannot_draw() {
        let figure = |panels| LogLogFigure { panels, ..LogLogFigure::default() };
        let good = panel(vec![[17.0, 1e-3], [33.0, 2e-4], [65.0, 0.0], [f64::NAN, 1.0]]);
        assert!(figure(vec![good.clone(); 2]).render().is_ok_and(|png| png.starts_with(b"\x89PNG")));
        assert!(figure(vec![panel(vec![[1.0, 1.0]])]).render().is_ok(), "one point is enough");
        let nothing = figure(vec![panel(vec![[1.0, -1.0], [0.0, 1.0]])]);
        assert!(matches!(nothing.render(), Err(PlotError::NoFiniteSample { .. })));
        assert!(matches!(figure(vec![good; 4]).render(), Err(PlotError::Count { got: 4, .. })));
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(round_values([1.2, 2.2]), [20.0, 50.0, 100.0]);
        assert_eq!(round_values([-1.01, 0.0]), [0.1, 0.2, 0.5, 1.0]);
    }
}
