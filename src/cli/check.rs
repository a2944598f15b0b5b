//! `tianbao check`: every diagnostic that rendering would give, no files.

use super::args::{Check, Target};
use super::progress::{Progress, stop_on_interrupt};
use super::render::{Stopwatch, outcome};
use super::{report, setup};
use crate::batch;
use crate::error::Failure;
use crate::render::Kind;

pub(super) fn execute(command: Check) -> Result<u8, Failure> {
    let clock = Stopwatch::start();
    let json = command.input.place.format == super::args::Format::Json;
    let both = [Target::Pdf, Target::Docx];
    let renderer = setup::renderer(&command.input.place, &command.document, &both)?;
    let plan = batch::plan(&command.input.paths, renderer.templates())?;
    let progress = Progress::new(json);
    let options = batch::Options {
        kinds: vec![Kind::Pdf, Kind::Word],
        force: false,
        zip: None,
        jobs: command.threads.count(),
        stop: stop_on_interrupt(),
        progress: &|news| progress.hear(news),
    };
    let run = batch::check(&renderer, &plan, &options)?;
    progress.end();
    report::run(
        &run,
        "通过",
        clock.seconds(),
        &report::Wishes { json, quiet: false },
    );
    Ok(outcome(&run))
}
