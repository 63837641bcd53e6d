//! fit: a lens fit on one page: data, model, residual, source, convergence and the numbers.

use super::axes::Frame;
use super::canvas::{Canvas, Rect, Stroke};
use super::error::{PlotError, Result};
use super::heatmap::Heatmap;
use super::panel::{Panel, PanelKind, stretch};
use super::table::{TableRow, draw_table};
use super::text::Text;

/// A lens fit on one page. Panels are laid out in the given order, three to a row (four for seven or eight), the table last.
///
/// ```
/// use arclet::plot::{FitFigure, Panel, PanelKind, Raster};
///
/// let data = Raster::centred(2, 2, [0.0, 1.0, 2.0, f64::NAN], 0.05)?;
/// let figure = FitFigure { title: "J0037-0942".into(), panels: vec![Panel::new(PanelKind::Data, data)], ..FitFigure::default() };
/// assert!(figure.render()?.starts_with(b"\x89PNG"));
/// # Ok::<(), arclet::plot::PlotError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct FitFigure {
    /// On top, in bold.
    pub title: String,
    /// One to eight images.
    pub panels: Vec<Panel>,
    /// One entry per pixel of the data, `true` where a pixel takes no part in the fit; grey in every panel of data pixels.
    pub masked: Option<Vec<bool>>,
    /// Lines in the image plane, in arcsec; repeat the first point to close one.
    pub critical_curves: Vec<Vec<[f64; 2]>>,
    /// Lines in the source plane, in arcsec.
    pub caustics: Vec<Vec<[f64; 2]>>,
    /// Where a source gains or loses an image at the centre of a mass without a radial caustic, in the source plane, in arcsec; dashed.
    pub cuts: Vec<Vec<[f64; 2]>>,
    /// Where the images of point sources are seen, in the image plane, in arcsec; crosses.
    pub observed: Vec<[f64; 2]>,
    /// Where a model has them; circles.
    pub images: Vec<[f64; 2]>,
    /// Where it has the point sources, in the source plane; stars of four rays.
    pub sources: Vec<[f64; 2]>,
    /// Written above the residual.
    pub chi2_per_pixel: Option<f64>,
    /// The unit of surface brightness, `e⁻/s` for example; written on colour bars.
    pub unit: String,
    /// Numbers in a panel of their own after the images; none leaves the panel out.
    pub table: Vec<TableRow>,
    /// Lines of text below the table.
    pub notes: Vec<String>,
}

const IMAGE: f64 = 240.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 80.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 40.0;
/// Width and height of an image with everything around it.
const CELL: [f64; 2] = [LEFT + IMAGE + RIGHT, TOP + IMAGE + BOTTOM];
const HEADING: f64 = 40.0;
const SMALL: f64 = 9.5;
const CRITICAL: &str = "#63e6ff";
const CAUSTIC: &str = "#9dff70";
const SEEN: &str = "#ffd34d";
const MODEL: &str = "#ffffff";
const CASING: &str = "rgba(0,0,0,0.55)";

impl FitFigure {
    /// The page.
    ///
    /// # Errors
    /// With no panel or more than eight, with a mask that does not have one entry per pixel of the image-plane panels.
    pub(super) fn canvas(&self) -> Result<Canvas> {
        let got = self.panels.len();
        PlotError::check_count("a fit figure", "panels", 8, got)?;
        let grid = Grid::new(self.cells());
        let mut canvas = Canvas::new(grid.width(), grid.height());
        canvas
            .text(&Text::new(0.5 * grid.width(), 27.0, 16.0, &self.title).middle().bold().at_most(grid.width() - 20.0));
        self.draw_cells(&mut canvas, |k| grid.space(k))?;
        Ok(canvas)
    }

    /// Panels, and the table where there is one.
    pub(super) fn cells(&self) -> usize {
        self.panels.len() + usize::from(!(self.table.is_empty() && self.notes.is_empty()))
    }

