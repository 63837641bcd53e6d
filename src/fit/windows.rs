//! The Gaussian that a field and its window are sampled from.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix, DVector};
use ppl_core::{Ctx, LogDensity, ModelDensity};
use ppl_infer::map::Curvature;
use ppl_infer::mcmc::{Nuts, NutsSettings};
use ppl_infer::{Error, sample_curved};

use super::FitError;
use super::around::of_field;
use super::field::place;
use super::part::Part;
use super::scales::{Spread, maximum};
use super::search::Search;

/// Standard deviations of a scale at which it is seen how all else follows.
const APART: f64 = 0.5;
/// The curvature above which a direction of whitened numbers is one of the metric's.
const LEAST: f64 = 1.3;
/// Transitions of warm-up and draws of a short run, and the depth of its trees.
const PILOT: [usize; 2] = [60, 30];
const PILOT_DEPTH: u32 = 6;

/// The Gaussian about a position of a density in which some scales of fields are free. The maximum of whitened numbers together with what scales
/// them says nothing of the scales: as many harmonics become better known as a window grows. So how far these scatter is told by their evidence, and how all
/// else follows by its maxima on both sides of where they are.
pub(super) fn of_windows<M, R>(
    density: &ModelDensity<M>,
    position: &[f64],
    whitened: &[Range<usize>],
    spreads: &[Spread],
    search: &mut Search<'_, '_>,
) -> Result<Curvature, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let dim = density.dim();
    let windows: Vec<Vec<usize>> = spreads
        .iter()
        .map(|spread| spread.sites.iter().filter_map(|site| place(density, site)).map(|place| place.start).collect())
        .collect();
    let is_window = |i: usize| windows.iter().flatten().any(|w| *w == i);
    let others: Vec<usize> = (0..dim).filter(|i| !is_window(*i)).collect();
    let places: Vec<Range<usize>> = others.iter().map(|i| *i..*i + 1).collect();
    let before = |i: usize| windows.iter().flatten().filter(|w| **w < i).count();
    let whitened: Vec<Range<usize>> =
        whitened.iter().map(|w| w.start - before(w.start)..w.end - before(w.start)).collect();
    let part = Part::new(density, position, &places);
    let around = of_field(&part, &part.of(position), &whitened, LEAST, search.executor, "curvature")?;
    if windows.is_empty() {
        return Ok(around);
    }
    let mut directions: Vec<DVector<f64>> = vec![];
    for (window, spread) in windows.iter().zip(spreads) {
        let mut along = DMatrix::zeros(dim, window.len());
        for (k, i) in window.iter().enumerate() {
            let step = APART * spread.covariance[(k, k)].sqrt();
            let mut ends = vec![];
            for step in [step, -step] {
                let mut beside = position.to_vec();
                beside[*i] += step;
                let part = Part::new(density, &beside, &places);
                ends.push(maximum(&part, &around.mean, &around, search.executor)?);
            }
            others.iter().enumerate().for_each(|(at, to)| along[(*to, k)] = (ends[0][at] - ends[1][at]) / (2.0 * step));
            along[(*i, k)] = 1.0;
        }
        // A root of the covariance: independent directions.
        let Some(root) = Cholesky::new(spread.covariance.clone()) else { continue };
        directions.extend((along * root.l()).column_iter().map(|column| column.into_owned()));
    }
    let covariance = around.covariance.followed(&others, &DMatrix::from_columns(&directions))?;
    Ok(Curvature { mean: position.to_vec(), covariance, ..around })
}

/// The same about the mean of a short run of chains from the Gaussian at a maximum: data know other directions there. The maximum of a lens together with
/// thousands of numbers of its source may be several standard deviations from where most of the density is.
pub(super) fn about_draws<M, R>(
    density: &ModelDensity<M>,
    around: Curvature,
    whitened: &[Range<usize>],
    spreads: &[Spread],
    settings: &NutsSettings,
    search: &mut Search<'_, '_>,
) -> Result<Curvature, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let pilot =
        NutsSettings { kernel: Nuts { max_depth: PILOT_DEPTH }, warmup: PILOT[0], draws: PILOT[1], ..settings.clone() };
    let found = sample_curved(density, &around, &pilot, search.executor)?;
    let dim = density.dim();
    let (mut mean, mut count) = (vec![0.0; dim], 0.0);
    for draw in found.samples.chains.iter().flat_map(|chain| chain.draws.chunks_exact(dim)) {
        mean.iter_mut().zip(draw).for_each(|(m, d)| *m += d);
        count += 1.0;
    }
    if search.executor.stopped() || count == 0.0 {
        return Err(Error::StoppedEarly.into());
    }
    mean.iter_mut().for_each(|m| *m /= count);
    let part = Part::new(density, &mean, whitened);
    let at = part.of(&mean);
    let size = at.len();
    let field = of_field(&part, &at, std::slice::from_ref(&(0..size)), LEAST, search.executor, "curvature of a field")?;
    let position = part.whole(&maximum(&part, &at, &field, search.executor)?);
    of_windows(density, &position, whitened, spreads, search)
}
