//! The embedded decoder: the weights that the program carries, in half precision; `weights/model-card.md` says what they are.

use std::sync::OnceLock;

use crate::error::Result;
use crate::latent::LatentPrior;
use crate::network::Decoder;

const DECODER: &[u8] = include_bytes!("../weights/decoder.safetensors");
const PRIOR: &[u8] = include_bytes!("../weights/prior.safetensors");

/// Unpacked once for the program.
static UNPACKED: OnceLock<Decoder> = OnceLock::new();

/// The decoder.
///
/// # Errors
/// None: its weights are whole.
pub fn decoder() -> Result<Decoder> {
    match UNPACKED.get() {
        Some(decoder) => Ok(decoder.clone()),
        None => Decoder::from_bytes(DECODER).map(|decoder| UNPACKED.get_or_init(|| decoder).clone()),
    }
}

/// The prior of its latent numbers: a normal fitted to the encoded means of its training galaxies, the covariance times
/// [`WIDENING`](crate::latent::WIDENING).
///
/// # Errors
/// None: it is whole.
pub fn prior() -> Result<LatentPrior> {
    LatentPrior::from_bytes(PRIOR)
}
