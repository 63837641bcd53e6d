//! The machine: a step laid out in the memory of a device, its launches captured as graphs.

use std::collections::HashMap;
use std::time::Instant;

use ppl_core::cuda::{Argument, Buffer, Gpu, Graph, Kernel};
use ppl_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::launch::{Launch, Operand, Place};
use super::layout::{Layout, Numbers};
use super::products::{Blas, Products};
use super::step::{Places, Sizes, Step, table};

const SOURCE: &str = include_str!("../../../kernels/training.cu");

/// A loss of zero, and no gradient that is not finite.
const UNTOLD: [f32; 4] = [0.0, 0.0, f32::from_bits(u32::MAX), 0.0];

/// What the optimizer remembers of all weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Moments {
    pub means: Vec<f32>,
    pub squares: Vec<f32>,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outcome {
    /// The negative ELBO of the batch.
    pub loss: f64,
    /// The first weight whose gradient was not finite.
    pub not_finite: Option<usize>,
}

/// A training on a device.
pub(super) struct Machine {
    // Graphs go before the memory that they work on.
    step: Graph,
    validation: Graph,
    device: Memory,
    pub places: Places,
    pub sizes: Sizes,
}

/// The memory of a step, and what works on it.
struct Memory {
    gpu: Gpu,
    blas: Blas,
    kernels: HashMap<&'static str, Kernel>,
    blocks: Vec<Buffer<f32>>,
}

impl Memory {
    fn address(&self, place: Place) -> u64 {
        self.blocks[place.block].at().plus(place.first).address()
    }

    fn launch(&self, launch: &Launch, products: Products) -> Result<()> {
        match launch {
            Launch::Product(product) => self.blas.launch(&self.gpu, product, products, |place| self.address(place)),
            Launch::Kernel { name, grid: [x, y], threads, operands } => {
                let argument = |operand: &Operand| match *operand {
                    Operand::Place(place) => Argument::Address(self.address(place)),
                    Operand::Int(n) => n.into(),
                    Operand::Float(x) => x.into(),
                    Operand::Double(x) => x.into(),
                };
                let arguments: Vec<Argument> = operands.iter().map(argument).collect();
                self.gpu.launch(&self.kernels[name], [*x, *y, 1], [*threads, 1, 1], 0, &arguments)
            }
        }
    }

    fn launch_all<'a>(&self, launches: impl IntoIterator<Item = &'a Launch>, products: Products) -> Result<()> {
        launches.into_iter().try_for_each(|launch| self.launch(launch, products))
    }

    /// Fills a block from its beginning on.
    fn write(&self, place: Place, numbers: &[f32]) -> Result<()> {
        self.blocks[place.block].write(numbers)
    }
}

impl Machine {
    /// A step of these sizes that begins at these numbers, with these galaxies to take batches from.
    ///
    /// # Errors
    /// Too little memory; what the device says.
    pub(super) fn new(
        gpu: &Gpu,
        layout: &Layout,
        sizes: Sizes,
        products: Products,
        numbers: &Numbers,
        moments: &Moments,
    ) -> Result<Self> {
        let plan = Step::new(sizes, layout);
        let (module, mut kernels) = (gpu.load("training", SOURCE)?, HashMap::new());
        let all = || plan.gradients.iter().chain(&plan.update).chain(&plan.validation);
        for launch in all() {
            if let Launch::Kernel { name, .. } = launch
                && !kernels.contains_key(name)
            {
                kernels.insert(*name, module.kernel(name)?);
            }
        }
        let blas = Blas::new(gpu)?;
        let blocks = plan.memory.iter().map(|numbers| gpu.buffer::<f32>(*numbers)).collect::<Result<_>>()?;
        let device = Memory { gpu: gpu.clone(), blas, kernels, blocks };
        let ints = |n: i32| f32::from_bits(n.cast_unsigned());
        let places = plan.places;
        device.write(places.table, &table(sizes, layout).into_iter().map(ints).collect::<Vec<_>>())?;
        device.write(places.clipped, &[1.0])?;
        device.write(places.loss, &UNTOLD)?;
        device.write(places.weights, &numbers.weights)?;
        device.write(places.running, &numbers.running)?;
        device.write(places.means, &moments.means)?;
        device.write(places.squares, &moments.squares)?;
        if device.blas.is_cublas() {
            // It loads its kernels at their first use, which a capture may refuse.
            device.launch_all(&plan.gradients, products)?;
            device.launch_all(&plan.validation, Products::Single)?;
            gpu.synchronize()?;
        }
        let step = gpu.capture(|| device.launch_all(plan.gradients.iter().chain(&plan.update), products))?;
        let validation = gpu.capture(|| device.launch_all(&plan.validation, Products::Single))?;
        Ok(Machine { step, validation, device, places, sizes })
    }

