//! Optimizers of SVI: what they remember of every param, and the step that follows from a gradient.

mod adam;
mod adamw;

use ppl_core::autodiff::{Element, Storage, Value};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use adam::Adam;
pub use adamw::AdamW;

use crate::error::Result;
use crate::map::{Float, Moments, Step};

/// The optimizers, each with its settings: in JSON `{"adam": {..}}` or `{"adamw": {..}}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Steps of about the learning rate.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
}

impl Default for Optimizer {
    fn default() -> Self {
        Optimizer::Adam(Adam::default())
    }
}

impl Optimizer {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Optimizer::Adam(adam) => adam.check(),
            Optimizer::AdamW(adamw) => adamw.check(),
        }
    }

    fn moments(&self) -> Moments {
        match self {
            Optimizer::Adam(adam) => adam.moments(),
            Optimizer::AdamW(adamw) => adamw.adam().moments(),
        }
    }

    fn weight_decay(&self) -> f64 {
        match self {
            Optimizer::Adam(_) => 0.0,
            Optimizer::AdamW(adamw) => adamw.weight_decay,
        }
    }
}

/// What an optimizer remembers of one param.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    mean: Floats,
    square: Floats,
    /// Powers of the betas, which remove the bias of the moments.
    bias: [f64; 2],
}

/// Numbers in the precision of their param.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Floats {
    F64(Vec<f64>),
    F32(Vec<f32>),
}

/// What happens to the gradients of all params alike: they are multiplied by a factor, then bounded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Treatment {
    pub factor: f64,
    pub bound: f64,
}

impl Memory {
    /// Nothing remembered of a param like this.
    pub(super) fn of(param: &Value) -> Self {
        let len = param.shape().len();
        let zero = match param.element() {
            Element::F64 => Floats::F64(vec![0.0; len]),
            Element::F32 => Floats::F32(vec![0.0; len]),
        };
        Memory { mean: zero.clone(), square: zero, bias: [1.0; 2] }
    }

    /// The param after a step at this learning rate along the gradient, towards higher ELBO.
    pub(super) fn step(
        &mut self,
        optimizer: &Optimizer,
        rate: f64,
        param: &Value,
        gradient: &Storage,
        treatment: Treatment,
    ) -> Value {
        let (moments, kept) = (optimizer.moments(), 1.0 - rate * optimizer.weight_decay());
        let shape = param.shape();
        match (&mut self.mean, &mut self.square) {
            (Floats::F64(mean), Floats::F64(square)) => {
                let mut new = vec![0.0; shape.len()];
                let walk = Walk::new(moments.next(&mut self.bias, rate), kept, treatment);
                walk.all(param.data().numbers(), gradient.numbers(), mean, square, &mut new);
                Value::constant(shape, new)
            }
            (Floats::F32(mean), Floats::F32(square)) => {
                let mut new = ppl_core::pool::take(shape.len());
                let walk = Walk::new(moments.next(&mut self.bias, rate), kept, treatment);
                walk.all(param.data().pixels(), gradient.pixels(), mean, square, &mut new);
                Value::constant(shape, new)
            }
            // Both moments are made together, in one precision.
            _ => param.clone(),
        }
    }
}

/// One step of one param.
#[derive(Clone, Copy)]
struct Walk<F> {
    step: Step<F>,
    /// What is left of a number after its decay.
    kept: F,
    factor: F,
    bound: F,
}

/// Numbers that one task works on.
const CHUNK: usize = 1 << 15;

impl<F: Float> Walk<F> {
    fn new(step: Step<F>, kept: f64, treatment: Treatment) -> Self {
        let of = F::from_f64;
        Walk { step, kept: of(kept), factor: of(treatment.factor), bound: of(treatment.bound) }
    }

    fn all(self, old: &[F], gradient: &[F], mean: &mut [F], square: &mut [F], new: &mut [F]) {
        if old.len() <= CHUNK {
            return self.some(old, gradient, mean, square, new);
        }
        let moments = mean.par_chunks_mut(CHUNK).zip(square.par_chunks_mut(CHUNK));
        let from = old.par_chunks(CHUNK).zip(gradient.par_chunks(CHUNK));
        let chunks = new.par_chunks_mut(CHUNK).zip(moments).zip(from);
        chunks.for_each(|((new, (mean, square)), (old, gradient))| self.some(old, gradient, mean, square, new));
    }

