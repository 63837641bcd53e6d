//! Distributions: what a site may be drawn from, and the list of all of them.

mod any;
#[cfg(test)]
mod battery;
mod cholesky;
pub mod family;
mod incomplete;
mod independent;
pub mod json;
mod normal_mass;
mod softplus;
mod stirling;
mod support;
mod univariate;

use serde_json::Value as Json;

use crate::autodiff::{Dims, Rank, Value};
use crate::error::Result;
use crate::rng::Rng;

pub use any::Any;
pub use family::{Family, Parameter, Partials};
pub use independent::Independent;
pub use support::{Bound, Support};
pub use univariate::{Params, Univariate};

/// A distribution as the machinery sees it: values in, one log probability per lane out.
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

    /// One draw of `dims` for each generator, which is one for each lane.
    fn sample(&self, rngs: &mut [Rng], dims: Dims) -> Result<Value>;

    /// The log probability of `x`, summed over all but the lanes: -inf in the lanes that are out of support.
    fn log_prob(&self, x: &Value) -> Result<Value>;

    /// Refuses parameters outside their domain; `place` says where for the message.
    fn check(&self, place: &str) -> Result<()>;

    /// As an entry of a prior set, where its parameters are plain numbers.
    fn to_json(&self) -> Option<Json>;
}

/// A distribution that may stand in a plate of depth `Depth`, and the rank of what it gives there.
pub trait SampledIn<Depth: Rank>: Distribution {
    /// Rank of a draw.
    type Value: Rank;
}

/// Declares the files of the families and of the other distributions, exports them, and lists them for JSON.
macro_rules! distributions {
    (families { $($file:ident: $family:ident),+ $(,)? } others { $($other_file:ident: $other:ident),+ $(,)? }) => {
        $(mod $file; pub use $file::$family;)+
        $(mod $other_file; pub use $other_file::$other;)+

        /// Every distribution that JSON can name.
        const DISTRIBUTIONS: &[json::Entry] = &[
            $(json::Entry::of::<$family, _>(),)+
            $(json::Entry::new($other_file::NAME, $other_file::read),)+
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
        multivariate_normal: MultivariateNormal,
    }
}
