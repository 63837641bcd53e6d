//! canvas: a page of shapes, text and pixel images in SVG, and its PNG.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use resvg::{tiny_skia, usvg};

use super::error::{PlotError, Result};
use super::text::Text;

/// Pixels of the PNG per unit of the page.
pub const ZOOM: f64 = 2.0;

/// A page, in units of about half a millimetre in print: x right, y **down**, (0, 0) top-left.
pub struct Canvas {
    width: f64,
    height: f64,
    body: String,
    clips: usize,
}

/// A rectangle of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Stroke<'a> {
    pub colour: &'a str,
    pub width: f64,
    /// SVG dash lengths, or nothing for a full line.
    pub dash: &'a str,
    /// A wider line of this colour drawn below, which keeps the line legible on any background.
    pub casing: Option<&'a str>,
}

/// Pixels in rows from the top, four bytes (red, green, blue, opacity) each.
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    pub rgba: Vec<u8>,
}

impl Rect {
    /// The right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// The bottom edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

impl<'a> Stroke<'a> {
    /// A full line.
    pub fn new(colour: &'a str, width: f64) -> Self {
        Self { colour, width, dash: "", casing: None }
    }

    /// The same line, dashed.
    pub fn dashed(self, dash: &'a str) -> Self {
        Self { dash, ..self }
    }

    /// The same line on a wider one.
    pub fn cased(self, colour: &'a str) -> Self {
        Self { casing: Some(colour), ..self }
    }
}

impl Canvas {
    /// A white page.
    pub fn new(width: f64, height: f64) -> Self {
        let mut canvas = Self { width, height, body: String::new(), clips: 0 };
        canvas.rect(Rect { x: 0.0, y: 0.0, width, height }, "#ffffff");
        canvas
    }

    /// A filled rectangle.
    pub fn rect(&mut self, r: Rect, colour: &str) {
        let Rect { x, y, width, height } = r;
        self.push(format_args!(
            r#"<rect x="{x:.3}" y="{y:.3}" width="{width:.3}" height="{height:.3}" fill="{colour}"/>"#
        ));
    }

    /// The outline of a rectangle.
    pub fn outline(&mut self, r: Rect, stroke: Stroke) {
        let (x, y) = (r.right(), r.bottom());
        self.polyline(&[[r.x, r.y], [x, r.y], [x, y], [r.x, y], [r.x, r.y]], stroke);
    }

