//! `tianbao batch template`: a form → a workbook to fill in and its batch file.

use std::path::{Component, Path, PathBuf};

use super::args::{BatchTemplate, Format};
use super::{GOOD, report, setup};
use crate::batch::template::{self, BATCH_FILE, TABLE_FILE};
use crate::diagnostic::likely;
use crate::error::{Error, Failure};
use crate::output::Output;
use crate::project;

pub(super) fn execute(command: BatchTemplate) -> Result<u8, Failure> {
    let templates = setup::templates(&command.place)?;
    let known = &templates.ids;
    if !known.contains(&command.id) {
        let hint = likely(&command.id, known.iter().map(String::as_str)).map_or_else(
            || format!("现有表式：{}", known.join("、")),
            |id| format!("是否想写 {id}？"),
        );
        return Err(Error::Usage(format!("没有表式 {}。{hint}", command.id)).into());
    }
    let form = templates.read(&command.id)?;
    let base = match &command.base {
        Some(file) if !file.is_file() => {
            return Err(Error::Usage(format!("找不到 {}", project::shown(file))).into());
        }
        Some(file) => Some(project::load(file)?),
        None => None,
    };
    let folder = match &command.out {
        Some(folder) => folder.clone(),
        None => PathBuf::from(command.id.replace('/', "-")),
    };
    for name in [TABLE_FILE, BATCH_FILE] {
        let file = folder.join(name);
        if file.exists() {
            let file = project::shown(&file);
            return Err(
                Error::Usage(format!("{file} 已经有了，不会覆盖它；用 -o 换一个文件夹")).into(),
            );
        }
    }
    // Before anything is written, so that a wrong base leaves nothing behind.
    let template = template::of_form(&form, base.as_ref())?;
    let output = Output::plain(&folder)?;
    let base = command
        .base
        .as_deref()
        .map(|base| from_folder(&folder, base));
    let files = [
        (TABLE_FILE, template.workbook()?),
        (
            BATCH_FILE,
            template.batch_file(base.as_deref()).into_bytes(),
        ),
    ];
    let mut written = Vec::new();
    for (name, bytes) in files {
        written.push(project::shown(&output.write(name, &bytes)?));
    }
    match command.place.format {
        Format::Json => report::json(&serde_json::json!({ "files": written })),
        Format::Text => {
            for file in &written {
                report::print(&format!("{file}\n"));
            }
            report::print(&format!(
                "在 {TABLE_FILE} 里每行填一个项目，再运行：tianbao render {}\n",
                project::shown(&folder)
            ));
        }
    }
    Ok(GOOD)
}

/// The path of a file as a file in this folder writes it.
fn from_folder(folder: &Path, file: &Path) -> String {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (folder, file) = (real(folder), real(file));
    let shared = folder.components().zip(file.components());
    let shared = shared.take_while(|(a, b)| a == b).count();
    // On another drive there is no way from here to there.
    if shared == 0 {
        return project::shown(&file);
    }
    let ups = folder
        .components()
        .skip(shared)
        .map(|_| Component::ParentDir);
    let path: PathBuf = ups.chain(file.components().skip(shared)).collect();
    path.to_string_lossy().replace('\\', "/")
}
