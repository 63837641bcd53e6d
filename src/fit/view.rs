//! The view of a fit: its model image, the parts of it, the source and the mass, at one point of parameter space.

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::op::expose;
use lens_models::plane::{Curve, Square, caustics, smooth_critical_curves};
use lens_models::system::{PointsModel, Profile, Role, Scene, System};
use ppl_core::Array;

use super::FitError;
use super::optics::Optics;
use super::point_view::{PointsView, points_at};
use super::values::{constants, each};

/// Images of the modelled window, row-major `[y][x]`, pixel (0, 0) bottom-left.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The whole model, as the camera sees it.
    pub model: Vec<f32>,
    /// Lens light alone; empty where none is modelled.
    pub lens_light: Vec<f32>,
    /// The lensed source alone; empty where none is modelled.
    pub arcs: Vec<f32>,
    /// (data - model) / sigma; NaN in pixels that are not used.
    pub residual: Vec<f32>,
    /// Mean square of the residual.
    pub chi2_per_pixel: f64,
    /// The source itself, on `source_size` x `source_size` pixels.
    pub source: Vec<f32>,
    /// Pixels along each side of the source image.
    pub source_size: usize,
    /// Centre of the source image, arcsec.
    pub source_center: [f64; 2],
    /// Half its width, arcsec.
    pub source_half_width: f64,
    /// Convergence in each pixel, of the lenses in the plane of the first; empty without a deflector.
    pub convergence: Vec<f32>,
    /// The square that the convergence is of, where there is no image.
    pub convergence_square: Option<Square>,
    /// The point sources.
    pub points: Vec<PointsView>,
    /// Where images are magnified without bound, in the image plane, arcsec; of several sources, those of the last.
    pub critical_curves: Vec<Vec<[f64; 2]>>,
    /// The same in the plane of that source.
    pub caustics: Vec<Vec<[f64; 2]>>,
    /// Where a source loses its image at the centre of an isothermal or steeper mass, in the source plane.
    pub cuts: Vec<Vec<[f64; 2]>>,
    /// Radius of the circle about the first lens with a centre within which the mean convergence of all lenses (behind several planes of
    /// them, the effective one) is one, arcsec; none without one.
    pub einstein_radius: Option<f64>,
}

/// Rays along each side of the square that is shot back.
const RAYS: usize = 1200;
/// Pixels along each side of the source image.
const SOURCE_SIZE: usize = 120;
/// Most cells along each side of the square that is searched for critical curves; small ones are looked for where the masses are.
const MOST_CELLS: usize = 300;

impl View {
    /// The view of a scene and of the parameters that made it.
    pub(super) fn new(
        system: &System,
        data: &Arc<ImageData>,
        scene: &Scene,
        best: &BTreeMap<String, Vec<f64>>,
    ) -> Result<View, FitError> {
        let mut view = View::of_images(data, scene)?;
        view.add_mass(system, data, best)?;
        view.add_source(system, best)?;
        view.points = points_at(system, best)?;
        Ok(view)
    }

    /// The view of another image of the same lens, whose curves are those of the first.
    pub(super) fn beside(
        first: &View,
        system: &System,
        data: &Arc<ImageData>,
        scene: &Scene,
        best: &BTreeMap<String, Vec<f64>>,
    ) -> Result<View, FitError> {
        let View { critical_curves, caustics, cuts, einstein_radius, points, .. } = first.clone();
        let images = View::of_images(data, scene)?;
        let mut view = View { critical_curves, caustics, cuts, einstein_radius, points, ..images };
        view.add_source(system, best)?;
        Ok(view)
    }

    /// What the camera sees of a scene, beside its data.
    fn of_images(data: &Arc<ImageData>, scene: &Scene) -> Result<View, FitError> {
        let exposed = |part: &Option<ppl_core::Array>| -> Result<Vec<f32>, FitError> {
            part.as_ref().map_or(Ok(vec![]), |array| Ok(expose(data, array)?.lane(0).to_vec()))
        };
        let (lens_light, arcs) = (exposed(&scene.light)?, exposed(&scene.source)?);
        let mut model = vec![0.0; data.grid.pixels()];
        for part in [&lens_light, &arcs] {
            model.iter_mut().zip(part).for_each(|(m, p)| *m += p);
        }
        let residual = data.residual(&model);
        let used = residual.iter().filter(|z| !z.is_nan()).count();
        let chi2: f64 = residual.iter().filter(|z| !z.is_nan()).map(|z| f64::from(*z).powi(2)).sum();
        let chi2_per_pixel = chi2 / used.max(1) as f64;
        Ok(View { model, lens_light, arcs, residual, chi2_per_pixel, ..View::default() })
    }

    fn add_mass(
        &mut self,
        system: &System,
        data: &ImageData,
        best: &BTreeMap<String, Vec<f64>>,
    ) -> Result<(), FitError> {
        let Some(optics) = Optics::of(system, best)? else { return Ok(()) };
        let (grid, window) = (&data.grid, data.grid.window());
        let places = window.rows().flat_map(|y| window.columns().map(move |x| (x, y)));
        let places: Vec<[f64; 2]> = places.map(|(x, y)| grid.position(x, y).into()).collect();
        self.convergence = optics.perturbed().at_all(&places).iter().map(|at| at.kappa() as f32).collect();
        let corner = grid.position(window.x0, window.y0);
        let opposite = grid.position(window.x0 + window.width - 1, window.y0 + window.height - 1);
        let center = [0.5 * (corner.0 + opposite.0), 0.5 * (corner.1 + opposite.1)];
        let half_width = 0.5 * (opposite.0 - corner.0).max(opposite.1 - corner.1);
        let cells = (2 * window.width.max(window.height)).min(MOST_CELLS);
        self.add_curves(&optics, Square { center, half_width, cells });
        Ok(())
    }

