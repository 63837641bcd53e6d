//! Sensitivity: what a halo of given mass at each place of a grid would change, on the data and on an image that has none.

use std::collections::BTreeMap;
use std::sync::Arc;

use lens_models::cosmology::Concentration;
use lens_models::data::ImageData;
use lens_models::linear::Amplitudes;
use lens_models::op::expose;
use lens_models::system::{BandsModel, Component, Halo, Profile, Role, Scales, System};
use ppl_core::{Ctx, LogDensity, ModelDensity, PriorSet, Processor, Values, handler};
use ppl_infer::Executor;
use ppl_infer::map::{Laplace, LbfgsSettings, MapSettings, OptimizerSettings};

use super::curvature::laplace_of;
use super::halos;
use super::light::latent_values;
use super::search::{Search, with_priors};
use super::{FitError, start};

/// What is tried.
#[derive(Clone, Debug)]
pub struct SensitivitySettings {
    /// lg M200 of the halo, solar masses, between 7 and 11. 8, 9 and 10.
    pub masses: Vec<f64>,
    /// Places along each side of the grid. 16.
    pub cells: usize,
    /// Half the width of the grid, arcsec; without it, and at most, that of the image.
    pub half_width: Option<f64>,
    /// Radius of the truncation over Rs. 10.
    pub tau: f64,
    /// The relation that its concentration is on.
    pub concentration: Concentration,
}

impl Default for SensitivitySettings {
    fn default() -> Self {
        let concentration = Concentration::default();
        SensitivitySettings { masses: vec![8.0, 9.0, 10.0], cells: 16, half_width: None, tau: 10.0, concentration }
    }
}

/// Maps of one mass after the other, each `[y][x]` from the lower left.
#[derive(Clone, Debug)]
pub struct SensitivityMap {
    /// lg M200, solar masses.
    pub masses: Vec<f64>,
    /// Places along each side.
    pub cells: usize,
    /// Centre of the grid, arcsec.
    pub center: [f64; 2],
    /// Half its width, arcsec.
    pub half_width: f64,
    /// How far the highest log density lies above that without a halo, with everything else free, on the data.
    pub gain: Vec<Vec<f64>>,
    /// How far it lies below on the noise-free image of the best model without: what such a halo would gain on average if it were there.
    pub expected: Vec<Vec<f64>>,
}

impl SensitivityMap {
    /// Where the place `k` of a map is, arcsec.
    pub fn place(&self, k: usize) -> [f64; 2] {
        place(self.center, self.half_width, self.cells, k)
    }
}

fn place(center: [f64; 2], half_width: f64, cells: usize, k: usize) -> [f64; 2] {
    let along = |i: usize, middle: f64| middle + half_width * ((2.0 * i as f64 + 1.0) / cells as f64 - 1.0);
    [along(k % cells, center[0]), along(k / cells, center[1])]
}

/// Within the default prior of a halo's mass, which is taken away again.
const MASSES: [f64; 2] = [7.0, 11.0];
const TRIED: &str = "tried halo";

