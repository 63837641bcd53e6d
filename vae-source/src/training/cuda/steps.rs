//! Steps: what the trainer has a GPU do, and what of it is on a checkpoint.

use ppl_core::cuda::Gpu;
use ppl_infer::svi::Loss;
use ppl_infer::{Error as EngineError, Result as EngineResult};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::inputs::{Ahead, Powers, head, noise, norm};
use super::layout::{Layout, Numbers};
use super::machine::{Machine, Moments};
use super::products::{Products, find};
use super::step::{RATES, Sizes};
use crate::error::{Error, Result};
use crate::network::{SIDE, WeightSet, WeightSpec, decoder_weights, encoder_weights};
use crate::training::{Stepper, Trainer, TrainingSet, TrainingSettings};

/// The steps of a training on a CUDA GPU: those of the tape on the processor, with the same weights at the start, the same batches and
/// the same draws of z, rounded as [`Products`] says. Only [`Loss::MeanField`] is there.
///
/// A step whose loss is not finite moves nothing; a gradient that is not finite moves its weight not.
pub struct CudaSteps {
    products: Products,
    powers: Powers,
    losses: Vec<f64>,
    state: State,
    gpu: Option<Gpu>,
    layout: Layout,
    ahead: Ahead,
    /// The galaxies on the device: where the first is on the host, and how many.
    galaxies: Option<(usize, usize)>,
}

/// Where the numbers are.
enum State {
    Host(Numbers, Moments),
    Device(Box<Machine>),
}

/// What is on a checkpoint.
#[derive(Serialize, Deserialize)]
struct Saved {
    products: Products,
    powers: Powers,
    losses: Vec<f64>,
    numbers: Numbers,
    moments: Moments,
}

impl Trainer<CudaSteps> {
    /// A training on a GPU that has not begun.
    ///
    /// # Errors
    /// A setting out of range; a loss other than [`Loss::MeanField`]; [`NoCuda`](ppl_core::Error::NoCuda) without cuBLAS.
    pub fn on(gpu: Gpu, settings: TrainingSettings, products: Products) -> Result<Self> {
        settings.svi.check()?;
        find(&gpu)?;
        if settings.svi.loss != Loss::MeanField {
            return Err(Error::CudaLoss);
        }
        let layout = Layout::new();
        let specs: Vec<WeightSpec> = encoder_weights().into_iter().chain(decoder_weights()).collect();
        let numbers = layout.numbers(&WeightSet::initial(&specs, settings.svi.seed))?;
        let moments = Moments { means: vec![0.0; layout.len], squares: vec![0.0; layout.len] };
        let saved = Saved { products, powers: Powers::default(), losses: vec![], numbers, moments };
        Ok(Trainer::with(settings, CudaSteps { gpu: Some(gpu), ..CudaSteps::from_saved(saved, layout) }))
    }
}

impl CudaSteps {
    /// Goes on with a training of a checkpoint on this device; without it, on the first.
    ///
    /// # Errors
    /// [`NoCuda`](ppl_core::Error::NoCuda) without cuBLAS.
    pub fn use_gpu(&mut self, gpu: Gpu) -> Result<()> {
        find(&gpu)?;
        self.gpu = Some(gpu);
        Ok(())
    }

    fn from_saved(saved: Saved, layout: Layout) -> Self {
        let Saved { products, powers, losses, numbers, moments } = saved;
        let state = State::Host(numbers, moments);
        CudaSteps { products, powers, losses, state, gpu: None, layout, ahead: Ahead::default(), galaxies: None }
    }

    fn numbers(&self) -> ppl_core::Result<Numbers> {
        match &self.state {
            State::Host(numbers, _) => Ok(numbers.clone()),
            State::Device(machine) => machine.numbers(),
        }
    }

    fn moments(&self) -> ppl_core::Result<Moments> {
        match &self.state {
            State::Host(_, moments) => Ok(moments.clone()),
            State::Device(machine) => machine.moments(),
        }
    }

