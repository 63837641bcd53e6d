//! Draw: one scene out of a population.

use std::f64::consts::{PI, TAU};

use ppl_core::rng::Rng;
use rand::RngExt as _;

use super::arms::Arms;
use super::bar::Bar;
use super::body::{Body, Clump};
use super::bulge::Bulge;
use super::disc::Disc;
use super::dust::Dust;
use super::patches::Patches;
use super::population::{Kind, Population, log_normal, normal};
use super::ring::Ring;
use super::scene::Scene;
use super::tail::Tail;

/// A galaxy of `flux` and `magnitude` about (0, 0), mostly alone.
#[must_use]
pub fn scene(population: &Population, rng: &mut Rng, magnitude: f64, flux: f64) -> Scene {
    let radius = population.radius(rng, magnitude);
    let kind = population.kind(rng, magnitude);
    let paired = rng.random_bool(population.paired);
    let tailed = rng.random_bool(if paired { 0.5 } else { population.tailed });
    let mut scene = Scene::default();
    let mut share = 1.0;
    if paired {
        // Mass ratios of pairs are flat in their logarithm down to 1:10 (Lotz et al. 2011 count to 1:4 as major).
        let ratio = 10_f64.powf(-rng.random::<f64>());
        share = 1.0 / (1.0 + ratio);
        let distance = radius * rng.random_range(1.2..3.0) + 0.1;
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        let kind = if rng.random_bool(0.7) { Kind::Irregular } else { Kind::Early };
        let mut companion = body(population, rng, kind, radius * ratio.powf(0.35), flux * (1.0 - share));
        companion.centre = [distance * cos, distance * sin];
        scene.bodies.push(companion);
    }
    if tailed {
        let light = share * rng.random_range(0.04..0.15);
        share -= light;
        let from = radius * rng.random_range(0.8..1.3);
        scene.tails.push(Tail {
            centre: [0.0; 2],
            reach: [from, from + radius * rng.random_range(1.5..3.5)],
            turn: [rng.random_range(0.0..TAU), rng.random_range(0.4..1.8) * if rng.random() { 1.0 } else { -1.0 }],
            width: radius * rng.random_range(0.15..0.35),
            flux: flux * light,
        });
    }
    scene.bodies.insert(0, body(population, rng, kind, radius, flux * share));
    scene
}

fn body(population: &Population, rng: &mut Rng, kind: Kind, radius: f64, flux: f64) -> Body {
    let inclination = rng.random::<f64>().acos();
    let flattening = match kind {
        Kind::Early => population.early_flattening,
        Kind::Disc => population.disc_flattening,
        // Irregulars are thicker; set here.
        Kind::Irregular => [population.disc_flattening[0] + 0.12, population.disc_flattening[1] + 0.03],
    };
    let flattening = (flattening[0] + flattening[1] * normal(rng)).clamp(0.08, 0.95);
    // The axis ratio of an oblate spheroid seen at an angle (Hubble 1926).
    let axis_ratio = (inclination.cos().powi(2) + (flattening * inclination.sin()).powi(2)).sqrt();
    let plain = Body {
        centre: [0.0; 2],
        angle: rng.random_range(0.0..PI),
        flux,
        radius: radius / axis_ratio.sqrt(),
        inclination,
        // sech^2 of scale height h has an rms of 0.9 h, an exponential disc one of 1.46 half-light radii across.
        thickness: flattening,
        disc: None,
        bulge: None,
        dust: None,
        clumps: Vec::new(),
        bend: 0.0,
    };
    match kind {
        Kind::Early => {
            let index = log_normal(rng, population.early_index).clamp(1.5, 6.0);
            Body { bulge: Some(Bulge { share: 1.0, radius: plain.radius, index, axis_ratio }), ..plain }
        }
        Kind::Disc => disc_galaxy(population, rng, plain),
        Kind::Irregular => irregular_galaxy(population, rng, plain),
    }
}

