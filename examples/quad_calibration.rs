//! Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) of point sources with delays: quads drawn from priors, each fitted from the
//! positions, fluxes and delays of its images alone; the rank of the truth among the draws must be uniform for every number, H0 among them.
//! A mock is kept if its source has four images that are magnified more than a tenth: so is a posterior, as a lens without an image where one is
//! seen has no density.
//!
//!     cargo run --release --example quad_calibration -- [MOCKS [LIKELIHOOD [ONLY]]]

use std::collections::BTreeMap;
use std::path::Path;

use arclet::core::message::Kind;
use arclet::core::{Ctx, handler, rng};
use arclet::fit::{FitSettings, fit_points};
use arclet::infer::Executor;
use arclet::infer::diagnostics::Ranks;
use arclet::lens::cosmology::Cosmology;
use arclet::lens::plane::{Lens, images, square_of_images};
use arclet::lens::system::{PointsModel, System};
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;
use serde_json::{Value as Json, json};

const Z_LENS: f64 = 0.5;
const Z_SOURCE: f64 = 1.8;
/// Arcsec, a share of each flux, days.
const POSITION: f64 = 0.003;
const FLUX: f64 = 0.05;
const DELAY: f64 = 0.5;

/// The system of which `points` are seen; the priors are those that the truth is drawn from.
fn system(points: &Json) -> anyhow::Result<System> {
    let normal = |loc: f64, scale: f64| json!({ "normal": { "loc": loc, "scale": scale } });
    let json = json!({
        "lens": [{ "name": "lens", "profile": "epl" }, { "name": "shear", "profile": "shear" }],
        "points": [points],
        "cosmology": { "z_lens": Z_LENS, "z_source": Z_SOURCE },
        "priors": {
            "lens.theta_E": { "uniform": { "low": 0.8, "high": 1.6 } },
            "lens.gamma": { "truncated_normal": { "loc": 2.0, "scale": 0.05, "low": 1.5, "high": 2.5 } },
            "lens.e1": { "truncated_normal": { "loc": 0.0, "scale": 0.1, "low": -0.3, "high": 0.3 } },
            "lens.e2": { "truncated_normal": { "loc": 0.0, "scale": 0.1, "low": -0.3, "high": 0.3 } },
            "lens.center_x": normal(0.0, 0.01), "lens.center_y": normal(0.0, 0.01),
            "shear.gamma1": normal(0.0, 0.05), "shear.gamma2": normal(0.0, 0.05),
            "quasar.center_x": normal(0.0, 0.1), "quasar.center_y": normal(0.0, 0.1),
            "cosmology.H0": { "uniform": { "low": 40.0, "high": 100.0 } },
            "cosmology.Om0": { "uniform": { "low": 0.1, "high": 0.5 } },
        }
    });
    Ok(System::from_json(&json.to_string(), Path::new("quad_calibration"), Path::new("."))?)
}

/// A quad that was drawn from the priors: the truth, and what is seen of it. None where the draw is no quad.
fn drawn(seed: u64, way: &str) -> anyhow::Result<Option<(BTreeMap<String, f64>, Json)>> {
    // What is seen is not known yet; two images anywhere stand for it.
    let bare = system(&json!({ "name": "quasar", "positions": [[1, 0], [-1, 0]], "position_errors": 1 }))?;
    let model = PointsModel::new(&bare)?;
    let sites =
        handler::trace(handler::seed(handler::priors(|ctx: &mut Ctx| model.run(ctx), bare.priors.clone()), seed))?;
    let latent = sites.iter().filter(|(_, site)| site.kind == Kind::Sample && site.is_latent());
    let truth: BTreeMap<String, f64> = latent.map(|(name, site)| (name.to_string(), site.value.numbers()[0])).collect();
    let mut known = bare.clone();
    for component in &mut known.components {
        for parameter in component.profile.parameters() {
            let value = truth.get(&component.site(parameter)).copied();
            component.fixed.extend(value.map(|value| (parameter.name, vec![value])));
        }
    }
    let (mass, params) = known.mass()?;
    let lens = Lens::new(&mass, &params);
    let source = [truth["quasar.center_x"], truth["quasar.center_y"]];
    let centers = [[truth["lens.center_x"], truth["lens.center_y"]]];
    let images = images(&lens, source, square_of_images(&lens, source, &centers), &centers)?;
    let images: Vec<_> = images.into_iter().filter(|image| image.magnification.abs() > 0.1).collect();
    if images.len() != 4 {
        return Ok(None);
    }
    let mut rng = rng::keyed(seed, "noise", 0);
    let mut noisy = |value: f64, error: f64| {
        let z: f64 = StandardNormal.sample(&mut rng);
        value + error * z
    };
    let universe = Cosmology::flat(truth["cosmology.H0"], truth["cosmology.Om0"]);
    let positions: Vec<[f64; 2]> = images.iter().map(|i| i.position.map(|p| noisy(p, POSITION))).collect();
    let errors: Vec<f64> = images.iter().map(|image| FLUX * image.magnification.abs()).collect();
    let fluxes: Vec<f64> = images.iter().zip(&errors).map(|(i, error)| noisy(i.magnification.abs(), *error)).collect();
    let after = |i: usize| universe.delay(images[i].fermat - images[0].fermat, Z_LENS, Z_SOURCE);
    let delays: Vec<f64> = (1..4).map(|i| noisy(after(i), DELAY)).collect();
    let seen = json!({
        "name": "quasar", "positions": positions, "position_errors": POSITION, "fluxes": fluxes, "flux_errors": errors,
        "delays": delays, "delay_errors": DELAY, "likelihood": way,
    });
    Ok(Some((truth, seen)))
}

