//! What a network asks of its weights: names, shapes, and how they begin.

use ppl_core::rng;
use rand_distr::{Distribution, Normal};

/// How a weight begins.
///
/// The paper's appendix D says that weights were "initialized to 0.02", which is the standard deviation of the DCGAN that its
/// networks are taken from (Radford et al. 2015, arXiv:1511.06434): kernels and matrices from N(0, 0.02), the factors of batch
/// normalisation from N(1, 0.02), everything that is added 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A kernel or a matrix.
    Kernel,
    /// A factor of batch normalisation.
    Factor,
    /// What is added.
    Bias,
    /// The running mean of a channel, which is not trained.
    RunningMean,
    /// The running variance of a channel, which is not trained.
    RunningVariance,
}

/// The standard deviation of weights at the start.
const SPREAD: f32 = 0.02;

/// One weight of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightSpec {
    /// As `state_dict` of PyTorch has it: `decoder.1.running_mean`.
    pub name: String,
    /// Its shape.
    pub dims: Vec<usize>,
    /// How it begins.
    pub kind: Kind,
}

impl WeightSpec {
    pub(in crate::network) fn new(name: String, dims: &[usize], kind: Kind) -> Self {
        WeightSpec { name, dims: dims.to_vec(), kind }
    }

    /// How many numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it follows gradients: running statistics do not.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        !matches!(self.kind, Kind::RunningMean | Kind::RunningVariance)
    }

    /// Its numbers at the start of a training; the same for the same seed and name, whatever else is drawn.
    #[must_use]
    pub fn initial(&self, seed: u64) -> Vec<f32> {
        let centre = match self.kind {
            Kind::Kernel => 0.0,
            Kind::Factor => 1.0,
            Kind::Bias | Kind::RunningMean => return vec![0.0; self.len()],
            Kind::RunningVariance => return vec![1.0; self.len()],
        };
        let mut rng = rng::keyed(seed, &self.name, 0);
        match Normal::new(centre, SPREAD) {
            Ok(normal) => normal.sample_iter(&mut rng).take(self.len()).collect(),
            // Not reached: the spread is positive and finite.
            Err(_) => vec![centre; self.len()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_begin_with_the_spread_of_the_paper() {
        let draw = |kind| WeightSpec::new("w".to_owned(), &[100, 100], kind).initial(3);
        let moments = |x: &[f32]| {
            let mean = x.iter().sum::<f32>() / x.len() as f32;
            (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / x.len() as f32).sqrt())
        };
        for (kind, centre) in [(Kind::Kernel, 0.0), (Kind::Factor, 1.0)] {
            let (mean, spread) = moments(&draw(kind));
            // Five standard errors of 10,000 draws.
            assert!((mean - centre).abs() < 1e-3 && (spread - 0.02).abs() < 7e-4, "{mean} {spread}");
        }
        assert_eq!(draw(Kind::Kernel), draw(Kind::Kernel));
        assert!(draw(Kind::RunningVariance).iter().all(|v| *v == 1.0) && draw(Kind::Bias).iter().all(|v| *v == 0.0));
    }
}
