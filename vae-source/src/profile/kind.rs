//! `"profile": "vae"`: what a component of a system file may say of its decoder.

use std::path::Path;
use std::sync::Arc;

use lens_models::op::{Keys, LightKind, LightModel};
use lens_models::profiles::Profiles;

use super::decoded::{Decoded, NAME};
use crate::embedded::{self, Embedded};
use crate::error::{Error, Result};
use crate::latent::LatentPrior;
use crate::network::Decoder;

/// The files of a folder that `arclet train-source` wrote.
const DECODER: &str = "decoder.safetensors";
const PRIOR: &str = "prior.safetensors";

/// The neural source by name. A component may say
///
/// - `"interpolation"`: `"bilinear"` as in the paper, or `"cubic"`, whose gradient has no kinks;
/// - `"rotation"`: `true` for a rotation `phi` as a further parameter;
/// - `"decoder"`: which of the embedded ones ([`Embedded`]): `"trained"`, the default, or `"smooth"`;
/// - `"rounding"`: how far from zero the decoder's ReLU is rounded off ([`Decoder::rounded`]); where it is not said, by 0.4 in the smooth
///   one and not at all in others;
/// - `"weights"`: a decoder in place of the embedded ones, the file or its folder. The latent prior is the `prior.safetensors` beside it,
///   where there is none the standard normal that it was trained with.
#[derive(Clone, Copy, Debug)]
pub struct Vae;

impl LightKind for Vae {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self) -> &'static [&'static str] {
        &["interpolation", "rotation", "decoder", "rounding", "weights"]
    }

    fn make(&self, keys: &Keys<'_>) -> lens_models::error::Result<Arc<dyn LightModel>> {
        let interpolation = keys.get("interpolation")?.unwrap_or_default();
        let turns = keys.get("rotation")?.unwrap_or(false);
        let embedded: Option<Embedded> = keys.get("decoder")?;
        let rounding: Option<f64> = keys.get("rounding")?;
        let failed_at = |place: String, cause| lens_models::Error::Profile { place, cause: Box::new(cause) };
        let failed = |cause| failed_at(format!("{}: `weights`", keys.place()), cause);
        let (decoder, prior) = match (keys.path("weights")?, embedded) {
            (Some(_), Some(_)) => return Err(failed(Error::TwoDecoders)),
            (Some(path), None) => read(&path).map_err(failed)?,
            (None, which) => (which.unwrap_or_default().decoder().map_err(failed)?, embedded::prior().map_err(failed)?),
        };
        let decoder = match rounding {
            Some(rounding) => decoder.rounded(rounding).map_err(|cause| failed_at(keys.place().to_owned(), cause))?,
            None => decoder,
        };
        Ok(Arc::new(Decoded::new(decoder, prior, interpolation, turns)))
    }
}

/// The decoder of a file or of a folder, and its prior.
fn read(path: &Path) -> Result<(Decoder, LatentPrior)> {
    let file = if path.is_dir() { path.join(DECODER) } else { path.to_owned() };
    let prior = file.with_file_name(PRIOR);
    let decoder = Decoder::read(&file)?;
    Ok((decoder, if prior.exists() { LatentPrior::read(&prior)? } else { LatentPrior::standard() }))
}

/// The profiles of lens-models and the neural source.
#[must_use]
pub fn profiles() -> Profiles {
    Profiles::standard().with_light_kind(Arc::new(Vae))
}
