//! The view of a fit: its model image, the parts of it, the source and the mass, at one point of parameter space.

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::mass::MassSum;
use lens_models::op::expose;
use lens_models::plane::{Curve, Lens, Square};
use lens_models::system::{Profile, Role, Scene, System};
use ppl_core::Array;
use ppl_core::autodiff::{Dims, Value};

use super::FitError;

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
    /// Convergence in each pixel; empty without a deflector.
    pub convergence: Vec<f32>,
    /// Where images are magnified without bound, in the image plane, arcsec.
    pub critical_curves: Vec<Vec<[f64; 2]>>,
    /// The same in the source plane.
    pub caustics: Vec<Vec<[f64; 2]>>,
    /// Where a source loses its image at the centre of an isothermal or steeper mass, in the source plane.
    pub cuts: Vec<Vec<[f64; 2]>>,
    /// Radius of the circle about the first lens with a centre within which the mean convergence of all lenses is one, arcsec; none
    /// without one.
    pub einstein_radius: Option<f64>,
}

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
        let mut view =
            View { model, lens_light, arcs, residual, chi2_per_pixel: chi2 / used.max(1) as f64, ..View::default() };
        view.add_mass(system, data, best);
        view.add_source(system, best)?;
        Ok(view)
    }

    fn add_mass(&mut self, system: &System, data: &ImageData, best: &BTreeMap<String, Vec<f64>>) {
        let (mass, params, centers) = masses(each(system, Role::Lens, best));
        if params.is_empty() {
            return;
        }
        let lens = Lens::new(&mass, &params);
        let (grid, window) = (&data.grid, data.grid.window());
        let places = window.rows().flat_map(|y| window.columns().map(move |x| (x, y)));
        self.convergence = places
            .map(|(x, y)| {
                let (x, y) = grid.position(x, y);
                lens.kappa(x, y) as f32
            })
            .collect();
        let corner = grid.position(window.x0, window.y0);
        let opposite = grid.position(window.x0 + window.width - 1, window.y0 + window.height - 1);
        let center = [0.5 * (corner.0 + opposite.0), 0.5 * (corner.1 + opposite.1)];
        let half_width = 0.5 * (opposite.0 - corner.0).max(opposite.1 - corner.1);
        let cells = (2 * window.width.max(window.height)).min(MOST_CELLS);
        let critical = lens.smooth_critical_curves(Square { center, half_width, cells }, &centers);
        self.einstein_radius = centers.first().and_then(|center| lens.einstein_radius(*center));
        self.cuts = lens.cuts(&centers).into_iter().map(joined).collect();
        self.caustics = lens.caustics(&critical).into_iter().map(joined).collect();
        self.critical_curves = critical.into_iter().map(joined).collect();
    }

    fn add_source(&mut self, system: &System, best: &BTreeMap<String, Vec<f64>>) -> Result<(), FitError> {
        let lights: Vec<_> = each(system, Role::Source, best)
            .filter_map(|(profile, values)| match profile {
                Profile::Light(light) => Some((light, values)),
                Profile::Mass(_) => None,
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

/// Numbers of parameters as values, a scalar or a vector each.
pub(super) fn constants(params: &[Vec<f64>]) -> Vec<Value> {
    let dims = |numbers: &[f64]| if numbers.len() == 1 { Dims::SCALAR } else { Dims::new(&[numbers.len()]) };
    params.iter().map(|numbers| Value::shared(dims(numbers), numbers.clone())).collect()
}

/// The sum of some mass profiles, its parameters, and the centres of those that have one.
pub(super) fn masses<'a>(
    profiles: impl Iterator<Item = (&'a Profile, Vec<Vec<f64>>)>,
) -> (MassSum, Vec<f64>, Vec<[f64; 2]>) {
    let (mut all, mut params, mut centers) = (vec![], vec![], vec![]);
    for (profile, values) in profiles {
        let center = ["center_x", "center_y"].map(|name| number(profile, &values, name));
        if let Profile::Mass(profile) = profile {
            all.push(*profile);
            params.extend(values.concat());
            if let [Some(x), Some(y)] = center {
                centers.push([x, y]);
            }
        }
    }
    (MassSum::new(all), params, centers)
}

/// The first number of the parameter of this name.
pub(super) fn number(profile: &Profile, values: &[Vec<f64>], name: &str) -> Option<f64> {
    let place = profile.parameters().iter().position(|p| p.name == name)?;
    values[place].first().copied()
}

/// Every copy of every component of a role: its profile, and the numbers of each of its parameters.
pub(super) fn each<'a>(
    system: &'a System,
    role: Role,
    best: &'a BTreeMap<String, Vec<f64>>,
) -> impl Iterator<Item = (&'a Profile, Vec<Vec<f64>>)> + 'a {
    system.of_role(role).flat_map(move |component| {
        (0..component.count).map(move |copy| {
            let mut params = vec![];
            let mut numbers = component.numbers(copy, |p| best.get(&component.site(p)));
            for parameter in component.profile.parameters() {
                let all = numbers.by_ref().take(parameter.size);
                params.push(all.map(|(_, value)| value.unwrap_or(f64::NAN)).collect());
            }
            (&component.profile, params)
        })
    })
}
