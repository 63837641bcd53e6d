//! Distributions: what a site may be drawn from, and the list of all of them.

mod any;
mod batch;
#[cfg(test)]
mod battery;
mod declare;
mod delta;
pub mod family;
mod gauge;
mod in_units;
mod incomplete;
mod independent;
pub mod json;
mod json_parameters;
mod kl;
mod mixture;
mod multivariate;
mod multivariate_log_prob;
mod multivariate_pathwise;
mod normal_mass;
mod softplus;
mod stirling;
mod univariate;
mod univariate_log_prob;
mod univariate_pathwise;
#[cfg(test)]
mod vector_battery;
pub mod vector_family;

use std::rc::Rc;

use serde_json::Value as Json;

use crate::autodiff::{Dims, Rank, Value, sum_value};
use crate::error::{Error, Result};
use crate::rng::Rng;

pub use crate::support::{Bound, Support, VectorSupport};
pub use any::Any;
pub use delta::Delta;
pub use family::{Family, Parameter, Partials};
pub use gauge::Gauge;
pub use in_units::InUnits;
pub use independent::Independent;
pub use kl::kl_divergence;
pub use mixture::Mixture;
pub use multivariate::Multivariate;
pub use univariate::{Params, Univariate, With};
pub use vector_family::VectorFamily;

/// A distribution as the machinery sees it: values in, log probabilities out.
pub trait Distribution: 'static {
    /// Its name in JSON and in messages.
    fn name(&self) -> &'static str;

    /// Dimensions of a draw outside any plate.
    fn dims(&self) -> Dims;

    /// How many of these dimensions, the innermost, belong to one draw.
    fn event_rank(&self) -> usize {
        0
    }

    /// Where it puts its mass, bounds as values.
    fn support(&self) -> Support<Value>;

    /// How engines measure a site, where it is not by the transform to its support alone: see [`InUnits`].
    fn gauge(&self) -> Option<Gauge> {
        None
    }

    /// One draw of `dims` for each generator, which is one for each lane.
    ///
    /// # Errors
    /// Parameters whose shapes do not fit.
    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value>;

    /// The draw of [`Distribution::sample`] for the same generators, through which gradients flow to the parameters.
    ///
    /// # Errors
    /// A traced parameter that a draw has no gradient by, with `site`; and as [`Distribution::sample`].
    fn rsample(&self, site: &str, _rngs: &mut [Rng], _dims: Dims) -> Result<Value> {
        let parameter = "its parameters".to_owned();
        Err(Error::NotPathwise { site: site.to_owned(), distribution: self.name(), parameter })
    }

    /// The log probability of `x` by element: event dimensions summed, the batch kept; -inf out of support.
    ///
    /// # Errors
    /// A value whose shape does not fit.
    fn log_prob(&self, x: &Value) -> Result<Value>;

    /// The log probability of `x`, summed over all but the lanes.
    ///
    /// # Errors
    /// As [`Distribution::log_prob`].
    fn log_prob_sum(&self, x: &Value) -> Result<Value> {
        sum_value(&self.log_prob(x)?)
    }

    /// Refuses parameters outside their domain; `place` says where for the message.
    ///
    /// # Errors
    /// The first such parameter.
    fn check(&self, place: &str) -> Result<()>;

    /// As an entry of a prior set, where its parameters are plain numbers.
    fn to_json(&self) -> Option<Json>;

    /// The parameter of this name.
    fn parameter(&self, _name: &str) -> Option<Value> {
        None
    }

    /// The same family with each parameter changed.
    ///
    /// # Errors
    /// What `change` returns; a distribution that has no parameters to change.
    fn with_parameters(&self, _change: &mut dyn FnMut(&str, &Value) -> Result<Value>) -> Result<Rc<dyn Distribution>> {
        Err(Error::NoParameters { distribution: self.name().to_owned() })
    }
}

/// A distribution that may stand in a plate of depth `Depth`, and the rank of what it gives there.
pub trait SampledIn<Depth: Rank>: Distribution {
    /// Rank of a draw.
    type Value: Rank;
}

/// Declares the files of the families and of the other distributions, exports them, and lists them for JSON.
macro_rules! distributions {
    (families { $($file:ident: $family:ident),+ $(,)? } others { $($other_file:ident: $other:ident = $read:expr),+ $(,)? }) => {
        $(mod $file; pub use $file::$family;)+
        $(mod $other_file; pub use $other_file::$other;)+

        /// Every distribution that JSON can name.
        const DISTRIBUTIONS: &[json::Entry] = &[
            $(json::Entry::of::<$family, _>(),)+
            $(json::Entry::new(<$other as VectorFamily>::NAME, $read),)+
        ];
    };
}

distributions! {
    families {
        bernoulli: Bernoulli,
        bernoulli_logits: BernoulliLogits,
        beta: Beta,
        binomial: Binomial,
        binomial_logits: BinomialLogits,
        cauchy: Cauchy,
        exponential: Exponential,
        gamma: Gamma,
        geometric: Geometric,
        gumbel: Gumbel,
        half_cauchy: HalfCauchy,
        half_normal: HalfNormal,
        improper_uniform: ImproperUniform,
        inverse_gamma: InverseGamma,
        laplace: Laplace,
        log_normal: LogNormal,
        logistic: Logistic,
        negative_binomial2: NegativeBinomial2,
        negative_binomial_probs: NegativeBinomialProbs,
        normal: Normal,
        pareto: Pareto,
        poisson: Poisson,
        student_t: StudentT,
        truncated_normal: TruncatedNormal,
        uniform: Uniform,
        von_mises: VonMises,
        weibull: Weibull,
    }
    others {
        categorical: Categorical = multivariate::read::<Categorical>,
        categorical_logits: CategoricalLogits = multivariate::read::<CategoricalLogits>,
        dirichlet: Dirichlet = multivariate::read::<Dirichlet>,
        lkj_cholesky: LkjCholesky = multivariate::read::<LkjCholesky>,
        low_rank_multivariate_normal: LowRankMultivariateNormal = multivariate::read::<LowRankMultivariateNormal>,
        multivariate_normal: MultivariateNormal = multivariate_normal::read,
        ordered_logistic: OrderedLogistic = multivariate::read::<OrderedLogistic>,
    }
}
