//! The scales of fields by their evidence, with all that they scale integrated over.

use lens_models::system::{BandsModel, Scales, System};
use nalgebra::{DMatrix, DVector};
use ppl_core::{Ctx, LogDensity, ModelDensity, Values};
use ppl_infer::Executor;
use ppl_infer::map::{Curvature, LbfgsSettings, MapSettings, OptimizerSettings, Preconditioned, maximise_with};

use super::FitError;
use super::around::of_field;
use super::field::{Field, fields, free, held, merged, on_grids, optimizer, place, scaling, slope_of, whitened};
use super::light::latent_values;
use super::part::Part;
use super::search::{Search, with_priors};

/// Most steps.
const PASSES: usize = 14;
/// The step, in posterior standard deviations of each scale, below which another is not taken.
const NEAR: f64 = 1.0;
/// The same at the best of all steps from which on a warning says so.
const UNSETTLED: f64 = 2.0;
/// The curvature above which a direction of whitened numbers counts as known. The sum of all that is left out is an error of the evidence's slope.
const LEAST: f64 = 1.03;
/// Share of a step of Fisher's scoring that is taken: sources are no draws of the field, and the evidence is up to twice as curved as it expects.
const DAMPING: f64 = 0.6;

/// Values of everything, scales of fields too, in which these maximise their evidence, all else integrated over:
///
/// ln Z(psi) = max of ln p(data, xi, rest, psi) + ln det V(psi) / 2
///
/// psi being the scales in unconstrained units, xi the whitened numbers, V their posterior covariance. Data are linear in xi: this is the integral
/// over it. The slope of the first term at its maximum is the gradient by psi alone (the maximum has to be one: along the steepest directions a
/// gain of a nat is a slope of hundreds). Steps are Fisher's scoring.
pub(super) fn with_likely_scales(
    system: &System,
    model: &BandsModel,
    scales: &[Scales],
    mut values: Values,
    search: &mut Search<'_, '_>,
) -> Result<(Values, Vec<Spread>), FitError> {
    let mut open = on_grids(system, &values);
    let mut open_density = search.density(with_priors(&model.with_system(&open, scales)?, &open))?;
    let mut around: Option<Curvature> = None;
    let mut best: Option<(f64, f64, Values, Vec<Spread>)> = None;
    for pass in 0..PASSES {
        let held = held(system, &values);
        let density = search.density(with_priors(&model.with_system(&held, scales)?, &held))?;
        let mut position = density.position_of(&free(&held, &values), 0)?;
        if around.is_none() {
            position = search.maximise(&density, &position, &optimizer(system))?.position;
            // The field first: where it is far from its maximum, the curvature along the lens says nothing.
            let places = whitened(system, &density);
            let part = Part::new(&density, &position, &places);
            let size = part.dim();
            let at = part.of(&position);
            let field =
                of_field(&part, &at, std::slice::from_ref(&(0..size)), LEAST, search.executor, "curvature of a field")?;
            let at = maximum(&part, &at, &field, search.executor)?;
            position = part.whole(&at);
            around = Some(measured(&density, &position, system, search)?);
        }
        if let Some(around) = &around {
            position = maximum(&density, &position, around, search.executor)?;
        }
        let now = measured(&density, &position, system, search)?;
        values = merged(values, &latent_values(&density, &position)?);
        let at = open_density.position_of(&free(&open, &values), 0)?;
        let (mut top, mut slope) = ([0.0], vec![0.0; at.len()]);
        open_density.logp_and_grad(&at, &mut top, &mut slope)?;
        search.executor.spend(1);
        let evidence = top[0] + 0.5 * now.covariance.ln_det();
        let (mut farthest, mut next): (f64, Values) = (0.0, values.clone());
        let mut spreads = vec![];
        for field in &fields(system) {
            let Some(step) = stepped(field, &density, &now, (&open_density, &at, &slope), &next)? else { continue };
            (next, farthest) = (step.values, farthest.max(step.moved));
            spreads.extend(step.spread);
        }
        tracing::info!("step {pass} of the scales: ln Z {evidence:.1}, {farthest:.1} standard deviations to go");
        if best.as_ref().is_none_or(|best| evidence > best.0) {
            best = Some((evidence, farthest, values.clone(), spreads));
        }
        if farthest < NEAR {
            break;
        }
        (values, around) = (next, Some(now));
        if let Some(other) = on_better_grids(system, &values) {
            (values, around, best) = (other, None, None);
            open = on_grids(system, &values);
            open_density = search.density(with_priors(&model.with_system(&open, scales)?, &open))?;
        }
    }
    let Some((_, farthest, values, spreads)) = best else { return Ok((values, vec![])) };
    if farthest > UNSETTLED {
        tracing::warn!(
            "the scales of a field have not settled: they may be {farthest:.1} standard deviations from their maximum"
        );
    }
    Ok((values, spreads))
}

/// How far the width of a grid scatters, the lens held and the field integrated over.
pub(super) struct Spread {
    pub site: String,
    /// A standard deviation, by the expected information.
    pub deviation: f64,
}

/// A step of the scales of a field.
struct Step {
    /// What it leads to, with whitened numbers that are the same light.
    values: Values,
    /// How many standard deviations all of it would be.
    moved: f64,
    spread: Option<Spread>,
}