fn disc_galaxy(population: &Population, rng: &mut Rng, plain: Body) -> Body {
    let tan_pitch = (population.pitch[0] + population.pitch[1] * normal(rng)).clamp(8.0, 45.0).to_radians().tan()
        * if rng.random() { 1.0 } else { -1.0 };
    let arms = arms(population, rng, tan_pitch);
    let mut patchiness = log_normal(rng, population.patchiness).min(1.2);
    if arms.is_none() {
        patchiness *= 1.2;
    }
    let size = rng.random_range(0.35..0.9);
    let bar = rng.random_bool(population.barred).then(|| bar(rng));
    let disc = Disc {
        index: log_normal(rng, population.disc_index).clamp(0.4, 1.6),
        lopsided: [(population.lopsidedness * normal(rng).abs()).min(0.8), rng.random_range(0.0..TAU)],
        ring: rng.random_bool(population.ringed).then(|| ring(rng)),
        bar: bar.map(|bar| (bar, rng.random_range(0.06..0.2))),
        patches: Patches::draw(rng, patchiness, size, Some(tan_pitch)),
        arms: arms.clone(),
    };
    let share = (population.bulge_share * normal(rng).abs()).min(0.8);
    let axis_ratio = 1.0 - (1.0 - plain.inclination.cos()) * rng.random_range(0.2..0.5);
    let bulge = Bulge {
        share,
        // Bulges of late types are small, 0.1 to 0.3 of the disc, with an index of 1 to 4 that grows with their share
        // (Simard et al. 2002; Graham & Worley 2008).
        radius: plain.radius * log_normal(rng, [0.2, 0.35]),
        index: log_normal(rng, [1.0 + 3.0 * share, 0.3]).clamp(0.6, 5.0),
        axis_ratio,
    };
    let dust = Dust {
        depth: log_normal(rng, population.dust).min(3.0),
        scale: rng.random_range(0.8..1.4),
        lanes: rng.random_range(0.0..2.0),
        arms: arms.clone(),
    };
    let mut body = Body { disc: Some(disc.face()), bulge: (share > 0.01).then_some(bulge), dust: Some(dust), ..plain };
    if rng.random_bool(population.clumpy) {
        let share = population.clump_share * -(1.0 - rng.random::<f64>()).ln();
        body.clumps = clumps(rng, &body, arms.as_ref(), share.min(0.3));
    }
    body
}

fn irregular_galaxy(population: &Population, rng: &mut Rng, plain: Body) -> Body {
    // Their patches and clumps are thinner than they are; as thick, they would be bars across the galaxy seen from its edge.
    let plain = Body { thickness: 0.7 * plain.thickness, ..plain };
    let patchiness = (1.6 * log_normal(rng, population.patchiness)).min(1.4);
    let size = rng.random_range(0.4..1.1);
    let disc = Disc {
        index: log_normal(rng, [0.8, 0.25]).clamp(0.4, 1.5),
        lopsided: [(2.0 * population.lopsidedness * normal(rng).abs()).min(0.9), rng.random_range(0.0..TAU)],
        arms: None,
        ring: None,
        bar: None,
        patches: Patches::draw(rng, patchiness, size, None),
    };
    let dust = Dust { depth: 0.5 * log_normal(rng, population.dust).min(3.0), scale: 1.2, lanes: 0.0, arms: None };
    let mut body = Body { disc: Some(disc.face()), dust: Some(dust), bend: 0.09 * normal(rng), ..plain };
    if rng.random_bool(0.8) {
        let share = 1.6 * population.clump_share * -(1.0 - rng.random::<f64>()).ln();
        body.clumps = clumps(rng, &body, None, share.min(0.5));
    }
    body
}

fn arms(population: &Population, rng: &mut Rng, tan_pitch: f64) -> Option<Arms> {
    let [two, several] = population.armed;
    let number = match rng.random::<f64>() {
        u if u < two => 2.0,
        u if u < two + several => f64::from(rng.random_range(3..6)),
        _ => return None,
    };
    Some(Arms {
        number,
        tan_pitch,
        phase: rng.random_range(0.0..TAU),
        // Arms are 0.3 to 3 times as bright as what lies between, brighter in blue light (Elmegreen et al. 2011).
        contrast: log_normal(rng, [1.0, 0.6]).min(4.0),
        narrowness: rng.random_range(0.8..3.5),
        start: rng.random_range(0.1..0.5),
    })
}

fn bar(rng: &mut Rng) -> Bar {
    // Half lengths near 0.4 of the radius of the disc at 25 mag / arcsec^2, 1 to 1.5 scale lengths (Erwin 2005).
    Bar {
        length: log_normal(rng, [0.6, 0.25]),
        axis_ratio: rng.random_range(0.2..0.45),
        angle: rng.random_range(0.0..PI),
    }
}