/// Tries a halo at every place of a grid, all of them as lanes of one maximisation over everything else, beginning at the values that the
/// system gives its parameters, as the `best.json` of a fit does. Haloes of the system whose mass or place is free are left away.
///
/// With r the change of the image that no other parameter makes up for, the gain on data with such a halo is r' C^-1 r / 2 on average, to first
/// order in the halo; so much is lost where one is forced on an image that has none.
///
/// # Errors
/// A system without redshifts, or whose free parameters have no values to begin with; what a fit returns.
pub fn sensitivity(
    system: &System,
    data: Arc<ImageData>,
    settings: &SensitivitySettings,
    executor: &mut Executor<'_>,
) -> Result<SensitivityMap, FitError> {
    let smooth = halos::without(system).unwrap_or_else(|| system.clone());
    if smooth.redshifts().is_none() {
        let fix = "add \"cosmology\": { \"z_lens\": .., \"z_source\": .. }, which masses need";
        return Err(FitError::Nothing { missing: "redshifts", fix });
    }
    let [low, high] = MASSES;
    if let Some(mass) = settings.masses.iter().find(|mass| !(**mass > low && **mass < high)) {
        return Err(FitError::Outside { site: "halo.log10_m200".to_owned(), prior: [*mass; 2], support: MASSES });
    }
    let data = [data];
    let scales = Scales::of_bands(&smooth, &data);
    let mut search = Search::new(&smooth, 0, executor, Processor::default());
    let model = BandsModel::new(&smooth, &data, &scales)?.with_amplitudes(Amplitudes::NonNegative);
    let density = search.density(with_priors(&model, &smooth))?;
    let fix = "give it the best.json of a fit";
    let start = start::given(&smooth, &density)?.ok_or(FitError::Nothing { missing: "values to begin with", fix })?;
    let model = model.adapted(&latent_values(&density, &start)?)?;

    search.executor.stage("without haloes");
    let density = search.density(with_priors(&model, &smooth))?;
    let best = search.maximise(&density, &start, &MapSettings::default())?.position;
    let around = laplace_of(&density, &best, &smooth, search.executor)?;
    let half_width = settings.half_width.map_or(scales[0].radius, |half| half.min(scales[0].radius));
    let trials = Trials { system: &smooth, scales: &scales, settings, half_width, around: &around };
    search.executor.stage("on the data");
    let gain = trials.differences(&model, &mut search)?;
    // The image that the best model makes, in the place of the data.
    let mut quiet = ImageData::clone(&model.data()[0]);
    quiet.image.pixels.fill(0.0);
    for scene in model.scenes_at(&latent_values(&density, &around.mean)?)? {
        for part in scene.light.iter().chain(&scene.source) {
            let seen = expose(&model.data()[0], part)?;
            quiet.image.pixels.iter_mut().zip(seen.lane(0)).for_each(|(pixel, seen)| *pixel += seen);
        }
    }
    let quiet = BandsModel::new(&smooth, &[Arc::new(quiet)], &scales)?.with_amplitudes(Amplitudes::NonNegative);
    search.executor.stage("without noise");
    let mut expected = trials.differences(&quiet, &mut search)?;
    expected.iter_mut().flatten().for_each(|difference| *difference = -*difference);
    Ok(SensitivityMap {
        masses: settings.masses.clone(),
        cells: settings.cells,
        center: scales[0].center,
        half_width,
        gain,
        expected,
    })
}

/// The places and masses that are tried, from the best point without a halo.
struct Trials<'a> {
    system: &'a System,
    scales: &'a [Scales],
    settings: &'a SensitivitySettings,
    half_width: f64,
    around: &'a Laplace,
}

