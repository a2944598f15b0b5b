//! `tianbao merge`: any template with any data.

use std::path::Path;

use serde_json::json;

use super::args::{Format, Merge};
use super::{DIAGNOSTICS, GOOD, report};
use crate::any_template::{self, AnyTemplate};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::output::Output;
use crate::project::{self, folder_of, real};

pub(super) fn execute(command: Merge) -> Result<u8, Failure> {
    let json = command.format == Format::Json;
    let template = AnyTemplate::open(&command.template)?;
    let data = project::load_data(&command.data)?;
    let merged = match template.merge(&data) {
        Err(Failure::Rejected(problems)) => {
            if let Some(copy) = &command.comment_errors {
                let bytes = any_template::commented(&command.template, &problems)?;
                write(&command, copy, &bytes)?;
                if !json {
                    report::diagnostics(&problems, json);
                    eprintln!("带批注的模板：{}", copy.display());
                    return Ok(DIAGNOSTICS);
                }
            }
            return Err(problems.into());
        }
        merged => merged?,
    };
    write(&command, &command.out, &merged.bytes)?;
    match json {
        true => {
            let warnings = merged.warnings.iter().map(Diagnostic::to_json);
            let warnings: Vec<_> = warnings.collect();
            report::json(&json!({ "file": command.out, "diagnostics": warnings }));
        }
        false => {
            report::diagnostics(&merged.warnings, false);
            report::print(&format!("{}\n", command.out.display()));
        }
    }
    Ok(GOOD)
}

/// Writes the file, unless something else stands there.
fn write(command: &Merge, out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    for own in [&command.template, &command.data] {
        if real(own) == real(out) {
            let words = format!("{} 是要读的文件，不能写成结果", out.display());
            return Err(Error::Usage(words).into());
        }
    }
    if !command.force && out.exists() && std::fs::read(out).ok().as_deref() != Some(bytes) {
        let words = format!("已经有 {}，没有改动它；要覆盖就写上 --force", out.display());
        return Err(Error::Usage(words).into());
    }
    let name = out.file_name().unwrap_or(Path::new("").as_os_str());
    Output::plain(folder_of(out))?.write(&name.to_string_lossy(), bytes)?;
    Ok(())
}
