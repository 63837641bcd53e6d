//! Nanoseconds a point of each profile: 256 x 256 points of 0.04" in f32 on one thread, the field and its gradient by all parameters.
//!
//!     cargo bench --workspace --bench profiles [NAME ..]
//!
//! One line of JSON a profile. `benches/peers/profiles_{lenstronomy,jax}.py` are what others take, and
//! `scripts/profile_speed.py` makes the table in docs/profiles.md of all three.

use std::hint::black_box;
use std::time::Instant;

use lens_models::check::example;
use lens_models::{light, mass};

const SIDE: usize = 256;
const SCALE: f64 = 0.04;
/// Runs of which the median counts, and the time that one takes at least, seconds.
const RUNS: usize = 15;
const LEAST: f64 = 0.01;

/// Nanoseconds a point, the median over the runs.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    work();
    let timed = |times: usize, work: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..times).for_each(|_| work());
        start.elapsed().as_secs_f64() / times as f64
    };
    let times = (LEAST / timed(1, &mut work)).ceil().max(1.0) as usize;
    let mut all: Vec<f64> = (0..RUNS).map(|_| timed(times, &mut work)).collect();
    all.sort_by(f64::total_cmp);
    1e9 * all[RUNS / 2] / (SIDE * SIDE) as f64
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let axis = |i: usize| ((i as f64 - 0.5 * (SIDE - 1) as f64) * SCALE) as f32;
    let (x, y): (Vec<f32>, Vec<f32>) = (0..SIDE * SIDE).map(|i| (axis(i % SIDE), axis(i / SIDE))).unzip();
    let (n, g) = (SIDE * SIDE, vec![1.0_f32; SIDE * SIDE]);
    let say = |kind: &str, name: &str, [value, gradient]: [f64; 2]| {
        println!("{{\"kind\": \"{kind}\", \"name\": \"{name}\", \"value\": {value:.3}, \"gradient\": {gradient:.3}}}");
    };
    for profile in mass::ALL.iter().filter(|p| wanted(p.name())) {
        let params = example(profile.parameters(), 1);
        let (mut ax, mut ay, mut d) = (vec![0.0; n], vec![0.0; n], vec![0.0; params.len()]);
        let value = nanoseconds(|| profile.deflect(black_box(&params), &x, &y, &mut ax, &mut ay));
        let gradient =
            nanoseconds(|| profile.deflect_vjp(black_box(&params), [&x, &y], [&g, &g], &mut d, [&mut [], &mut []]));
        say("mass", profile.name(), [value, gradient]);
    }
    for profile in light::ALL.iter().filter(|p| wanted(p.name())) {
        let params = example(profile.parameters(), 1);
        let (mut out, mut dx, mut dy, mut d) = (vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; params.len()]);
        let value = nanoseconds(|| profile.brightness(black_box(&params), &x, &y, &mut out));
        let gradient = nanoseconds(|| profile.brightness_vjp(black_box(&params), &x, &y, &g, &mut d, &mut dx, &mut dy));
        say("light", profile.name(), [value, gradient]);
    }
}
