//! The basin: which of the many configurations that explain an image the fit goes on with.

use std::sync::Arc;

use lens_models::data::ImageData;
use lens_models::linear::Amplitudes;
use lens_models::op::{AMP, expose};
use lens_models::system::{BandsModel, Role, Scales, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, Values, handler};
use ppl_infer::map::{LaneEnd, LbfgsSettings, MapResult, MapSettings, OptimizerSettings, Pruning};

use super::FitError;
use super::evidence::{Place, distinct, weighed};
use super::light::{Light, latent_values};
use super::search::Search;
use super::search_terms::search_terms;
use super::{field, stand_in};

/// Fraction of the lens light that the search for the lens takes to be uncertain.
const LIGHT_ERROR: f32 = 0.1;
/// How much larger than the noise the search takes the errors of the model to be.
const TEMPER: f32 = 3.0;
/// Gradients that every start gets before the worse half is given up: with 30, right basins were lost that 60 kept.
const PATIENCE: usize = 80;
/// Basins that go on from lens and source alone to everything.
const BASINS: usize = 6;
/// Chi2 a pixel of the best of them from which on the light is let go, and the search done again.
const LOOK_AGAIN: f64 = 1.5;
/// Width of the scatter of the starts in units of the prior's, Einstein radii apart.
const SCATTER: f64 = 0.5;

/// Where the search ends, with values for every free site, the basin to go on with first. The constants above were chosen on the 30
/// lenses of `docs/slacs.md`, [`LOOK_AGAIN`] on mocks whose arcs outshine the lens.
///
/// A real source is no sum of Sersic profiles and a real lens galaxy neither, so under the plain noise an odd
/// configuration that soaks up such errors can win over the right one. The search therefore takes the noise to be
/// [`TEMPER`] times larger and the light to be uncertain by [`LIGHT_ERROR`]: first lens and source with the light held,
/// from many starts, then everything from the best of them. If that does not describe the image, as where a bright ring was taken for the
/// light, it is done again with the light as free as all else. Linear amplitudes are the best that are not negative, whatever becomes of
/// them while sampling: a sum of Gaussians of either sign would make rings, of which the arcs are parts. A source that a network makes is looked for by its stand-in.
pub(super) fn basins(
    system: &System,
    data: &[Arc<ImageData>],
    scales: &[Scales],
    light: Option<&Light>,
    starts: usize,
    search: &mut Search<'_, '_>,
) -> Result<Vec<Place>, FitError> {
    let simple = stand_in::simplified(system);
    let tempered_data = match (light, &simple) {
        (Some(light), _) => data.iter().zip(&light.images).map(|(data, light)| tempered(data, light)).collect(),
        (None, Some(_)) => data.iter().map(|data| tempered(data, &vec![0.0; data.image.pixels.len()])).collect(),
        (None, None) => data.to_vec(),
    };
    // Maxima under scales of a field that are a guess would not tell basins apart: those of the stand-in it is, to the end.
    let (looked_for, left) = match &simple {
        Some(simple) if field::has_fields(system) => (simple, None),
        simple => (system, simple.clone()),
    };
    let look = Look { system: looked_for, simple: left, data: tempered_data, scales, starts };
    let mut places = look.places(data, light, search)?;
    if let Some(simple) = simple.filter(|_| field::has_fields(system)) {
        for place in &mut places {
            place.values = stand_in::translated(system, &simple, &place.values);
        }
    }
    Ok(places)
}

/// What every part of a search looks at.
struct Look<'a> {
    system: &'a System,
    /// With stand-ins, where there are any.
    simple: Option<System>,
    /// With the errors that the search takes.
    data: Vec<Arc<ImageData>>,
    scales: &'a [Scales],
    starts: usize,
}