fn ring(rng: &mut Rng) -> (Ring, f64) {
    let radius = rng.random_range(0.6..1.6);
    let ring = Ring { radius, width: radius * rng.random_range(0.08..0.2), axis_ratio: rng.random_range(0.75..1.0) };
    (ring, rng.random_range(0.08..0.35))
}

/// Brightness of an exponential disc of light 1 at its half-light radius, with that radius as unit: e^-b b^2 / (2 pi).
const HALF_LIGHT: f64 = 0.084;

/// Clumps that share at most `total` of the light: their places follow the light of the disc, and so its arms.
fn clumps(rng: &mut Rng, body: &Body, arms: Option<&Arms>, total: f64) -> Vec<Clump> {
    let Some(face) = &body.disc else { return Vec::new() };
    let number = rng.random_range(2..14);
    // Luminosities go as L^-2 over a decade (Livermore et al. 2012; Dessauges-Zavadsky & Adamo 2018).
    let light: Vec<f64> = (0..number).map(|_| 1.0 / (1.0 - 0.93 * rng.random::<f64>())).collect();
    let sum: f64 = light.iter().sum();
    let clump = |light: f64| {
        let [x, y] = face.place_of(rng.random());
        // Clumps lie further out than the mass of the disc (Guo et al. 2015): along the arm, where there is one.
        let further: f64 = rng.random_range(1.0..1.3);
        let turn = arms.map_or(0.0, |arms| further.ln() / arms.tan_pitch);
        let (sin, cos) = turn.sin_cos();
        let [x, y] = [further * (x * cos - y * sin), further * (x * sin + y * cos)];
        let z = 0.3 * body.thickness * normal(rng);
        // 0.1 to 1 kpc across (Livermore et al. 2012), 0.015" to 0.13" at z = 0.8; larger in larger, nearer
        // galaxies, no larger than a fifth of them.
        let sigma = log_normal(rng, [0.045_f64.max(0.08 * body.radius), 0.4]).min(0.2 * body.radius);
        // One clump never rules its galaxy, and where the disc is faint its clumps are.
        let share = total * light / sum * (face.at(x, y) / HALF_LIGHT).min(1.0);
        Clump { place: [x, y, z], sigma, share: share.min(0.08) }
    };
    light.into_iter().map(clump).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ppl_core::rng::keyed;

    #[test]
    fn every_scene_has_the_flux_asked_for() {
        let population = Population { paired: 0.5, tailed: 0.5, ..Population::default() };
        for k in 0..20 {
            let scene = scene(&population, &mut keyed(5, "scene", k), 22.5, 7.0);
            let image = scene.image(200, 200, (0.04_f64).max(scene.radius() / 14.0));
            let sum: f64 = image.iter().sum();
            // Steep spheroids and far companions have some light outside.
            assert!((6.0..7.1).contains(&sum), "{k}: {sum}");
            assert!(image.iter().all(|v| v.is_finite() && *v >= 0.0));
        }
    }

    #[test]
    fn clumps_follow_the_arms() {
        let population = Population { armed: [0.4, 0.6], clumpy: 1.0, ..Population::default() };
        let (mut on, mut all) = (0.0, 0.0);
        for k in 0..300 {
            let mut rng = keyed(8, "arms", k);
            let plain = body(&population, &mut rng, Kind::Disc, 0.5, 1.0);
            let Some(arms) = plain.dust.as_ref().and_then(|dust| dust.arms.as_ref()) else { continue };
            for clump in &plain.clumps {
                let [x, y, _] = clump.place;
                on += arms.crest(x.hypot(y), y.atan2(x));
                all += 1.0;
            }
        }
        let n = 4000;
        let mut rng = keyed(9, "mean", 0);
        let mean: f64 = (0..n)
            .map(|_| arms(&population, &mut rng, 0.36).map_or(0.0, |a| a.crest(1.0, rng.random_range(0.0..TAU))))
            .sum();
        let mean = mean / f64::from(n);
        assert!(all > 300.0 && on / all > 1.1 * mean, "{} {mean} {all}", on / all);
    }
}