    /// Draws the panels, each in the space for its image, and the table after them.
    pub(super) fn draw_cells(&self, canvas: &mut Canvas, space: impl Fn(usize) -> Rect) -> Result<()> {
        let (shown, got) = (self.shown()?, self.panels.len());
        for k in 0..got {
            self.draw_panel(canvas, &shown, k, space(k))?;
        }
        if self.cells() > got {
            let Rect { x, y, .. } = space(got);
            let room = Rect { x: x - 24.0, y: y - 22.0, width: CELL[0] - 56.0, height: CELL[1] - 16.0 };
            draw_table(canvas, &self.table, &self.notes, room);
        }
        Ok(())
    }

    /// The panels as they are drawn: masked pixels without a value.
    fn shown(&self) -> Result<Vec<Panel>> {
        let masked = |panel: &Panel| match &self.masked {
            Some(masked) if panel.kind.has_data_pixels() => panel.without(masked),
            _ => Ok(panel.clone()),
        };
        self.panels.iter().map(masked).collect()
    }

    fn draw_panel(&self, canvas: &mut Canvas, shown: &[Panel], k: usize, space: Rect) -> Result<()> {
        let kind = shown[k].kind;
        let unit = match (kind, self.unit.as_str()) {
            (PanelKind::Residual, _) => "(data − model) / σ".to_owned(),
            (PanelKind::Convergence, _) => "convergence κ".to_owned(),
            (PanelKind::Magnification, _) => "magnification".to_owned(),
            (PanelKind::Gain, _) => "gain of ln p [nats]".to_owned(),
            (_, "") => "surface brightness".to_owned(),
            (_, unit) => format!("surface brightness [{unit}]"),
        };
        let map = Heatmap { image: &shown[k].image, stretch: stretch(shown, k), colours: kind.colours(), unit: &unit };
        let frame = map.frame(space);
        map.draw(canvas, &frame)?;
        let (critical, caustics) = ((&self.critical_curves, "", "critical curve"), (&self.caustics, "", "caustic"));
        let cuts = (&self.cuts, "4 3", "cut");
        let (kinds, colour, width) = match kind {
            PanelKind::Model | PanelKind::Gain => (vec![critical], CRITICAL, 0.8),
            PanelKind::Convergence => (vec![critical], CRITICAL, 1.4),
            PanelKind::Source => (vec![caustics, cuts], CAUSTIC, 1.4),
            PanelKind::Magnification => (vec![caustics, cuts], "#ffffff", 1.2),
            _ => (vec![], "", 0.0),
        };
        let mut y = frame.rect.bottom() - 10.0;
        let within = |v: f64, [lo, hi]: [f64; 2]| (lo..=hi).contains(&v);
        let seen =
            |curves: &[Vec<[f64; 2]>]| curves.iter().flatten().any(|[x, y]| within(*x, frame.x) && within(*y, frame.y));
        for (curves, dash, name) in kinds.into_iter().filter(|(curves, ..)| seen(curves)) {
            let stroke = if dash.is_empty() {
                Stroke::new(colour, width).cased(CASING)
            } else {
                Stroke::new(colour, width).dashed(dash)
            };
            canvas.clipped(frame.rect, |canvas| {
                curves.iter().for_each(|curve| canvas.polyline(&frame.line(curve), stroke));
            });
            let x = frame.rect.x + 8.0;
            canvas.polyline(&[[x, y], [x + 16.0, y]], stroke);
            canvas.text(&Text::new(x + 21.0, y + 3.4, SMALL, name).colour("#ffffff").halo());
            y -= 14.0;
        }
        self.draw_points(canvas, kind, &frame);
        frame.draw(canvas, SMALL);
        let Rect { x, y, width, height } = frame.rect;
        let title = shown[k].title().to_owned();
        let title = match (kind, self.chi2_per_pixel) {
            (PanelKind::Residual, Some(chi2)) => format!("{title}  (χ²/pixel = {chi2:.2})"),
            _ => title,
        };
        canvas.text(&Text::new(x + 0.5 * width, y - 8.0, 12.0, &title).middle().bold().at_most(CELL[0] - 20.0));
        canvas.text(&Text::new(x + 0.5 * width, y + height + 29.0, 10.5, "x [arcsec]").middle());
        canvas.text(&Text::new(x - 34.0, y + 0.5 * height, 10.5, "y [arcsec]").middle().turned(-90.0));
        map.draw_bar(canvas, Rect { x: frame.rect.right() + 7.0, y, width: 11.0, height }, SMALL)
    }
}