impl Look<'_> {
    /// Where it ends.
    fn places(
        &self,
        data: &[Arc<ImageData>],
        light: Option<&Light>,
        search: &mut Search<'_, '_>,
    ) -> Result<Vec<Place>, FitError> {
        let system = self.system;
        let model = self.model(system)?;
        let joint = search.density(handler::priors(|ctx: &mut Ctx| model.run(ctx), system.sampled_priors()))?;
        if light.is_none() && self.simple.is_none() {
            let found = self.maxima(&joint, search)?;
            return weighed(system, &joint, &found.lanes, search);
        }
        let configurations = self.configurations(light, search)?;
        if configurations.is_empty() {
            return Ok(vec![Place::alone(light.map_or_else(Values::new, |light| light.values.clone()))]);
        }
        let mut ends = self.joined(&joint, &configurations, search)?;
        if light.is_some() && self.misses(data, &joint, ends.first())? {
            search.executor.stage("search again");
            let configurations = self.configurations(None, search)?;
            ends.extend(self.joined(&joint, &configurations, search)?);
            ends.sort_by(|a, b| b.logp.total_cmp(&a.logp));
        }
        weighed(system, &joint, &ends, search)
    }

    fn model(&self, system: &System) -> Result<BandsModel, FitError> {
        let model = BandsModel::new(system, &self.data, self.scales)?;
        Ok(model.with_amplitudes(Amplitudes::NonNegative).with_points(search_terms(self.system)))
    }

    /// The maxima from many starts.
    fn maxima<M, R>(&self, density: &ModelDensity<M>, search: &mut Search<'_, '_>) -> Result<MapResult, FitError>
    where
        M: Fn(&mut Ctx) -> ppl_core::Result<R>,
    {
        let from = scattered(density, search.seed(), self.starts)?;
        let optimizer = OptimizerSettings::Lbfgs(LbfgsSettings { max_iterations: 400, ..LbfgsSettings::default() });
        // Several of these end in one place, and the best of them need not be the best of everything.
        let pruning = Some(Pruning { after: PATIENCE, keep: 0.5, at_least: 4 * BASINS });
        search.maximise(density, &from, &MapSettings { optimizer, pruning })
    }

    /// The best different lenses, with values for every free site of the system; the light is held where there is one. None where nothing
    /// else is free.
    fn configurations(&self, light: Option<&Light>, search: &mut Search<'_, '_>) -> Result<Vec<Values>, FitError> {
        let held = light.map_or_else(Values::new, |l| l.values.clone());
        let searched = self.simple.as_ref().unwrap_or(self.system);
        let priors = searched.sampled_priors();
        let searched = light.map_or_else(|| searched.clone(), |light| held_amplitudes(searched, light));
        let model = self.model(&searched)?;
        let run = handler::priors(|ctx: &mut Ctx| model.run(ctx), priors);
        let density = search.density(handler::condition(&run, held.clone()))?;
        if density.dim() == 0 && self.simple.is_none() {
            return Ok(vec![]);
        }
        let found = self.maxima(&density, search)?;
        let mut configurations = vec![];
        for lane in distinct(&searched, &density, &found.lanes).into_iter().take(BASINS) {
            let mut values = held.clone();
            for (name, value) in latent_values(&density, &lane.position)?.iter() {
                values.insert(name, value.clone());
            }
            let simple = self.simple.as_ref();
            configurations.push(match simple {
                Some(simple) => stand_in::translated(self.system, simple, &values),
                None => values,
            });
        }
        Ok(configurations)
    }

    /// Where everything goes from these configurations.
    fn joined<M, R>(
        &self,
        joint: &ModelDensity<M>,
        configurations: &[Values],
        search: &mut Search<'_, '_>,
    ) -> Result<Vec<LaneEnd>, FitError>
    where
        M: Fn(&mut Ctx) -> ppl_core::Result<R>,
    {
        let mut from = vec![];
        for values in configurations {
            from.extend(joint.position_of(values, 0)?);
        }
        let pruning = self.simple.is_some().then_some(Pruning { after: PATIENCE, keep: 0.5, at_least: 2 });
        Ok(search.maximise(joint, &from, &MapSettings { pruning, ..MapSettings::default() })?.lanes)
    }

    /// Whether the model at the best end is off the data, whose noise is as it is given, by more than [`LOOK_AGAIN`].
    fn misses<M, R>(
        &self,
        data: &[Arc<ImageData>],
        joint: &ModelDensity<M>,
        best: Option<&LaneEnd>,
    ) -> Result<bool, FitError>
    where
        M: Fn(&mut Ctx) -> ppl_core::Result<R>,
    {
        let Some(best) = best else { return Ok(true) };
        let scenes = self.model(self.system)?.scenes_at(&latent_values(joint, &best.position)?)?;
        let (mut chi2, mut pixels) = (0.0, 0);
        for (data, scene) in data.iter().zip(&scenes) {
            let mut image = vec![0.0; data.image.pixels.len()];
            for part in scene.light.iter().chain(&scene.source) {
                image.iter_mut().zip(expose(data, part)?.lane(0)).for_each(|(sum, part)| *sum += part);
            }
            let used = data.residual(&image).into_iter().filter(|z| !z.is_nan());
            (chi2, pixels) = used.fold((chi2, pixels), |(chi2, n), z| (chi2 + f64::from(z * z), n + 1));
        }
        Ok(chi2 > LOOK_AGAIN * f64::from(pixels))
    }
}

