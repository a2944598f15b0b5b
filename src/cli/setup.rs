//! Arguments → what a run needs: templates, faces, options.

use std::path::{Path, PathBuf};

use super::args::{Document, Faces, Place, Target};
use crate::error::Error;
use crate::form::Templates;
use crate::pdf::{self, Timestamp};
use crate::render::{Options, Renderer};

/// What marks a folder as `templates/`.
const MARK: &str = "fonts/roles.yaml";

/// Opens the templates folder: the one named, else the first `templates/` from
/// the current folder upwards, else from the program upwards.
pub(super) fn templates(place: &Place) -> Result<Templates, Error> {
    if let Some(folder) = &place.templates {
        return Templates::open(folder);
    }
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    let found = here
        .ancestors()
        .chain(program.ancestors().skip(1))
        .map(|folder| folder.join("templates"))
        .find(|folder| folder.join(MARK).is_file());
    match found {
        // Shorter in messages, and the same on every machine.
        Some(folder) => Templates::open(folder.strip_prefix(&here).unwrap_or(&folder)),
        None => Err(Error::Usage(
            "找不到 templates 文件夹；用 --templates 指明它在哪里".into(),
        )),
    }
}

/// Scans the folders a user names, then the shipped ones.
pub(super) fn faces(faces: &Faces, templates: &Templates) -> Result<pdf::Faces, Error> {
    for folder in &faces.font_path {
        if !folder.is_dir() {
            return Err(Error::Usage(format!(
                "找不到字体文件夹 {}",
                folder.display()
            )));
        }
    }
    let mut folders: Vec<PathBuf> = faces.font_path.clone();
    folders.push(templates.fonts());
    Ok(pdf::Faces::scan(&folders))
}

/// Everything a run needs.
pub(super) fn renderer(
    place: &Place,
    document: &Document,
    targets: &[Target],
) -> Result<Renderer, Error> {
    let templates = templates(place)?;
    let faces = faces(&document.faces, &templates)?;
    let timestamp = match document.creation_timestamp {
        None => None,
        Some(seconds) => Some(Timestamp::from_unix(seconds).ok_or_else(|| {
            Error::Usage(format!("--creation-timestamp 的秒数 {seconds} 超出范围"))
        })?),
    };
    let options = Options {
        pdf: targets.contains(&Target::Pdf),
        word: targets.contains(&Target::Docx),
        standards: pdf::standards(document.pdf_standard.as_deref())?,
        timestamp,
    };
    Ok(Renderer::new(templates, faces, options))
}

/// Whether nothing would be overwritten there.
pub(super) fn is_empty_or_absent(folder: &Path) -> bool {
    folder
        .read_dir()
        .map_or(!folder.exists(), |mut entries| entries.next().is_none())
}
