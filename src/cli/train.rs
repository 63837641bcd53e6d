//! train-source: trains the neural source on a set of galaxies, epoch by epoch, and goes on where it was stopped.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arclet::core::{Processor, atomic};
use arclet::infer::svi::Svi;
use arclet::infer::{Ending, Executor, checkpoint};
use arclet::plot::LossFigure;
use arclet::source::data::{Dataset, Galaxy, Split};
use arclet::source::latent::{LatentPrior, WIDENING};
use arclet::source::network::{Precision, WeightSet};
#[cfg(feature = "cuda")]
use arclet::source::training::cuda::{CudaSteps, Products};
use arclet::source::training::{Feed, Preset, Stepper, Trainer, TrainingSet, TrainingSettings};
use arclet::source::vae::Vae;

use super::args::TrainArguments;
use super::failure::{Failure, Result};
use super::folder::sweep;
use super::manifest::Manifest;
use super::source_card::card;
use super::source_sheet::{evenly, reconstructions};
use super::watch::Steps;
use super::{device, report, stop};

/// The state of the run, in its folder.
const CHECKPOINT: &str = "checkpoint.bin";
/// How often it is written within an epoch; on a GPU, whose epochs are short, at all.
const EVERY: Duration = Duration::from_secs(600);
/// How often, on a GPU, the files of the best epoch are written before the end.
const FILES_EVERY: Duration = Duration::from_secs(60);
/// Training galaxies that the latent prior is fitted to, evenly chosen: a hundred times as many as it has dimensions.
const CODED: usize = 6400;

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<()> {
    match device::open(arguments.device)? {
        #[cfg(feature = "cuda")]
        Processor::Cuda(gpu) => {
            let begin = |settings| Ok(Trainer::on(gpu.clone(), settings, Products::default())?);
            train::<CudaSteps>(arguments, begin, |trainer| Ok(trainer.stepper_mut().use_gpu(gpu.clone())?))
        }
        _ => train::<Svi>(arguments, |settings| Ok(Trainer::new(settings)?), |_| Ok(())),
    }
}

/// Trains with the trainer that `begin` makes, or with the one of a checkpoint once it was `prepared`.
fn train<S: Stepper>(
    arguments: &TrainArguments,
    begin: impl FnOnce(TrainingSettings) -> Result<Trainer<S>>,
    prepared: impl FnOnce(&mut Trainer<S>) -> Result<()>,
) -> Result<()> {
    let began = Instant::now();
    let file = arguments.data.join("galaxies.safetensors");
    let dataset = Dataset::read(&file)?;
    let images = |part| dataset.of(part).map(|galaxy| galaxy.pixels.as_slice());
    let set_of = |settings: &TrainingSettings| -> Result<TrainingSet<'_>> {
        let feed = Feed::new(images(Split::Training), settings.batch, settings.augment, settings.svi.seed)?;
        Ok(TrainingSet { feed, validation: images(Split::Validation).take(settings.validation).collect() })
    };
    let (preset, seed) = (Preset::from(arguments.preset), arguments.seed.unwrap_or(0));
    let mut set = set_of(&TrainingSettings::of(preset, 1, seed))?;
    let mut out = Out::begin(&arguments.out, arguments.resume)?;
    let mut trainer = match arguments.resume {
        true => load(&set, &out.path(CHECKPOINT))?,
        false => begin(TrainingSettings::of(preset, set.feed.steps_of_an_epoch(), seed))?,
    };
    if arguments.resume {
        prepared(&mut trainer)?;
    }
    // A training that goes on keeps its settings.
    set = set_of(trainer.settings())?;
    let own = trainer.settings().svi.seed;
    if let Some(other) = arguments.seed.filter(|seed| *seed != own) {
        return Err(Failure::user(format!("the training to resume has --seed {own}, not {other}; leave --seed out")));
    }
    if let Some(epochs) = arguments.epochs {
        trainer.plan(epochs, set.feed.steps_of_an_epoch())?;
    }
    let flag = stop::flag()?;
    let budget = arguments.hours.map(|hours| Duration::from_secs_f64(3600.0 * hours));
    // Beside the epochs of a GPU, files take long.
    let (fast, mut saved) = (trainer.stepper().device().is_some(), Instant::now());
    out.pause = if fast { FILES_EVERY } else { Duration::ZERO };
    loop {
        let left = match budget {
            Some(budget) => budget.saturating_sub(began.elapsed()),
            None => Duration::MAX,
        };
        let rest = set.feed.steps_of_an_epoch() - trainer.steps() % set.feed.steps_of_an_epoch();
        let steps = Steps::new(trainer.epochs().len() + 1, trainer.settings().batch, rest);
        let mut executor =
            Executor::new().observe(steps).stop(flag).rounds(rest).time(left.min(Duration::from_secs(1 << 30)));
        if !fast {
            executor = executor.checkpoint(out.path(CHECKPOINT), EVERY);
        }
        let epochs = trainer.epochs().len();
        let ending = executor.run(&set, &mut trainer);
        drop(executor);
        if let Ending::Failed(error) = ending {
            out.finish(&trainer, &dataset)?;
            return Err(error.into());
        }
        let stopped = matches!(ending, Ending::Stopped) || flag.load(Ordering::Relaxed);
        let finished = matches!(ending, Ending::Finished);
        let ends = stopped || finished || budget.is_some_and(|budget| began.elapsed() >= budget);
        if fast && (ends || saved.elapsed() >= EVERY) {
            checkpoint::save(&trainer, &out.path(CHECKPOINT))?;
            saved = Instant::now();
        }
        if trainer.epochs().len() > epochs {
            out.epoch(&trainer, &dataset)?;
        }
        if ends {
            out.finish(&trainer, &dataset)?;
            return report::stdout(&told(&trainer, &arguments.out, finished));
        }
    }
}

