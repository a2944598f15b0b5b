//! `tianbao diff`: what changed, field by field.

use serde_json::{Value, json};

use super::args::{Diff, Format};
use super::{DIAGNOSTICS, GOOD, report, setup};
use crate::batch::{self, Change, Changes, Difference};
use crate::error::Failure;

pub(super) fn execute(command: Diff) -> Result<u8, Failure> {
    let templates = setup::templates(&command.place)?;
    let differences = batch::diff(&templates, &command.old, &command.new)?;
    if command.place.format == Format::Json {
        let all: Vec<Value> = differences.iter().map(to_json).collect();
        report::json(&json!({ "differences": all }));
    } else if differences.is_empty() {
        report::print("没有差别\n");
    } else {
        for difference in &differences {
            report::print(&in_words(difference));
        }
    }
    Ok(if differences.is_empty() {
        GOOD
    } else {
        DIAGNOSTICS
    })
}

fn in_words(difference: &Difference) -> String {
    let subject = &difference.subject;
    let changes = match &difference.changes {
        Changes::Added => return format!("{subject}：新增\n"),
        Changes::Gone => return format!("{subject}：没有了\n"),
        Changes::Unknown => return format!("{subject}：清单里没有记下内容，无法逐项比较\n"),
        Changes::Fields(changes) => changes,
    };
    let line = |change: &Change| {
        let title = &change.title;
        match (&change.old, &change.new) {
            (Some(old), Some(new)) => format!("  {title}：{old} → {new}\n"),
            (Some(old), None) => format!("  {title}：去掉（原为 {old}）\n"),
            (None, new) => format!("  {title}：新增 {}\n", new.as_deref().unwrap_or_default()),
        }
    };
    let lines: String = changes.iter().map(line).collect();
    format!("{subject}\n{lines}")
}

fn to_json(difference: &Difference) -> Value {
    let (state, changes) = match &difference.changes {
        Changes::Added => ("added", Vec::new()),
        Changes::Gone => ("gone", Vec::new()),
        Changes::Unknown => ("unknown", Vec::new()),
        Changes::Fields(changes) => ("changed", changes.iter().map(change_to_json).collect()),
    };
    json!({ "subject": difference.subject, "state": state, "changes": changes })
}

fn change_to_json(change: &Change) -> Value {
    json!({ "path": change.path, "title": change.title, "old": change.old, "new": change.new })
}
