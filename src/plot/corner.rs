//! corner: a posterior as one histogram per parameter and the credible regions of every pair.

use super::axes::Frame;
use super::canvas::{Canvas, Rect, Stroke};
use super::column::Column;
use super::density::{Density, histogram};
use super::error::{PlotError, Result};
use super::number::short;
use super::stretch::quantile;
use super::text::{Anchor, INK, Text};

/// A posterior on one page: below the diagonal the 68 % and 95 % credible regions of every pair, on it the histogram of every
/// parameter under its median and 68 % interval.
#[derive(Clone, Debug, Default)]
pub struct CornerFigure {
    /// On top, in bold.
    pub title: String,
    /// One name per parameter, in plain Unicode; a short run after one `_` is set as a subscript.
    pub labels: Vec<String>,
    /// One column of draws per parameter, all of one length. Values that are not finite are left out.
    pub samples: Vec<Vec<f64>>,
    /// The true value of each parameter where it is known.
    pub truths: Option<Vec<Option<f64>>>,
    /// What the draws are of, for the legend; needed where there are others beside them.
    pub name: String,
    /// Up to two other posteriors of the same parameters, drawn over the first on its axes: a name, and one column a parameter. Histograms
    /// are as high as each other.
    pub beside: Vec<(String, Vec<Vec<f64>>)>,
}

/// More parameters than this cannot be read on one page.
const MOST: usize = 24;
const TRUTH: &str = "#e0501e";

/// The colours of one posterior.
#[derive(Clone, Copy, Debug)]
struct Tint {
    line: &'static str,
    inner: &'static str,
    outer: &'static str,
}

const TINTS: [Tint; 3] = [
    Tint { line: "#1f4e8c", inner: "#5f93cf", outer: "#c3d8f0" },
    Tint { line: "#2b6e3f", inner: "#6db682", outer: "#cbe7d3" },
    Tint { line: "#5b3a86", inner: "#9a7cc4", outer: "#ddd0ee" },
];

/// Sizes that follow from the number of parameters.
struct Layout {
    cell: f64,
    gap: f64,
    left: f64,
    top: f64,
    text: f64,
    tick: f64,
    most_ticks: usize,
}

impl CornerFigure {
    /// The page.
    ///
    /// # Errors
    /// With no parameter or more than 24, with columns of unequal length, with labels or truths that are not one per parameter,
    /// or with a column without a finite value.
    pub(super) fn canvas(&self) -> Result<Canvas> {
        self.check()?;
        let layout = Layout::new(self.labels.len());
        let axes = self.axes(layout.most_ticks)?;
        let n = axes.len();
        let page = (
            layout.left + n as f64 * layout.pitch() + 12.0 * layout.text,
            layout.top + n as f64 * layout.pitch() + 7.5 * layout.text,
        );
        let mut canvas = Canvas::new(page.0, page.1);
        for (row, y) in axes.iter().enumerate() {
            for (column, x) in axes[..row].iter().enumerate() {
                let rect = layout.rect(row, column);
                for (samples, tint) in self.sets().zip(TINTS) {
                    draw_regions(&mut canvas, rect, [x, y], [&samples[column], &samples[row]], tint);
                }
                draw_truths(&mut canvas, rect, x, y);
            }
            let rect = layout.rect(row, row);
            for (samples, tint) in self.sets().zip(TINTS) {
                draw_histogram(&mut canvas, rect, y, &samples[row], tint);
            }
            draw_single(&mut canvas, rect, y, &layout, self.beside.is_empty());
            layout.draw_left(&mut canvas, row, y);
            layout.draw_below(&mut canvas, n - 1, row, y);
        }
        self.draw_legend(&mut canvas, &layout, page.0);
        Ok(canvas)
    }

    /// The columns of the posterior and of those beside it.
    fn sets(&self) -> impl Iterator<Item = &Vec<Vec<f64>>> {
        std::iter::once(&self.samples).chain(self.beside.iter().map(|(_, samples)| samples))
    }

