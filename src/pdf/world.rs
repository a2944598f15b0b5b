//! What Typst may see: the sheets, their values, the form's folder, the
//! library, and nothing else.
//!
//! Virtual paths are the same for every document (Typst keeps each path it has
//! seen for good): `/main.typ`, `/form/sheet-N.typ`, `/form/…`, `/lib/…`,
//! `/data/…`. A sheet stands in `/form`, so that it reads its own folder's
//! files by their names.

use std::collections::BTreeMap;
use std::fmt::Write;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Features, Library, LibraryExt, World};

use super::{Faces, Sheet};
use crate::form::{Form, FormFiles, Templates};
use crate::project;

/// A folder's files as Typst reads them, parsed once.
#[derive(Default)]
pub struct Assets {
    /// The folder as messages name it.
    folder: String,
    files: BTreeMap<String, Bytes>,
    sources: BTreeMap<String, Source>,
}

impl Assets {
    /// The files a form's template may read, and what `form.yaml` says of the
    /// page.
    pub fn of_form(form: &Form) -> Self {
        let mut assets = Self::new("/form", &form.files);
        assets.folder = project::shown(&form.folder);
        let page = serde_json::json!({
            "orientation": form.manifest.orientation,
            "binding": form.manifest.binding,
        });
        assets.add_text("/data/form.json", page.to_string());
        assets
    }

    fn new(folder: &str, files: &FormFiles) -> Self {
        let mut assets = Self::default();
        for (name, bytes) in files {
            let path = format!("{folder}/{name}");
            if name.ends_with(".typ") {
                assets.add_source(&path, String::from_utf8_lossy(bytes).into_owned());
            }
            assets.files.insert(path, Bytes::new(bytes.clone()));
        }
        assets
    }

    fn add_source(&mut self, path: &str, text: String) {
        self.sources
            .insert(path.to_owned(), Source::new(id(path), text));
    }

    fn add_text(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), Bytes::from_string(text));
    }
}

/// What all documents share.
pub(super) struct Shared {
    library: LazyHash<Library>,
    faces: Faces,
    assets: Assets,
}

impl Shared {
    pub(super) fn new(faces: Faces, templates: &Templates) -> Self {
        let chains: serde_json::Map<String, serde_json::Value> = templates
            .roles
            .0
            .iter()
            .map(|role| (role.id.clone(), faces.chain(role)))
            .collect();
        let mut assets = Assets::new("/lib", &templates.library);
        assets.folder = project::shown(&templates.library_folder());
        assets.add_text(
            "/data/roles.json",
            serde_json::Value::from(chains).to_string(),
        );
        Self {
            library: LazyHash::new(
                Library::builder()
                    .with_features(Features::from_iter([Feature::A11yExtras]))
                    .build(),
            ),
            faces,
            assets,
        }
    }
}

/// One document's view.
pub(super) struct SheetWorld<'a> {
    shared: &'a Shared,
    form: &'a Assets,
    own: Assets,
    main: Source,
    today: Option<Datetime>,
}

impl<'a> SheetWorld<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        form: &'a Assets,
        sheets: &[Sheet<'_>],
        document: String,
        today: Option<Datetime>,
    ) -> Self {
        let mut own = Assets::default();
        own.add_text("/data/document.json", document);
        let mut main = String::from(
            "#let document-data = json(\"/data/document.json\")\n\
             #set document(title: document-data.title, author: document-data.authors)\n\
             #set text(lang: \"zh\", region: \"cn\")\n",
        );
        for (index, sheet) in sheets.iter().enumerate() {
            let values = format!("/data/values-{index}.json");
            let path = sheet_path(index);
            // On the first line, so that line numbers stay the template's.
            own.add_source(
                &path,
                format!("#let _v = json(\"{values}\");{}", sheet.text),
            );
            own.add_text(&values, sheet.values.clone());
            let separator = if index > 0 {
                "#pagebreak(weak: true)\n"
            } else {
                ""
            };
            let _ = writeln!(main, "{separator}#include \"{path}\"");
        }
        Self {
            shared,
            form,
            own,
            main: Source::new(id("/main.typ"), main),
            today,
        }
    }

    /// A virtual path as the user knows the file.
    pub(super) fn shown(&self, path: &str) -> String {
        match (path.strip_prefix("/form/"), path.strip_prefix("/lib/")) {
            (Some(name), _) => format!("{}/{name}", self.form.folder),
            (_, Some(name)) => format!("{}/{name}", self.shared.assets.folder),
            _ => path.to_owned(),
        }
    }

    fn assets(&self) -> [&Assets; 3] {
        [&self.own, self.form, &self.shared.assets]
    }
}

/// The virtual path of a sheet, counted from 0.
pub(super) fn sheet_path(index: usize) -> String {
    format!("/form/sheet-{index}.typ")
}

impl World for SheetWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.shared.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.shared.faces.store.book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() {
            return Ok(self.main.clone());
        }
        let path = id.vpath().get_with_slash();
        let found = self
            .assets()
            .into_iter()
            .find_map(|assets| assets.sources.get(path));
        found.cloned().ok_or_else(|| not_found(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let path = id.vpath().get_with_slash();
        let found = self
            .assets()
            .into_iter()
            .find_map(|assets| assets.files.get(path));
        found.cloned().ok_or_else(|| not_found(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.shared.faces.store.font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        self.today
    }
}

fn not_found(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().get_without_slash().into())
}

/// The id of a fixed virtual path.
fn id(path: &str) -> FileId {
    let path = VirtualPath::new(path).unwrap_or_else(|_| unreachable!("virtual paths are plain"));
    RootedPath::new(VirtualRoot::Project, path).intern()
}
