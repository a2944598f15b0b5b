//! `tianbao verify`: do artifacts, projects and packs still match the manifest?

use serde_json::{Value, json};

use super::args::{Format, Verify};
use super::{report, setup, verdict};
use crate::batch;
use crate::diagnostic::{Diagnostic, any_error};
use crate::error::Failure;

pub(super) fn execute(command: Verify) -> Result<u8, Failure> {
    let renderer = setup::renderer_for_facts(&command.place, &command.faces)?;
    let found = batch::verify(&renderer, &command.folder)?;
    let good = !any_error(&found.diagnostics);
    if command.place.format == Format::Json {
        let all: Vec<Value> = found.diagnostics.iter().map(Diagnostic::to_json).collect();
        report::json(&json!({ "artifacts": found.artifacts, "good": good, "diagnostics": all }));
    } else {
        report::diagnostics(&found.diagnostics, false);
        let count = found.artifacts;
        report::print(&match found.diagnostics.len() {
            0 => format!("{count} 个文件都与清单、项目和表式一致\n"),
            wrong => format!("核对 {count} 个文件，发现 {wrong} 处不一致\n"),
        });
    }
    Ok(verdict(&found.diagnostics))
}
