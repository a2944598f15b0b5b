//! Arguments → what a run needs: templates, faces, options.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::args::{Document, Faces, Pdf, Place, Target};
use crate::any_template::Typesetting;
use crate::error::Error;
use crate::form::Templates;
use crate::pdf::{self, Timestamp, Typesetter};
use crate::render::{Options, Renderer};

/// What marks a folder as `templates/`.
const MARK: &str = "fonts/roles.yaml";

/// Opens the templates folder: the one named, else the first `templates/` from
/// the current folder upwards, else from the program upwards.
pub(super) fn templates(place: &Place) -> Result<Templates, Error> {
    let named = place
        .templates
        .clone()
        .or_else(|| variable("TIANBAO_TEMPLATES").map(PathBuf::from));
    if let Some(folder) = named {
        return Templates::open(&folder);
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

/// The folders of faces that a user names.
pub(super) fn font_folders(faces: &Faces) -> Vec<PathBuf> {
    let variable = variable("TYPST_FONT_PATHS").unwrap_or_default();
    let more = std::env::split_paths(&variable).filter(|path| !path.as_os_str().is_empty());
    faces.font_path.iter().cloned().chain(more).collect()
}

/// Scans the folders a user names, then the shipped ones.
pub(super) fn faces(faces: &Faces, templates: &Templates) -> Result<pdf::Faces, Error> {
    let mut folders = font_folders(faces);
    for folder in &folders {
        if !folder.is_dir() {
            return Err(Error::Usage(format!(
                "找不到字体文件夹 {}",
                folder.display()
            )));
        }
    }
    folders.push(templates.fonts());
    Ok(pdf::Faces::scan(&folders))
}

/// An environment variable; an empty one says nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "read here only, and handed on as a value"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// `--creation-timestamp`, or `SOURCE_DATE_EPOCH`.
fn timestamp(document: &Pdf) -> Result<Option<Timestamp>, Error> {
    let seconds = match (document.creation_timestamp, variable("SOURCE_DATE_EPOCH")) {
        (Some(seconds), _) => seconds,
        (None, None) => return Ok(None),
        (None, Some(value)) => value
            .to_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                Error::Usage(format!(
                    "SOURCE_DATE_EPOCH 应为秒数，现在是 {}",
                    value.display()
                ))
            })?,
    };
    match Timestamp::from_unix(seconds) {
        Some(timestamp) => Ok(Some(timestamp)),
        None => Err(Error::Usage(format!("日期的秒数 {seconds} 超出范围"))),
    }
}

/// Everything a run needs.
pub(super) fn renderer(
    place: &Place,
    document: &Document,
    targets: &[Target],
) -> Result<Renderer, Error> {
    let templates = templates(place)?;
    let faces = faces(&document.pdf.faces, &templates)?;
    // Only a PDF has a standard that may forbid it.
    let embeds = document.embed_source && targets.contains(&Target::Pdf);
    let options = Options {
        pdf: targets.contains(&Target::Pdf),
        word: targets.contains(&Target::Docx),
        standards: pdf::standards(document.pdf.pdf_standard.as_deref(), embeds)?,
        timestamp: timestamp(&document.pdf)?,
        embed_source: document.embed_source,
    };
    Ok(Renderer::new(templates, faces, options))
}

/// What makes the PDF of a template without a form pack.
pub(super) fn typesetting(place: &Place, pdf: &Pdf) -> Result<Typesetting, Error> {
    let templates = templates(place)?;
    Ok(Typesetting {
        typesetter: Typesetter::new(faces(&pdf.faces, &templates)?, &templates),
        standards: pdf::standards(pdf.pdf_standard.as_deref(), false)?,
        timestamp: timestamp(pdf)?,
    })
}

/// A renderer that is only asked about packs and faces.
pub(super) fn renderer_for_facts(place: &Place, own: &Faces) -> Result<Renderer, Error> {
    let templates = templates(place)?;
    let faces = faces(own, &templates)?;
    let options = Options {
        pdf: false,
        word: false,
        standards: pdf::standards(None, false)?,
        timestamp: None,
        embed_source: false,
    };
    Ok(Renderer::new(templates, faces, options))
}

/// Whether nothing would be overwritten there.
pub(super) fn is_empty_or_absent(folder: &Path) -> bool {
    folder
        .read_dir()
        .map_or(!folder.exists(), |mut entries| entries.next().is_none())
}
