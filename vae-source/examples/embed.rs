//! Makes the embedded decoder of a training: `cargo run --release -p vae-source --example embed SOURCE GALAXIES`.
//!
//! Writes the decoder in half precision, the latent prior and the model card of the folder SOURCE into vae-source/weights, and prints
//! how far the images of both precisions are apart, for the test galaxies of the folder GALAXIES and for draws of the prior.

use std::fs;
use std::path::{Path, PathBuf};

use ppl_core::Var;
use rand_distr::{Distribution, StandardNormal};
use vae_source::data::{Dataset, Split};
use vae_source::latent::LatentPrior;
use vae_source::network::{Decoder, LATENT, Precision, WeightSet, decoder_weights};
use vae_source::vae::Vae;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut folders = std::env::args().skip(1).map(PathBuf::from);
    let (Some(source), Some(galaxies)) = (folders.next(), folders.next()) else {
        return Err("say the folder of `arclet train-source` and that of `arclet galaxies`".into());
    };
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights");
    fs::create_dir_all(&out)?;
    let set = WeightSet::read(source.join("decoder.safetensors"), &decoder_weights())?;
    set.write(out.join("decoder.safetensors"), Precision::Half)?;
    for name in ["prior.safetensors", "model-card.md"] {
        fs::copy(source.join(name), out.join(name))?;
    }

    let single = Decoder::new(&set)?;
    let half = Decoder::read(out.join("decoder.safetensors"))?;
    let prior = LatentPrior::read(&source.join("prior.safetensors"))?;
    let dataset = Dataset::read(galaxies.join("galaxies.safetensors"))?;
    let test: Vec<&[f32]> = dataset.of(Split::Test).take(500).map(|galaxy| galaxy.pixels.as_slice()).collect();
    // The encoder is twenty times as large as the decoder, and may have been left where it was trained.
    let vae = source.join("encoder.safetensors").exists().then(|| Vae::read(&source)).transpose()?;
    let codes = vae.map(|mut vae| vae.encode(&test)).transpose()?;
    let mut rng = ppl_core::rng::keyed(1, "embed", 0);
    let unit: Vec<f64> = StandardNormal.sample_iter(&mut rng).take(500 * LATENT).collect();
    let drawn: Vec<f64> = unit.chunks_exact(LATENT).flat_map(|u| prior.transformed(u)).collect();
    let size = fs::metadata(out.join("decoder.safetensors"))?.len();
    println!("decoder.safetensors: {:.2} MB", size as f64 / 1e6);
    let cases = [codes.map(|codes| ("test galaxies", codes)), Some(("draws of the prior", drawn))];
    for (name, codes) in cases.into_iter().flatten() {
        let z = Var::matrix(codes.len() / LATENT, LATENT, codes)?;
        let (a, b) = (single.decode_batch(&z)?, half.decode_batch(&z)?);
        let error = a.lane(0).iter().zip(b.lane(0)).map(|(a, b)| f64::from((a - b).abs()));
        let (count, largest) = (a.lane(0).len() as f64, error.clone().fold(0.0, f64::max));
        let rms = (error.map(|e| e * e).sum::<f64>() / count).sqrt();
        println!("{name}: largest difference of a pixel {largest:.2e}, root mean square {rms:.2e}");
    }
    Ok(())
}
