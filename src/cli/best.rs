//! `best.json`: the system with every parameter at the maximum, for `trace`, `simulate`, and as the start of another fit.

use std::path::Path;

use arclet::fit::Fit;
use arclet::infer::posterior::Entry;
use arclet::lens::data::DataFiles;
use arclet::lens::system::Role;
use serde_json::{Map, Value as Json, json};

use super::failure::{Failure, Result};
use super::label;

/// Scalars up to which the covariance is of all of them.
const MANY: usize = 400;

/// The JSON of a fit's system, read from `text`, to lie in another folder than that one unless `beside`.
pub fn best(text: &str, fit: &Fit, beside: bool) -> Result<Json> {
    let mut json: Map<String, Json> = serde_json::from_str(text).map_err(Failure::ours)?;
    let from = &fit.system.folder;
    if !beside {
        whole_paths(&mut json, from);
    }
    for role in Role::ALL {
        for entry in entries(&mut json, role) {
            // A cosmology has no name of its own.
            let name = entry.get("name").and_then(Json::as_str).unwrap_or(role.key());
            // One for each band that it shines in.
            let components: Vec<_> =
                fit.system.components.iter().filter(|c| c.role == role && c.name == name).collect();
            if components.is_empty() {
                continue;
            }
            let each = components.into_iter().flat_map(|c| c.profile.parameters().iter().map(move |p| (c, p)));
            let parameters = each.filter_map(|(component, parameter)| {
                let site = component.site(parameter);
                let numbers = fit.best.get(&site)?;
                let value = match &numbers[..] {
                    [one] => json!(one),
                    many => json!(many),
                };
                let fixed = component.fixed.contains_key(parameter.name);
                let given = if fixed { json!({ "value": value }) } else { json!({ "value": value, "free": true }) };
                // What stands behind the name of the component: `amp`, or `f814w.amp`.
                Some((site[component.name.len() + 1..].to_owned(), given))
            });
            let parameters: Map<String, Json> = parameters.collect();
            entry.insert("parameters".to_owned(), Json::Object(parameters));
        }
    }
    json.insert("priors".to_owned(), fit.priors.to_json());
    let mut entries: Vec<Entry> = fit.posterior.entries().collect();
    if entries.len() > MANY {
        // That of thousands of pixels would be a file of its own.
        let shown: Vec<String> = label::shown(entries.iter().map(Entry::name)).into_iter().map(str::to_owned).collect();
        entries.retain(|entry| shown.iter().any(|name| name == entry.name()));
    }
    let names: Vec<&str> = entries.iter().map(Entry::name).collect();
    json.insert("covariance".to_owned(), json!({ "names": names, "matrix": covariance(&entries) }));
    Ok(Json::Object(json))
}

/// The entries of a role in a system file: a list of components, one cosmology, or the data.
pub fn entries(json: &mut Map<String, Json>, role: Role) -> Vec<&mut Map<String, Json>> {
    match json.get_mut(role.key()) {
        Some(Json::Array(list)) => list.iter_mut().filter_map(Json::as_object_mut).collect(),
        Some(Json::Object(one)) => vec![one],
        _ => vec![],
    }
}

/// Makes the paths in a system file independent of the folder that it lies in.
pub fn whole_paths(json: &mut Map<String, Json>, from: &Path) {
    let whole = |path: &mut Json| {
        if let Json::String(text) = path {
            let joined = from.join(&*text);
            // Not canonical: the name of a file may end in that of an HDU.
            *text = std::path::absolute(&joined).unwrap_or(joined).display().to_string();
        }
    };
    for data in entries(json, Role::Band) {
        for key in DataFiles::PATHS {
            data.get_mut(*key).into_iter().for_each(whole);
        }
    }
    for role in Role::ALL {
        for component in entries(json, role) {
            if let Some(path) = component.get_mut("weights") {
                whole(path);
            }
        }
    }
}

/// The covariance of the draws of all scalars, a row for each.
fn covariance(entries: &[Entry]) -> Vec<Vec<f64>> {
    let centred = |entry: &Entry| {
        let values = entry.values();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| v - mean).collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = entries.iter().map(centred).collect();
    let product = |a: &[f64], b: &[f64]| {
        let sum: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        // Of a single draw nothing is known of the spread.
        sum / (a.len().max(2) - 1) as f64
    };
    columns.iter().map(|a| columns.iter().map(|b| product(a, b)).collect()).collect()
}
