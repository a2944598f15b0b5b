//! `tianbao render`: projects → PDF and Word files.

use super::args::{Format, Render, Target};
use super::{GOOD, exit_code, report, setup, verdict};
use crate::batch::{self, Run, Volume};
use crate::error::{Error, Failure};
use crate::output::Output;

pub(super) fn execute(command: Render) -> Result<u8, Failure> {
    let clock = Stopwatch::start();
    let json = command.input.place.format == Format::Json;
    let wants_pdf = command.to.contains(&Target::Pdf);
    if command.combined.is_some() && !wants_pdf {
        return Err(Error::Usage("合订本只有 PDF；写了 --combined 就不能只要 docx".into()).into());
    }
    let renderer = setup::renderer(&command.input.place, &command.document, &command.to)?;
    let templates = renderer.templates();
    let mut plan =
        batch::plan(&command.input.paths, templates).map_err(|failure| match failure {
            // `--combined 题名` leaves the title among the paths.
            Failure::Broken(Error::Usage(words)) if command.combined.as_deref() == Some("") => {
                Error::Usage(format!("{words}；合订本的题名要写成 --combined=题名")).into()
            }
            failure => failure,
        })?;
    if let Some(title) = command.combined {
        let members = (0..plan.members.len()).collect();
        let title = Some(title).filter(|title| !title.is_empty());
        // A batch's own volume of the same projects is this one, under its title.
        match plan
            .volumes
            .iter_mut()
            .find(|volume| volume.members == members)
        {
            Some(volume) => volume.title = title.or_else(|| volume.title.clone()),
            None => plan.volumes.push(Volume { title, members }),
        }
    }
    if !wants_pdf {
        plan.volumes.clear();
    }
    let output = Output::open(&command.out)?;
    let run = batch::run(&renderer, &plan, &output, command.keep_merged && wants_pdf);
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
