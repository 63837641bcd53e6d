//! demo: a lens whose truth is known, simulated and fitted from scratch.

use std::path::Path;

use arclet::fit::FitSettings;
use arclet::lens::system::System;

use super::args::DemoArguments;
use super::failure::{Failure, Result};
use super::folder::Folder;
use super::output::Titled;
use super::{device, fit, output, report, simulate};

/// The system: a power-law lens with shear, and a source of two parts.
const SYSTEM: &str = include_str!("demo.json");

/// Runs the command.
pub fn run(arguments: &DemoArguments) -> Result<()> {
    let processor = device::open(arguments.device)?;
    let files = [&simulate::FILES[..], &output::FILES].concat();
    let folder = Folder::begin(&arguments.out, arguments.force, &[], &files)?;
    let system = System::from_json(SYSTEM, Path::new("demo.json"), Path::new("."))?;
    let mocks = simulate::simulate_into(&folder, "demo", &system, SYSTEM, arguments.seed)?;
    let truth = mocks.first().map(|mock| &mock.truth);
    // From here on nothing of the truth is known: the fit reads the files that anyone could fit.
    let path = folder.path().join("system.json");
    let (system, data) = fit::read(&path)?;
    let text = std::fs::read_to_string(&path).map_err(|e| Failure::io("read", &path, &e))?;
    let settings = FitSettings { seed: arguments.seed, processor, ..FitSettings::default() };
    let titled = Titled { title: "demo", text: &text };
    let (fit, summary) = fit::fit_into(&folder, &titled, &system, data, &settings, None, truth)?;
    folder.finish()?;
    report::print(&fit, &settings, &summary, &arguments.out, truth, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_the_demo_has_a_true_value() {
        let system = System::from_json(SYSTEM, Path::new("demo.json"), Path::new("."));
        let complete = |s: System| s.components.iter().all(|c| c.fixed.len() == c.profile.parameters().len());
        assert!(system.is_ok_and(complete));
    }
}
