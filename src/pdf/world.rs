//! What Typst may see: the sheets, their values, the form's folder, the
//! library, and nothing else.
//!
//! Virtual paths are the same for every document (Typst keeps each path it has
//! seen for good): `/main.typ`, `/form-K/sheet-N.typ`, `/form-K/…`, `/lib/…`,
//! `/data/…`, where K counts the forms of a document and N its sheets. A sheet
//! stands in its form's folder, so that it reads that folder's files by their
//! names.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Features, Library, LibraryExt, World};

use super::{Faces, Sheet};
use crate::form::{Binding, Form, FormFiles, Orientation, Templates};
use crate::project;

/// What a PDF says of a project definition attached to it.
const ATTACHED: &str = "生成这份文件的项目定义";

/// A folder's files as Typst reads them.
#[derive(Default)]
pub struct Assets {
    /// The folder as messages name it.
    folder: String,
    files: BTreeMap<String, Bytes>,
    /// Nothing where the template itself sets its page.
    page: Option<Page>,
}

/// What `form.yaml` says of the page.
#[derive(Debug, Clone, Copy, Default)]
struct Page {
    orientation: Orientation,
    binding: Binding,
}

impl Assets {
    /// The files a form's template may read, and what `form.yaml` says of the
    /// page.
    pub fn of_form(form: &Form) -> Self {
        let mut assets = Self::new(&form.files);
        assets.folder = project::shown(&form.folder);
        assets.page = Some(Page {
            orientation: form.manifest.orientation,
            binding: form.manifest.binding,
        });
        assets
    }

    /// The files that a template without a form pack may read.
    pub(crate) fn beside(template: &Path, files: FormFiles) -> Self {
        let mut assets = Self::new(&files);
        assets.folder = project::shown(project::folder_of(template));
        assets
    }

    fn new(files: &FormFiles) -> Self {
        let mut assets = Self::default();
        for (name, bytes) in files {
            assets.files.insert(name.clone(), Bytes::new(bytes.clone()));
        }
        assets
    }

    /// A file of the folder; a source is parsed where it first belongs.
    fn source(&self, name: &str, path: &str) -> Option<Source> {
        let bytes = self.files.get(name).filter(|_| name.ends_with(".typ"))?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        Some(Source::new(id(path), text))
    }
}

/// What all documents share.
pub(super) struct Shared {
    library: LazyHash<Library>,
    faces: Faces,
    library_files: Assets,
    /// `templates/lib`, parsed.
    library_sources: BTreeMap<String, Source>,
    /// `/data/roles.json`.
    roles: BTreeMap<String, Bytes>,
}

impl Shared {
    pub(super) fn new(faces: Faces, templates: &Templates) -> Self {
        let chains: serde_json::Map<String, serde_json::Value> = templates
            .roles
            .0
            .iter()
            .map(|role| (role.id.clone(), faces.chain(role)))
            .collect();
        let roles = Bytes::from_string(serde_json::Value::from(chains).to_string());
        let mut library_files = Assets::new(&templates.library);
        library_files.folder = project::shown(&templates.library_folder());
        let sources = library_files.files.keys().filter_map(|name| {
            let path = format!("/lib/{name}");
            let source = library_files.source(name, &path)?;
            Some((path, source))
        });
        Self {
            library: LazyHash::new(
                Library::builder()
                    .with_features(Features::from_iter([Feature::A11yExtras]))
                    .build(),
            ),
            library_sources: sources.collect(),
            faces,
            library_files,
            roles: BTreeMap::from([("/data/roles.json".to_owned(), roles)]),
        }
    }
}

impl Shared {
    pub(super) fn faces(&self) -> &Faces {
        &self.faces
    }
}

/// One document's view.
pub(super) struct SheetWorld<'a> {
    shared: &'a Shared,
    /// The forms of the document, each once.
    forms: Vec<&'a Assets>,
    files: BTreeMap<String, Bytes>,
    sources: BTreeMap<String, Source>,
    today: Option<Datetime>,
    /// How many files are attached.
    attached: usize,
    /// The forms' own sources that were read.
    parsed: Mutex<BTreeMap<String, Source>>,
}