    /// A line through points of the page; points that are not finite break it.
    pub fn polyline(&mut self, points: &[[f64; 2]], stroke: Stroke) {
        let path = path(points);
        if path.is_empty() {
            return;
        }
        let dash =
            if stroke.dash.is_empty() { String::new() } else { format!(r#" stroke-dasharray="{}""#, stroke.dash) };
        let under = stroke.casing.map(|colour| (colour, stroke.width + 1.4));
        for (colour, width) in under.into_iter().chain([(stroke.colour, stroke.width)]) {
            self.push(format_args!(
                r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.3}" stroke-linejoin="round"{dash}/>"#
            ));
        }
    }

    /// The area inside closed lines, where a line inside another makes a hole.
    pub fn area(&mut self, loops: &[Vec<[f64; 2]>], colour: &str) {
        let path: String = loops.iter().map(|points| path(points)).collect();
        if !path.is_empty() {
            self.push(format_args!(r#"<path d="{path}" fill="{colour}" fill-rule="evenodd"/>"#));
        }
    }

    /// A piece of text.
    pub fn text(&mut self, text: &Text) {
        self.push(format_args!("{}", text.svg()));
    }

    /// An image stretched over a rectangle, each of its pixels a sharp rectangle.
    ///
    /// # Errors
    /// When the image cannot be held or written as PNG.
    pub fn image(&mut self, r: Rect, pixels: &Pixels) -> Result<()> {
        let data = base64::engine::general_purpose::STANDARD.encode(pixels.png()?);
        let Rect { x, y, width, height } = r;
        self.push(format_args!(
            r#"<image x="{x:.3}" y="{y:.3}" width="{width:.3}" height="{height:.3}" preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>"#
        ));
        Ok(())
    }

    /// Draws with everything outside `r` cut away.
    pub fn clipped<T>(&mut self, r: Rect, draw: impl FnOnce(&mut Self) -> T) -> T {
        let (id, Rect { x, y, width, height }) = (self.clips, r);
        self.clips += 1;
        self.push(format_args!(
            r#"<clipPath id="clip{id}"><rect x="{x:.3}" y="{y:.3}" width="{width:.3}" height="{height:.3}"/></clipPath><g clip-path="url(#clip{id})">"#
        ));
        let result = draw(self);
        self.push(format_args!("</g>"));
        result
    }

    /// The page as SVG.
    pub fn svg(&self) -> String {
        let Self { width, height, body, .. } = self;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.3}" height="{height:.3}" viewBox="0 0 {width:.3} {height:.3}" font-family="DejaVu Sans, sans-serif">{body}</svg>"#
        )
    }

    /// The page as PNG, [`ZOOM`] pixels per unit. The same page gives the same bytes.
    ///
    /// # Errors
    /// When the page is too large to hold.
    pub fn png(&self) -> Result<Vec<u8>> {
        let options =
            usvg::Options { fontdb: fonts(), font_family: "DejaVu Sans".to_owned(), ..usvg::Options::default() };
        let tree = usvg::Tree::from_str(&self.svg(), &options)?;
        let (width, height) = ((self.width * ZOOM).ceil() as u32, (self.height * ZOOM).ceil() as u32);
        let mut page = tiny_skia::Pixmap::new(width, height).ok_or(PlotError::Size { width, height })?;
        let zoom = ZOOM as f32;
        resvg::render(&tree, tiny_skia::Transform::from_scale(zoom, zoom), &mut page.as_mut());
        page.encode_png().map_err(|e| PlotError::Png(e.to_string()))
    }

    fn push(&mut self, element: std::fmt::Arguments) {
        // Writing to a String has no way to fail.
        let _ = writeln!(self.body, "{element}");
    }
}

impl Pixels {
    /// The image as PNG.
    fn png(&self) -> Result<Vec<u8>> {
        let (width, height) = (self.width as u32, self.height as u32);
        let too_large = || PlotError::Size { width, height };
        let size = tiny_skia::IntSize::from_wh(width, height).ok_or_else(too_large)?;
        let image = tiny_skia::Pixmap::from_vec(self.rgba.clone(), size).ok_or_else(too_large)?;
        image.encode_png().map_err(|e| PlotError::Png(e.to_string()))
    }
}

/// SVG path data; a point equal to the first closes the line.
fn path(points: &[[f64; 2]]) -> String {
    let mut path = String::new();
    for run in points.split(|p| !p[0].is_finite() || !p[1].is_finite()).filter(|run| run.len() > 1) {
        let closed = run.first() == run.last();
        let drawn = if closed { &run[..run.len() - 1] } else { run };
        for (k, [x, y]) in drawn.iter().enumerate() {
            // Two decimals are a fiftieth of a pixel.
            let _ = write!(path, "{}{x:.2} {y:.2}", if k == 0 { 'M' } else { 'L' });
        }
        path.push_str(if closed { "Z" } else { "" });
    }
    path
}

/// DejaVu Sans, regular and bold (Bitstream Vera licence), carried in the program: no font of the system is ever looked at.
fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = usvg::fontdb::Database::new();
        for face in [dejavu::sans::regular(), dejavu::sans::bold()] {
            fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(face)));
        }
        fonts.set_sans_serif_family("DejaVu Sans");
        Arc::new(fonts)
    };
    FONTS.get_or_init(load).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_breaks_at_nan_and_closes_on_its_first_point() {
        let nan = f64::NAN;
        assert_eq!(
            path(&[[0.0, 0.0], [1.0, 0.0], [nan, 0.0], [2.0, 2.0], [3.0, 2.0], [2.0, 2.0]]),
            "M0.00 0.00L1.00 0.00M2.00 2.00L3.00 2.00Z"
        );
        assert_eq!(path(&[[nan, nan]]), "");
    }

    #[test]
    fn text_leaves_ink_without_any_system_font() -> Result<()> {
        let ink = |text: &str| -> Result<usize> {
            let mut page = Canvas::new(60.0, 30.0);
            page.text(&Text::new(5.0, 20.0, 14.0, text));
            let page = tiny_skia::Pixmap::decode_png(&page.png()?).map_err(|e| PlotError::Png(e.to_string()))?;
            Ok(page.pixels().iter().filter(|p| p.red() < 100).count())
        };
        assert_eq!(ink("")?, 0);
        // Greek, subscripts, superscripts and the true minus sign all have glyphs of their own.
        for glyph in ["θ", "γ", "κ", "₁", "⁻", "−", "χ", "Σ", "″", "×", "Δ"] {
            assert!(ink(glyph)? > 4, "no ink for {glyph}");
        }
        assert!(ink("θ")? != ink("γ")?, "a missing glyph would draw the same box for both");
        Ok(())
    }
}