    fn add_curves(&mut self, optics: &Optics, square: Square) {
        let mapping = optics.mapping();
        let critical = smooth_critical_curves(&*mapping, square, &optics.centers());
        self.einstein_radius = optics.einstein_radius();
        self.cuts = optics.cuts().into_iter().map(joined).collect();
        self.caustics = caustics(&*mapping, &critical).into_iter().map(joined).collect();
        self.critical_curves = critical.into_iter().map(joined).collect();
    }

    /// The view of a system without an image: its curves, the convergence where its point sources have images, and the magnification of a
    /// point anywhere in the plane of the source.
    pub(super) fn of_points(system: &System, best: &BTreeMap<String, Vec<f64>>) -> Result<View, FitError> {
        let scales = PointsModel::scales(system)?;
        let mut view = View { chi2_per_pixel: f64::NAN, points: points_at(system, best)?, ..View::default() };
        let Some(optics) = Optics::of(system, best)? else { return Ok(view) };
        // The extent of the images is 0.4 of the radius.
        let square = Square { center: scales.center, half_width: 0.8 * scales.radius, cells: SOURCE_SIZE };
        view.add_curves(&optics, square);
        let on = |square: Square, cells: usize| {
            let at = move |i: usize, axis: usize| {
                square.center[axis] + ((i as f64 + 0.5) / cells as f64 - 0.5) * 2.0 * square.half_width
            };
            (0..cells * cells).map(move |i| [at(i % cells, 0), at(i / cells, 1)]).collect::<Vec<_>>()
        };
        let convergence = optics.main().at_all(&on(square, SOURCE_SIZE));
        view.convergence = convergence.iter().map(|at| at.kappa() as f32).collect();
        view.convergence_square = Some(square);
        // By inverse ray shooting: rays that meet a cell of the plane of the source, over those that would without a lens.
        let center = view.points.first().and_then(|points| points.source).unwrap_or(scales.center);
        let caustic = view.caustics.iter().chain(&view.cuts).flatten();
        let reach = caustic.map(|p| (p[0] - center[0]).abs().max((p[1] - center[1]).abs())).fold(0.0, f64::max);
        let half = (1.2 * reach).max(0.05 * scales.radius);
        let wide = Square { half_width: 1.5 * square.half_width, ..square };
        let rays = on(wide, RAYS);
        let mut hits = vec![0.0_f32; SOURCE_SIZE * SOURCE_SIZE];
        let per_cell = (half * RAYS as f64 / (wide.half_width * SOURCE_SIZE as f64)).powi(2);
        for ray in optics.mapping().rays(&rays) {
            let place = |axis: usize| {
                let off = (ray.position[axis] - center[axis]) / half;
                (off.abs() < 1.0).then(|| ((0.5 * (off + 1.0) * SOURCE_SIZE as f64) as usize).min(SOURCE_SIZE - 1))
            };
            if let (Some(x), Some(y)) = (place(0), place(1)) {
                hits[y * SOURCE_SIZE + x] += (1.0 / per_cell) as f32;
            }
        }
        (view.source, view.source_size, view.source_center, view.source_half_width) = (hits, SOURCE_SIZE, center, half);
        Ok(view)
    }

    fn add_source(&mut self, system: &System, best: &BTreeMap<String, Vec<f64>>) -> Result<(), FitError> {
        let lights: Vec<_> = each(system, Role::Source, best)
            .filter_map(|(profile, values)| match profile {
                Profile::Light(light) => Some((light, values)),
                _ => None,
            })
            .collect();
        let Some((first, values)) = lights.first() else { return Ok(()) };
        let value = |name| first.parameters().iter().position(|p| p.name == name).map(|i| values[i][0]);
        let center = [value("center_x").unwrap_or(0.0), value("center_y").unwrap_or(0.0)];
        // The caustics belong in the picture: they say why the source has the images it has.
        let reach = self.caustics.iter().flatten().map(|p| (p[0] - center[0]).abs().max((p[1] - center[1]).abs()));
        let size = value("scale").map(|width| 0.5 * width).or(value("R_sersic").map(|radius| 3.0 * radius));
        let half = size.unwrap_or(0.9).max(1.1 * reach.fold(0.0, f64::max)).max(0.05);
        let at = |i: usize| ((i as f64 + 0.5) / SOURCE_SIZE as f64 - 0.5) * 2.0 * half;
        let pixels = SOURCE_SIZE * SOURCE_SIZE;
        let x = (0..pixels).map(|i| (center[0] + at(i % SOURCE_SIZE)) as f32);
        let y = (0..pixels).map(|i| (center[1] + at(i / SOURCE_SIZE)) as f32);
        let positions = Array::constant(&[2, pixels], x.chain(y).collect())?;
        let parts = lights.iter().map(|(light, values)| light.brightness(&positions, None, &constants(values)));
        let parts = parts.collect::<ppl_core::Result<Vec<_>>>()?;
        self.source = Array::sum_of(&parts)?.lane(0).to_vec();
        (self.source_size, self.source_center, self.source_half_width) = (SOURCE_SIZE, center, half);
        Ok(())
    }
}

/// The points of a curve, the first repeated at the end where it is closed.
fn joined(curve: Curve) -> Vec<[f64; 2]> {
    let Curve { mut points, closed } = curve;
    points.extend(points.first().copied().filter(|_| closed));
    points
}
