//! Pictures of a mock lens and of posteriors: size, text, speed, same bytes; written to the target's tmp folder to be seen.

use std::time::{Duration, Instant};

use arclet::plot::{
    Colormap, ContactSheet, CornerFigure, Extent, FitFigure, Panel, PanelKind, PlotError, Raster, Result, Stretch,
    TableRow, Tile,
};
use resvg::tiny_skia::Pixmap;

const N: usize = 161;
const SCALE: f64 = 0.05;
const SIGMA: f64 = 0.02;

/// A singular isothermal ellipsoid, major axis along x (Kormann, Schneider & Bartelmann 1994).
struct Sie {
    b: f64,
    q: f64,
}

impl Sie {
    fn psi(&self, [x, y]: [f64; 2]) -> f64 {
        (self.q * x).hypot(y).max(1e-9)
    }

    fn convergence(&self, at: [f64; 2]) -> f64 {
        0.5 * self.b * self.q.sqrt() / self.psi(at)
    }

    fn source(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let f = (1.0 - self.q * self.q).sqrt();
        let (scale, psi) = (self.b * self.q.sqrt() / f, self.psi([x, y]));
        [x - scale * (f * x / psi).atan(), y - scale * (f * y / psi).atanh()]
    }

    /// The ellipse on which the convergence is 1/2.
    fn critical_curve(&self) -> Vec<[f64; 2]> {
        let angle = |k| k as f64 / 180.0 * std::f64::consts::PI;
        (0..=360).map(angle).map(|t| [self.b / self.q.sqrt() * t.cos(), self.b * self.q.sqrt() * t.sin()]).collect()
    }

    fn caustic(&self) -> Vec<[f64; 2]> {
        self.critical_curve().into_iter().map(|p| self.source(p)).collect()
    }
}

