//! `tianbao clean`: removes what tianbao made.

use serde_json::json;

use super::args::{Clean, Format};
use super::{GOOD, report, setup};
use crate::batch;
use crate::error::Failure;

pub(super) fn execute(command: Clean) -> Result<u8, Failure> {
    let templates = match command.stale {
        true => Some(setup::templates(&command.place)?),
        false => None,
    };
    let cleaned = batch::clean(&command.folder, templates.as_ref(), command.force)?;
    if command.place.format == Format::Json {
        report::json(&json!({
            "removed": report::shown(&cleaned.removed),
            "kept": report::shown(&cleaned.kept),
        }));
        return Ok(GOOD);
    }
    for file in &cleaned.removed {
        report::print(&format!("{}\n", file.display()));
    }
    for file in &cleaned.kept {
        eprintln!("生成之后被人改过，留着：{}", file.display());
    }
    let mut summary = format!("删去 {} 个文件", cleaned.removed.len());
    if !cleaned.kept.is_empty() {
        let kept = cleaned.kept.len();
        summary.push_str(&format!(
            "，留下 {kept} 个被人改过的；要一并删去，加上 --force"
        ));
    }
    eprintln!("{summary}");
    Ok(GOOD)
}
