//! The step of Adam (Kingma & Ba 2015, arXiv:1412.6980), one number at a time, in double or single precision.

use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// What the moments remember, and how small a gradient counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    /// Memory of the mean gradient.
    pub beta1: f64,
    /// Memory of the mean square gradient.
    pub beta2: f64,
    /// Added to the root mean square.
    pub epsilon: f64,
}

impl Moments {
    /// The step at this learning rate. `bias` holds the powers of the betas so far, and is taken one further.
    pub(crate) fn next<F: Float>(self, bias: &mut [f64; 2], rate: f64) -> Step<F> {
        let Moments { beta1, beta2, epsilon } = self;
        *bias = [bias[0] * beta1, bias[1] * beta2];
        let new = [1.0 - beta1, 1.0 - beta2].map(F::from_f64);
        let unbias = bias.map(|power| F::from_f64(1.0 / (1.0 - power)));
        Step { new, unbias, epsilon: F::from_f64(epsilon), rate: F::from_f64(rate) }
    }
}

/// One step for every number of a position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<F> {
    new: [F; 2],
    unbias: [F; 2],
    epsilon: F,
    rate: F,
}

impl<F: Float> Step<F> {
    /// m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)
    #[inline(always)]
    pub(crate) fn step(&self, m: &mut F, v: &mut F, g: F) -> F {
        *m += self.new[0] * (g - *m);
        *v += self.new[1] * (g * g - *v);
        self.rate * (*m * self.unbias[0]) / ((*v * self.unbias[1]).root() + self.epsilon)
    }
}

/// f64 or f32.
pub(crate) trait Float:
    Copy
    + Send
    + Sync
    + Default
    + PartialOrd
    + AddAssign
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + 'static
{
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn root(self) -> Self;
}

impl Float for f64 {
    fn from_f64(x: f64) -> Self {
        x
    }
    fn to_f64(self) -> f64 {
        self
    }
    fn root(self) -> Self {
        self.sqrt()
    }
}

impl Float for f32 {
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn root(self) -> Self {
        self.sqrt()
    }
}
