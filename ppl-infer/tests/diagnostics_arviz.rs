//! The diagnostics against ArviZ, on chains of many kinds (table made by `scripts/golden/diagnostics.py`).

use ppl_infer::diagnostics as ours;
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    chains: Vec<Vec<f64>>,
    expected: Expected,
}

/// ArviZ's numbers; null where they are NaN or infinite.
#[derive(Deserialize)]
struct Expected {
    mean: Option<f64>,
    sd: Option<f64>,
    rhat: Option<f64>,
    ess_bulk: Option<f64>,
    ess_tail: Option<f64>,
    ess_mean: Option<f64>,
    ess_sd: Option<f64>,
    mcse_mean: Option<f64>,
    mcse_sd: Option<f64>,
    bfmi: Vec<Option<f64>>,
    quantiles: Vec<Quantile>,
}

#[derive(Deserialize)]
struct Quantile {
    p: f64,
    value: Option<f64>,
    ess: Option<f64>,
    mcse: Option<f64>,
}

/// Both sum a few hundred doubles, in another order and with another Phi^-1; the autocorrelations cancel to about 1e-12.
const TOLERANCE: f64 = 1e-10;

fn check(case: &str, what: &str, got: f64, want: Option<f64>, failures: &mut Vec<String>) {
    let agrees = match want {
        Some(want) => (got - want).abs() <= TOLERANCE * want.abs(),
        None => !got.is_finite(),
    };
    if !agrees {
        failures.push(format!("{case}: {what} is {got}, ArviZ has {want:?}"));
    }
}

#[test]
fn every_diagnostic_is_arvizs_on_every_kind_of_chain() {
    let table: Table = serde_json::from_str(include_str!("data/diagnostics.json")).unwrap();
    assert!(table.cases.len() >= 26);
    let failures = &mut Vec::new();
    for Case { name, chains, expected } in &table.cases {
        let chains: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
        let pooled = chains.concat();
        check(name, "mean", ours::mean(&pooled), expected.mean, failures);
        check(name, "sd", ours::sd(&pooled), expected.sd, failures);
        check(name, "rhat", ours::rhat(&chains), expected.rhat, failures);
        check(name, "ess_bulk", ours::ess_bulk(&chains), expected.ess_bulk, failures);
        check(name, "ess_tail", ours::ess_tail(&chains), expected.ess_tail, failures);
        check(name, "ess_mean", ours::ess_mean(&chains), expected.ess_mean, failures);
        check(name, "ess_sd", ours::ess_sd(&chains), expected.ess_sd, failures);
        check(name, "mcse_mean", ours::mcse_mean(&chains), expected.mcse_mean, failures);
        check(name, "mcse_sd", ours::mcse_sd(&chains), expected.mcse_sd, failures);
        for (chain, want) in chains.iter().zip(&expected.bfmi) {
            check(name, "bfmi", ours::bfmi(chain), *want, failures);
        }
        for Quantile { p, value, ess, mcse } in &expected.quantiles {
            check(name, &format!("quantile {p}"), ours::quantile(&pooled, *p), *value, failures);
            check(name, &format!("ess_quantile {p}"), ours::ess_quantile(&chains, *p), *ess, failures);
            check(name, &format!("mcse_quantile {p}"), ours::mcse_quantile(&chains, *p), *mcse, failures);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
