//! The reader: data sets, values of Stan's log density, reference moments and Stan's efficiency, as others measured them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value as Json;
use zip::ZipArchive;

/// The folder of the reference data; `None` where it is absent, which says that the test is skipped.
#[track_caller]
pub fn data() -> Option<PathBuf> {
    test_data::find("data/posteriordb")
}

/// A data set: named numbers, vectors and matrices.
pub struct Table(Json);

impl Table {
    /// Reads `<name>.json.zip`.
    pub fn read(name: &str) -> Table {
        let path = test_data::folder().join(format!("data/posteriordb/data/{name}.json.zip"));
        let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
        let mut text = String::new();
        archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
        Table(serde_json::from_str(&text).unwrap())
    }

    /// A number.
    pub fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap()
    }

    /// A vector.
    pub fn vector(&self, name: &str) -> Vec<f64> {
        self.0[name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    /// The columns of a matrix.
    pub fn columns(&self, name: &str) -> Vec<Vec<f64>> {
        let rows: Vec<Vec<f64>> = serde_json::from_value(self.0[name].clone()).unwrap();
        (0..rows[0].len()).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
    }
}

/// Stan's log density at one point of its unconstrained space, up to the constants that Stan drops.
#[derive(Deserialize)]
pub struct Point {
    /// The point.
    pub u: Vec<f64>,
    /// Log density, Jacobian included.
    pub lp_jac: f64,
    /// Its gradient.
    pub grad: Vec<f64>,
}

/// The points of every posterior at which Stan was asked, by name.
pub fn log_density_points() -> BTreeMap<String, Vec<Point>> {
    #[derive(Deserialize)]
    struct Line {
        posterior: String,
        points: Vec<Json>,
    }
    // Where Stan could not evaluate its program it left an error.
    let read = |point: Json| point.get("error").is_none().then(|| serde_json::from_value(point).unwrap());
    lines("stan_log_density.jsonl")
        .map(|l: Line| (l.posterior, l.points.into_iter().filter_map(read).collect()))
        .collect()
}

/// Stan's least bulk ESS per gradient of sampling (default settings, one run), by posterior.
pub fn stan_efficiency() -> BTreeMap<String, f64> {
    #[derive(Deserialize)]
    struct Line {
        name: String,
        min_ess_per_grad: f64,
    }
    lines("stan_efficiency.jsonl").map(|l: Line| (l.name, l.min_ess_per_grad)).collect()
}

fn lines<T: for<'de> Deserialize<'de>>(file: &str) -> impl Iterator<Item = T> {
    let text = fs::read_to_string(test_data::folder().join("golden").join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>().into_iter()
}

/// What the reference draws of one scalar say.
pub struct Reference {
    /// Its flat name as arclet writes it: `beta[0]` for Stan's `beta[1]`.
    pub name: String,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Monte Carlo standard error of the mean.
    pub mcse_mean: f64,
    /// Number of (nearly independent) draws.
    pub draws: f64,
}

/// The reference moments of one posterior.
pub fn draws_reference(posterior: &str) -> Vec<Reference> {
    let text = fs::read_to_string(test_data::folder().join("golden/posteriordb_moments.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    rows.filter(|row| row[0] == posterior)
        .map(|row| {
            let number = |i: usize| row[i].parse::<f64>().unwrap();
            let name = match row[1].split_once('[') {
                Some((base, index)) => {
                    format!("{base}[{}]", index.trim_end_matches(']').parse::<usize>().unwrap() - 1)
                }
                None => row[1].to_owned(),
            };
            Reference { name, mean: number(2), sd: number(3), mcse_mean: number(7), draws: number(8) }
        })
        .collect()
}