/// The values with every field on a grid that fits it; none where all do.
fn on_better_grids(system: &System, values: &Values) -> Option<Values> {
    let mut better = None;
    for field in fields(system) {
        let is_free = |name: &str| !field.component.fixed.contains_key(name);
        let all = field.model.grid().iter().copied().chain(field.model.scaling().iter().map(|s| s.name));
        if !all.clone().all(is_free) {
            continue;
        }
        let of = |name: &str| values.numbers(&field.component.site_of(name)).map(<[f64]>::to_vec).unwrap_or_default();
        for (name, numbers) in field.model.on_better_grid(&of) {
            let site = field.component.site_of(name);
            let own = better.take().unwrap_or_else(|| values.clone());
            better = Some(match numbers[..] {
                [number] => own.with(site, number),
                _ => own.with(site, numbers),
            });
        }
    }
    better
}

/// The Gaussian about a position, with all that data know a little of.
fn measured<M, R>(
    density: &ModelDensity<M>,
    position: &[f64],
    system: &System,
    search: &mut Search<'_, '_>,
) -> Result<Curvature, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    Ok(of_field(density, position, &whitened(system, density), LEAST, search.executor, "curvature of scales")?)
}

/// The maximum near a position, in units of the covariance near it.
pub(super) fn maximum(
    density: &impl LogDensity,
    position: &[f64],
    around: &Curvature,
    executor: &mut Executor<'_>,
) -> Result<Vec<f64>, FitError> {
    let own = Preconditioned::new(density, position, &around.covariance);
    let fine =
        LbfgsSettings { memory: 20, tol_gain: 1e-4, tol_logp: 1e-9, max_iterations: 200, ..LbfgsSettings::default() };
    let settings = MapSettings { optimizer: OptimizerSettings::Lbfgs(fine), ..MapSettings::default() };
    let best = maximise_with(&own, &vec![0.0; density.dim()], &settings, executor)?;
    Ok(own.position(&best.position))
}

/// A step of the scales of a field. `slope` is the gradient of `open`, in which they are free, at the position `at`.
fn stepped<M, N, R, S>(
    field: &Field<'_>,
    density: &ModelDensity<M>,
    around: &Curvature,
    (open, at, slope): (&ModelDensity<N>, &[f64], &[f64]),
    values: &Values,
) -> Result<Option<Step>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
    N: Fn(&mut Ctx) -> ppl_core::Result<S>,
{
    let (scaling, site) = (scaling(field), field.component.site(field.whitened));
    let Some(own) = place(density, &site).filter(|_| !scaling.is_empty()) else { return Ok(None) };
    let (dim, covariance) = (density.dim(), &around.covariance);
    let directions: Vec<f64> =
        covariance.directions().chunks_exact(dim).flat_map(|u| u[own.clone()].to_vec()).collect();
    let shares: Vec<f64> = covariance.values().iter().map(|v| 1.0 - v).collect();
    let of = |values: &Values, name: &str| match field.component.fixed.get(name) {
        Some(numbers) => numbers.clone(),
        None => values.numbers(&field.component.site_of(name)).map(<[f64]>::to_vec).unwrap_or_default(),
    };
    let (mut logp, mut left) = ([0.0], vec![0.0; dim]);
    density.logp_and_grad(&around.mean, &mut logp, &mut left)?;
    let evidence = field.model.evidence(&|name| of(values, name), &left[own], &directions, &shares);
    let (all, n) = (evidence.slopes.len(), scaling.len());
    let mut information = DMatrix::from_fn(n, n, |i, j| evidence.information[scaling[i].0 * all + scaling[j].0]);
    let (mut gradient, mut now) = (DVector::zeros(n), vec![]);
    for (i, (which, scale, site)) in scaling.iter().enumerate() {
        information[(i, i)] += scale.deviation.powi(-2);
        let Some(place) = place(open, site) else { return Ok(None) };
        let (value, unit) = slope_of(open, at, place.start, site)?;
        now.push(if scale.by_logarithm { value.ln() } else { value });
        let unit = if scale.by_logarithm { unit / value } else { unit };
        gradient[i] = slope[place.start] / unit + evidence.slopes[*which];
    }
    let width = field.model.grid().first().filter(|name| !field.component.fixed.contains_key(*name));
    let spread =
        width.map(|name| Spread { site: field.component.site_of(name), deviation: evidence.grid.sqrt().recip() });
    let Some(covariance) = information.try_inverse() else { return Ok(None) };
    let step = &covariance * &gradient;
    let excess = step.iter().zip(&scaling).map(|(s, (_, scale, _))| s.abs() / scale.farthest);
    let shorter = DAMPING * (DAMPING * excess.fold(0.0, f64::max)).max(1.0).recip();
    let deviations = |i: usize| step[i].abs() / covariance[(i, i)].sqrt();
    let mut next = values.clone();
    let mut told = vec![];
    for (i, (_, scale, site)) in scaling.iter().enumerate() {
        let number = now[i] + shorter * step[i];
        let number = if scale.by_logarithm { number.exp() } else { number };
        told.push(format!(
            "{site} {number:.4} ({:+.2} sigma of {:.4})",
            step[i] / covariance[(i, i)].sqrt(),
            covariance[(i, i)].sqrt()
        ));
        next = next.with(site.clone(), number);
    }
    tracing::info!("{}", told.join(", "));
    let carried = field.model.carried(&|name| of(values, name), &|name| of(&next, name));
    Ok(Some(Step { values: next.with(site, carried), moved: (0..n).map(deviations).fold(0.0, f64::max), spread }))
}
