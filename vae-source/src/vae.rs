//! A trained autoencoder: galaxies to latent numbers and back.

use std::path::Path;

use ppl_core::{Array, Var};

use crate::error::Result;
use crate::network::{Arrays, LATENT, Mode, SIDE, WeightSet, decode, decoder_weights, encode, encoder_weights};

/// Images of one call of a network.
const BATCH: usize = 32;

/// Encoder and decoder with their weights, in evaluation mode.
pub struct Vae {
    encoder: Arrays,
    decoder: Arrays,
}

impl Vae {
    /// With these weights.
    ///
    /// # Errors
    /// A weight that is missing or of another shape.
    pub fn new(encoder: &WeightSet, decoder: &WeightSet) -> Result<Self> {
        encoder.check(&encoder_weights())?;
        decoder.check(&decoder_weights())?;
        Ok(Vae { encoder: encoder.arrays(None), decoder: decoder.arrays(None) })
    }

    /// With the weights of a folder that `arclet train-source` wrote.
    ///
    /// # Errors
    /// A file that is missing, or holds something else.
    pub fn read(folder: &Path) -> Result<Self> {
        let encoder = WeightSet::read(folder.join("encoder.safetensors"), &encoder_weights())?;
        let decoder = WeightSet::read(folder.join("decoder.safetensors"), &decoder_weights())?;
        Vae::new(&encoder, &decoder)
    }

    /// The means of the latent numbers of galaxies of 64 x 64 pixels, `[n, 64]`.
    ///
    /// # Errors
    /// Images of another size.
    pub fn encode(&mut self, images: &[&[f32]]) -> Result<Vec<f64>> {
        let mut codes = Vec::with_capacity(images.len() * LATENT);
        for chunk in images.chunks(BATCH) {
            let pixels = Array::constant(&[chunk.len(), SIDE, SIDE], chunk.concat())?;
            codes.extend_from_slice(encode(&mut self.encoder, Mode::Evaluation, &pixels)?.mean.lane(0));
        }
        Ok(codes)
    }

    /// The images of latent numbers `[n, 64]`.
    ///
    /// # Errors
    /// Numbers that are not a multiple of 64.
    pub fn decode(&mut self, codes: &[f64]) -> Result<Vec<Vec<f32>>> {
        let mut images = vec![];
        for chunk in codes.chunks(BATCH * LATENT) {
            let z = Var::matrix(chunk.len() / LATENT, LATENT, chunk.to_vec())?;
            let pixels = decode(&mut self.decoder, Mode::Evaluation, &z)?;
            images.extend(pixels.lane(0).chunks_exact(SIDE * SIDE).map(<[f32]>::to_vec));
        }
        Ok(images)
    }
}
