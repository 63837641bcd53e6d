//! train-source: trains the neural source on a set of galaxies, epoch by epoch, and goes on where it was stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arclet::infer::{Ending, Error as EngineError, Executor, atomic, checkpoint};
use arclet::source::data::{Dataset, Split};
use arclet::source::network::Precision;
use arclet::source::training::{Feed, Preset, Trainer, TrainingSet, TrainingSettings};

use super::args::TrainArguments;
use super::failure::{Failure, Result};
use super::watch::Steps;
use super::{report, stop};

/// The state of the run, in its folder.
const CHECKPOINT: &str = "checkpoint.bin";
/// How often it is written within an epoch.
const EVERY: Duration = Duration::from_secs(600);

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Result<()> {
    let began = Instant::now();
    let file = arguments.data.join("galaxies.safetensors");
    let dataset = Dataset::read(&file)?;
    let images = |part| dataset.of(part).map(|galaxy| galaxy.pixels.as_slice());
    let out = Out::begin(&arguments.out, arguments.resume)?;
    let preset = Preset::from(arguments.preset);
    let seed = arguments.seed;
    let settings = TrainingSettings::of(preset, 1, seed);
    let feed = Feed::new(images(Split::Training), settings.batch, settings.augment, seed)?;
    let settings = TrainingSettings::of(preset, feed.steps_of_an_epoch(), seed);
    let validation = images(Split::Validation).take(settings.validation).collect();
    let set = TrainingSet { feed, validation };
    let mut trainer =
        if arguments.resume { checkpoint::load(&set, &out.path(CHECKPOINT))? } else { Trainer::new(settings)? };
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
            return Err(failed(error));
        }
        if trainer.epochs().len() > epochs {
            out.epoch(&trainer)?;
        }
        let stopped = matches!(ending, Ending::Stopped) || flag.load(Ordering::Relaxed);
        if stopped || matches!(ending, Ending::Finished) || budget.is_some_and(|budget| began.elapsed() >= budget) {
            return report::stdout(&told(&trainer, &arguments.out, matches!(ending, Ending::Finished)));
        }
    }
}

fn failed(error: EngineError) -> Failure {
    error.into()
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
    fn epoch(&self, trainer: &Trainer) -> Result<()> {
        let mut table = "epoch,step,training_elbo,validation_elbo,seconds\n".to_owned();
        for (i, epoch) in trainer.epochs().iter().enumerate() {
            let (step, seconds) = (epoch.step, epoch.seconds);
            table += &format!("{},{step},{:.3},{:.3},{seconds:.0}\n", i + 1, epoch.training, epoch.validation);
        }
        self.write("history.csv", table.as_bytes())?;
        if trainer.best() == Some(trainer.epochs().len() - 1) {
            trainer.decoder()?.write(self.path("decoder.safetensors"), Precision::Single)?;
            trainer.encoder()?.write(self.path("encoder.safetensors"), Precision::Single)?;
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