impl Trials<'_> {
    /// By how much each place and mass raises the highest log density of a model.
    fn differences(&self, model: &BandsModel, search: &mut Search<'_, '_>) -> Result<Vec<Vec<f64>>, FitError> {
        let SensitivitySettings { masses, cells, .. } = self.settings;
        let smooth = search.density(with_priors(model, self.system))?;
        let with = self.with_halo();
        let tried = BandsModel::new(&with, &model.data(), self.scales)?
            .with_amplitudes(Amplitudes::NonNegative)
            .resampled(&model.sampling())?;
        let halo = tried.with_components(|component| component.name == TRIED);
        let density = search.density(with_priors(&tried, &with))?;
        let prior = ModelDensity::new(handler::priors(move |ctx: &mut Ctx| halo.run_prior(ctx), PriorSet::default()))?;
        let of_prior = halos::places(&density, prior.layout().entries().iter().map(|entry| &*entry.name));
        let of_rest = halos::places(&density, smooth.layout().entries().iter().map(|entry| &*entry.name));
        let all = (0..smooth.dim()).collect();
        let alone = Whitened { density: &smooth, around: self.around, of_rest: all, prior: None, of_prior: vec![] };
        let top = search.maximise_any(&alone, &vec![0.0; smooth.dim()], &MapSettings::default())?.logp;
        let mut starts = vec![];
        for mass in masses {
            for k in 0..cells * cells {
                let [x, y] = place(self.scales[0].center, self.half_width, *cells, k);
                let site = |name: &str| format!("{TRIED}.{name}");
                let values = Values::new().with(site("log10_m200"), *mass);
                let values = values.with(site("center_x"), x).with(site("center_y"), y);
                let mut position = vec![0.0; density.dim()];
                of_prior.iter().zip(prior.position_of(&values, 0)?).for_each(|(i, v)| position[*i] = v);
                starts.extend(position);
            }
        }
        let held = Whitened { density: &density, around: self.around, of_rest, prior: Some(&prior), of_prior };
        let mut somewhere = starts[..density.dim()].to_vec();
        held.of_rest.iter().zip(&self.around.mean).for_each(|(i, mean)| somewhere[*i] = *mean);
        density.settle(&somewhere)?;
        let optimizer = OptimizerSettings::Lbfgs(LbfgsSettings { max_iterations: 100, ..LbfgsSettings::default() });
        let found = search.maximise_any(&held, &starts, &MapSettings { optimizer, pruning: None })?;
        let mut all = vec![vec![f64::NAN; cells * cells]; masses.len()];
        for end in &found.lanes {
            all[end.lane / (cells * cells)][end.lane % (cells * cells)] = end.logp - top;
        }
        Ok(all)
    }

    /// The system with the halo, the place and mass of which may be anything within the grid and beyond it.
    fn with_halo(&self) -> System {
        let SensitivitySettings { tau, concentration, .. } = *self.settings;
        let mut system = self.system.clone();
        system.components.push(Component {
            name: TRIED.to_owned(),
            role: Role::Lens,
            profile: Profile::Halo(Halo::new(concentration)),
            count: 1,
            fixed: BTreeMap::from([("tau", vec![tau])]),
            start: BTreeMap::new(),
            redshift: None,
            linear: false,
            band: None,
            per_band: vec![],
        });
        system
    }
}

/// A density whose halo, where it has one, is held: no gradient moves it, and its prior does not count. Everything else is measured from the
/// mean of a Gaussian in the units of its covariance, in which a maximum is a few steps away however long and narrow it is.
struct Whitened<'a, D> {
    density: &'a D,
    around: &'a Laplace,
    of_rest: Vec<usize>,
    prior: Option<&'a dyn LogDensity>,
    of_prior: Vec<usize>,
}

impl<D: LogDensity> LogDensity for Whitened<'_, D> {
    fn dim(&self) -> usize {
        self.density.dim()
    }

    fn logp_and_grad(&self, positions: &[f64], logp: &mut [f64], grad: &mut [f64]) -> ppl_core::Result<()> {
        let (dim, own) = (self.dim(), self.of_rest.len());
        let rows = || self.around.factor().chunks(own).zip(&self.of_rest);
        let mut moved = positions.to_vec();
        for (z, x) in positions.chunks(dim).zip(moved.chunks_mut(dim)) {
            for ((row, i), mean) in rows().zip(&self.around.mean) {
                x[*i] = mean + row.iter().zip(&self.of_rest).map(|(f, j)| f * z[*j]).sum::<f64>();
            }
        }
        self.density.logp_and_grad(&moved, logp, grad)?;
        for g in grad.chunks_mut(dim) {
            let before = g.to_vec();
            g.fill(0.0);
            for (row, i) in rows() {
                row.iter().zip(&self.of_rest).for_each(|(f, j)| g[*j] += f * before[*i]);
            }
        }
        if let Some(prior) = self.prior {
            let own: Vec<f64> = positions.chunks(dim).flat_map(|x| self.of_prior.iter().map(|i| x[*i])).collect();
            let (mut of_prior, mut unused) = (vec![0.0; logp.len()], vec![0.0; own.len()]);
            prior.logp_and_grad(&own, &mut of_prior, &mut unused)?;
            logp.iter_mut().zip(of_prior).for_each(|(logp, prior)| *logp -= prior);
        }
        Ok(())
    }
}
