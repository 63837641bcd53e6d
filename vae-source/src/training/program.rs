//! The program: what the paper's variational autoencoder says of a batch of galaxies, as model and guide.

use ppl_core::distributions::Normal;
use ppl_core::{Array, Ctx, Result, Var};

use super::sites::{Sites, Specs};
use crate::network::op::{reshaped, to_numbers};
use crate::network::{LATENT, Mode, SIDE, decode, encode};

/// sigma_d: the standard deviation of a pixel about the decoder's image (section 2.1 of the paper).
pub const SIGMA: f64 = 1.0 / 50.0;

/// The model of galaxies `[batch, 64, 64]`: z ~ N(0, 1), x ~ N(mu_d(z), sigma_d). The weights of the decoder are params
/// `decoder.0.weight`, ..; those that nobody has yet begin from `seed`.
///
/// # Errors
/// Images of another shape; what the context says of its sites.
pub fn model(ctx: &mut Ctx, images: &Array, mode: Mode, seed: u64) -> Result<()> {
    let batch = images.dims().sizes()[0];
    let z = ctx.sample("z", Normal::new(Var::matrix(batch, LATENT, vec![0.0; batch * LATENT])?, 1.0))?;
    let mean = decode(&mut Sites::new(ctx, &Specs::new(), seed), mode, &z)?;
    let rows = |images: &Array| to_numbers(&reshaped(images, &[batch, SIDE * SIDE])?);
    ctx.observe("x", Normal::new(rows(&mean)?, SIGMA), rows(images)?)
}

/// The guide: z ~ N(mu_e(x), sigma_e(x)). The weights of the encoder are params `encoder.0.weight`, ..
///
/// # Errors
/// As [`model`].
pub fn guide(ctx: &mut Ctx, images: &Array, mode: Mode, seed: u64) -> Result<()> {
    let code = encode(&mut Sites::new(ctx, &Specs::new(), seed), mode, images)?;
    ctx.sample("z", Normal::new(code.mean, code.std)).map(drop)
}