impl FitFigure {
    /// The marks of point sources on a panel, and below its title what they are.
    fn draw_points(&self, canvas: &mut Canvas, kind: PanelKind, frame: &Frame) {
        let marks: &[(&[[f64; 2]], Mark, &str, &str)] = match kind {
            PanelKind::Data => &[(&self.observed, Mark::Cross, SEEN, "observed")],
            PanelKind::Model | PanelKind::Convergence => {
                &[(&self.observed, Mark::Cross, SEEN, "observed"), (&self.images, Mark::Circle, MODEL, "model")]
            }
            PanelKind::Source | PanelKind::Magnification => &[(&self.sources, Mark::Star, SEEN, "source")],
            _ => &[],
        };
        let mut top = frame.rect.y + 13.0;
        for (places, mark, colour, name) in marks.iter().filter(|(places, ..)| !places.is_empty()) {
            let stroke = Stroke::new(colour, 1.6).cased(CASING);
            let draw = |canvas: &mut Canvas, at| mark.lines(at).iter().for_each(|line| canvas.polyline(line, stroke));
            canvas.clipped(frame.rect, |canvas| places.iter().for_each(|place| draw(canvas, frame.page(*place))));
            draw(canvas, [frame.rect.x + 14.0, top]);
            canvas.text(&Text::new(frame.rect.x + 25.0, top + 3.4, SMALL, name).colour("#ffffff").halo());
            top += 15.0;
        }
    }
}

/// How a point is marked.
enum Mark {
    Cross,
    Circle,
    Star,
}

impl Mark {
    /// Its lines about a place of the page.
    fn lines(&self, [x, y]: [f64; 2]) -> Vec<Vec<[f64; 2]>> {
        let line = |dx: f64, dy: f64| vec![[x - dx, y - dy], [x + dx, y + dy]];
        match self {
            Mark::Cross => vec![line(5.0, 5.0), line(5.0, -5.0)],
            Mark::Star => vec![line(7.0, 0.0), line(0.0, 7.0), line(3.0, 3.0), line(3.0, -3.0)],
            Mark::Circle => {
                let at = |k: usize| (std::f64::consts::TAU * k as f64 / 40.0).sin_cos();
                vec![(0..=40).map(at).map(|(sin, cos)| [x + 6.5 * cos, y + 6.5 * sin]).collect()]
            }
        }
    }
}

/// Where the cells of the page lie.
pub(super) struct Grid {
    pub columns: usize,
    pub rows: usize,
}

impl Grid {
    fn new(cells: usize) -> Self {
        let columns = match cells {
            4 => 2,
            7 | 8 => 4,
            _ => cells.min(3),
        };
        Self { columns, rows: cells.div_ceil(columns) }
    }

    pub fn width(&self) -> f64 {
        self.columns as f64 * CELL[0]
    }

    pub fn height(&self) -> f64 {
        self.rows as f64 * CELL[1] + HEADING
    }