    fn check(&self) -> Result<()> {
        let n = self.labels.len();
        PlotError::check_count("a corner figure", "posteriors", TINTS.len(), 1 + self.beside.len())?;
        if let Some((name, samples)) = self.beside.iter().find(|(_, samples)| samples.len() != n) {
            let what = format!("the list of sample columns of `{name}`");
            return Err(PlotError::Length { what, expected: n, got: samples.len() });
        }
        PlotError::check_count("a corner figure", "parameters", MOST, n)?;
        let truths = self.truths.as_ref().map_or(n, Vec::len);
        for (what, got) in [("the list of sample columns", self.samples.len()), ("the list of true values", truths)] {
            if got != n {
                return Err(PlotError::Length { what: what.to_owned(), expected: n, got });
            }
        }
        let expected = self.samples[0].len();
        match self.labels.iter().zip(&self.samples).find(|(_, column)| column.len() != expected) {
            Some((label, column)) => {
                Err(PlotError::Length { what: format!("the column of `{label}`"), expected, got: column.len() })
            }
            None => Ok(()),
        }
    }

    fn axes(&self, most_ticks: usize) -> Result<Vec<Column<'_>>> {
        let truth = |k: usize| self.truths.as_ref().and_then(|truths| truths[k]).filter(|t| t.is_finite());
        let columns = self.labels.iter().zip(&self.samples).enumerate();
        columns.map(|(k, (label, column))| Column::new(label, column, truth(k), most_ticks)).collect()
    }

    /// In the empty upper right: what the colours mean.
    fn draw_legend(&self, canvas: &mut Canvas, layout: &Layout, width: f64) {
        let size = layout.text + 1.0;
        let has_truth = self.truths.as_ref().is_some_and(|truths| truths.iter().flatten().next().is_some());
        let draws = self.samples[0].len();
        canvas.text(
            &Text::new(width - 12.0, 10.0 + 1.4 * size, size + 3.0, &self.title)
                .anchor(Anchor::End)
                .bold()
                .at_most(width - 24.0),
        );
        let pairs = self.labels.len() > 1;
        let named = |(name, tint): (String, Tint)| (tint.inner, name, pairs);
        let names = std::iter::once(&self.name).chain(self.beside.iter().map(|(name, _)| name)).cloned();
        let regions = match self.beside.is_empty() {
            true => vec![
                (TINTS[0].inner, "68 % region".to_owned(), pairs),
                (TINTS[0].outer, "95 % region".to_owned(), pairs),
            ],
            false => names.zip(TINTS).map(named).collect(),
        };
        let entries = regions.into_iter().chain([(TRUTH, "truth".to_owned(), has_truth)]);
        let (x, mut y) = (width - 9.5 * size, 10.0 + 2.4 * size);
        for (colour, name, _) in entries.filter(|entry| entry.2) {
            let swatch = Rect { x, y: y + 0.1 * size, width: 1.4 * size, height: 0.8 * size };
            if colour == TRUTH {
                let middle = y + 0.5 * size;
                canvas.polyline(&[[swatch.x, middle], [swatch.right(), middle]], Stroke::new(TRUTH, 1.6));
            } else {
                canvas.rect(swatch, colour);
                canvas.outline(swatch, Stroke::new(INK, 0.6));
            }
            canvas.text(&Text::new(x + 2.0 * size, y + 0.86 * size, size, &name));
            y += 1.5 * size;
        }
        if !self.beside.is_empty() {
            canvas.text(&Text::new(x, y + 0.86 * size, 0.9 * size, "68 % and 95 %").colour("#555555"));
            return;
        }
        canvas.text(&Text::new(x, y + 0.86 * size, 0.9 * size, &format!("{draws} draws")).colour("#555555"));
    }
}

fn draw_regions(canvas: &mut Canvas, rect: Rect, [x, y]: [&Column; 2], [a, b]: [&[f64]; 2], tint: Tint) {
    let frame = Frame { rect, x: x.range, y: y.range };
    let points: Vec<[f64; 2]> = a.iter().zip(b).map(|(a, b)| [*a, *b]).collect();
    let density = Density::new(&points, x.range, y.range);
    for (mass, colour) in [(0.95, tint.outer), (0.68, tint.inner)] {
        let lines: Vec<_> = density.region(mass).iter().map(|line| frame.line(line)).collect();
        canvas.area(&lines, colour);
        lines.iter().for_each(|line| canvas.polyline(line, Stroke::new(tint.line, 0.7)));
    }
}

