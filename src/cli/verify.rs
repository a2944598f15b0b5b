//! `tianbao verify`: do artifacts, projects and packs still match the manifest?

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::args::{Format, Verify};
use super::{report, setup, verdict};
use crate::batch;
use crate::diagnostic::{Diagnostic, any_error};
use crate::error::Failure;

/// Most diagnostics of one code that are shown to a person.
const MOST_ALIKE: usize = 10;

pub(super) fn execute(command: Verify) -> Result<u8, Failure> {
    let renderer = setup::renderer_for_facts(&command.place, &command.faces)?;
    let found = batch::verify(&renderer, &command.folder)?;
    let good = !any_error(&found.diagnostics);
    if command.place.format == Format::Json {
        let all: Vec<Value> = found.diagnostics.iter().map(Diagnostic::to_json).collect();
        report::json(&json!({ "artifacts": found.artifacts, "good": good, "diagnostics": all }));
    } else {
        show(&found.diagnostics);
        let count = found.artifacts;
        report::print(&match found.diagnostics.len() {
            0 => format!("{count} 个文件都与清单、项目和表式一致\n"),
            wrong => format!("核对 {count} 个文件，发现 {wrong} 处不一致\n"),
        });
    }
    Ok(verdict(&found.diagnostics))
}

/// Shows what was found; of many alike, such as after an edit of a base, the
/// first ones. JSON has them all.
fn show(found: &[Diagnostic]) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in found {
        let seen = seen.entry(diagnostic.code).or_default();
        *seen += 1;
        if *seen <= MOST_ALIKE {
            report::diagnostics(std::slice::from_ref(diagnostic), false);
        }
    }
    for (code, count) in seen {
        if let Some(more @ 1..) = count.checked_sub(MOST_ALIKE) {
            eprintln!("另有 {more} 处 {code}；用 --format json 列出全部\n");
        }
    }
}
