//! table: names and numbers in the room of a panel.

use super::canvas::{Canvas, Rect, Stroke};
use super::number::Estimate;
use super::text::{Anchor, INK, Text};

/// A name and its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableRow {
    /// What it is called.
    pub name: String,
    /// Median and 68 % interval, rounded.
    pub estimate: Estimate,
}

impl TableRow {
    /// A parameter with its 16th, 50th and 84th percentiles, rounded for print.
    #[must_use]
    pub fn new(name: &str, q16: f64, median: f64, q84: f64) -> Self {
        Self { name: name.to_owned(), estimate: Estimate::new(q16, median, q84) }
    }

    /// A name with any text in the place of the number.
    #[must_use]
    pub fn text(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), estimate: Estimate { value: value.to_owned(), ..Estimate::default() } }
    }
}

/// How a table is set: the size of its text, the height of a row, the number of columns.
const SETTINGS: [(f64, f64, usize); 4] = [(11.5, 20.0, 1), (10.5, 17.5, 1), (9.5, 15.5, 2), (8.5, 13.5, 2)];

/// Draws the rows and then the notes in `room`, in one column or two as they fit; what does not fit is counted at the end.
pub fn draw_table(canvas: &mut Canvas, rows: &[TableRow], notes: &[String], room: Rect) {
    let heading = 32.0;
    let capacity = |(_, row, columns): (f64, f64, usize)| {
        let lines = ((room.height - heading) / row).floor() as usize;
        lines.saturating_sub(notes.len() + usize::from(!notes.is_empty())) * columns
    };
    let setting = SETTINGS.into_iter().find(|s| capacity(*s) >= rows.len());
    let setting @ (size, line, columns) = setting.unwrap_or(SETTINGS[SETTINGS.len() - 1]);
    // One place is kept for saying how many rows there is no room for.
    let fits = capacity(setting);
    let shown = if rows.len() <= fits { rows.len() } else { fits.saturating_sub(1) };
    let per_column = (shown + usize::from(shown < rows.len())).div_ceil(columns).max(1);
    let width = room.width / columns as f64;
    let mut y = room.y + heading;
    if !rows.is_empty() {
        canvas.text(&Text::new(room.x, room.y + 12.0, 12.0, "Parameter").bold());
        let estimated = rows.iter().any(|row| !row.estimate.plus.is_empty());
        let meaning = if estimated { "median and 68 % interval" } else { "value" };
        canvas.text(&Text::new(room.x + room.width, room.y + 12.0, 9.5, meaning).anchor(Anchor::End));
        canvas.polyline(&[[room.x, room.y + 19.0], [room.x + room.width, room.y + 19.0]], Stroke::new(INK, 0.9));
    }
    for (k, row) in rows[..shown].iter().enumerate() {
        let x = room.x + (k / per_column) as f64 * width;
        let y = y + (k % per_column) as f64 * line;
        canvas.text(&Text::name(x, y + 0.5 * size, size, &row.name).at_most(0.5 * width - 6.0));
        canvas.text(
            &Text::new(x + 0.52 * width, y + 0.5 * size, size, "").then_estimate(&row.estimate).at_most(0.46 * width),
        );
    }
    if shown < rows.len() {
        let x = room.x + (shown / per_column) as f64 * width;
        let more = format!("… and {} more", rows.len() - shown);
        canvas.text(&Text::new(x, y + (shown % per_column) as f64 * line + 0.5 * size, size, &more));
    }
    y += (if rows.is_empty() { 0 } else { per_column }) as f64 * line;
    for (k, note) in notes.iter().enumerate() {
        canvas.text(&Text::new(room.x, y + (k as f64 + 0.6) * line, size, note).at_most(room.width).colour("#555555"));
    }
}