impl<'a> SheetWorld<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        sheets: &[Sheet<'a>],
        document: String,
        today: Option<Datetime>,
    ) -> Self {
        let mut world = Self {
            shared,
            forms: Vec::new(),
            files: BTreeMap::new(),
            sources: BTreeMap::new(),
            today,
            attached: 0,
            parsed: Mutex::default(),
        };
        world.add_file("/data/document.json", document);
        world.set_pages("[]".to_owned());
        let mut main = String::from(
            "#import \"/lib/page.typ\": form-page, own-page\n\
             #let document-data = json(\"/data/document.json\")\n\
             #set document(title: document-data.title, author: document-data.authors)\n\
             #set text(lang: \"zh\", region: \"cn\")\n",
        );
        for (index, sheet) in sheets.iter().enumerate() {
            let values = format!("/data/values-{index}.json");
            let path = world.add_sheet(index, sheet.assets);
            // On the first line, so that line numbers stay the template's.
            let text = format!("#let _v = json(\"{values}\");{}", sheet.text);
            world.add_source(&path, text);
            world.add_file(&values, sheet.values.clone());
            let page = match sheet.assets.page {
                Some(page) => format!(
                    "form-page.with(orientation: {}, binding: {}, sheet: {index})",
                    json!(page.orientation),
                    json!(page.binding),
                ),
                None => "own-page".to_owned(),
            };
            let attach = world.attach(sheet);
            let separator = if index > 0 {
                "#pagebreak(weak: true)\n"
            } else {
                ""
            };
            let _ = writeln!(
                main,
                "{separator}#[\n#show: {page}\n{attach}#include \"{path}\"\n]",
            );
        }
        world.add_source("/main.typ", main);
        world
    }

    /// Attaches a sheet's files; their names are data, never code.
    fn attach(&mut self, sheet: &Sheet<'_>) -> String {
        let mut code = String::new();
        for file in &sheet.attachments {
            let number = self.attached;
            self.attached += 1;
            let path = format!("/data/attached-{number}.json");
            let _ = write!(
                code,
                "#pdf.attach(json(\"{path}\").name, bytes(json(\"{path}\").text), \
                 relationship: \"source\", mime-type: \"application/yaml\", \
                 description: \"{ATTACHED}\")",
            );
            let json = json!({ "name": file.name, "text": file.text });
            self.add_file(&path, json.to_string());
        }
        code
    }

    /// Where a sheet stands: in its form's folder.
    fn add_sheet(&mut self, index: usize, assets: &'a Assets) -> String {
        let known = self
            .forms
            .iter()
            .position(|form| std::ptr::eq(*form, assets));
        let form = known.unwrap_or_else(|| {
            self.forms.push(assets);
            self.forms.len() - 1
        });
        format!("/form-{form}/sheet-{index}.typ")
    }

    fn add_source(&mut self, path: &str, text: String) {
        self.sources
            .insert(path.to_owned(), Source::new(id(path), text));
    }

    fn add_file(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), Bytes::from_string(text));
    }

    /// Tells tables where pages begin, see [`super::pages`].
    pub(super) fn set_pages(&mut self, pages: String) {
        self.add_file("/data/pages.json", pages);
    }

    /// A virtual path as the user knows the file.
    pub(super) fn shown(&self, path: &str) -> String {
        match self.folder(path) {
            Some((assets, name)) => format!("{}/{name}", assets.folder),
            None => path.to_owned(),
        }
    }

    /// The sheet that stands at this path.
    pub(super) fn sheet(path: &str) -> Option<usize> {
        let (_, name) = path.strip_prefix("/form-")?.split_once("/sheet-")?;
        name.strip_suffix(".typ")?.parse().ok()
    }

    /// The folder a path lies in, and the name there.
    fn folder<'p>(&self, path: &'p str) -> Option<(&'a Assets, &'p str)> {
        if let Some(name) = path.strip_prefix("/lib/") {
            return Some((&self.shared.library_files, name));
        }
        let (form, name) = path.strip_prefix("/form-")?.split_once('/')?;
        Some((self.forms.get(form.parse::<usize>().ok()?)?, name))
    }
}

impl World for SheetWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.shared.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.shared.faces.store.book()
    }

    fn main(&self) -> FileId {
        id("/main.typ")
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let path = id.vpath().get_with_slash();
        if let Some(source) = self
            .sources
            .get(path)
            .or_else(|| self.shared.library_sources.get(path))
        {
            return Ok(source.clone());
        }
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = parsed.get(path) {
            return Ok(source.clone());
        }
        let found = self
            .folder(path)
            .and_then(|(assets, name)| assets.source(name, path));
        let source = found.ok_or_else(|| not_found(id))?;
        parsed.insert(path.to_owned(), source.clone());
        Ok(source)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let path = id.vpath().get_with_slash();
        let own = self.files.get(path).or_else(|| self.shared.roles.get(path));
        let found = own.or_else(|| {
            let (assets, name) = self.folder(path)?;
            assets.files.get(name)
        });
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
