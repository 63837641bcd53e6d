//! The decoder of the neural source by itself.

use ppl_core::distributions::Normal;
use ppl_core::{Ctx, ModelDensity, Var};
use vae_source::network::{Decoder, LATENT, SIDE, WeightSet, decoder_weights, op};

use super::{BenchModel, Model};

/// The decoder of the neural source with random weights: 64 latent numbers, and a weighted sum of the 64 x 64 pixels of their image
/// for a likelihood.
///
/// # Errors
/// None: everything in it is fixed.
pub fn decoder() -> vae_source::Result<BenchModel> {
    let decoder = Decoder::new(&WeightSet::initial(&decoder_weights(), 1))?;
    let pixels = SIDE * SIDE;
    let weights = Var::matrix(1, pixels, (0..pixels).map(|i| (0.1 * i as f64).cos()).collect::<Vec<f64>>())?;
    let model: Model = Box::new(move |ctx: &mut Ctx| {
        let z = ctx.plate("latent", LATENT, |ctx| ctx.sample("z", Normal::new(0.0, 1.0)))?;
        let image = op::to_numbers(&op::reshaped(&decoder.decode(&z)?, &[1, pixels])?)?;
        ctx.factor("image", (&image * &weights).sum())
    });
    let density = ModelDensity::new(model)?;
    let position = (0..density.layout().dim()).map(|i| (1.3 * i as f64).sin()).collect();
    Ok(BenchModel { density, position, what: "the decoder of the neural source, 64 latent numbers to 64 x 64 pixels" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoder_is_replayed_by_a_plan_with_a_gradient_in_every_lane() -> vae_source::Result<()> {
        let model = decoder()?;
        let mut calls = model.calls(2);
        calls.warm_up()?;
        let (logp, grad) = calls.evaluate()?;
        assert!(logp[0] != logp[1] && grad.len() == 128 && grad.iter().all(|g| g.is_finite() && *g != 0.0));
        assert!(model.explain(2)?.is_some());
        Ok(())
    }
}