/// The training of a checkpoint; one of another device is refused.
fn load<S: Stepper>(set: &TrainingSet<'_>, path: &Path) -> Result<Trainer<S>> {
    let mut head = [0; 64];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..read]);
    let of = head.lines().next().filter(|line| line.starts_with("arclet checkpoint ")).unwrap_or_default();
    // What each is resumed with.
    let devices = [(Svi::NAME, "cpu"), ("training on CUDA", "cuda")];
    match devices.into_iter().find(|(name, _)| *name != S::NAME && of.ends_with(&format!(" {name}"))) {
        Some((_, device)) => Err(Failure::user(format!(
            "{} is of a training with --device {device}; go on with it by --device {device}",
            path.display()
        ))),
        None => Ok(checkpoint::load(set, path)?),
    }
}

/// The folder of a run, which lasts from one call to the next.
struct Out {
    folder: PathBuf,
    /// Keeps a second run out.
    _manifest: Manifest,
    /// How long files stay as they are at least, and when they were last written.
    pause: Duration,
    written: Option<Instant>,
    /// The best epoch that is not yet in the files: how many there were, and its weights.
    best: Option<(usize, WeightSet, WeightSet)>,
}

impl Out {
    fn begin(folder: &Path, resume: bool) -> Result<Self> {
        let (shown, there) = (folder.display(), folder.join(CHECKPOINT).exists());
        match (resume, there, folder.exists()) {
            (true, false, _) => Err(Failure::user(format!(
                "{shown} holds no {CHECKPOINT} to resume; give the --out of a training that was stopped, or leave --resume out"
            ))),
            (false, _, true) => Err(Failure::user(format!(
                "{shown} exists already; choose another --out, or go on with the training in it by --resume"
            ))),
            _ => {
                fs::create_dir_all(folder).map_err(|e| Failure::io("make the folder", folder, &e))?;
                let manifest = Manifest::take(folder)?;
                sweep(folder);
                let folder = folder.to_owned();
                Ok(Out { folder, _manifest: manifest, pause: Duration::ZERO, written: None, best: None })
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(name);
        let write = |out: &mut std::io::BufWriter<fs::File>| std::io::Write::write_all(out, bytes);
        atomic::replace(&path, write).map_err(|e| Failure::io("write", &path, &e))
    }

    /// What an epoch leaves: the history, and the weights where they are the best so far. Within the pause, it is only remembered.
    fn epoch<S: Stepper>(&mut self, trainer: &Trainer<S>, dataset: &Dataset) -> Result<()> {
        let epochs = trainer.epochs().len();
        if trainer.best() == Some(epochs - 1) {
            self.best = Some((epochs, trainer.encoder()?, trainer.decoder()?));
        }
        match self.written {
            Some(written) if written.elapsed() < self.pause => Ok(()),
            _ => self.finish(trainer, dataset),
        }
    }

    /// Writes what is remembered.
    fn finish<S: Stepper>(&mut self, trainer: &Trainer<S>, dataset: &Dataset) -> Result<()> {
        if trainer.epochs().is_empty() {
            return Ok(());
        }
        self.history(trainer)?;
        if let Some((epochs, encoder, decoder)) = self.best.take() {
            self.weights(trainer, epochs, [&encoder, &decoder], dataset)?;
        }
        self.written = Some(Instant::now());
        Ok(())
    }

    fn history<S: Stepper>(&self, trainer: &Trainer<S>) -> Result<()> {
        let mut table = "epoch,step,training_elbo,validation_elbo,seconds\n".to_owned();
        for (i, epoch) in trainer.epochs().iter().enumerate() {
            let (step, seconds) = (epoch.step, epoch.seconds);
            table += &format!("{},{step},{:.3},{:.3},{seconds:.0}\n", i + 1, epoch.training, epoch.validation);
        }
        self.write("history.csv", table.as_bytes())?;
        let figure = LossFigure {
            title: "Negative ELBO an image".to_owned(),
            losses: trainer.elbos().map(|elbo| -elbo).collect(),
            held_out: trainer.epochs().iter().map(|epoch| [epoch.step as f64, -epoch.validation]).collect(),
        };
        self.write("loss.png", &figure.render()?)
    }

    /// The weights after so many epochs, and what is made of them.
    fn weights<S: Stepper>(
        &self,
        trainer: &Trainer<S>,
        epochs: usize,
        [encoder, decoder]: [&WeightSet; 2],
        dataset: &Dataset,
    ) -> Result<()> {
        let mut vae = Vae::new(encoder, decoder)?;
        decoder.write(self.path("decoder.safetensors"), Precision::Single)?;
        encoder.write(self.path("encoder.safetensors"), Precision::Single)?;
        let training: Vec<&Galaxy> = dataset.of(Split::Training).collect();
        let codes = vae.encode(&evenly(&training, CODED).map(|galaxy| galaxy.pixels.as_slice()).collect::<Vec<_>>())?;
        match LatentPrior::fit(&codes, WIDENING) {
            Ok(prior) => prior.write(&self.path("prior.safetensors"))?,
            Err(error) => tracing::warn!("no latent prior is written: {error}"),
        }
        self.write("reconstructions.png", &reconstructions(&mut vae, dataset, epochs)?)?;
        let device = trainer.stepper().device();
        let card = card(&trainer.epochs()[..epochs], trainer.settings(), device.as_deref(), dataset);
        self.write("model-card.md", card.as_bytes())
    }
}

fn told<S: Stepper>(trainer: &Trainer<S>, out: &Path, finished: bool) -> String {
    let Some(best) = trainer.best() else {
        return format!("stopped in the first epoch; go on with `--resume --out {}`\n", out.display());
    };
    let epochs = trainer.epochs();
    let how = if finished { "ended" } else { "stopped" };
    format!(
        "{how} after {} epochs, {} steps; best validation ELBO {:.1} an image, in epoch {}: weights in {}\n",
        epochs.len(),
        trainer.steps(),
        epochs[best].validation,
        best + 1,
        out.display()
    )
}
