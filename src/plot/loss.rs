//! loss: how a loss falls, step by step, with that of held-out data beside it.

use super::axes::Frame;
use super::canvas::{Canvas, Rect, Stroke};
use super::error::{PlotError, Result};
use super::stretch::quantile;
use super::text::{INK, Text};

/// The curve of a training. Losses that are not finite are left out.
///
/// ```
/// use arclet::plot::LossFigure;
///
/// let losses: Vec<f64> = (0..1000).map(|step| (-f64::from(step) / 200.0).exp()).collect();
/// let figure = LossFigure { title: "SVI".into(), losses, held_out: vec![[500.0, 0.12], [1000.0, 0.02]] };
/// assert!(figure.svg()?.contains("held out"));
/// # Ok::<(), arclet::plot::PlotError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LossFigure {
    /// On top, in bold.
    pub title: String,
    /// The loss of every step; drawn as means over at most 400 stretches of steps.
    pub losses: Vec<f64>,
    /// Losses on held-out data, as (step, loss).
    pub held_out: Vec<[f64; 2]>,
}

const PAGE: [f64; 2] = [620.0, 380.0];
const RECT: Rect = Rect { x: 86.0, y: 62.0, width: 510.0, height: 258.0 };
const STRETCHES: usize = 400;
const TRAINING: &str = "#5b6f86";
const HELD_OUT: &str = "#d0431c";

impl LossFigure {
    /// The page.
    ///
    /// # Errors
    /// Without a finite loss.
    pub(super) fn canvas(&self) -> Result<Canvas> {
        let means = means(&self.losses);
        let held_out: Vec<[f64; 2]> = self.held_out.iter().copied().filter(|at| at[1].is_finite()).collect();
        if means.is_empty() {
            return Err(PlotError::NoFiniteSample { label: "loss".to_owned() });
        }
        let frame = Frame { rect: RECT, x: [0.0, self.losses.len() as f64], y: range(&means, &held_out) };
        let mut canvas = Canvas::new(PAGE[0], PAGE[1]);
        canvas.text(&Text::new(0.5 * PAGE[0], 26.0, 15.0, &self.title).middle().bold().at_most(PAGE[0] - 20.0));
        let mut key = |x: f64, name: &str, colour: &str| {
            canvas.polyline(&[[x, 46.0], [x + 22.0, 46.0]], Stroke::new(colour, 2.0));
            canvas.text(&Text::new(x + 28.0, 50.0, 12.0, name));
        };
        key(RECT.x, "training", TRAINING);
        if !held_out.is_empty() {
            key(RECT.x + 120.0, "held out", HELD_OUT);
        }
        canvas.clipped(RECT, |canvas| {
            canvas.polyline(&frame.line(&means), Stroke::new(TRAINING, 1.4));
            canvas.polyline(&frame.line(&held_out), Stroke::new(HELD_OUT, 1.8));
        });
        // Each by a mark: there may be one alone, and the last one lies on the edge.
        for [x, y] in frame.line(&held_out).into_iter().filter(|at| (RECT.y..=RECT.bottom()).contains(&at[1])) {
            canvas.rect(Rect { x: x - 2.5, y: y - 2.5, width: 5.0, height: 5.0 }, HELD_OUT);
        }
        frame.draw(&mut canvas, 11.0);
        canvas.text(&Text::new(RECT.x + 0.5 * RECT.width, RECT.bottom() + 40.0, 12.0, "step").middle().colour(INK));
        let middle = RECT.y + 0.5 * RECT.height;
        canvas.text(&Text::new(22.0, middle, 12.0, "loss").middle().turned(-90.0).colour(INK));
        Ok(canvas)
    }
}

/// Means over stretches of steps, each at its middle.
fn means(losses: &[f64]) -> Vec<[f64; 2]> {
    let length = losses.len().div_ceil(STRETCHES).max(1);
    let stretches = losses.chunks(length).enumerate().filter_map(|(k, stretch)| {
        let finite: Vec<f64> = stretch.iter().copied().filter(|loss| loss.is_finite()).collect();
        let mean = finite.iter().sum::<f64>() / finite.len() as f64;
        (!finite.is_empty()).then_some([(k * length) as f64 + 0.5 * stretch.len() as f64, mean])
    });
    stretches.collect()
}

/// From the lowest loss to that of nine tenths of the way: the first steps would press all others flat.
fn range(means: &[[f64; 2]], held_out: &[[f64; 2]]) -> [f64; 2] {
    let mut sorted: Vec<f64> = means.iter().chain(held_out).map(|at| at[1]).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (sorted[0], quantile(&sorted, 0.9));
    let pad = if high > low { 0.06 * (high - low) } else { 0.5 * low.abs().max(1e-9) };
    [low - pad, high + pad]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_curve_is_a_png_and_refuses_what_it_cannot_draw() {
        let figure = LossFigure { losses: vec![3.0, f64::NAN, 1.0], ..LossFigure::default() };
        assert!(figure.render().is_ok_and(|png| png.starts_with(b"\x89PNG")));
        assert!(figure.svg().is_ok_and(|svg| svg.contains("training") && !svg.contains("held out")));
        let nothing = LossFigure { losses: vec![f64::NAN], ..LossFigure::default() };
        assert!(matches!(nothing.render(), Err(PlotError::NoFiniteSample { .. })));
    }

    #[test]
    fn losses_are_drawn_as_means_of_stretches() {
        assert_eq!(means(&[4.0, f64::NAN]), [[0.5, 4.0]]);
        let many: Vec<f64> = (0..800).map(f64::from).collect();
        let drawn = means(&many);
        assert_eq!((drawn.len(), drawn[0], drawn[399]), (400, [1.0, 0.5], [799.0, 798.5]));
    }
}