    fn some(self, old: &[F], gradient: &[F], mean: &mut [F], square: &mut [F], new: &mut [F]) {
        let moments = mean.iter_mut().zip(square);
        for (((new, (m, v)), old), g) in new.iter_mut().zip(moments).zip(old).zip(gradient) {
            let g = self.factor * *g;
            let g = if g > self.bound { self.bound } else { g };
            let g = if F::from_f64(0.0) - g > self.bound { F::from_f64(0.0) - self.bound } else { g };
            *new = self.kept * *old + self.step.step(m, v, g);
        }
    }
}

/// The sum of squares; not finite where a number is not. The same for any number of threads.
pub(super) fn square_norm(gradient: &Storage) -> f64 {
    fn all<F: Float>(numbers: &[F]) -> f64 {
        let some = |chunk: &[F]| {
            // Several sums that do not wait for each other.
            let (eights, rest) = chunk.as_chunks::<8>();
            let mut sums = [0.0_f64; 8];
            for eight in eights {
                sums.iter_mut().zip(eight).for_each(|(sum, x)| *sum += x.to_f64() * x.to_f64());
            }
            sums.iter().sum::<f64>() + rest.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>()
        };
        if numbers.len() <= CHUNK {
            return some(numbers);
        }
        numbers.par_chunks(CHUNK).map(some).collect::<Vec<f64>>().iter().sum()
    }
    match gradient.element() {
        Element::F64 => all(gradient.numbers()),
        Element::F32 => all(gradient.pixels()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::autodiff::{Dims, Shape};

    fn moved(optimizer: Optimizer, len: usize, gradient: f32, treatment: Treatment) -> Vec<f32> {
        let param = Value::constant(Shape::new(1, Dims::new(&[len])), vec![1.0_f32; len]);
        let gradient = Storage::from(vec![gradient; len]);
        Memory::of(&param).step(&optimizer, 0.01, &param, &gradient, treatment).data().pixels().to_vec()
    }

    const PLAIN: Treatment = Treatment { factor: 1.0, bound: f64::INFINITY };

    #[test]
    fn the_first_step_is_the_learning_rate_on_one_thread_and_on_several() {
        // epsilon / |g| is 1e-8 / 3, and single precision has 6e-8.
        for len in [3, 3 * CHUNK + 5] {
            let new = moved(Optimizer::default(), len, -3.0, PLAIN);
            assert!(new.iter().all(|x| (x - 0.99).abs() < 1e-6), "{:?}", &new[..3]);
        }
    }

    #[test]
    fn weight_decay_shrinks_by_the_rate_times_the_decay_and_leaves_the_moments_alone() {
        let adamw = Optimizer::AdamW(AdamW { weight_decay: 0.5, ..Default::default() });
        assert!((moved(adamw, 1, -3.0, PLAIN)[0] - (1.0 - 0.005 - 0.01)).abs() < 1e-6);
        assert!((moved(adamw, 1, 0.0, PLAIN)[0] - (1.0 - 0.005)).abs() < 1e-6);
    }

    #[test]
    fn a_gradient_is_multiplied_and_then_bounded_on_both_sides() {
        // With a large epsilon the step grows with the gradient: rate g / (|g| + epsilon).
        let grows = Optimizer::Adam(Adam { beta1: 0.0, beta2: 0.0, epsilon: 1.0 });
        let step = |g: f32, factor, bound| moved(grows, 1, g, Treatment { factor, bound })[0];
        assert_ne!(step(2.0, 1.0, f64::INFINITY), step(1.0, 1.0, f64::INFINITY));
        assert_eq!(step(2.0, 1.0, f64::INFINITY), step(1.0, 2.0, f64::INFINITY));
        assert_eq!(step(9.0, 1.0, 1.0), step(1.0, 1.0, f64::INFINITY));
        assert_eq!(step(-9.0, 1.0, 1.0), step(-1.0, 1.0, f64::INFINITY));
    }

    #[test]
    fn the_norm_of_a_gradient_that_is_not_finite_is_not_finite() {
        let norm = |x: f32| square_norm(&Storage::from([vec![2.0_f32; 2 * CHUNK], vec![x]].concat()));
        assert_eq!(norm(1.0), 8.0 * CHUNK as f64 + 1.0);
        assert!(!norm(f32::NAN).is_finite() && !norm(f32::INFINITY).is_finite());
    }
}