fn draw_truths(canvas: &mut Canvas, rect: Rect, x: &Column, y: &Column) {
    let frame = Frame { rect, x: x.range, y: y.range };
    let stroke = Stroke::new(TRUTH, 1.0);
    if let Some(t) = x.truth_inside() {
        canvas.polyline(&frame.line(&[[t, y.range[0]], [t, y.range[1]]]), stroke);
    }
    if let Some(t) = y.truth_inside() {
        canvas.polyline(&frame.line(&[[x.range[0], t], [x.range[1], t]]), stroke);
    }
    if let (Some(a), Some(b)) = (x.truth_inside(), y.truth_inside()) {
        let [a, b] = frame.page([a, b]);
        canvas.rect(Rect { x: a - 2.0, y: b - 2.0, width: 4.0, height: 4.0 }, TRUTH);
    }
    canvas.outline(rect, Stroke::new(INK, 0.8));
}

/// How high the highest bar is, of the height of its cell: a pointer to a truth outside needs room above the bars.
fn bars(axis: &Column) -> f64 {
    if axis.truth.is_some() && axis.truth_inside().is_none() { 1.0 / 1.45 } else { 1.0 / 1.12 }
}

fn draw_histogram(canvas: &mut Canvas, rect: Rect, axis: &Column, draws: &[f64], tint: Tint) {
    let [lo, hi] = axis.range;
    let mut sorted: Vec<f64> = draws.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    // Freedman & Diaconis (1981), within what the cell can show.
    let quartiles = quantile(&sorted, 0.75) - quantile(&sorted, 0.25);
    let width = 2.0 * quartiles / (sorted.len() as f64).cbrt();
    let bins = if width > 0.0 { ((hi - lo) / width).clamp(12.0, 40.0) as usize } else { 25 };
    let counts = histogram(&sorted, axis.range, bins);
    let top = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let frame = Frame { rect, x: axis.range, y: [0.0, top / bars(axis)] };
    let edge = |k: usize| lo + (hi - lo) * k as f64 / bins as f64;
    let steps =
        counts.iter().enumerate().flat_map(|(k, count)| [[edge(k), *count as f64], [edge(k + 1), *count as f64]]);
    let outline: Vec<_> = [[lo, 0.0]].into_iter().chain(steps).chain([[hi, 0.0]]).map(|p| frame.page(p)).collect();
    canvas.area(std::slice::from_ref(&outline), tint.outer);
    canvas.polyline(&outline, Stroke::new(tint.line, 1.0));
}

/// Name and truth of a parameter; its median and 68 % interval where there is one posterior alone.
fn draw_single(canvas: &mut Canvas, rect: Rect, axis: &Column, layout: &Layout, alone: bool) {
    let hi = axis.range[1];
    let reach = 1.12 * bars(axis);
    let frame = Frame { rect, x: axis.range, y: [0.0, 1.0] };
    for (q, dash) in [(0.16, "2 2"), (0.5, ""), (0.84, "2 2")].into_iter().filter(|_| alone) {
        let v = quantile(&axis.sorted, q);
        canvas.polyline(&frame.line(&[[v, 0.0], [v, reach]]), Stroke::new(TINTS[0].line, 0.9).dashed(dash));
    }
    match (axis.truth, axis.truth_inside()) {
        (_, Some(t)) => canvas.polyline(&frame.line(&[[t, 0.0], [t, reach]]), Stroke::new(TRUTH, 1.2)),
        (Some(t), None) => draw_pointer(canvas, rect, t > hi, layout.tick, &short(t)),
        _ => {}
    }
    canvas.outline(rect, Stroke::new(INK, 0.8));
    let size = layout.text;
    let name = Text::name(rect.x, rect.y - 0.55 * size, size, axis.label);
    canvas.text(&if alone { name.then(" = ").then_estimate(&axis.estimate()) } else { name });
}

/// An arrow at the edge towards a true value that lies outside, with the value.
fn draw_pointer(canvas: &mut Canvas, rect: Rect, right: bool, size: f64, value: &str) {
    let (edge, inward) = if right { (rect.right() - 2.0, -1.0) } else { (rect.x + 2.0, 1.0) };
    let y = rect.y + 0.9 * size;
    let tip = vec![[edge, y], [edge + inward * 6.0, y - 3.5], [edge + inward * 6.0, y + 3.5], [edge, y]];
    canvas.area(&[tip], TRUTH);
    let anchor = if right { Anchor::End } else { Anchor::Start };
    canvas.text(&Text::new(edge + inward * 8.0, y + 0.36 * size, size, value).anchor(anchor).colour(TRUTH));
}

