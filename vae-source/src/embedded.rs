//! The embedded decoders: the weights that the program carries, in half precision; `weights/model-card.md` says what they are.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::error::Result;
use crate::latent::LatentPrior;
use crate::network::Decoder;

const DECODER: &[u8] = include_bytes!("../weights/decoder.safetensors");
const SMOOTH: &[u8] = include_bytes!("../weights/smooth.safetensors");
const PRIOR: &[u8] = include_bytes!("../weights/prior.safetensors");

/// How far from zero ReLU is rounded off in the smooth decoder; its weights were made for it.
const SMOOTH_ROUNDING: f64 = 0.4;

/// Unpacked once for the program.
static UNPACKED: OnceLock<Decoder> = OnceLock::new();
static UNPACKED_SMOOTH: OnceLock<Decoder> = OnceLock::new();

/// Which of the two decoders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Embedded {
    /// As it was trained.
    #[default]
    Trained,
    /// Its pupil, whose images bend less with the latent numbers: chains need fewer gradients and mix better, galaxies are drawn with
    /// less detail.
    Smooth,
}

impl Embedded {
    /// The decoder.
    ///
    /// # Errors
    /// None: its weights are whole.
    pub fn decoder(self) -> Result<Decoder> {
        let (unpacked, weights, rounding) = match self {
            Embedded::Trained => (&UNPACKED, DECODER, 0.0),
            Embedded::Smooth => (&UNPACKED_SMOOTH, SMOOTH, SMOOTH_ROUNDING),
        };
        if let Some(decoder) = unpacked.get() {
            return Ok(decoder.clone());
        }
        let made = Decoder::from_bytes(weights)?.rounded(rounding)?;
        Ok(unpacked.get_or_init(|| made).clone())
    }
}

/// The decoder as it was trained.
///
/// # Errors
/// None: its weights are whole.
pub fn decoder() -> Result<Decoder> {
    Embedded::Trained.decoder()
}

/// The prior of the latent numbers of both: a normal fitted to the encoded means of its training galaxies, the covariance times
/// [`WIDENING`](crate::latent::WIDENING).
///
/// # Errors
/// None: it is whole.
pub fn prior() -> Result<LatentPrior> {
    LatentPrior::from_bytes(PRIOR)
}
