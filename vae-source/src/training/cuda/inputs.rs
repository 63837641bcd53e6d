//! The inputs of a step: which galaxies, which noise, and the optimizer's numbers, keyed as the tape's own steps are.

use ppl_core::rng;
use ppl_infer::svi::{Adam, Clip, Optimizer};
use rand::Rng as _;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::step::RATES;
use crate::network::LATENT;
use crate::training::{Feed, TrainingSettings};

/// Powers of the betas, which remove the bias of Adam's moments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Powers([f64; 2]);

impl Default for Powers {
    fn default() -> Self {
        Powers([1.0; 2])
    }
}

/// The settings of an optimizer as those of Adam with a weight decay.
fn adam(optimizer: &Optimizer) -> (Adam, f64) {
    match *optimizer {
        Optimizer::Adam(adam) => (adam, 0.0),
        Optimizer::AdamW(w) => (Adam { beta1: w.beta1, beta2: w.beta2, epsilon: w.epsilon }, w.weight_decay),
    }
}

impl Powers {
    /// The numbers of a step, in the order of `Rates` in the kernels, and the powers after it.
    pub(super) fn next(self, settings: &TrainingSettings, step: u64) -> ([f32; RATES], Self) {
        let svi = &settings.svi;
        let (Adam { beta1, beta2, epsilon }, decay) = adam(&svi.optimizer);
        let rate = svi.learning_rate.rate(step, svi.steps);
        let next = [self.0[0] * beta1, self.0[1] * beta2];
        let [unbias1, unbias2] = next.map(|power| 1.0 / (1.0 - power));
        let bound = match svi.clip {
            Some(Clip::Value(most)) => most,
            _ => f64::INFINITY,
        };
        let kept = 1.0 - rate * decay;
        let rates = [rate, 1.0 - beta1, 1.0 - beta2, unbias1, unbias2, epsilon, kept, bound];
        (rates.map(|x| x as f32), Powers(next))
    }
}

/// The largest norm of a gradient, where there is one.
pub(super) fn norm(settings: &TrainingSettings) -> Option<f64> {
    match settings.svi.clip {
        Some(Clip::Norm(most)) => Some(most),
        _ => None,
    }
}

/// The normal numbers of z, `[draw][image][latent]`: those that the guide draws under this key on the tape.
pub(super) fn noise(seed: u64, key: u64, draws: usize, images: usize) -> impl Iterator<Item = f32> {
    let seed = rng::keyed(seed ^ key.rotate_left(32), "svi", 0).next_u64();
    rng::of_lanes(seed, "z", draws).into_iter().flat_map(move |rng| {
        let of_draw = StandardNormal.sample_iter(rng).take(images * LATENT);
        of_draw.map(|x: f64| x as f32)
    })
}

/// What the inputs begin with: how many images count, the optimizer's numbers, and the picks. Ints are their bits.
pub(super) fn head(count: usize, rates: [f32; RATES], picks: impl Iterator<Item = (usize, u8)>) -> Vec<f32> {
    let bits = |n: usize| f32::from_bits(u32::try_from(n).unwrap_or(u32::MAX));
    let mut head = vec![bits(count), 0.0, 0.0, 0.0];
    head.extend(rates);
    head.extend(picks.map(|(galaxy, how)| bits(8 * galaxy + usize::from(how))));
    head.resize(head.len().next_multiple_of(4), 0.0);
    head
}

/// What is the same from step to step, or made ahead of the next: the order of the galaxies of an epoch, and the noise of a step.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    order: Option<(u64, Vec<usize>)>,
    noise: Option<(Key, Vec<f32>)>,
}

/// What fixes the noise of a step: seed, step, draws, images.
type Key = (u64, u64, usize, usize);

fn key(settings: &TrainingSettings, step: u64) -> Key {
    (settings.svi.seed, step, settings.svi.particles, settings.batch)
}

impl Ahead {
    /// The inputs of a training step.
    pub(super) fn inputs(
        &mut self,
        feed: &Feed<'_>,
        settings: &TrainingSettings,
        step: u64,
        rates: [f32; RATES],
    ) -> Vec<f32> {
        let epoch = feed.epoch(step);
        let (_, order) = match self.order.take().filter(|(of, _)| *of == epoch) {
            Some(order) => self.order.insert(order),
            None => self.order.insert((epoch, feed.order(epoch))),
        };
        let mut inputs = head(feed.batch_len(), rates, feed.picks(step, order));
        match self.noise.take() {
            Some((of, noise)) if of == key(settings, step) => inputs.extend(noise),
            _ => inputs.extend(noise(settings.svi.seed, step, settings.svi.particles, settings.batch)),
        }
        inputs
    }

    /// Makes the noise of a step, before it is asked for.
    pub(super) fn prepare(&mut self, settings: &TrainingSettings, step: u64) {
        let made = noise(settings.svi.seed, step, settings.svi.particles, settings.batch).collect();
        self.noise = Some((key(settings, step), made));
    }
}