/// Uniform numbers without a generator: splitmix64 of the index.
fn uniform(k: u64) -> f64 {
    let mut z = k.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn normal(k: u64) -> f64 {
    let (u, v) = (uniform(2 * k + 1).max(1e-300), uniform(2 * k + 2));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

fn pixels(n: usize, extent: Extent, f: impl Fn([f64; 2]) -> f64) -> Result<Raster> {
    let at = |k: usize, [lo, hi]: [f64; 2]| lo + (hi - lo) * (k as f64 + 0.5) / n as f64;
    Raster::new(n, n, (0..n * n).map(|k| f([at(k % n, extent.x), at(k / n, extent.y)])), extent)
}

fn combine(a: &Raster, b: &Raster, f: impl Fn(usize, f64, f64) -> f64) -> Result<Raster> {
    let [nx, ny] = a.shape();
    Raster::new(nx, ny, a.values().iter().zip(b.values()).enumerate().map(|(k, (a, b))| f(k, *a, *b)), a.extent())
}

/// A bright elliptical galaxy with faint arcs of an exponential source and a clump, under noise; a masked star.
fn scene(seed: u64) -> Result<FitFigure> {
    let (lens, clump) = (Sie { b: 1.5, q: 0.7 }, [0.35 - 0.05 * seed as f64, -0.1]);
    let field = Extent::centred(N, N, SCALE);
    let source = |[x, y]: [f64; 2]| {
        let disc = (-(x - 0.13).hypot(1.3 * (y - 0.09)) / 0.08).exp();
        0.6 * disc + 0.4 * (-(x - clump[0]).hypot(y - clump[1]).powi(2) / 0.002).exp()
    };
    let galaxy = pixels(N, field, |[x, y]| 7.0 * (2.7 - 7.67 * ((0.8 * x).hypot(y) / 1.1 + 0.002).powf(0.25)).exp())?;
    let arcs = pixels(N, field, |at| source(lens.source(at)))?;
    let model = combine(&galaxy, &arcs, |_, a, b| a + b)?;
    let sigma = |v: f64| SIGMA * (1.0 + v.max(0.0) / 0.4).sqrt();
    let data = combine(&model, &model, |k, a, _| a + sigma(a) * normal(k as u64 + 1_000_000 * seed))?;
    let residual = combine(&data, &model, |_, d, m| (d - m) / sigma(m))?;
    let masked: Vec<bool> = (0..N * N).map(|k| ((k % N) as f64 - 140.0).hypot((k / N) as f64 - 30.0) < 9.0).collect();
    let arcs_alone = combine(&data, &galaxy, |_, d, g| d - g)?;
    let rows = [
        ("θ_E", 1.4983, 1.5, 1.5021),
        ("γ", 1.962, 2.004, 2.051),
        ("e₁", 0.161, 0.1765, 0.189),
        ("e₂", -0.012, -0.001, 0.009),
        ("center_x", -0.0021, 0.0003, 0.0027),
        ("γ₁", 0.011, 0.021, 0.032),
        ("R_sersic", 0.0773, 0.0801, 0.0829),
        ("flux", 1.1e5, 1.2e5, 1.31e5),
    ];
    let images = [
        (PanelKind::Data, data),
        (PanelKind::Model, model),
        (PanelKind::Residual, residual),
        (PanelKind::Source, pixels(200, Extent::square([0.1, 0.0], 0.6), source)?),
        (PanelKind::Convergence, pixels(N, field, |at| lens.convergence(at))?),
        (PanelKind::Arcs, arcs_alone),
        (PanelKind::ArcsModel, arcs),
        (PanelKind::LensLight, galaxy),
    ];
    Ok(FitFigure {
        title: "Mock SIE".to_owned(),
        panels: images.into_iter().map(|(kind, image)| Panel::new(kind, image)).collect(),
        masked: Some(masked),
        critical_curves: vec![lens.critical_curve()],
        caustics: vec![lens.caustic()],
        chi2_per_pixel: Some(1.0),
        unit: "e⁻/s".to_owned(),
        table: rows.map(|(name, a, b, c)| TableRow::new(name, a, b, c)).into(),
        notes: vec!["4 chains × 1000 draws, R̂ ≤ 1.003".to_owned()],
        ..FitFigure::default()
    })
}

/// Draws it twice, writes it and gives its width and height in pixels.
fn look(name: &str, render: impl Fn() -> Result<Vec<u8>>) -> Result<[u32; 2]> {
    let timed = || {
        let start = Instant::now();
        render().map(|png| (png, start.elapsed()))
    };
    let (first, second) = (timed()?, timed()?);
    assert!(first.0 == second.0, "{name}: the same figure gives the same bytes");
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, &first.0).map_err(|e| PlotError::Png(e.to_string()))?;
    let page = Pixmap::decode_png(&first.0).map_err(|e| PlotError::Png(e.to_string()))?;
    let fastest = first.1.min(second.1);
    println!("{}: {} x {} px in {fastest:.0?}", path.display(), page.width(), page.height());
    // Each takes 0.05 to 0.5 s on an idle core; the rest is room for a busy machine. Unoptimised code is not timed.
    assert!(cfg!(debug_assertions) || fastest < Duration::from_secs(3), "{name} took {fastest:?}");
    Ok([page.width(), page.height()])
}

#[test]
fn a_fit_of_five_images_and_a_table_is_a_page_of_two_rows_of_three() -> Result<()> {
    let mut figure = scene(0)?;
    figure.panels.truncate(5);
    let [width, height] = look("fit.png", || figure.render())?;
    assert_eq!(f64::from(width) / f64::from(height), 3.0 * 370.0 / (40.0 + 2.0 * 310.0));
    Ok(())
}

#[test]
fn a_fit_of_eight_images_and_a_long_table_is_a_page_of_three_rows() -> Result<()> {
    let mut figure = scene(0)?;
    figure.table =
        (0..45).map(|k| TableRow::new(&format!("source_{k}.intensity"), 0.9, 1.0 + f64::from(k), 60.0)).collect();
    let [width, height] = look("fit8.png", || figure.render())?;
    assert_eq!(f64::from(width) / f64::from(height), 3.0 * 370.0 / (40.0 + 3.0 * 310.0));
    let svg = figure.svg()?;
    assert!(svg.contains("source_32.intensity") && svg.contains("and 12 more"), "what does not fit is counted");
    Ok(())
}

#[test]
fn a_fit_of_one_oblong_image_keeps_arcsec_square() -> Result<()> {
    let wide = Raster::centred(40, 20, (0..800).map(f64::from), 0.1)?;
    let figure = FitFigure {
        title: "A title that is wider than the page it stands on".into(),
        panels: vec![Panel::new(PanelKind::Data, wide)],
        ..FitFigure::default()
    };
    look("fit1.png", || figure.render())?;
    assert!(figure.svg()?.contains(r#"width="240.000" height="120.000" preserveAspectRatio"#));
    Ok(())
}

#[test]
fn the_contour_of_the_convergence_at_a_half_is_the_critical_curve_of_an_isothermal_lens() -> Result<()> {
    let lens = Sie { b: 1.5, q: 0.7 };
    let curves = pixels(N, Extent::centred(N, N, SCALE), |at| lens.convergence(at))?.contours(0.5);
    assert_eq!(curves.len(), 1);
    // kappa is 1/psi: linear interpolation over a pixel h misplaces it by up to h^2/(4 psi), with psi = 1.25 and h = 0.05.
    assert!(curves[0].iter().all(|p| (lens.psi(*p) - 1.5 * 0.7f64.sqrt()).abs() < 5e-4));
    Ok(())
}

#[test]
fn a_corner_is_drawn_for_one_to_twenty_four_parameters() -> Result<()> {
    const NAMES: [&str; 8] = ["θ_E", "γ", "e₁", "e₂", "center_x", "center_y", "γ₁", "flux"];
    const SHAPES: [(f64, f64); 8] = [
        (1.49932, 2.1e-5),
        (2.04, 0.04),
        (0.17, 0.01),
        (-0.02, 0.01),
        (3e-4, 2e-4),
        (-1.2e-5, 3e-6),
        (0.03, 0.01),
        (12345.0, 140.0),
    ];
    let column = |p: usize| -> Vec<f64> {
        let draw = |k: usize| {
            let (shared, own) = (normal(k as u64 + 77), normal((k + 1_000_000 * (p + 1)) as u64));
            let z = match p {
                1 => shared,
                2 => 0.9 * shared + 0.43 * own,
                3 => 0.5 * shared * shared + 0.4 * own,
                6 => own.abs(),
                _ => 0.4 * shared + own,
            };
            SHAPES[p % 8].0 + SHAPES[p % 8].1 * z
        };
        (0..4000).map(draw).collect()
    };
    for n in [1, 2, 5, 16, 24] {
        let truths = [Some(1.49932), Some(2.0), Some(0.165), None, Some(0.01)];
        let figure = CornerFigure {
            title: "posterior".into(),
            labels: (0..n).map(|p| NAMES[p % 8].to_owned()).collect(),
            samples: (0..n).map(column).collect(),
            truths: Some((0..n).map(|p| truths.get(p).copied().flatten()).collect()),
            ..CornerFigure::default()
        };
        look(&format!("corner{n}.png"), || figure.render())?;
        let svg = figure.svg()?;
        // Two digits of the error, the digits that all draws share taken out of the ticks.
        assert!(svg.contains(">1.499320<") && svg.contains(">+0.000023<") && svg.contains(">− 1.499 [10⁻⁴]<"));
        assert_eq!(svg.contains(">68 % region<"), n > 1);
    }
    Ok(())
}

#[test]
fn a_contact_sheet_shows_every_lens() -> Result<()> {
    let tile = |seed: u64| {
        let mut panels = scene(seed)?.panels;
        panels.truncate(3);
        Ok(Tile { title: format!("Mock {seed}"), caption: "θ_E = 1.50″, χ²/pixel = 1.00".into(), panels })
    };
    let sheet = ContactSheet {
        title: "Fits".into(),
        note: String::new(),
        tiles: (0..6).map(tile).collect::<Result<_>>()?,
        columns: 0,
    };
    look("contact.png", || sheet.render())?;
    assert!(matches!(ContactSheet::default().render(), Err(PlotError::Count { got: 0, .. })));
    Ok(())
}

#[test]
fn a_sheet_of_galaxies_shows_faint_structure_and_noise_on_one_scale_without_text_on_them() -> Result<()> {
    let tile = |k: u64| {
        let sigma = 1.0 / (12.0 + 8.0 * (k % 12) as f64);
        let (index, size, q) = (0.6 + 0.3 * (k % 7) as f64, 0.12 + 0.02 * (k % 5) as f64, 0.4 + 0.1 * (k % 6) as f64);
        let galaxy = pixels(64, Extent::centred(64, 64, 0.03), |[x, y]| {
            let r = x.hypot(y / q);
            let arms = 1.0 + 0.5 * (2.0 * (y / q).atan2(x) - 5.0 * (r + 0.05).ln()).cos() * (r / 0.2).min(1.0);
            arms * (-(r / size).powf(1.0 / index)).exp()
        })?;
        let noisy = combine(&galaxy, &galaxy, |i, v, _| v + sigma * normal(i as u64 + 100_000 * (k + 1)))?;
        let max = noisy.values().iter().copied().fold(f64::MIN, f64::max);
        let panels = vec![Panel::new(PanelKind::Galaxy, combine(&noisy, &noisy, |_, v, _| v / max)?)];
        Ok(Tile { title: (100_000 + 7 * k).to_string(), caption: format!("1.92″, {:.0} σ", max / sigma), panels })
    };
    let sheet = ContactSheet {
        title: "100 galaxies".into(),
        note: "Grey: asinh(I / 0.1), I from −0.1 (black) to 1 (white) of the maximum of each".into(),
        tiles: (0..100).map(tile).collect::<Result<_>>()?,
        columns: 10,
    };
    let [width, height] = look("galaxies.png", || sheet.render())?;
    // Ten tiles of 119 x 142 each way, and the heading with its note.
    assert_eq!([width, height], [2 * (1190 + 12), 2 * (60 + 1420)]);
    let one =
        ContactSheet { tiles: sheet.tiles[..1].to_vec(), title: "A title that is wider than one tile".into(), ..sheet };
    let [width, _] = look("galaxy.png", || one.render())?;
    assert!(width > 2 * 400, "the page of one tile is as wide as its words, not {width}");
    let noise = |v: f64| Stretch::GALAXY.unit(v + 0.02) - Stretch::GALAXY.unit(v);
    // 13 of 256 greys for a deviation of 1/50 of the maximum in the sky, and at least one at the maximum.
    assert!(noise(0.0) > 0.05 && noise(0.98) > 1.0 / 256.0, "{} {}", noise(0.0), noise(0.98));
    assert_eq!([-0.1, 1.0].map(|v| Stretch::GALAXY.unit(v)), [0.0, 1.0]);
    assert_eq!(
        (PanelKind::Galaxy.title(), Colormap::Grey.colour(0.0), Colormap::Grey.colour(1.0)),
        ("", [0; 3], [255; 3])
    );
    Ok(())
}
