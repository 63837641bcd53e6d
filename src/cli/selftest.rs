//! selftest: a device against the processor, operation by operation and density by density.

use arclet::core::Processor;
use arclet::selftest::{Outcome, selftest};

use super::args::SelftestArguments;
use super::failure::{Failure, Result};
use super::{device, report};

/// Runs the command.
pub fn run(arguments: &SelftestArguments) -> Result<()> {
    let processor = device::open(arguments.device)?;
    if let Processor::Cpu = processor {
        return Err(Failure::user("the cpu is what devices are held against; give `--device cuda` to test a GPU"));
    }
    let outcomes = selftest(&processor, arguments.seed)?;
    let mut text = format!("{}\n{:66} {:>9} {:>9}\n", processor.describe(), "relative error of", "value", "gradient");
    for Outcome { name, value, gradient, passed } in &outcomes {
        let mark = if *passed { "" } else { "  FAILED" };
        text += &format!("{name:66} {value:9.1e} {gradient:9.1e}{mark}\n");
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    report::stdout(&format!("{text}{} of {} passed\n", outcomes.len() - failed, outcomes.len()))?;
    if failed > 0 {
        Err(Failure::ours(format!("{failed} of {} checks of the device failed", outcomes.len())))
    } else {
        Ok(())
    }
}
