//! Derived quantities: shapes, Einstein radii and the magnification at draws of the posterior.

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};

use lens_models::op::expose;
use lens_models::plane::{Lens, einstein_radius};
use lens_models::system::{BandsModel, Component, Profile, Role, System};
use ppl_core::{Array, Values};
use ppl_infer::posterior::Posterior;

use super::FitError;
use super::halo;
use super::optics::Optics;
use super::point_view::points_at;
use super::values::{constants, each, masses, number, universe};

/// Draws of all chains together, evenly spaced, that the quantities are computed at.
const DRAWS: usize = 200;
/// Where the flux of a source is summed: on circles about its centre whose radii grow evenly in their logarithm.
const RADII: [f64; 2] = [1e-4, 1e2];
const CIRCLES: usize = 240;
const ANGLES: usize = 64;

/// What follows from the draws of a system, as a posterior of fewer draws:
///
/// - `NAME.q`, `NAME.phi` of a component with `e1`, `e2`: axis ratio, and position angle from +x, radians;
/// - `NAME.einstein_radius` of a lens with a centre: the radius of the circle about it within which its own mean convergence is 1,
///   arcsec;
/// - `einstein_radius`: the same of all lenses together, about the centre of the first; behind several planes of lenses, of the effective
///   convergence;
/// - `magnification`: the flux of the images of the sources over that of the sources, in the first of several bands;
/// - `einstein_mass`, `einstein_radius_kpc`, `time_delay_distance` with a cosmology: solar masses, kpc and Mpc;
/// - `NAME.m200`, `NAME.concentration` of an NFW halo, `NAME.total_mass` of a truncated one, with a cosmology: solar masses;
/// - `NAME.magnification`, `NAME.delay` of a point source: of its images, and in days after the first.
pub(super) fn derived(
    system: &System,
    model: Option<&BandsModel>,
    posterior: &Posterior,
    best: &BTreeMap<String, Vec<f64>>,
) -> Result<Posterior, FitError> {
    let chains = posterior.chains();
    let draws = posterior.draws().min(DRAWS.div_ceil(chains.max(1)));
    let mut columns: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for chain in 0..chains {
        for i in 0..draws {
            let draw = chain * posterior.draws() + i * posterior.draws() / draws;
            let (sites, values) = sites(system, posterior, draw);
            for (name, values) in quantities(system, model, &sites, &values, best)? {
                columns.entry(name).or_default().extend(values);
            }
        }
    }
    let mut derived = Posterior::new(chains, draws);
    for (name, values) in columns {
        let each = values.len() / (chains * draws).max(1);
        let shape: &[usize] = if each == 1 { &[] } else { &[each] };
        derived.push_variable(name, shape, values)?;
    }
    Ok(derived)
}

/// Every parameter of a draw by site, and those that the model samples as it takes them.
fn sites(system: &System, posterior: &Posterior, draw: usize) -> (BTreeMap<String, Vec<f64>>, Values) {
    let (mut sites, mut values) = (BTreeMap::new(), Values::new());
    for component in &system.components {
        for parameter in component.profile.parameters() {
            let site = component.site(parameter);
            let linear = component.linear().is_some_and(|linear| linear.name == parameter.name);
            if let Some(numbers) = posterior.get(&site).and_then(|v| v.draws().nth(draw)) {
                values = match numbers {
                    _ if linear => values,
                    [one] if component.count == 1 && parameter.size == 1 => values.with(site.clone(), *one),
                    many => values.with(site.clone(), many.to_vec()),
                };
                sites.insert(site, numbers.to_vec());
            } else if let Some(fixed) = component.fixed.get(parameter.name) {
                sites.insert(site, fixed.clone());
            }
        }
    }
    (sites, values)
}

