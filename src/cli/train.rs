//! train-source: trains the neural source on a set of galaxies, epoch by epoch, and goes on where it was stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arclet::core::atomic;
use arclet::infer::{Ending, Executor, checkpoint};
use arclet::plot::LossFigure;
use arclet::source::data::{Dataset, Galaxy, Split};
use arclet::source::latent::{LatentPrior, WIDENING};
use arclet::source::network::Precision;
use arclet::source::training::{Feed, Preset, Trainer, TrainingSet, TrainingSettings};
use arclet::source::vae::Vae;

use super::args::TrainArguments;
use super::failure::{Failure, Result};
use super::source_card::card;
use super::source_sheet::{evenly, reconstructions};
use super::watch::Steps;
use super::{report, stop};

/// The state of the run, in its folder.
const CHECKPOINT: &str = "checkpoint.bin";
/// How often it is written within an epoch.
const EVERY: Duration = Duration::from_secs(600);
/// Training galaxies that the latent prior is fitted to, evenly chosen: a hundred times as many as it has dimensions.
const CODED: usize = 6400;

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<()> {
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
    let out = Out::begin(&arguments.out, arguments.resume)?;
    let mut trainer: Trainer = match arguments.resume {
        true => checkpoint::load(&set, &out.path(CHECKPOINT))?,
        false => Trainer::new(TrainingSettings::of(preset, set.feed.steps_of_an_epoch(), seed))?,
    };
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
    loop {
        let left = match budget {
            Some(budget) => budget.saturating_sub(began.elapsed()),
            None => Duration::MAX,
        };
        let rest = set.feed.steps_of_an_epoch() - trainer.steps() % set.feed.steps_of_an_epoch();
        let steps = Steps::new(trainer.epochs().len() + 1, trainer.settings().batch, rest);
        let mut executor = Executor::new()
            .observe(steps)
            .stop(flag)
            .checkpoint(out.path(CHECKPOINT), EVERY)
            .rounds(rest)
            .time(left.min(Duration::from_secs(1 << 30)));
        let epochs = trainer.epochs().len();
        let ending = executor.run(&set, &mut trainer);
        drop(executor);
        if let Ending::Failed(error) = ending {
            return Err(error.into());
        }
        if trainer.epochs().len() > epochs {
            out.epoch(&trainer, &dataset)?;
        }
        let stopped = matches!(ending, Ending::Stopped) || flag.load(Ordering::Relaxed);
        if stopped || matches!(ending, Ending::Finished) || budget.is_some_and(|budget| began.elapsed() >= budget) {
            return report::stdout(&told(&trainer, &arguments.out, matches!(ending, Ending::Finished)));
        }
    }
}

/// The folder of a run, which lasts from one call to the next.
struct Out {
    folder: PathBuf,
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
                Ok(Out { folder: folder.to_owned() })
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

    /// What an epoch leaves: the history, and the weights where they are the best so far.
    fn epoch(&self, trainer: &Trainer, dataset: &Dataset) -> Result<()> {
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
        self.write("loss.png", &figure.render()?)?;
        if trainer.best() == Some(trainer.epochs().len() - 1) {
            let (encoder, decoder) = (trainer.encoder()?, trainer.decoder()?);
            let mut vae = Vae::new(&encoder, &decoder)?;
            decoder.write(self.path("decoder.safetensors"), Precision::Single)?;
            encoder.write(self.path("encoder.safetensors"), Precision::Single)?;
            let training: Vec<&Galaxy> = dataset.of(Split::Training).collect();
            let codes =
                vae.encode(&evenly(&training, CODED).map(|galaxy| galaxy.pixels.as_slice()).collect::<Vec<_>>())?;
            match LatentPrior::fit(&codes, WIDENING) {
                Ok(prior) => prior.write(&self.path("prior.safetensors"))?,
                Err(error) => tracing::warn!("no latent prior is written: {error}"),
            }
            self.write("reconstructions.png", &reconstructions(&mut vae, dataset, trainer)?)?;
            self.write("model-card.md", card(trainer, dataset).as_bytes())?;
        }
        Ok(())
    }
}

fn told(trainer: &Trainer, out: &Path, finished: bool) -> String {
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
