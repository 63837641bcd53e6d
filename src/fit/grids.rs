//! The Gaussian that a field and its grid are sampled from.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use ppl_core::{Ctx, LogDensity, ModelDensity};
use ppl_infer::map::Curvature;
use ppl_infer::mcmc::{Nuts, NutsSettings};
use ppl_infer::{Error, sample_curved};

use super::FitError;
use super::around::of_field;
use super::field::{place, slope_of};
use super::part::Part;
use super::scales::{Spread, maximum};
use super::search::Search;

/// Standard deviations of a width at which it is seen how all else follows.
const APART: f64 = 0.5;
/// The curvature above which a direction of whitened numbers is one of the metric's.
const LEAST: f64 = 1.3;
/// Transitions of warm-up and draws of a short run, and the depth of its trees.
const PILOT: [usize; 2] = [60, 30];
const PILOT_DEPTH: u32 = 6;

/// The Gaussian about a position of a density in which the grids of fields are free. The maximum of whitened numbers together with how wide on the sky they
/// are says nothing of the latter: as many harmonics become less known as a grid grows. So how far grids scatter is told by the evidence, and how all
/// else follows by its maxima on both sides of where they are.
pub(super) fn of_grids<M, R>(
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
    let widths: Vec<(usize, &Spread)> =
        spreads.iter().filter_map(|spread| Some((place(density, &spread.site)?.start, spread))).collect();
    let others: Vec<usize> = (0..dim).filter(|i| widths.iter().all(|(width, _)| width != i)).collect();
    let places: Vec<Range<usize>> = others.iter().map(|i| *i..*i + 1).collect();
    let before = |i: usize| widths.iter().filter(|(width, _)| *width < i).count();
    let whitened: Vec<Range<usize>> =
        whitened.iter().map(|w| w.start - before(w.start)..w.end - before(w.start)).collect();
    let part = Part::new(density, position, &places);
    let around = of_field(&part, &part.of(position), &whitened, LEAST, search.executor, "curvature")?;
    let mut directions: Vec<DVector<f64>> = vec![];
    for (width, spread) in &widths {
        let deviation = spread.deviation / slope_of(density, position, *width, &spread.site)?.1;
        let step = APART * deviation;
        let mut ends = vec![];
        for step in [step, -step] {
            let mut beside = position.to_vec();
            beside[*width] += step;
            let part = Part::new(density, &beside, &places);
            ends.push(maximum(&part, &around.mean, &around, search.executor)?);
        }
        let mut along = DVector::zeros(dim);
        others.iter().enumerate().for_each(|(at, to)| along[*to] = (ends[0][at] - ends[1][at]) / (2.0 * step));
        along[*width] = 1.0;
        directions.push(along * deviation);
    }
    if directions.is_empty() {
        return Ok(around);
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
    let pilot = NutsSettings {
        kernel: Nuts { max_depth: PILOT_DEPTH, ..Nuts::default() },
        warmup: PILOT[0],
        draws: PILOT[1],
        ..settings.clone()
    };
    let found = sample_curved(density, &around, &pilot, search.executor)?;
    let dim = density.dim();
    let (mut mean, mut count) = (vec![0.0; dim], 0.0);
    for draw in found.samples.chains.iter().flat_map(|chain| chain.draws.chunks_exact(dim)) {
        mean.iter_mut().zip(draw).for_each(|(m, d)| *m += d);
        count += 1.0;
    }
    if search.executor.stopped() {
        return Err(Error::StoppedEarly.into());
    }
    if count == 0.0 {
        return Err(found.without_draws().into());
    }
    mean.iter_mut().for_each(|m| *m /= count);
    let part = Part::new(density, &mean, whitened);
    let at = part.of(&mean);
    let size = at.len();
    let field = of_field(&part, &at, std::slice::from_ref(&(0..size)), LEAST, search.executor, "curvature of a field")?;
    let position = part.whole(&maximum(&part, &at, &field, search.executor)?);
    of_grids(density, &position, whitened, spreads, search)
}