    /// The square for the image of cell `k`.
    pub fn space(&self, k: usize) -> Rect {
        let (row, column) = (k / self.columns, k % self.columns);
        let (x, y) = (column as f64 * CELL[0] + LEFT, row as f64 * CELL[1] + HEADING + TOP);
        Rect { x, y, width: IMAGE, height: IMAGE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::canvas::ZOOM;
    use crate::plot::colormap::{Colormap, NO_VALUE};
    use crate::plot::raster::{Extent, Raster};
    use resvg::tiny_skia::Pixmap;

    /// A drawn figure whose pixels can be asked for by panel and arcsec.
    struct Drawn {
        page: Pixmap,
        grid: Grid,
        panels: Vec<Panel>,
    }

    impl Drawn {
        fn new(figure: &FitFigure) -> Result<Self> {
            let page = Pixmap::decode_png(&figure.render()?).map_err(|e| PlotError::Png(e.to_string()))?;
            let grid = Grid::new(figure.panels.len() + usize::from(!figure.table.is_empty()));
            assert_eq!([page.width(), page.height()], [grid.width(), grid.height()].map(|v| (v * ZOOM) as u32));
            Ok(Self { page, grid, panels: figure.panels.clone() })
        }

        fn colour(&self, panel: usize, at: [f64; 2]) -> [u8; 3] {
            let image = &self.panels[panel].image;
            let map = Heatmap { image, stretch: stretch(&self.panels, panel), colours: Colormap::Inferno, unit: "" };
            let [x, y] = map.frame(self.grid.space(panel)).page(at).map(|v| (v * ZOOM) as u32);
            let pixel = self.page.pixel(x, y).map(|p| [p.red(), p.green(), p.blue()]);
            pixel.unwrap_or([0, 0, 0])
        }
    }

    fn figure(panels: Vec<Panel>) -> FitFigure {
        FitFigure { title: "test".into(), panels, ..FitFigure::default() }
    }

    #[test]
    fn a_bright_pixel_near_the_top_left_of_the_data_is_near_the_top_left_of_the_panel() -> Result<()> {
        // Row-major from the bottom: column 1 of row 8 of ten is at (-0.7, 0.7) arcsec for 0.2 arcsec pixels.
        let mut values = vec![0.0; 100];
        values[8 * 10 + 1] = 1.0;
        let drawn = Drawn::new(&figure(vec![Panel::new(PanelKind::Data, Raster::centred(10, 10, values, 0.2)?)]))?;
        let (dark, bright) = (Colormap::Inferno.colour(0.0), Colormap::Inferno.colour(1.0));
        // All of the pixel, up to a fortieth of its width from its edges, and none of its neighbours: the image is not blurred.
        for (dx, dy) in [(0.0, 0.0), (-0.09, -0.09), (0.09, 0.09), (-0.09, 0.09)] {
            assert_eq!(drawn.colour(0, [-0.7 + dx, 0.7 + dy]), bright);
            for (sx, sy) in [(0.2, 0.0), (-0.2, 0.0), (0.0, 0.2), (0.0, -0.2)] {
                assert_eq!(drawn.colour(0, [-0.7 + dx + sx, 0.7 + dy + sy]), dark);
            }
        }
        assert_eq!(drawn.colour(0, [-0.7, -0.7]), dark);
        Ok(())
    }

    #[test]
    fn residuals_are_neutral_at_zero_and_saturate_at_five_deviations() -> Result<()> {
        let values = [-50.0, -5.0, 0.0, 5.0, 50.0, f64::NAN, -2.5, 2.5, f64::INFINITY];
        let drawn = Drawn::new(&figure(vec![Panel::new(PanelKind::Residual, Raster::centred(9, 1, values, 1.0)?)]))?;
        let seen: Vec<[u8; 3]> = (0..9).map(|k| drawn.colour(0, [k as f64 - 4.0, 0.0])).collect();
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[3], seen[4]);
        assert_eq!(seen[8], seen[4]);
        assert_eq!(seen[5], NO_VALUE);
        let [r, g, b] = seen[2];
        assert!(r > 235 && r.abs_diff(g) < 10 && r.abs_diff(b) < 10, "zero is nearly white: {:?}", seen[2]);
        assert!(seen[1][2] > seen[1][0] && seen[3][0] > seen[3][2], "below is blue, above is red: {seen:?}");
        assert!(seen[6] != seen[1] && seen[7] != seen[3]);
        Ok(())
    }

    #[test]
    fn masked_pixels_are_grey_and_take_no_part_in_the_colour_scale() -> Result<()> {
        let data: Vec<f64> = (0..16).map(|k| if k == 5 { 1e6 } else { f64::from(k) }).collect();
        let image = Raster::centred(4, 4, data, 1.0)?;
        let masked: Vec<bool> = (0..16).map(|k| k == 5).collect();
        let drawn = Drawn::new(&FitFigure {
            masked: Some(masked.clone()),
            ..figure(vec![Panel::new(PanelKind::Data, image.clone()), Panel::new(PanelKind::Convergence, image)])
        })?;
        assert_eq!(drawn.colour(0, [-0.5, -0.5]), NO_VALUE);
        assert_eq!(
            drawn.colour(0, [1.5, 1.5]),
            Colormap::Inferno.colour(1.0),
            "the largest unmasked value is the brightest"
        );
        assert!(drawn.colour(1, [-0.5, -0.5]) != NO_VALUE, "a mask is of the data and not of the convergence");
        let wrong = FitFigure { masked: Some(masked[..9].to_vec()), ..figure(drawn.panels.clone()) };
        assert!(matches!(wrong.render(), Err(PlotError::Length { expected: 16, got: 9, .. })));
        Ok(())
    }

    #[test]
    fn data_and_model_share_a_scale_and_the_arcs_have_their_own() -> Result<()> {
        let ramp = |top: f64| Raster::centred(20, 20, (0..400).map(|k| top * f64::from(k) / 399.0), 1.0);
        let kinds =
            [(PanelKind::Data, 100.0), (PanelKind::Model, 50.0), (PanelKind::Arcs, 1.0), (PanelKind::ArcsModel, 1.0)];
        let panels = kinds.into_iter().map(|(kind, top)| Ok(Panel::new(kind, ramp(top)?))).collect::<Result<_>>()?;
        let drawn = Drawn::new(&figure(panels))?;
        let top = [9.5, 9.5];
        assert_eq!(drawn.colour(0, top), Colormap::Inferno.colour(1.0));
        assert!(drawn.colour(1, top) != drawn.colour(0, top), "half as bright in the same colours");
        assert_eq!(drawn.colour(2, top), Colormap::Inferno.colour(1.0));
        assert_eq!(drawn.colour(3, top), drawn.colour(2, top));
        Ok(())
    }

    #[test]
    fn curves_are_drawn_where_they_lie_and_only_on_their_panels() -> Result<()> {
        let flat = |extent| Raster::new(8, 8, vec![1.0; 64], extent);
        let circle = |r: f64| {
            (0..=120).map(|k| (k as f64 / 60.0 * std::f64::consts::PI).sin_cos()).map(|(s, c)| [r * c, r * s]).collect()
        };
        let (field, own) = (Extent::square([0.0, 0.0], 2.0), Extent::square([0.1, 0.0], 0.5));
        let panels = vec![
            Panel::new(PanelKind::Data, flat(field)?),
            Panel::new(PanelKind::Model, flat(field)?),
            Panel::new(PanelKind::Convergence, flat(field)?),
            Panel::new(PanelKind::Source, flat(own)?),
        ];
        let bare = Drawn::new(&figure(panels.clone()))?;
        let drawn = Drawn::new(&FitFigure {
            critical_curves: vec![circle(1.5)],
            caustics: vec![circle(0.3)],
            cuts: vec![circle(0.4)],
            ..figure(panels)
        })?;
        let changed = |panel, at| drawn.colour(panel, at) != bare.colour(panel, at);
        for (dx, dy) in [(1.0, 0.0), (0.0, 1.0), (-0.6, 0.8), (0.8, -0.6)] {
            assert_eq!([0, 1, 2].map(|panel| changed(panel, [1.5 * dx, 1.5 * dy])), [false, true, true]);
            assert_eq!([1, 2].map(|panel| changed(panel, [1.3 * dx, 1.3 * dy])), [false, false]);
            assert!(changed(3, [0.3 * dx, 0.3 * dy]) && !changed(3, [0.2 * dx, 0.2 * dy]));
        }
        // A dashed circle is there in part.
        let on_cut = |k: usize| (f64::from(k as u32) / 30.0).sin_cos();
        let seen = (0..188).filter(|k| changed(3, [0.4 * on_cut(*k).1, 0.4 * on_cut(*k).0])).count();
        assert!((60..170).contains(&seen), "{seen}");
        Ok(())
    }

    #[test]
    fn images_of_nothing_but_nan_and_too_many_panels_are_no_panic() -> Result<()> {
        let kinds = [PanelKind::Data, PanelKind::Residual, PanelKind::Source, PanelKind::Convergence, PanelKind::Arcs];
        let image = Raster::centred(3, 3, vec![f64::NAN; 9], 1.0)?;
        let panels: Vec<Panel> = kinds.map(|kind| Panel::new(kind, image.clone())).into();
        let drawn = Drawn::new(&figure(panels.clone()))?;
        assert!((0..5).all(|k| drawn.colour(k, [0.0, 0.0]) == NO_VALUE));
        let nine = figure(panels.iter().cycle().take(9).cloned().collect());
        assert!(matches!(nine.render(), Err(PlotError::Count { got: 9, .. })));
        assert!(matches!(figure(vec![]).render(), Err(PlotError::Count { got: 0, .. })));
        Ok(())
    }
}
