//! `"profile": "vae"`: what a component of a system file may say of its decoder.

use std::path::Path;
use std::sync::Arc;

use lens_models::op::{Keys, LightKind, LightModel};
use lens_models::profiles::Profiles;

use super::decoded::{Decoded, NAME};
use crate::embedded;
use crate::error::Result;
use crate::latent::LatentPrior;
use crate::network::Decoder;

/// The files of a folder that `arclet train-source` wrote.
const DECODER: &str = "decoder.safetensors";
const PRIOR: &str = "prior.safetensors";

/// The neural source by name. A component may say
///
/// - `"interpolation"`: `"bilinear"` as in the paper, or `"cubic"`, whose gradient has no kinks;
/// - `"rotation"`: `true` for a rotation `phi` as a further parameter;
/// - `"weights"`: a decoder in place of the embedded one, the file or its folder. The latent prior is the `prior.safetensors` beside it,
///   where there is none the standard normal that it was trained with.
#[derive(Clone, Copy, Debug)]
pub struct Vae;

impl LightKind for Vae {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self) -> &'static [&'static str] {
        &["interpolation", "rotation", "weights"]
    }

    fn make(&self, keys: &Keys<'_>) -> lens_models::error::Result<Arc<dyn LightModel>> {
        let interpolation = keys.get("interpolation")?.unwrap_or_default();
        let turns = keys.get("rotation")?.unwrap_or(false);
        let failed = |cause| {
            let place = format!("{}: `weights`", keys.place());
            lens_models::Error::Profile { place, cause: Box::new(cause) }
        };
        let (decoder, prior) = match keys.path("weights")? {
            Some(path) => read(&path).map_err(failed)?,
            None => (embedded::decoder().map_err(failed)?, embedded::prior().map_err(failed)?),
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