impl Layout {
    fn new(n: usize) -> Self {
        let cell = (1080.0 / n as f64).clamp(62.0, 210.0);
        let text = (0.072 * cell).clamp(8.5, 13.0);
        let tick = (0.06 * cell).clamp(7.0, 10.0);
        let gap = (0.06 * cell).clamp(4.0, 9.0);
        let most_ticks = if cell > 120.0 { 4 } else { 3 };
        Self { cell, gap, left: 7.2 * text + 10.0, top: 24.0 + 3.0 * text, text, tick, most_ticks }
    }

    fn pitch(&self) -> f64 {
        self.cell + self.gap
    }

    fn rect(&self, row: usize, column: usize) -> Rect {
        Rect {
            x: self.left + column as f64 * self.pitch(),
            y: self.top + row as f64 * self.pitch(),
            width: self.cell,
            height: self.cell,
        }
    }

    /// Ticks and the label of a row, left of its first cell. The first row shows counts, which need neither.
    fn draw_left(&self, canvas: &mut Canvas, row: usize, axis: &Column) {
        if row == 0 {
            return;
        }
        let frame = Frame { rect: self.rect(row, 0), x: [0.0, 1.0], y: axis.range };
        for (v, label) in &axis.ticks {
            let [x, y] = frame.page([0.0, *v]);
            canvas.polyline(&[[x - 3.5, y], [x, y]], Stroke::new(INK, 0.8));
            canvas.text(&Text::new(x - 5.0, y + 0.36 * self.tick, self.tick, label).anchor(Anchor::End));
        }
        let (x, y) = (frame.rect.x, frame.rect.y + 0.5 * self.cell);
        let shift = if axis.offset.is_empty() { 0.0 } else { 1.5 * self.tick };
        canvas.text(
            &Text::name(x - 4.4 * self.text - shift, y, self.text, axis.label)
                .at_most(self.pitch())
                .middle()
                .turned(-90.0),
        );
        if shift > 0.0 {
            canvas.text(
                &Text::new(x - 4.4 * self.text, y, self.tick, &axis.offset)
                    .at_most(self.pitch())
                    .middle()
                    .turned(-90.0),
            );
        }
    }

