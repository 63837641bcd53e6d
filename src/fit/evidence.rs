//! Evidence: how much of the posterior lies in each of the basins that a search ended in, and which of them is taken.

use lens_models::system::{Role, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, Values};
use ppl_infer::Error as EngineError;
use ppl_infer::map::{LaneEnd, LaplaceSettings, Reason, laplace};

use super::FitError;
use super::light::latent_values;
use super::search::Search;

/// Two ends are one basin where all numbers of the lens, unconstrained, are nearer than this.
const SAME_LENS: f64 = 0.1;
/// An end this many nats below the highest is no reading of the image: no width makes up for it.
const FAR: f64 = 50.0;

/// A place where the search ended.
pub(super) struct Place {
    /// Values for every free site.
    pub values: Values,
    /// Log density of the search there.
    pub log_density: f64,
    /// Laplace's log evidence of the basin, where it could be measured and there is another to compare it with.
    pub log_evidence: Option<f64>,
}

impl Place {
    /// A place without another to choose.
    pub(super) fn alone(values: Values) -> Self {
        Place { values, log_density: f64::NAN, log_evidence: None }
    }
}

/// The basins among the ends of a search, that of the largest evidence first.
///
/// ln Z = log density + dim / 2 ln(2 pi) + ln det(covariance) / 2, by Laplace's approximation at each end: a high but narrow peak, such
/// as an odd configuration that is tuned to the errors of the model, counts for less than its height. If it cannot be measured at
/// the highest end, the order is that of the densities.
pub(super) fn weighed<M, R>(
    system: &System,
    density: &ModelDensity<M>,
    ends: &[LaneEnd],
    search: &mut Search<'_, '_>,
) -> Result<Vec<Place>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let converged: Vec<&LaneEnd> = ends.iter().filter(|end| end.reason != Reason::Pruned).collect();
    let mut ends = distinct(system, density, converged);
    let top = ends.first().map_or(f64::NAN, |end| end.logp);
    // Not less: a log density of -1e30 less 50 is itself.
    ends.retain(|end| end.logp >= top - FAR);
    let evidences = search.executor.once("evidence", |executor| {
        let measure = |end: &&LaneEnd| match laplace(density, &end.position, &LaplaceSettings::default()) {
            Ok(around) => {
                executor.spend(around.gradient_count as u64);
                Ok(Some(around.log_evidence).filter(|z| z.is_finite()))
            }
            Err(EngineError::NoCurvature { .. } | EngineError::NoFiniteStart { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        // Nothing is compared with a single one.
        ends.iter().filter(|_| ends.len() > 1).map(measure).collect::<Result<Vec<Option<f64>>, EngineError>>()
    })?;
    let place = |(end, log_evidence): (&&LaneEnd, Option<f64>)| {
        Ok(Place { values: latent_values(density, &end.position)?, log_density: end.logp, log_evidence })
    };
    let evidences = evidences.into_iter().chain(std::iter::repeat(None));
    let mut places: Vec<Place> = ends.iter().zip(evidences).map(place).collect::<Result<_, FitError>>()?;
    if places.first().is_some_and(|place| place.log_evidence.is_some()) {
        // Those without one come last, in the order of their densities: the sort is stable.
        let key = |place: &Place| place.log_evidence.unwrap_or(f64::NEG_INFINITY);
        places.sort_by(|a, b| key(b).total_cmp(&key(a)));
    }
    Ok(places)
}

/// The first of the ends, which come highest first, of each lens.
pub(super) fn distinct<'a, M, R>(
    system: &System,
    density: &ModelDensity<M>,
    ends: impl IntoIterator<Item = &'a LaneEnd>,
) -> Vec<&'a LaneEnd>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let lenses: Vec<String> = system.of_role(Role::Lens).map(|lens| format!("{}.", lens.name)).collect();
    let entries = density.layout().entries().iter();
    let of_lens = entries.filter(|entry| lenses.iter().any(|lens| entry.name.starts_with(lens.as_str())));
    let mut numbers: Vec<usize> = of_lens.flat_map(|entry| entry.offset..entry.offset + entry.len).collect();
    if numbers.is_empty() {
        numbers = (0..density.dim()).collect();
    }
    let same = |a: &LaneEnd, b: &LaneEnd| numbers.iter().all(|i| (a.position[*i] - b.position[*i]).abs() < SAME_LENS);
    let mut kept: Vec<&LaneEnd> = vec![];
    for end in ends.into_iter().filter(|end| end.logp.is_finite()) {
        if !kept.iter().any(|other| same(other, end)) {
            kept.push(end);
        }
    }
    kept
}
