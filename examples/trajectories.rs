//! How far a trajectory should go: NUTS about the maximum of fitted lenses, by where trajectories end and what their step is tuned to.
//!
//!     cargo run --release --example trajectories -- result/best.json [MORE..] [--warmup=N] [--draws=N]
//!
//! prints a row a lens and a way: leapfrogs a transition, the largest R-hat, and the least effective sample sizes a thousand gradients.

use std::path::Path;
use std::sync::Arc;

use arclet::core::{Ctx, ModelDensity, Values, handler};
use arclet::infer::map::{LaplaceSettings, MapSettings, laplace, maximise};
use arclet::infer::mcmc::{Nuts, NutsSettings, Turn};
use arclet::infer::{Executor, sample_around};
use arclet::lens::system::{Scales, System, SystemModel};

const WAYS: [(Turn, f64); 7] = [
    (Turn::Half, 0.8),
    (Turn::Half, 0.65),
    (Turn::Quarter, 0.8),
    (Turn::Quarter, 0.7),
    (Turn::Quarter, 0.65),
    (Turn::Quarter, 0.6),
    (Turn::Quarter, 0.5),
];

fn main() -> anyhow::Result<()> {
    let (options, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let number = |name: &str, default: usize| {
        let value = options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
        value.map_or(Ok(default), str::parse)
    };
    let (warmup, draws) = (number("--warmup", 150)?, number("--draws", 300)?);
    println!(
        "| system | turn | acceptance | leapfrogs | R-hat | bulk | tail | divergences |\n|---|---|---|---|---|---|---|---|"
    );
    for file in &files {
        let path = Path::new(file);
        let system = System::from_file_with(path, &arclet::profiles())?;
        let files = system.data.as_ref().ok_or_else(|| anyhow::anyhow!("{file} has no data"))?;
        let data = Arc::new(files.read(&system.folder)?);
        let mut start = Values::new();
        for component in &system.components {
            for (name, numbers) in &component.start {
                let site = component.site_of(name);
                start = if let [number] = numbers[..] {
                    start.with(site, number)
                } else {
                    start.with(site, numbers.clone())
                };
            }
        }
        let model = SystemModel::new(&system, data.clone(), &Scales::of(&data, false))?;
        let model = model.resampled(model.refined(&start)?)?;
        let density = ModelDensity::new(handler::priors(move |ctx: &mut Ctx| model.run(ctx), system.sampled_priors()))?;
        let best = maximise(&density, &density.position_of(&start, 0)?, &MapSettings::default())?;
        let around = laplace(&density, &best.position, &LaplaceSettings::default())?;
        for (turn, target_accept) in WAYS {
            let kernel = Nuts { turn, ..Nuts::default() };
            let settings = NutsSettings { kernel, warmup, draws, target_accept, ..NutsSettings::default() };
            let mut executor = Executor::new();
            let posterior = sample_around(&density, &around, &settings, &mut executor)?.posterior(&density)?;
            let (gradients, summary) = (executor.spent() as f64, posterior.summary());
            let least = |of: &dyn Fn(&arclet::infer::posterior::EntrySummary) -> f64| {
                1e3 * summary.iter().map(|(_, entry)| of(entry)).fold(f64::INFINITY, f64::min) / gradients
            };
            println!(
                "| {file} | {turn:?} | {target_accept} | {:.1} | {:.4} | {:.0} | {:.0} | {} |",
                gradients / (settings.chains * (warmup + draws)) as f64,
                summary.worst_r_hat(),
                least(&|entry| entry.ess_bulk),
                least(&|entry| entry.ess_tail),
                posterior.divergences(),
            );
        }
    }
    Ok(())
}