    /// Ticks and the label of a column, below its last cell.
    fn draw_below(&self, canvas: &mut Canvas, last: usize, column: usize, axis: &Column) {
        let frame = Frame { rect: self.rect(last, column), x: axis.range, y: [0.0, 1.0] };
        for (v, label) in &axis.ticks {
            let [x, y] = frame.page([*v, 0.0]);
            canvas.polyline(&[[x, y], [x, y + 3.5]], Stroke::new(INK, 0.8));
            canvas.text(
                &Text::new(x + 0.35 * self.tick, y + 4.0 + 0.8 * self.tick, self.tick, label)
                    .anchor(Anchor::End)
                    .turned(-45.0),
            );
        }
        let (x, y) = (frame.rect.x + 0.5 * self.cell, frame.rect.bottom() + 4.9 * self.text);
        canvas.text(&Text::name(x, y, self.text, axis.label).at_most(self.pitch()).middle());
        canvas.text(&Text::new(x, y + 1.4 * self.tick, self.tick, &axis.offset).at_most(self.pitch()).middle());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::canvas::ZOOM;
    use resvg::tiny_skia::Pixmap;

    /// Draws on a disc of radius 1 about (3, -20) and a third column that follows the first; a spiral, so without randomness.
    fn figure() -> CornerFigure {
        let turn = |k: u32| (f64::from(k) * 2.399_963_229_728_653, (f64::from(k) / 5000.0).sqrt());
        let column = |f: fn(f64, f64) -> f64| (0..5000).map(turn).map(|(phi, r)| f(phi, r)).collect();
        CornerFigure {
            title: "disc".into(),
            labels: ["x", "y", "2x"].map(str::to_owned).into(),
            samples: vec![
                column(|phi, r| 3.0 + r * phi.cos()),
                column(|phi, r| -20.0 + r * phi.sin()),
                column(|phi, r| 6.0 + 2.0 * r * phi.cos()),
            ],
            truths: Some(vec![Some(3.5), None, Some(60.0)]),
            ..CornerFigure::default()
        }
    }

    /// The colour at a point of a pair's cell, in units of its axes.
    fn colours(figure: &CornerFigure, row: usize, column: usize, points: &[[f64; 2]]) -> Result<Vec<String>> {
        let page = Pixmap::decode_png(&figure.render()?).map_err(|e| PlotError::Png(e.to_string()))?;
        let layout = Layout::new(figure.labels.len());
        let axes = figure.axes(layout.most_ticks)?;
        let frame = Frame { rect: layout.rect(row, column), x: axes[column].range, y: axes[row].range };
        let colour = |at: &[f64; 2]| {
            let [x, y] = frame.page(*at).map(|v| (v * ZOOM) as u32);
            page.pixel(x, y).map_or_else(String::new, |p| format!("#{:02x}{:02x}{:02x}", p.red(), p.green(), p.blue()))
        };
        Ok(points.iter().map(colour).collect())
    }

    #[test]
    fn regions_lie_where_the_draws_are() -> Result<()> {
        let figure = figure();
        // A uniform disc holds 68 % of itself in no particular place: only the middle and the outside are certain.
        let pair = colours(&figure, 1, 0, &[[3.0, -20.0 + 1.05], [3.9, -19.1], [2.1, -20.9], [2.8, -20.0]])?;
        assert_eq!(pair[1..3], ["#ffffff", "#ffffff"]);
        assert!([TINTS[0].inner, TINTS[0].outer].contains(&pair[3].as_str()), "{pair:?}");
        // The third column is twice the first: a line from the lower left to the upper right and nothing off it.
        let line = colours(&figure, 2, 0, &[[2.5, 5.0], [3.2, 6.4], [2.5, 7.0], [3.7, 5.0]])?;
        assert_eq!(line[2..], ["#ffffff", "#ffffff"]);
        assert!(line[..2].iter().all(|c| c != "#ffffff"), "{line:?}");
        Ok(())
    }

    #[test]
    fn true_values_are_lines_in_their_own_colour_and_those_far_away_are_pointed_at() -> Result<()> {
        let figure = figure();
        let seen = colours(&figure, 1, 0, &[[3.5, -20.5], [3.5, -19.5], [3.4, -19.5]])?;
        assert_eq!(seen[..2], [TRUTH, TRUTH]);
        assert!(seen[2] != TRUTH);
        // The truth of the third column, 60, is 30 ranges away: it widens no axis.
        assert!(figure.axes(4)?[2].range[1] < 8.5);
        assert!(figure.svg()?.contains(">60</tspan>"));
        Ok(())
    }

    #[test]
    fn another_posterior_is_drawn_over_the_first_in_its_own_colour() -> Result<()> {
        let mut figure = figure();
        let narrow = |column: &Vec<f64>, about: f64| column.iter().map(|v| about + 0.3 * (v - about)).collect();
        let columns =
            figure.samples.iter().zip([3.0, -20.0, 6.0]).map(|(column, about)| narrow(column, about)).collect();
        figure.beside = vec![("narrow".into(), columns)];
        let seen = colours(&figure, 1, 0, &[[2.9, -20.05], [2.4, -20.4]])?;
        assert!([TINTS[1].inner, TINTS[1].outer].contains(&seen[0].as_str()), "{seen:?}");
        assert!([TINTS[0].inner, TINTS[0].outer].contains(&seen[1].as_str()), "{seen:?}");
        figure.beside[0].1.truncate(2);
        assert!(figure.render().is_err_and(|e| e.to_string().contains("of `narrow` has 2 values where 3")));
        Ok(())
    }

    #[test]
    fn draws_that_are_constant_or_partly_nan_are_drawn() -> Result<()> {
        let mut odd = figure();
        odd.samples[1] = vec![1e-12; 5000];
        odd.samples[2][17] = f64::NAN;
        odd.samples[2][18] = f64::INFINITY;
        assert!(odd.render()?.starts_with(b"\x89PNG"));
        Ok(())
    }

    #[test]
    fn input_that_cannot_be_drawn_is_an_error_that_says_which() {
        let broken = |change: fn(&mut CornerFigure)| {
            let mut figure = figure();
            change(&mut figure);
            figure.render().err().map(|e| e.to_string()).unwrap_or_default()
        };
        assert!(broken(|f| f.samples[1].truncate(9)).contains("`y` has 9 values where 5000"));
        assert!(broken(|f| f.samples[2].fill(f64::NAN)).contains("`2x` has no finite sample"));
        assert!(broken(|f| f.truths = Some(vec![])).contains("true values has 0 values where 3"));
        assert!(broken(|f| f.samples.truncate(2)).contains("sample columns has 2 values where 3"));
        assert!(broken(|f| f.labels.clear()).contains("1 to 24 parameters, not 0"));
    }
}