fn main() -> anyhow::Result<()> {
    let count: usize = std::env::args().nth(1).map_or(Ok(100), |n| n.parse())?;
    let way = std::env::args().nth(2).unwrap_or_else(|| "image_plane".to_owned());
    let mut quads = vec![];
    for seed in 0.. {
        quads.extend(drawn(seed, &way)?);
        if quads.len() == count {
            println!("{count} quads among {} draws of the priors", seed + 1);
            break;
        }
    }
    let only: Option<usize> = std::env::args().nth(3).map(|n| n.parse()).transpose()?;
    let settings = FitSettings { warmup: 300, draws: 500, ..FitSettings::default() };
    let ended: Vec<_> = quads
        .par_iter()
        .enumerate()
        .filter(|(number, _)| only.is_none_or(|only| only == *number))
        .map(|(number, (truth, seen))| {
            let found = fit_points(
                &system(seen)?,
                &FitSettings { seed: number as u64, ..settings.clone() },
                &mut Executor::new(),
            )?;
            let summary = found.posterior.summary();
            let rank = |(site, truth): (&String, &f64)| {
                let entry = found.posterior.entry(site)?;
                let draws = entry.values();
                Some((site.clone(), draws.iter().filter(|draw| *draw < truth).count() as f64 / draws.len() as f64))
            };
            let ranks: Vec<(String, f64)> = truth.iter().filter_map(rank).collect();
            let h0 = summary.get("cosmology.H0").map_or((f64::NAN, f64::NAN), |s| (s.mean, s.sd));
            println!(
                "quad {number}: H0 {:.1}, found {:.1} +- {:.1}; R-hat {:.3}, ESS {:.0}, {} divergences",
                truth["cosmology.H0"],
                h0.0,
                h0.1,
                summary.worst_r_hat(),
                summary.worst_ess(),
                found.posterior.divergences()
            );
            let per = 1000.0 * summary.worst_ess() / found.sampling_gradients as f64;
            Ok((ranks, summary.worst_r_hat(), found.posterior.divergences(), per))
        })
        .collect::<anyhow::Result<_>>()?;
    let mut all = Ranks::default();
    for (name, rank) in ended.iter().flat_map(|(ranks, ..)| ranks) {
        all.push(name, *rank);
    }
    println!("\n{}", all.table());
    let mixed = ended.iter().filter(|(_, r_hat, ..)| *r_hat < 1.05).count();
    let divergences: usize = ended.iter().map(|(_, _, divergences, _)| divergences).sum();
    let mut per: Vec<f64> = ended.iter().map(|(.., per)| *per).collect();
    per.sort_by(f64::total_cmp);
    println!(
        "\nR-hat below 1.05 for {mixed} of {count}; {divergences} divergences of {} draws; least ESS per 1000 gradients, median {:.2}",
        count * settings.chains * settings.draws,
        per[per.len() / 2]
    );
    Ok(())
}