    /// Puts the galaxies to learn from on the device.
    ///
    /// # Errors
    /// What the device says.
    pub(super) fn galaxies(&self, galaxies: &[&[f32]]) -> Result<()> {
        self.device.write(self.places.galaxies, &galaxies.concat())
    }

    /// Launches a step by these inputs.
    ///
    /// # Errors
    /// What the device says.
    pub(super) fn begin(&self, inputs: &[f32]) -> Result<()> {
        self.device.write(self.places.inputs, inputs)?;
        self.step.launch()
    }

    /// The loss of a batch of images, the first of its room, by running statistics.
    ///
    /// # Errors
    /// What the device says.
    pub(super) fn validate(&self, inputs: &[f32], images: &[f32]) -> Result<Outcome> {
        self.device.write(self.places.inputs, inputs)?;
        self.device.write(self.places.images, images)?;
        self.validation.launch()?;
        self.outcome()
    }

    /// What was launched last came to, once it is done.
    ///
    /// # Errors
    /// What went wrong there.
    pub(super) fn outcome(&self) -> Result<Outcome> {
        let told = self.device.blocks[self.places.loss.block].download()?;
        let [low, high, first, ..] = told.iter().map(|x| x.to_bits()).collect::<Vec<_>>()[..] else {
            return Err(Error::ArrayLength { expected: 4, got: told.len() });
        };
        let loss = f64::from_bits(u64::from(low) | u64::from(high) << 32);
        let not_finite = (first != u32::MAX).then_some(first as usize);
        if not_finite.is_some() {
            self.device.write(self.places.loss, &UNTOLD)?;
        }
        Ok(Outcome { loss, not_finite })
    }

    /// Weights and running statistics as they are.
    ///
    /// # Errors
    /// What the device says.
    pub(super) fn numbers(&self) -> Result<Numbers> {
        Ok(Numbers { weights: self.download(self.places.weights)?, running: self.download(self.places.running)? })
    }

    /// What the optimizer remembers.
    ///
    /// # Errors
    /// What the device says.
    pub(super) fn moments(&self) -> Result<Moments> {
        Ok(Moments { means: self.download(self.places.means)?, squares: self.download(self.places.squares)? })
    }

    /// The gradient of the last step, and running statistics.
    ///
    /// # Errors
    /// What the device says.
    pub(super) fn gradient(&self) -> Result<Numbers> {
        Ok(Numbers { weights: self.download(self.places.gradient)?, running: self.download(self.places.running)? })
    }

    /// Milliseconds of every launch of a step, the mean of so many.
    ///
    /// # Errors
    /// What the device says.
    pub(super) fn times(&self, layout: &Layout, products: Products, repeats: u32) -> Result<Vec<(String, f64)>> {
        let plan = Step::new(self.sizes, layout);
        let mut times = vec![];
        for launch in plan.gradients.iter().chain(&plan.update) {
            // Captured, so that the host does not slow them down.
            let many = || (0..repeats).try_for_each(|_| self.device.launch(launch, products));
            let graph = self.device.gpu.capture(many)?;
            graph.launch()?;
            self.device.gpu.synchronize()?;
            let start = Instant::now();
            graph.launch()?;
            self.device.gpu.synchronize()?;
            times.push((launch.describe(), 1e3 * start.elapsed().as_secs_f64() / f64::from(repeats)));
        }
        Ok(times)
    }

    fn download(&self, place: Place) -> Result<Vec<f32>> {
        self.device.blocks[place.block].download()
    }
}
