//! `tianbao render`: projects → PDF and Word files.

use super::args::Render;
use super::{GOOD, exit_code, report, setup, verdict};
use crate::batch::{self, Run, Volume};
use crate::error::Failure;
use crate::output::Output;

pub(super) fn execute(command: Render) -> Result<u8, Failure> {
    let clock = Stopwatch::start();
    let json = command.input.place.format == super::args::Format::Json;
    let mut plan = batch::plan(&command.input.paths)?;
    let renderer = setup::renderer(&command.input.place, &command.document, &command.to)?;
    if let Some(title) = command.combined {
        let all: Vec<usize> = (0..plan.members.len()).collect();
        if !plan.volumes.iter().any(|volume| volume.members == all) {
            let title = Some(title).filter(|title| !title.is_empty());
            plan.volumes.push(Volume {
                title,
                members: all,
            });
        }
    }
    if !command.to.contains(&super::args::Target::Pdf) {
        plan.volumes.clear();
    }
    let output = Output::open(&command.out)?;
    let run = batch::run(&renderer, &plan, &output, command.keep_merged);
    report::run(&run, "生成", clock.seconds(), json);
    Ok(outcome(&run))
}

/// The exit code of a whole run: our own failure weighs more than a document's.
pub(super) fn outcome(run: &Run) -> u8 {
    let broken = run
        .made
        .iter()
        .filter_map(|made| made.broken.as_ref())
        .map(exit_code)
        .max();
    let verdicts = run.made.iter().map(|made| verdict(&made.diagnostics)).max();
    broken.or(verdicts).unwrap_or(GOOD)
}

/// How long a command took, for the summary a person reads.
pub(super) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "shown to a person, never in an artifact"
    )]
    pub(super) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(super) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