    /// A machine with room for so many galaxies.
    fn machine(&mut self, settings: &TrainingSettings, galaxies: usize) -> ppl_core::Result<&Machine> {
        let sizes = Sizes { images: settings.batch, draws: settings.svi.particles, clip: norm(settings), galaxies };
        let fits =
            |machine: &Machine| machine.sizes == Sizes { galaxies: machine.sizes.galaxies.max(galaxies), ..sizes };
        if !matches!(&self.state, State::Device(machine) if fits(machine)) {
            let gpu = match &self.gpu {
                Some(gpu) => gpu.clone(),
                None => self.gpu.insert(Gpu::open(0)?).clone(),
            };
            self.state = State::Host(self.numbers()?, self.moments()?);
            self.galaxies = None;
            if let State::Host(numbers, moments) = &self.state {
                let machine = Machine::new(&gpu, &self.layout, sizes, self.products, numbers, moments)?;
                self.state = State::Device(Box::new(machine));
            }
        }
        self.state.machine()
    }
}

impl State {
    fn machine(&self) -> ppl_core::Result<&Machine> {
        match self {
            State::Device(machine) => Ok(machine),
            State::Host(..) => {
                Err(ppl_core::Error::NoCuda { what: "the training is on no GPU", advice: "begin it there" })
            }
        }
    }
}

impl Stepper for CudaSteps {
    const NAME: &'static str = "training on CUDA";

    fn plan(&mut self, steps: u64) -> EngineResult<()> {
        ppl_infer::svi::SviSettings { steps, ..Default::default() }.check()
    }

    fn step(&mut self, settings: &TrainingSettings, set: &TrainingSet<'_>) -> EngineResult<()> {
        let (feed, step) = (&set.feed, self.losses.len() as u64);
        let all = feed.galaxies();
        let (rates, powers) = self.powers.next(settings, step);
        let inputs = self.ahead.inputs(feed, settings, step, rates);
        let there = all.first().map(|galaxy| (galaxy.as_ptr() as usize, all.len()));
        // May forget the galaxies.
        self.machine(settings, all.len())?;
        let known = std::mem::replace(&mut self.galaxies, there);
        let machine = self.state.machine()?;
        if known != there {
            machine.galaxies(all)?;
        }
        machine.begin(&inputs)?;
        self.ahead.prepare(settings, step + 1);
        let outcome = machine.outcome()?;
        if !outcome.loss.is_finite() {
            return Err(EngineError::NotFinite { site: "x".to_owned(), from: "model", value: -outcome.loss });
        }
        if let Some(weight) = outcome.not_finite {
            return Err(EngineError::GradientNotFinite { param: self.layout.name_of(weight).to_owned() });
        }
        self.powers = powers;
        self.losses.push(outcome.loss);
        Ok(())
    }

    fn validate(&mut self, settings: &TrainingSettings, images: &[&[f32]]) -> EngineResult<f64> {
        let (batch, seed) = (settings.batch, settings.svi.seed);
        let machine = self.machine(settings, 1)?;
        let mut sum = 0.0;
        for (key, chunk) in images.chunks(batch).enumerate() {
            let mut inputs = head(chunk.len(), [0.0; RATES], (0..batch).map(|_| (0, 0)));
            inputs.extend(noise(seed, key as u64, 1, batch));
            let mut pixels = chunk.concat();
            // What is beyond the images counts nothing; it is there so that all of it is finite.
            pixels.resize(batch * SIDE * SIDE, 0.0);
            let loss = machine.validate(&inputs, &pixels)?.loss;
            if !loss.is_finite() {
                return Err(EngineError::NotFinite { site: "x".to_owned(), from: "model", value: -loss });
            }
            sum += loss;
        }
        Ok(sum)
    }

    fn losses(&self) -> &[f64] {
        &self.losses
    }

    fn weights(&self, specs: &[WeightSpec]) -> Result<WeightSet> {
        self.layout.set(&self.numbers()?, specs)
    }

    fn device(&self) -> Option<String> {
        self.gpu.as_ref().map(Gpu::describe)
    }
}

impl Serialize for CudaSteps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let failed = |error: ppl_core::Error| ser::Error::custom(error);
        let (numbers, moments) = (self.numbers().map_err(failed)?, self.moments().map_err(failed)?);
        let (products, powers, losses) = (self.products, self.powers, self.losses.clone());
        Saved { products, powers, losses, numbers, moments }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CudaSteps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (saved, layout) = (Saved::deserialize(deserializer)?, Layout::new());
        let lengths = [&saved.numbers.weights, &saved.moments.means, &saved.moments.squares].map(Vec::len);
        if lengths != [layout.len; 3] || saved.numbers.running.len() != 2 * layout.channels {
            return Err(de::Error::custom("weights of another network"));
        }
        Ok(CudaSteps::from_saved(saved, layout))
    }
}
