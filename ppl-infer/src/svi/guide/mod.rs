//! Guides that follow from a model: Gaussians on the unconstrained line of all its latent sites.
//!
//! What they share is in `sites`: one vector is sampled, and each site of the model is a stretch of it, taken to the support of the
//! site. Their params are named `auto_..`.

mod automatic;
mod delta;
mod gaussian;
mod laplace;
mod low_rank;
mod multivariate_normal;
mod normal;
mod scale_tril;
mod sites;

pub use delta::AutoDelta;
pub use gaussian::Gaussian;
pub use laplace::AutoLaplace;
pub use low_rank::AutoLowRankMultivariateNormal;
pub use multivariate_normal::AutoMultivariateNormal;
pub use normal::AutoNormal;
