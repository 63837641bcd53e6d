//! The model card that a training leaves.

use arclet::source::data::Dataset;
use arclet::source::training::{Epoch, TrainingSettings};

/// What the weights are, for whoever finds them.
pub fn card(epochs: &[Epoch], settings: &TrainingSettings, device: Option<&str>, dataset: &Dataset) -> String {
    let [training, test, validation] = dataset.counts();
    let (last, seconds) = (epochs[epochs.len() - 1], epochs[epochs.len() - 1].seconds);
    let provenance = serde_json::to_string(&dataset.provenance).unwrap_or_default();
    let chosen = serde_json::to_string(settings).unwrap_or_default();
    format!(
        "# Neural source of galaxies\n\n\
         The variational autoencoder of Chianese et al. (tables D1 and D2): 64 latent numbers, images of 64 x 64 pixels, \
         sigma_d = 1/50.\n\n\
         - Trained on {training} galaxies ({test} for tests and {validation} for validation kept apart), `{provenance}`.\n\
         - {} epochs, {} steps of {} images, {} on {}, arclet {}.\n\
         - ELBO an image: training {:.1}, validation {:.1} (the first {} of the validation galaxies).\n\
         - Settings: `{chosen}`.\n\n\
         It knows galaxies as its training set has them: single, centred, within 64 pixels, divided by their maximum. What is \
         finer than its noise is smoothed; stars, lensed arcs and crowded fields are not in it.\n",
        epochs.len(),
        last.step,
        settings.batch,
        duration(seconds),
        device.map_or_else(processor, str::to_owned),
        env!("CARGO_PKG_VERSION"),
        last.training,
        last.validation,
        settings.validation,
    )
}

/// Hours, or minutes where they are few.
fn duration(seconds: f64) -> String {
    if seconds < 3600.0 { format!("{:.1} minutes", seconds / 60.0) } else { format!("{:.1} hours", seconds / 3600.0) }
}

/// How many threads, and what the machine says of its processor.
fn processor() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let name = name.map_or(std::env::consts::ARCH, |(_, name)| name);
    format!("{} threads ({name})", rayon::current_num_threads())
}
