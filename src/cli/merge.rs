//! `tianbao merge`: any template with any data.

use std::path::Path;

use serde_json::json;

use super::args::{Format, Merge};
use super::guard::Guard;
use super::{DIAGNOSTICS, GOOD, exit_code, report, setup};
use crate::any_template::{self, AnyTemplate};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::output::Output;
use crate::project::{self, folder_of, real};

/// Megabytes that merging may take.
const MAX_MEMORY: u64 = 800;

pub(super) fn execute(command: Merge) -> Result<u8, Failure> {
    let json = command.place.format == Format::Json;
    let template = AnyTemplate::open(&command.template)?;
    let (Some(data), Some(out)) = (&command.data, &command.out) else {
        return inspect(&command, &template);
    };
    let values = project::load_data(data)?;
    let ending = template.ending();
    if !out
        .extension()
        .is_some_and(|own| own.eq_ignore_ascii_case(ending))
    {
        let words = format!("{} 应以 .{ending} 结尾", out.display());
        return Err(Error::Usage(words).into());
    }
    if let Some(copy) = &command.comment_errors {
        check_copy(&command, copy, ending)?;
    }
    let guard = Guard::start(MAX_MEMORY, json);
    let typesetting = || {
        // The pages of a long document may take more.
        drop(guard);
        setup::typesetting(&command.place, &command.pdf)
    };
    let merged = match template.merge(&values, Some(folder_of(data)), typesetting) {
        Err(Failure::Rejected(problems)) => return refuse(&command, &problems),
        merged => merged?,
    };
    write(&command, out, &merged.bytes)?;
    match json {
        true => {
            let warnings = merged.warnings.iter().map(Diagnostic::to_json);
            let warnings: Vec<_> = warnings.collect();
            report::json(&json!({ "file": out, "diagnostics": warnings }));
        }
        false => {
            report::diagnostics(&merged.warnings, false);
            report::print(&format!("{}\n", out.display()));
        }
    }
    Ok(GOOD)
}

/// Whether the copy with comments may be written, before anything is done.
fn check_copy(command: &Merge, copy: &Path, ending: &str) -> Result<(), Error> {
    if ending != "docx" {
        let words = "--comment-errors 只用于 Word 模板".to_owned();
        return Err(Error::Usage(words));
    }
    if copy
        .extension()
        .is_none_or(|own| !own.eq_ignore_ascii_case("docx"))
    {
        let words = format!("{} 应以 .docx 结尾", copy.display());
        return Err(Error::Usage(words));
    }
    if command
        .out
        .as_deref()
        .is_some_and(|out| real(out) == real(copy))
    {
        let words = "带批注的模板和结果不能是同一个文件".to_owned();
        return Err(Error::Usage(words));
    }
    Ok(())
}

fn exists(file: &Path) -> Error {
    let file = file.display();
    Error::Usage(format!("已经有 {file}，没有改动它；要覆盖就写上 --force"))
}

/// Shows what is wrong, and writes it into a copy of the template if that is
/// asked for.
fn refuse(command: &Merge, problems: &[Diagnostic]) -> Result<u8, Failure> {
    let copy = command.comment_errors.as_deref();
    let copied = copy.map_or(Ok(None), |copy| {
        let bytes = any_template::commented(&command.template, problems)?;
        let written = bytes.map(|bytes| write(command, copy, &bytes));
        Ok::<_, Failure>(written.transpose()?.map(|()| copy))
    });
    match command.place.format {
        Format::Json => {
            let problems: Vec<_> = problems.iter().map(Diagnostic::to_json).collect();
            let commented = copied.as_ref().ok().copied().flatten();
            let error = match &copied {
                Err(Failure::Broken(error)) => Some(error),
                _ => None,
            };
            let words = error.map(ToString::to_string);
            report::json(&json!({
                "diagnostics": problems, "commented": commented, "error": words,
            }));
            return Ok(error.map_or(DIAGNOSTICS, exit_code));
        }
        Format::Text => {
            report::diagnostics(problems, false);
            if let Ok(Some(copy)) = copied {
                eprintln!("带批注的模板：{}", copy.display());
            }
        }
    }
    copied.map(|_| DIAGNOSTICS)
}

/// Lists the names of a template, and drafts a schema.
fn inspect(command: &Merge, template: &AnyTemplate) -> Result<u8, Failure> {
    let found = template.names()?;
    if command.place.format == Format::Json {
        let names = found.names.iter().map(|one| {
            json!({
                "name": one.name,
                "kind": one.kind,
                "optional": one.optional,
                "places": one.places,
            })
        });
        let names: Vec<_> = names.collect();
        report::json(&json!({ "names": names, "schema": found.schema }));
    } else {
        for one in &found.names {
            let optional = if one.optional { "，可以没有" } else { "" };
            let places = one.places.join("；");
            report::print(&format!(
                "{}（{}{optional}）：{places}\n",
                one.name, one.kind
            ));
        }
    }
    let schema = format!("{:#}\n", found.schema);
    match &command.out {
        Some(out) => write(command, out, schema.as_bytes())?,
        None if command.place.format == Format::Text => report::print(&format!("\n{schema}")),
        None => {}
    }
    Ok(GOOD)
}

/// Writes the file, unless something else stands there.
fn write(command: &Merge, out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    for own in [Some(&command.template), command.data.as_ref()]
        .into_iter()
        .flatten()
    {
        if real(own) == real(out) {
            let words = format!("{} 是要读的文件，不能写成结果", out.display());
            return Err(Error::Usage(words).into());
        }
    }
    if !command.force && out.exists() && std::fs::read(out).ok().as_deref() != Some(bytes) {
        return Err(exists(out).into());
    }
    let name = out.file_name().unwrap_or(Path::new("").as_os_str());
    Output::plain(folder_of(out))?.write(&name.to_string_lossy(), bytes)?;
    Ok(())
}
