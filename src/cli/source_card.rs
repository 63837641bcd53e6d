//! The model card that a training leaves.

use arclet::source::data::Dataset;
use arclet::source::training::Trainer;

/// What the weights are, for whoever finds them.
pub fn card(trainer: &Trainer, dataset: &Dataset) -> String {
    let (epochs, settings) = (trainer.epochs(), trainer.settings());
    let [training, test, validation] = dataset.counts();
    let (last, seconds) = (epochs[epochs.len() - 1], epochs[epochs.len() - 1].seconds);
    let provenance = serde_json::to_string(&dataset.provenance).unwrap_or_default();
    let chosen = serde_json::to_string(settings).unwrap_or_default();
    format!(
        "# Neural source of galaxies\n\n\
         The variational autoencoder of Chianese et al. (tables D1 and D2): 64 latent numbers, images of 64 x 64 pixels, \
         sigma_d = 1/50.\n\n\
         - Trained on {training} galaxies ({test} for tests and {validation} for validation kept apart), `{provenance}`.\n\
         - {} epochs, {} steps of {} images, {:.1} hours on {} threads ({}), arclet {}.\n\
         - ELBO an image: training {:.1}, validation {:.1} (the first {} of the validation galaxies).\n\
         - Settings: `{chosen}`.\n\n\
         It knows galaxies as its training set has them: single, centred, within 64 pixels, divided by their maximum. What is \
         finer than its noise is smoothed; stars, lensed arcs and crowded fields are not in it.\n",
        epochs.len(),
        last.step,
        settings.batch,
        seconds / 3600.0,
        rayon::current_num_threads(),
        processor(),
        env!("CARGO_PKG_VERSION"),
        last.training,
        last.validation,
        settings.validation,
    )
}

/// What the machine says of its processor.
fn processor() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    name.map_or(std::env::consts::ARCH, |(_, name)| name).to_owned()
}
