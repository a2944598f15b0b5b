//! `tianbao render`: projects → PDF and Word files.

use super::args::{Format, Render, Target};
use super::progress::{Progress, stop_on_interrupt};
use super::{GOOD, STOPPED, exit_code, report, setup, verdict};
use crate::batch::{self, Plan, Run, Volume};
use crate::error::{Error, Failure};
use crate::output::Output;
use crate::render::{Kind, Renderer};

pub(super) fn execute(command: Render) -> Result<u8, Failure> {
    let clock = Stopwatch::start();
    let renderer = setup::renderer(&command.input.place, &command.document, &command.to)?;
    let plan = plan(&command, &renderer)?;
    let run = make(&command, &renderer, &plan)?;
    report::run(&run, "生成", clock.seconds(), &wishes(&command));
    Ok(outcome(&run))
}

/// How results are shown.
pub(super) fn wishes(command: &Render) -> report::Wishes {
    report::Wishes {
        json: command.input.place.format == Format::Json,
        quiet: command.quiet,
    }
}

/// The projects and volumes that the command line means.
pub(super) fn plan(command: &Render, renderer: &Renderer) -> Result<Plan, Failure> {
    let templates = renderer.templates();
    let mut plan =
        batch::plan(&command.input.paths, templates).map_err(|failure| match failure {
            // `--combined 题名` leaves the title among the paths.
            Failure::Broken(Error::Usage(words)) if command.combined.as_deref() == Some("") => {
                Error::Usage(format!("{words}；合订本的题名要写成 --combined=题名")).into()
            }
            failure => failure,
        })?;
    if let Some(title) = &command.combined {
        let members = (0..plan.members.len()).collect();
        let title = Some(title.clone()).filter(|title| !title.is_empty());
        // A batch's own volume of the same projects is this one, under its title.
        match plan
            .volumes
            .iter_mut()
            .find(|volume| volume.members == members)
        {
            Some(volume) => volume.title = title.or_else(|| volume.title.clone()),
            None => plan.volumes.push(Volume {
                title,
                members,
                batch: None,
            }),
        }
    }
    Ok(plan)
}

/// Makes what changed.
pub(super) fn make(command: &Render, renderer: &Renderer, plan: &Plan) -> Result<Run, Error> {
    let wants = |target| command.to.contains(&target);
    let merged = command.keep_merged && wants(Target::Pdf);
    let kinds = [
        (Kind::Merged, merged),
        (Kind::Pdf, wants(Target::Pdf)),
        (Kind::Word, wants(Target::Docx)),
    ];
    let output = Output::open(&command.out)?;
    let quiet = command.quiet || command.input.place.format == Format::Json;
    let progress = Progress::new(quiet);
    let options = batch::Options {
        kinds: kinds
            .into_iter()
            .filter(|(_, wanted)| *wanted)
            .map(|(kind, _)| kind)
            .collect(),
        force: command.force,
        zip: command.zip.as_ref().map(|title| match title.as_str() {
            "" => package_title(command, plan),
            title => title.to_owned(),
        }),
        jobs: command.threads.count(),
        stop: stop_on_interrupt(),
        progress: &|news| progress.hear(news),
    };
    let run = batch::run(renderer, plan, &output, &options);
    progress.end();
    run
}

/// A zip without a title is called as the volume is, or as what was rendered.
fn package_title(command: &Render, plan: &Plan) -> String {
    let volume = plan.volumes.iter().find_map(|volume| volume.title.clone());
    let path = command
        .input
        .paths
        .first()
        .and_then(|path| path.file_stem());
    let path = path.map(|stem| stem.to_string_lossy().into_owned());
    volume.or(path).unwrap_or_else(|| "填报".to_owned())
}

/// The exit code of a whole run: our own failure weighs more than a document's.
pub(super) fn outcome(run: &Run) -> u8 {
    let broken = run
        .made
        .iter()
        .filter_map(|made| made.broken.as_ref())
        .chain(&run.broken)
        .map(exit_code)
        .max();
    let verdicts = run.made.iter().map(|made| verdict(&made.diagnostics)).max();
    match broken.or(verdicts).unwrap_or(GOOD) {
        GOOD if run.stopped => STOPPED,
        code => code,
    }
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
