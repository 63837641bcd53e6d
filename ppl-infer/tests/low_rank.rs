//! Chains in hundreds of whitened numbers, of which data know some: under variances alone, and under a metric of low rank.

use nalgebra::{DMatrix, DVector};
use ppl_infer::map::{CurvatureSettings, curvature};
use ppl_infer::mcmc::{NutsSettings, Start};
use ppl_infer::target::FnDensity;
use ppl_infer::{Executor, Target, sample_curved, sample_with};

/// Whitened numbers of a smooth field, what else is sampled, and data.
const WHITENED: usize = 200;
const OTHERS: usize = 2;
const DATA: usize = 100;

/// -logp = |A q|^2 / 2 + |whitened|^2 / 2 + 1e-4 |others|^2 / 2: a field of a steep spectrum seen with overlapping beams, and two numbers that
/// change each datum by much, as a lens does. Returned with its covariance.
fn field() -> (impl Target, DMatrix<f64>) {
    let dim = WHITENED + OTHERS;
    let design = DMatrix::from_fn(DATA, dim, |i, k| {
        let at = (i as f64 + 0.5) / DATA as f64;
        match k.checked_sub(WHITENED) {
            Some(other) => 500.0 * (3.0 * at + other as f64).sin(),
            None => 300.0 / (1.0 + k as f64).powf(1.5) * (std::f64::consts::PI * k as f64 * at).cos(),
        }
    });
    let mut precision = design.tr_mul(&design);
    for k in 0..dim {
        precision[(k, k)] += if k < WHITENED { 1.0 } else { 1e-4 };
    }
    let covariance = precision.clone().cholesky().expect("a precision").inverse();
    let f = move |q: &[f64], g: &mut [f64]| {
        let slope = &precision * DVector::from_column_slice(q);
        g.iter_mut().zip(slope.iter()).for_each(|(g, s)| *g = -s);
        -0.5 * slope.dot(&DVector::from_column_slice(q))
    };
    (FnDensity::new(dim, f), covariance)
}

#[test]
fn a_metric_of_low_rank_takes_a_few_leapfrogs_a_draw_where_variances_take_hundreds() {
    let (density, covariance) = field();
    let dim = WHITENED + OTHERS;
    let (mean, whitened) = (vec![0.0; dim], 0..WHITENED);
    let settings = CurvatureSettings::default();
    let around = curvature(&density, &mean, std::slice::from_ref(&whitened), &settings).expect("curved");
    let settings = NutsSettings { warmup: 100, draws: 250, seed: 3, ..NutsSettings::default() };
    let curved = sample_curved(&density, &around, &settings, &mut Executor::new()).expect("draws");
    let leapfrogs = |outcome: &ppl_infer::Outcome| {
        let stats = outcome.samples.chains.iter().flat_map(|chain| &chain.stats);
        let (sum, count) = stats.fold((0.0, 0.0), |(sum, n), s| (sum + f64::from(s.info.n_leapfrog), n + 1.0));
        sum / count
    };
    let few = leapfrogs(&curved);
    // One chain, which learns its variances by the default; the cap of 1023 is near.
    let start = Start::Given(around.sample(&mut ppl_core::rng::keyed(1, "starts", 0), 1));
    let short = NutsSettings { chains: 1, warmup: 60, draws: 10, start, ..settings };
    let many = leapfrogs(&sample_with(&density, &short, &mut Executor::new()).expect("draws"));
    println!("rank {}, leapfrogs a draw: low rank {few:.1}, variances {many:.0}", around.covariance.rank());
    assert!(few < 16.0 && many > 10.0 * few, "{few} {many}");

    let summary = curved.posterior(&density).expect("a posterior").summary();
    for k in [0, 1, 7, 199, 200, 201] {
        let entry = summary.get(&format!("x[{k}]")).expect("a number");
        let expected = covariance[(k, k)].sqrt();
        // 1000 draws that hardly hang together know a standard deviation to 2 or 3 %.
        assert!((entry.sd / expected - 1.0).abs() < 0.12 && entry.r_hat < 1.02, "{k}: {entry:?} {expected}");
        assert!(entry.mean.abs() < 0.15 * expected, "{k}: {entry:?} {expected}");
    }
}
