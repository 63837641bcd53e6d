//! import: a model of another program as a system file.

use std::path::Path;

use arclet::lens::Error as LensError;
use arclet::lens::exchange::{Converted, coolest, lenstronomy};
use arclet::lens::system::System;
use serde_json::Value as Json;

use super::args::ImportArguments;
use super::best::whole_paths;
use super::failure::{Failure, Result};
use super::{pretty, report};

/// Runs the command.
pub fn run(arguments: &ImportArguments) -> Result<()> {
    let path = &arguments.file;
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    let json: Json = serde_json::from_str(&text).map_err(|cause| LensError::Json { path: path.clone(), cause })?;
    let shown = path.display().to_string();
    let Converted { json: mut system, notes } = if is_coolest(&json) {
        if arguments.pixel_scale.is_some() {
            return Err(Failure::user(format!("{shown} says its own pixel size; leave --pixel-scale away")));
        }
        coolest::read(&json, &shown)?
    } else if is_lenstronomy(&json) {
        lenstronomy::read(&json, &shown, arguments.pixel_scale)?
    } else {
        return Err(Failure::user(format!(
            "{shown} is neither COOLEST (\"standard\": \"COOLEST\") nor lenstronomy's dictionaries (`lens_model_list`, `kwargs_lens`, ..)"
        )));
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    if let Some(object) = system.as_object_mut() {
        whole_paths(object, folder);
    }
    // What would be refused later is refused now.
    let text = pretty::json(&system)?;
    System::from_json_with(&text, path, folder, &arclet::profiles())?;
    notes.iter().for_each(|note| tracing::warn!("{note}"));
    report::stdout(&text)
}

fn is_coolest(json: &Json) -> bool {
    json.get("standard").and_then(Json::as_str) == Some("COOLEST") || json.get("lensing_entities").is_some()
}

fn is_lenstronomy(json: &Json) -> bool {
    let list = |json: &Json| {
        ["lens_model_list", "lens_light_model_list", "source_light_model_list"]
            .iter()
            .any(|key| json.get(key).is_some())
    };
    list(json) || json.get("kwargs_model").is_some_and(list)
}
