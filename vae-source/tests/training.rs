//! Training: it goes on from a checkpoint bit for bit, and learns.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ppl_infer::svi::SviSettings;
use ppl_infer::{Ending, Executor, checkpoint};
use vae_source::training::{Feed, Preset, Trainer, TrainingSet, TrainingSettings};

const SIDE: usize = 64;

/// Round blobs of several widths and places.
fn galaxies(n: usize) -> Vec<Vec<f32>> {
    let blob = |k: usize| {
        let (width, x0, y0) = (4.0 + (k % 5) as f32, 28.0 + (k % 7) as f32, 29.0 + (k % 4) as f32);
        let pixel = |i: usize| {
            let (x, y) = ((i % SIDE) as f32 - x0, (i / SIDE) as f32 - y0);
            (-0.5 * (x * x + y * y) / (width * width)).exp()
        };
        (0..SIDE * SIDE).map(pixel).collect()
    };
    (0..n).map(blob).collect()
}

fn settings() -> TrainingSettings {
    let settings = TrainingSettings::of(Preset::Fast, 2, 5);
    TrainingSettings { batch: 4, epochs: 2, svi: SviSettings { steps: 4, ..settings.svi.clone() }, ..settings }
}

fn set(images: &[Vec<f32>]) -> TrainingSet<'_> {
    let slices = || images.iter().map(Vec::as_slice);
    let feed = Feed::new(slices().take(8), 4, true, 5).unwrap();
    TrainingSet { feed, validation: slices().skip(8).collect() }
}

#[test]
fn a_training_goes_on_from_its_checkpoint_bit_for_bit() {
    let images = galaxies(10);
    let set = set(&images);
    let mut whole = Trainer::new(settings()).unwrap();
    assert!(matches!(Executor::new().run(&set, &mut whole), Ending::Finished));
    assert_eq!((whole.steps(), whole.epochs().len()), (4, 2));

    let path = tempfile::tempdir().unwrap().keep().join("checkpoint.bin");
    let mut first = Trainer::new(settings()).unwrap();
    let ending = Executor::new().rounds(1).checkpoint(&path, Duration::MAX).run(&set, &mut first);
    assert!(matches!(ending, Ending::Paused));
    let mut second: Trainer = checkpoint::load(&set, &path).unwrap();
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    assert!(matches!(Executor::new().run(&set, &mut second), Ending::Finished));
    assert_eq!(second.decoder().unwrap(), whole.decoder().unwrap());
    assert_eq!(second.encoder().unwrap(), whole.encoder().unwrap());
    let elbos = |trainer: &Trainer| trainer.epochs().iter().map(|e| (e.training, e.validation)).collect::<Vec<_>>();
    assert_eq!(elbos(&second), elbos(&whole));
}

#[test]
fn a_stopped_training_has_taken_no_step() {
    let images = galaxies(10);
    let mut trainer = Trainer::new(settings()).unwrap();
    let stop = AtomicBool::new(true);
    assert!(matches!(Executor::new().stop(&stop).run(&set(&images), &mut trainer), Ending::Stopped));
    assert_eq!(trainer.steps(), 0);
    // Nobody has named a weight yet.
    assert!(trainer.decoder().unwrap_err().to_string().contains("decoder.0.weight"));
}
