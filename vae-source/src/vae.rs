//! A trained autoencoder: galaxies to latent numbers and back.

use std::path::Path;

use ppl_core::rng::keyed;
use ppl_core::{Array, Var};
use rand_distr::{Distribution, StandardNormal};

use crate::error::Result;
use crate::network::{Arrays, LATENT, Mode, SIDE, WeightSet, decode, decoder_weights, encode, encoder_weights};

/// Images of one call of a network.
const BATCH: usize = 32;

/// What the encoder says of n galaxies: z ~ N(mean, std), each `[n, 64]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Codes {
    /// mu_e(x).
    pub mean: Vec<f64>,
    /// sigma_e(x), positive.
    pub std: Vec<f64>,
}

impl Codes {
    /// One z for each galaxy, `[n, 64]`; galaxy k of a seed has the same whatever stands beside it.
    #[must_use]
    pub fn sample(&self, seed: u64) -> Vec<f64> {
        let galaxies = self.mean.chunks(LATENT).zip(self.std.chunks(LATENT)).enumerate();
        let draw = |(k, (mean, std)): (usize, (&[f64], &[f64]))| -> Vec<f64> {
            let unit = StandardNormal.sample_iter(keyed(seed, "code", k));
            mean.iter().zip(std).zip(unit).map(|((mean, std), unit): (_, f64)| mean + std * unit).collect()
        };
        galaxies.flat_map(draw).collect()
    }
}

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
        Ok(self.codes(images)?.mean)
    }

    /// The means of the latent numbers of galaxies of 64 x 64 pixels, and their standard deviations.
    ///
    /// # Errors
    /// Images of another size.
    pub fn codes(&mut self, images: &[&[f32]]) -> Result<Codes> {
        let mut codes = Codes { mean: Vec::with_capacity(images.len() * LATENT), std: vec![] };
        for chunk in images.chunks(BATCH) {
            let pixels = Array::constant(&[chunk.len(), SIDE, SIDE], chunk.concat())?;
            let encoded = encode(&mut self.encoder, Mode::Evaluation, &pixels)?;
            codes.mean.extend_from_slice(encoded.mean.lane(0));
            codes.std.extend_from_slice(encoded.std.lane(0));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_of_a_code_have_its_mean_and_its_deviation_and_follow_the_seed() {
        let codes = Codes { mean: vec![3.0; 2 * LATENT], std: vec![0.5; 2 * LATENT] };
        let draws: Vec<f64> = (0..200).flat_map(|seed| codes.sample(seed)).collect();
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let std = (draws.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n).sqrt();
        // Five standard errors of 25,600 draws.
        assert!((mean - 3.0).abs() < 0.016 && (std - 0.5).abs() < 0.011, "{mean} {std}");
        assert_eq!(codes.sample(7), codes.sample(7));
        let alone = Codes { mean: vec![3.0; LATENT], std: vec![0.5; LATENT] };
        assert_eq!(alone.sample(7), codes.sample(7)[..LATENT]);
        assert_ne!(codes.sample(7)[..LATENT], codes.sample(7)[LATENT..]);
    }

    #[test]
    fn a_code_does_not_depend_on_the_galaxies_beside_it() {
        let set = |specs: &[_], seed| WeightSet::initial(specs, seed);
        let mut vae = Vae::new(&set(&encoder_weights(), 1), &set(&decoder_weights(), 2)).unwrap();
        let image = |k: usize| (0..SIDE * SIDE).map(|i| ((i * (k + 1)) as f32 * 0.01).sin()).collect::<Vec<f32>>();
        let images: Vec<Vec<f32>> = (0..BATCH + 1).map(image).collect();
        let all: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
        let codes = vae.codes(&all).unwrap();
        let last = vae.codes(&all[BATCH..]).unwrap();
        assert_eq!(codes.mean.len(), (BATCH + 1) * LATENT);
        assert!(codes.std.iter().all(|std| *std > 0.0));
        for (together, alone) in [(codes.mean, last.mean), (codes.std, last.std)] {
            assert_eq!(together[BATCH * LATENT..], alone);
        }
    }
}
