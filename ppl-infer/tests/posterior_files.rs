//! Posterior files: what is written, how it fails, and (where Python has ArviZ) that ArviZ reads the same numbers.

use ppl_core::rng::keyed;
use ppl_infer::Error;
use ppl_infer::posterior::{Posterior, Summary};
use rand_distr::{Distribution, StandardNormal};
use std::path::{Path, PathBuf};
use std::process::Command;

const CHAINS: usize = 4;
const DRAWS: usize = 100;

/// Autocorrelated draws, `[chain, draw, entry]`, each entry a chain of its own.
fn ar1(name: &str, size: usize, phi: f64) -> Vec<f64> {
    let mut rng = keyed(11, name, 0);
    let mut values: Vec<f64> = Vec::with_capacity(CHAINS * DRAWS * size);
    for draw in 0..CHAINS * DRAWS {
        for _ in 0..size {
            let noise: f64 = StandardNormal.sample(&mut rng);
            let before = if draw % DRAWS == 0 { noise } else { values[values.len() - size] };
            values.push(phi * before + (1.0 - phi * phi).sqrt() * noise);
        }
    }
    values
}

fn posterior() -> Posterior {
    let mut posterior = Posterior::new(CHAINS, DRAWS);
    posterior.push_variable("lens.theta_E", &[], ar1("a", 1, 0.8)).unwrap();
    posterior.push_variable("theta", &[3], ar1("b", 3, 0.3)).unwrap();
    posterior.push_variable("matrix", &[2, 2], ar1("c", 4, -0.5)).unwrap();
    posterior.push_variable("outer/inner", &[], ar1("d", 1, 0.0)).unwrap();
    posterior.push_variable("nothing", &[0], Vec::new()).unwrap();
    let n = CHAINS * DRAWS;
    for name in ["lp", "energy", "acceptance_rate", "step_size"] {
        posterior.push_stat(name, ar1(name, 1, 0.2)).unwrap();
    }
    posterior.push_stat("tree_depth", vec![3_i64; n]).unwrap();
    posterior.push_stat("n_steps", vec![7_u32; n]).unwrap();
    posterior.push_stat("diverging", (0..n).map(|i| i % 97 == 5).collect::<Vec<bool>>()).unwrap();
    posterior.push_observed("y", &[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN]).unwrap();
    posterior.push_observed("total", &[], vec![15.0]).unwrap();
    posterior.set_attribute("seed", 11_u64).set_attribute("model_name", "ar1").set_attribute("sampling_time", 0.25);
    posterior
}

/// The position of the `i`-th and following little-endian doubles in the file, if they stand there in one piece.
fn find(bytes: &[u8], values: &[f64]) -> bool {
    let needle: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn the_file_is_hdf5_and_holds_every_array_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.nc");
    let posterior = posterior();
    posterior.write_netcdf(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();

    assert_eq!(&bytes[..8], b"\x89HDF\r\n\x1a\n");
    for variable in posterior.variables().iter().filter(|variable| !variable.is_empty()) {
        assert!(find(&bytes, variable.values()), "{}", variable.name());
    }
    for name in ["posterior", "sample_stats", "observed_data", "chain", "theta_dim_0", "matrix_dim_1", "outer.inner"] {
        assert!(bytes.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the temporary file is gone");
}

#[test]
fn the_same_posterior_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.nc", "b.nc"].map(|name| folder.path().join(name));
    for path in &paths {
        posterior().write_netcdf(path).unwrap();
    }
    assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
}

#[test]
fn a_posterior_without_draws_or_with_names_that_coincide_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.nc");
    assert!(matches!(Posterior::new(4, 0).write_netcdf(&path), Err(Error::NoDraws { chains: 4, draws: 0, .. })));

    let mut coinciding = Posterior::new(1, 1);
    coinciding.push_variable("a/b", &[], vec![1.0]).unwrap();
    coinciding.push_variable("a.b", &[], vec![2.0]).unwrap();
    assert!(matches!(coinciding.write_netcdf(&path), Err(Error::Netcdf { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let missing = folder.path().join("missing/posterior.nc");
    assert!(matches!(posterior().write_netcdf(missing), Err(Error::Write { .. })));
}

#[test]
fn a_posterior_of_one_draw_of_one_scalar_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.nc");
    let mut tiny = Posterior::new(1, 1);
    tiny.push_variable("mu", &[], vec![0.125]).unwrap();
    tiny.write_netcdf(&path).unwrap();
    assert!(find(&std::fs::read(&path).unwrap(), &[0.125]));
}

#[test]
fn the_summary_file_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    let summary = posterior().summary();
    summary.write_json(&path).unwrap();
    let back: Summary = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let names = |summary: &Summary| summary.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&back), names(&summary));
    assert_eq!(names(&back)[..3], ["lens.theta_E", "theta[0]", "theta[1]"]);
}

#[test]
fn arviz_opens_the_file_and_finds_our_numbers() {
    let python = std::env::var_os("PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let has_arviz = Command::new(&python).args(["-c", "import arviz"]).output().is_ok_and(|out| out.status.success());
    if !has_arviz {
        test_data::skip(&format!("{} cannot import arviz; set PYTHON to one that can", python.display()));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [file, summary] = ["posterior.nc", "summary.json"].map(|name| folder.path().join(name));
    posterior().write_netcdf(&file).unwrap();
    posterior().summary().write_json(&summary).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/check_netcdf.py");
    let out = Command::new(&python).arg(script).arg(&file).arg(&summary).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
    // The script tells what it saw, so that a group that is silently missing shows here.
    for seen in [
        "posterior: chain 4, draw 100",
        "sample_stats: 7 arrays, 5 diverging",
        "observed_data: total, y",
        "9 scalars agree",
    ] {
        assert!(text.contains(seen), "{seen:?} is not in:\n{text}");
    }
}
