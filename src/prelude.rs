//! What a model and a run of it need, in one `use`.

pub use lens_models::data::{DataFiles, ImageData, Inputs};
pub use lens_models::fits::Image;
pub use lens_models::grid::Grid;
pub use lens_models::light::Sersic;
pub use lens_models::mass::{Epl, Shear, Sie, Sis, Sple};
pub use lens_models::op::{Deflector, LightComponent, brightness, expose, image_log_prob, sky, trace_rays};
pub use ppl_core::autodiff::{IntoVar, Var, scan};
pub use ppl_core::distributions::{
    Any, Bernoulli, BernoulliLogits, Beta, Binomial, BinomialLogits, Categorical, CategoricalLogits, Cauchy, Delta,
    Dirichlet, Distribution, Exponential, Family, Gamma, HalfCauchy, HalfNormal, ImproperUniform, Independent,
    InverseGamma, Laplace, LkjCholesky, LogNormal, LowRankMultivariateNormal, Mixture, MultivariateNormal,
    NegativeBinomial2, Normal, OrderedLogistic, Poisson, StudentT, Support, TruncatedNormal, Uniform, With,
};
pub use ppl_core::handler::{
    LocScale, block, condition, infer_config, intervene, lift, mask, params, priors, reparam, replay, scale, seed,
    substitute, trace, uncondition,
};
pub use ppl_core::{Array, Ctx, Error, LogDensity, ModelDensity, PriorSet, Result, Values};
pub use ppl_infer::map::{LaplaceSettings, MapSettings, laplace, maximise};
pub use ppl_infer::mcmc::{Hmc, HmcSettings, Nuts, NutsSettings, Start};
pub use ppl_infer::posterior::{Posterior, Summary};
pub use ppl_infer::svi::{
    AutoDelta, AutoLaplace, AutoLowRankMultivariateNormal, AutoMultivariateNormal, AutoNormal, Clip, Elbo, Fit, Loss,
    Optimizer, Patience, Schedule, Svi, SviSettings,
};
pub use ppl_infer::target::FnDensity;
pub use ppl_infer::{
    hmc, log_likelihood, nuts, nuts_from, posterior_of, posterior_of_guide, posterior_predictive, prior_predictive,
    sample, svi,
};
