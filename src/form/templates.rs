//! The `templates/` folder: finding form packs and reading them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Form, Manifest, Roles, Schema};
use crate::diagnostic::{Diagnostic, likely};
use crate::error::{Error, Failure};
use crate::project::{self, Project};
use crate::source::Location;

/// Files a Typst template may read, by their name with forward slashes.
pub type FormFiles = BTreeMap<String, Vec<u8>>;

/// Endings of files that a template may read.
const READABLE: [&str; 8] = ["typ", "json", "yaml", "csv", "png", "jpg", "jpeg", "svg"];
/// Most bytes of such files in one folder.
const MAX_FOLDER_BYTES: u64 = 32 << 20;

/// A `templates/` folder.
#[derive(Debug)]
pub struct Templates {
    root: PathBuf,
    /// The ids of all packs, sorted.
    pub ids: Vec<String>,
    /// `lib/`: what forms share in Typst.
    pub library: FormFiles,
    /// `fonts/roles.yaml`.
    pub roles: Roles,
}

impl Templates {
    /// Opens a `templates/` folder.
    ///
    /// # Errors
    /// If the folder or its `fonts/roles.yaml` cannot be read.
    pub fn open(root: &Path) -> Result<Self, Error> {
        if !root.is_dir() {
            return Err(Error::Usage(format!(
                "找不到表式文件夹 {}；用 --templates 指明 templates 在哪里",
                root.display()
            )));
        }
        let roles = root.join("fonts").join("roles.yaml");
        let text = fs::read_to_string(&roles).map_err(|e| Error::io("读取", &roles, e))?;
        Ok(Self {
            root: root.to_owned(),
            ids: ids(root),
            library: readable_files(&root.join("lib"))?,
            roles: Roles::parse(&text)?,
        })
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.root
    }

    /// The folder of shipped faces.
    pub fn fonts(&self) -> PathBuf {
        self.root.join("fonts")
    }

    /// The folder `data` beside the packs, if there is one.
    pub fn data_folder(&self) -> Option<PathBuf> {
        let data = self.root.parent()?.join("data");
        data.is_dir().then_some(data)
    }

    /// Whether a folder is where a pack's folder has to be: `PLACE/FORM`.
    pub fn holds(&self, folder: &Path) -> bool {
        let place = folder.canonicalize().ok();
        let place = place
            .as_deref()
            .and_then(Path::parent)
            .and_then(Path::parent);
        self.root
            .canonicalize()
            .is_ok_and(|root| place == Some(&root))
    }

    /// The folder of what forms share in Typst.
    pub fn library_folder(&self) -> PathBuf {
        self.root.join("lib")
    }

    /// The form that a project names.
    ///
    /// # Errors
    /// Rejected where the project names none or one that is not here.
    pub fn form_id(&self, project: &Project) -> Result<String, Diagnostic> {
        let ids = &self.ids;
        let entry = project.root.as_map().and_then(|map| map.entry("form"));
        let Some(named) = entry
            .map(|entry| &entry.value)
            .filter(|node| node.as_str().is_some())
        else {
            return Err(
                Diagnostic::error("form/missing", "没有写明用哪个表式（form）")
                    .at(entry.map_or_else(|| project.start(), |entry| entry.key_at.clone()))
                    .field("form")
                    .hint(format!("写上 `form: …`，现有表式：{}", ids.join("、"))),
            );
        };
        let id = named.as_str().unwrap_or_default();
        if ids.iter().any(|known| known == id) {
            return Ok(id.to_owned());
        }
        let problem = Diagnostic::error("form/unknown", format!("没有表式 `{id}`"))
            .at(named.at.clone())
            .field("form");
        Err(match likely(id, ids.iter().map(String::as_str)) {
            Some(name) => problem.hint(format!("是否想写 `{name}`？")),
            None => problem.hint(format!("现有表式：{}", ids.join("、"))),
        })
    }

    /// Reads one pack's schema.
    ///
    /// # Errors
    /// Rejected with what is wrong in it.
    pub(crate) fn schema(&self, id: &str) -> Result<Schema, Failure> {
        Ok(Schema::parse(project::read(
            &self.root.join(id).join("schema.json"),
        )?)?)
    }

    /// Reads one pack.
    ///
    /// # Errors
    /// Rejected with what is wrong in the pack's own files.
    pub fn read(&self, id: &str) -> Result<Form, Failure> {
        let folder = self.root.join(id);
        let manifest = project::read(&folder.join("form.yaml"))?;
        let manifest: Manifest = serde_yaml::from_str(&manifest.text).map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            Diagnostic::error("form/manifest", "form.yaml 有误")
                .at(Location::line_of(&manifest, line))
                .label(error.to_string())
        })?;
        let schema = self.schema(id)?;
        if schema.descend(manifest.authors.split('.')).is_none() {
            let problem = format!("`authors` 指的 `{}` 不在 schema.json 里", manifest.authors);
            let fields = schema.fields();
            return Err(Diagnostic::error("form/manifest", problem)
                .at_part(project::shown(&folder.join("form.yaml")), "authors")
                .hint_likely(
                    &manifest.authors,
                    fields.iter().map(|field| field.path.as_str()),
                )
                .into());
        }
        let word = folder.join("form.docx");
        Ok(Form {
            id: id.to_owned(),
            manifest,
            schema,
            typst: project::read(&folder.join("form.typ"))?,
            word: (
                project::shown(&word),
                fs::read(&word).map_err(|e| Error::io("读取", &word, e))?,
            ),
            files: readable_files(&folder)?,
            folder,
        })
    }
}

/// The ids of all packs below a folder, sorted.
fn ids(root: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    for place in folders(root) {
        for form in folders(&place)
            .into_iter()
            .filter(|f| f.join("form.yaml").is_file())
        {
            let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
            if let (Some(place), Some(form)) = (name(&place), name(&form)) {
                ids.push(format!("{place}/{form}"));
            }
        }
    }
    ids.sort();
    ids
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// Reads the files that a template may read, subfolders included.
fn readable_files(folder: &Path) -> Result<FormFiles, Error> {
    let mut files = FormFiles::new();
    let mut budget = MAX_FOLDER_BYTES;
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            // A link could lead out of the form's folder.
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                open.push((path, format!("{name}/")));
                continue;
            }
            let ending = path
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .to_lowercase();
            if !READABLE.contains(&ending.as_str()) {
                continue;
            }
            let size = entry
                .metadata()
                .map_err(|e| Error::io("读取", &path, e))?
                .len();
            budget = budget.checked_sub(size).ok_or_else(|| {
                let limit = MAX_FOLDER_BYTES >> 20;
                Error::Usage(format!("{} 里的文件合计超过 {limit} MB", folder.display()))
            })?;
            files.insert(
                name,
                fs::read(&path).map_err(|e| Error::io("读取", &path, e))?,
            );
        }
    }
    Ok(files)
}
