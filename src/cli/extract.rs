//! `tianbao extract`: the project definitions inside PDF and Word files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{Extract, Format};
use super::{DIAGNOSTICS, GOOD, exit_code, report};
use crate::diagnostic::Diagnostic;
use crate::embedded::{self, Embedded};
use crate::error::{Error, Failure};
use crate::output::{Output, safe_name};

/// Names of the definitions that a message lists.
const MAX_NAMES: usize = 5;

/// What became of one file.
struct Looked {
    file: PathBuf,
    found: Vec<Embedded>,
    failure: Option<Failure>,
}

pub(super) fn execute(command: Extract) -> Result<u8, Failure> {
    let looked: Vec<Looked> = command.files.into_iter().map(look).collect();
    let found: Vec<&Embedded> = looked.iter().flat_map(|looked| &looked.found).collect();
    let json = command.format == Format::Json;
    // What nothing was found in is said all the same.
    let targets = match &command.out {
        None if json => BTreeMap::new(),
        None => {
            only_one(&found)?;
            BTreeMap::new()
        }
        Some(out) => targets(&found, out, command.force)?,
    };
    let mut written = BTreeMap::new();
    for (path, embedded) in targets {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let output = Output::plain(folder.unwrap_or(Path::new(".")))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        output.write(&name, embedded.text.as_bytes())?;
        written.insert(embedded, path);
    }
    match json {
        true => report::json(&results(&looked, &written)),
        false => show(&looked, &written),
    }
    let codes = looked.iter().map(|looked| match &looked.failure {
        None => GOOD,
        Some(Failure::Rejected(_)) => DIAGNOSTICS,
        Some(Failure::Broken(error)) => exit_code(error),
    });
    Ok(codes.max().unwrap_or(GOOD))
}

fn look(file: PathBuf) -> Looked {
    let (found, failure) = match embedded::extract(&file) {
        Ok(found) => (found, None),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    Looked {
        file,
        found,
        failure,
    }
}

/// Standard output holds one definition.
fn only_one(found: &[&Embedded]) -> Result<(), Error> {
    if found.iter().all(|embedded| embedded.text == found[0].text) {
        return Ok(());
    }
    let names = found
        .iter()
        .take(MAX_NAMES)
        .map(|embedded| embedded.name.as_str());
    let more = if found.len() > MAX_NAMES {
        "……"
    } else {
        ""
    };
    Err(Error::Usage(format!(
        "里面有 {} 份文件（{}{more}），打印不下；用 -o 指明写到哪个文件夹",
        found.len(),
        names.collect::<Vec<_>>().join("、")
    )))
}

/// Where each definition is written; nothing may stand there yet.
fn targets<'a>(
    found: &[&'a Embedded],
    out: &Path,
    force: bool,
) -> Result<BTreeMap<PathBuf, &'a Embedded>, Error> {
    let ending = out.extension().unwrap_or_default().to_ascii_lowercase();
    let is_file = !out.is_dir() && (ending == "yaml" || ending == "yml");
    if is_file && found.iter().any(|embedded| embedded.text != found[0].text) {
        return Err(Error::Usage(format!(
            "里面有 {} 份文件，不能都写到 {}；-o 后面写一个文件夹",
            found.len(),
            out.display()
        )));
    }
    if !is_file && out.is_file() {
        return Err(Error::Usage(format!(
            "{} 不是文件夹；要写成一份文件，名称须以 .yaml 结尾",
            out.display()
        )));
    }
    let mut targets: BTreeMap<PathBuf, &Embedded> = BTreeMap::new();
    for embedded in found {
        let path = match is_file {
            true => out.to_owned(),
            false => {
                let stem = embedded.name.strip_suffix(".yaml");
                // The name comes out of the file: it must not lead elsewhere.
                out.join(safe_name(stem.unwrap_or(&embedded.name)) + ".yaml")
            }
        };
        match targets.get(&path) {
            Some(other) if other.text != embedded.text => {
                return Err(Error::Usage(format!(
                    "有两份不同的 {}；分几次取回，各写到一个文件夹",
                    embedded.name
                )));
            }
            _ => {
                targets.insert(path, embedded);
            }
        }
    }
    match targets.keys().find(|path| path.exists() && !force) {
        Some(path) => Err(Error::Usage(format!(
            "已经有 {}，没有改动任何文件；要覆盖就写上 --force",
            path.display()
        ))),
        None => Ok(targets),
    }
}

fn show(looked: &[Looked], written: &BTreeMap<&Embedded, PathBuf>) {
    for looked in looked {
        match &looked.failure {
            None => {}
            Some(Failure::Rejected(diagnostics)) => report::diagnostics(diagnostics, false),
            Some(Failure::Broken(error)) => report::error(error, false),
        }
    }
    let found = || looked.iter().flat_map(|looked| &looked.found);
    let Some(first) = found().next() else {
        return;
    };
    let mut place = "这份文件".to_owned();
    if written.is_empty() {
        report::print(&first.text);
    }
    for path in written.values() {
        report::print(&format!("{}\n", path.display()));
        place = match (written.len(), path.parent()) {
            (2.., Some(folder)) => folder.display().to_string(),
            _ => path.display().to_string(),
        };
    }
    let options = first.options();
    if let (Some(options), true) = (options, found().all(|other| other.options() == options)) {
        eprintln!("重新生成同样的文件：tianbao render {place} {options}");
    }
}

fn results(looked: &[Looked], written: &BTreeMap<&Embedded, PathBuf>) -> Value {
    let one = |looked: &Looked| {
        let project = |embedded: &Embedded| {
            let path = written.get(embedded);
            json!({
                "name": embedded.name,
                "file": path.map(|path| path.display().to_string()),
                "text": path.is_none().then_some(&embedded.text),
                "options": embedded.options(),
            })
        };
        let (diagnostics, error) = match &looked.failure {
            None => (Vec::new(), None),
            Some(Failure::Rejected(found)) => {
                (found.iter().map(Diagnostic::to_json).collect(), None)
            }
            Some(Failure::Broken(error)) => (Vec::new(), Some(error.to_string())),
        };
        json!({
            "subject": looked.file.display().to_string(),
            "good": looked.failure.is_none(),
            "projects": looked.found.iter().map(project).collect::<Vec<_>>(),
            "diagnostics": diagnostics,
            "error": error,
        })
    };
    json!({ "results": looked.iter().map(one).collect::<Vec<_>>() })
}
