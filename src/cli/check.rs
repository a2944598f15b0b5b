//! `tianbao check`: every diagnostic that rendering would give, no files.

use super::args::{Check, Target};
use super::render::{Stopwatch, outcome};
use super::{report, setup};
use crate::batch;
use crate::error::Failure;

pub(super) fn execute(command: Check) -> Result<u8, Failure> {
    let clock = Stopwatch::start();
    let json = command.input.place.format == super::args::Format::Json;
    let both = [Target::Pdf, Target::Docx];
    let renderer = setup::renderer(&command.input.place, &command.document, &both)?;
    let plan = batch::plan(&command.input.paths, renderer.templates())?;
    let run = batch::check(&renderer, &plan);
    report::run(&run, "通过", clock.seconds(), json);
    Ok(outcome(&run))
}