/// The quantities of one draw, a number for each copy of a component.
fn quantities(
    system: &System,
    model: Option<&BandsModel>,
    sites: &BTreeMap<String, Vec<f64>>,
    values: &Values,
    best: &BTreeMap<String, Vec<f64>>,
) -> Result<Vec<(String, Vec<f64>)>, FitError> {
    let mut all = vec![];
    let universe = universe(system, sites);
    for component in &system.components {
        let with_universe = |c: &&Component| c.name == component.name || c.role == Role::Cosmology;
        let alone =
            System { components: system.components.iter().filter(with_universe).cloned().collect(), ..system.clone() };
        let copies: Vec<_> = each(&alone, component.role, sites).collect();
        all.extend(universe.into_iter().flat_map(|universe| halo::quantities(component, &copies, universe)));
        let owner = component.owner(&["e1", "e2"]);
        // Bands have one shape, where it is not their own.
        let known = all.iter().any(|(name, _): &(String, Vec<f64>)| *name == format!("{owner}.q"));
        if let Some(shapes) = shapes(component, sites).filter(|_| !known) {
            let near = self::shapes(component, best).unwrap_or_default();
            let (q, phi): (Vec<f64>, Vec<f64>) = shapes.into_iter().unzip();
            // An angle is one of many that differ by pi: that which is nearest to the best.
            let turn = |(phi, near): (&f64, &(f64, f64))| phi - PI * ((phi - near.1) / PI).round();
            all.push((format!("{owner}.phi"), phi.iter().zip(&near).map(turn).collect()));
            all.push((format!("{owner}.q"), q));
        }
        if component.role == Role::Lens && !matches!(component.profile, Profile::Halo(_)) {
            let radius = |copy: (&Profile, Vec<Vec<f64>>)| {
                let (mass, params, centers) = masses(std::iter::once(copy));
                let lens = Lens::new(&mass, &params);
                centers.first().map(|center| einstein_radius(&lens, *center).unwrap_or(f64::NAN))
            };
            let radii: Vec<f64> = copies.into_iter().filter_map(radius).collect();
            if !radii.is_empty() {
                all.push((format!("{}.einstein_radius", component.name), radii));
            }
        }
    }
    if let Some(optics) = Optics::of(system, sites)?.filter(Optics::has_center) {
        // A second mass without a centre, such as a shear, adds nothing to the mean over a circle.
        let known = all.iter().find(|(name, _)| optics.has_one_center() && name.ends_with(".einstein_radius"));
        let found = || optics.einstein_radius().unwrap_or(f64::NAN);
        let radius = known.map_or_else(found, |(_, radii)| radii[0]);
        all.push(("einstein_radius".to_owned(), vec![radius]));
        if let Some((redshifts, cosmology)) = universe {
            all.extend(redshifts.scales(cosmology, radius).map(|(name, value)| (name.to_owned(), vec![value])));
        }
        if let Some((model, values)) = model.and_then(|all| Some((all.bands().first()?, all.values_of(0, values)))) {
            // The scene has the best linear amplitudes, whatever their draw.
            let mut as_seen = sites.clone();
            if model.has_linear() {
                as_seen.extend(model.amplitudes_at(&values)?.best());
            }
            if let Some(source) = source_flux(&system.of_band(0), &as_seen)? {
                let images = model.scene_at(&values)?.source.map(|light| expose(model.data(), &light)).transpose()?;
                let flux: f64 = images.iter().flat_map(|images| images.lane(0)).map(|v| f64::from(*v)).sum();
                let source = source / model.data().grid.pixel_scale().powi(2);
                all.push(("magnification".to_owned(), vec![flux / source]));
            }
        }
    }
    for points in points_at(system, sites)? {
        let Some((first, later)) = points.matched.split_first() else { continue };
        let name = |what: &str| format!("{}.{what}", points.name);
        let magnifications = std::iter::once(first).chain(later).map(|(image, _)| image.magnification);
        all.push((name("magnification"), magnifications.collect()));
        let delays: Option<Vec<f64>> = later.iter().map(|(_, delay)| *delay).collect();
        all.extend(delays.map(|delays| (name("delay"), delays)));
    }
    Ok(all)
}

/// Axis ratio and position angle of each copy of a component with an ellipticity.
fn shapes(component: &Component, sites: &BTreeMap<String, Vec<f64>>) -> Option<Vec<(f64, f64)>> {
    let of = |name: &str| {
        let parameter = component.profile.parameters().iter().find(|p| p.name == name)?;
        sites.get(&component.site(parameter))
    };
    let (e1, e2) = (of("e1")?, of("e2")?);
    let at = |values: &[f64], copy: usize| values.get(copy).or(values.first()).copied().unwrap_or(f64::NAN);
    let shape = |copy| {
        let (e1, e2) = (at(e1, copy), at(e2, copy));
        let e = e1.hypot(e2);
        ((1.0 - e) / (1.0 + e), 0.5 * e2.atan2(e1))
    };
    Some((0..component.count).map(shape).collect())
}

/// Brightness per pixel of all sources with a centre, integrated over the plane of the source, arcsec^2; none without such a source.
fn source_flux(system: &System, sites: &BTreeMap<String, Vec<f64>>) -> Result<Option<f64>, FitError> {
    let [from, to] = RADII.map(f64::ln);
    let step = (to - from) / CIRCLES as f64;
    let mut flux = None;
    for (profile, values) in each(system, Role::Source, sites) {
        let (Profile::Light(light), Some(x), Some(y)) =
            (profile, number(profile, &values, "center_x"), number(profile, &values, "center_y"))
        else {
            continue;
        };
        let points = CIRCLES * ANGLES;
        let radius = |i: usize| (from + (0.5 + (i / ANGLES) as f64) * step).exp();
        let angle = |i: usize| TAU * (i % ANGLES) as f64 / ANGLES as f64;
        let along = (0..points).map(|i| (x + radius(i) * angle(i).cos()) as f32);
        let up = (0..points).map(|i| (y + radius(i) * angle(i).sin()) as f32);
        let positions = Array::constant(&[2, points], along.chain(up).collect())?;
        let brightness = light.brightness(&positions, None, &constants(&values))?;
        // d area = r^2 d ln r d angle
        let ring = |(i, b): (usize, &f32)| f64::from(*b) * radius(i).powi(2);
        let sum = brightness.lane(0).iter().enumerate().map(ring).sum::<f64>() * step * TAU / ANGLES as f64;
        flux = Some(flux.unwrap_or(0.0) + sum);
    }
    Ok(flux)
}