/// The system with the linear amplitudes of the lens light held at those that were found: its image is then made once.
fn held_amplitudes(system: &System, light: &Light) -> System {
    let mut system = system.clone();
    for component in system.components.iter_mut().filter(|c| c.role == Role::Light) {
        let site = component.linear().map(|p| component.site(p));
        if let Some(numbers) = site.and_then(|site| light.amplitudes.get(&site)) {
            component.fixed.insert(AMP, numbers.clone());
        }
    }
    system
}

/// Where the best ends are, at most so many, that are different lenses, one after the other.
pub(super) fn places<M, R>(system: &System, density: &ModelDensity<M>, found: &MapResult, most: usize) -> Vec<f64>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let ends = distinct(system, density, &found.lanes).into_iter().take(most);
    ends.flat_map(|end| end.position.clone()).collect()
}

/// The maxima in the plane of the source, from which the likelihood of the images is near its own.
pub(super) fn from_source_plane<M, R>(
    system: &System,
    near: &ModelDensity<M>,
    starts: &[f64],
    most: usize,
    search: &mut Search<'_, '_>,
) -> Result<Vec<f64>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    Ok(places(system, near, &search.maximise(near, starts, &MapSettings::default())?, most))
}

/// The data with noise as the search takes it.
fn tempered(data: &ImageData, light: &[f32]) -> Arc<ImageData> {
    let sigma = |(w, m): (&f32, &f32)| if *w > 0.0 { 1.0 / (TEMPER / w).hypot(LIGHT_ERROR * m) } else { 0.0 };
    Arc::new(data.reweighted(data.inverse_sigma(light).iter().zip(light).map(sigma).collect()))
}

/// Starts `[starts, dim]` from the prior: Einstein radii as they are drawn, everything else half as far from its mean.
pub(super) fn scattered<M, R>(density: &ModelDensity<M>, seed: u64, starts: usize) -> Result<Vec<f64>, FitError>
where
    M: Fn(&mut Ctx) -> ppl_core::Result<R>,
{
    let mut from = density.draw_prior(seed, starts)?;
    let dim = density.dim();
    for entry in
        density.layout().entries().iter().filter(|e| !e.name.ends_with("theta_E") && !e.name.ends_with("r_ein"))
    {
        for i in entry.offset..entry.offset + entry.len {
            let mean = from.iter().skip(i).step_by(dim).sum::<f64>() / starts as f64;
            from.iter_mut().skip(i).step_by(dim).for_each(|q| *q = mean + SCATTER * (*q - mean));
        }
    }
    Ok(from)
}
