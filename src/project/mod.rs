//! A project definition: YAML file(s) → one tree of values with their places.
//!
//! Reads files, follows `extends`, and knows nothing of forms or templates.

pub(crate) mod attachment;
mod inherit;
mod json;
mod node;
mod sheets;
mod write;
mod yaml;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::digest::Digest;
use crate::error::{Error, Failure};
use crate::source::{Location, Source};

pub use inherit::Bases;
pub(crate) use node::field_below;
pub use node::{Data, Entry, Map, Node};
pub use sheets::{Sheet, sheets};
pub(crate) use yaml::{MAX_BYTES, colon_slip, parse as parse_yaml};

/// Largest file of data that no form knows, in bytes.
const MAX_DATA_BYTES: usize = 32 << 20;
/// Most bytes of the files that a Typst template names.
const MAX_BESIDE_BYTES: u64 = 64 << 20;
/// Most values of such a file.
const MAX_DATA_VALUES: usize = 500_000;

/// A project with everything it inherits.
#[derive(Debug, Clone)]
pub struct Project {
    /// The file a clerk edits, as named on the command line.
    pub path: PathBuf,
    /// The merged tree, without `extends`.
    pub root: Node,
    /// That file's text: where a diagnostic about the whole project points.
    pub source: Arc<Source>,
    /// The files it was read from, its own first, and what they held.
    pub files: Vec<(PathBuf, Digest)>,
}

impl Project {
    /// The first line of the file a clerk edits.
    pub fn start(&self) -> Location {
        Location::start_of(&self.source)
    }
}

/// Loads a project and all it extends.
///
/// # Errors
/// Rejected with every diagnostic found in the file that could not be read or
/// merged; broken if the file itself cannot be opened.
pub fn load(path: &Path) -> Result<Project, Failure> {
    inherit::load(path, None, &Bases::default())
}

/// As [`load`], with a base beneath a file that says no `extends`, and with
/// bases that were read for others.
pub(crate) fn load_over(
    path: &Path,
    base: Option<&Path>,
    bases: &Bases,
) -> Result<Project, Failure> {
    inherit::load(path, base, bases)
}

impl Project {
    /// Names the form of a project that names none.
    pub(crate) fn default_form(&mut self, id: &str, at: &Location) {
        if let Data::Map(map) = &mut self.root.data
            && map.get("form").is_none()
            && map.get("forms").is_none()
        {
            map.0
                .insert(0, Entry::implied("form", Data::Text(id.to_owned()), at));
        }
    }

    /// The project with layers over it, as if a file extended it; `source` is
    /// where a diagnostic about the whole then points.
    pub(crate) fn overlaid(
        &self,
        layers: impl IntoIterator<Item = Node>,
        source: &Arc<Source>,
        path: &Path,
    ) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self {
            path: path.to_owned(),
            root: inherit::lay_over(&self.root, layers)?,
            source: source.clone(),
            // What the layers say is no file of its own.
            files: [(path.to_owned(), Digest::of(b""))]
                .into_iter()
                .chain(self.files.iter().cloned())
                .collect(),
        })
    }
}

/// Any data, be it of a form or not: YAML, or JSON in a file that is called so.
///
/// # Errors
/// Rejected with what is wrong in the file; broken if it cannot be opened.
pub fn load_data(path: &Path) -> Result<Node, Failure> {
    let source = read_up_to(path, MAX_DATA_BYTES)?;
    let ending = path.extension();
    let is_json = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    Ok(parse_data(&source, is_json)?)
}

/// As [`load_data`], of a text.
///
/// # Errors
/// Everything wrong in it.
pub fn parse_data(source: &Arc<Source>, is_json: bool) -> Result<Node, Vec<Diagnostic>> {
    let node = match is_json {
        true => json::parse(source, MAX_DATA_VALUES).map_err(|problem| vec![problem])?,
        false => yaml::parse_up_to(source, MAX_DATA_VALUES)?,
    };
    match node.data {
        Data::Map(_) => Ok(node),
        _ => Err(vec![
            Diagnostic::error("data/type", "数据的最外层应是映射（键: 值）")
                .at(Location::start_of(source))
                .label(format!("这里是{}", node.kind())),
        ]),
    }
}

/// The files beside a Typst template that it names in quotes, and those that
/// these name: what it may read. None of them is outside its folder.
///
/// # Errors
/// If they are too large together.
pub(crate) fn named_beside(
    template: &Path,
    text: &str,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let folder = real(folder_of(template));
    let mut found = BTreeMap::new();
    let mut budget = MAX_BESIDE_BYTES;
    let mut texts = vec![text.to_owned()];
    while let Some(text) = texts.pop() {
        for name in text
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|name| !name.is_empty())
        {
            let path = real(&folder.join(name));
            let Ok(inside) = path.strip_prefix(&folder) else {
                continue;
            };
            let key = shown(inside);
            if found.contains_key(&key) || !path.is_file() {
                continue;
            }
            let size = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            budget = budget.checked_sub(size).ok_or_else(|| {
                let limit = MAX_BESIDE_BYTES >> 20;
                Error::Usage(format!("模板引用的文件合计超过 {limit} MB"))
            })?;
            let bytes = fs::read(&path).map_err(|e| Error::io("读取", &path, e))?;
            if key.ends_with(".typ") {
                texts.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            found.insert(key, bytes);
        }
    }
    Ok(found)
}

/// The file that a project file names in `extends`, if it names one.
pub fn base_of(path: &Path) -> Result<Option<PathBuf>, Failure> {
    let node = yaml::parse(&read(path)?)?;
    Ok(inherit::base_path(&node, path))
}

/// Reads a text file as people's editors leave it: a byte-order mark is
/// dropped, line ends may be CRLF, anything but UTF-8 is a diagnostic.
pub(crate) fn read(path: &Path) -> Result<Arc<Source>, Failure> {
    read_up_to(path, yaml::MAX_BYTES)
}

fn read_up_to(path: &Path, bytes: usize) -> Result<Arc<Source>, Failure> {
    let metadata = fs::metadata(path).map_err(|e| Error::io("读取", path, e))?;
    if !metadata.is_file() {
        // A pipe would be waited for.
        return Err(Error::Usage(format!("{} 不是普通文件", path.display())).into());
    }
    let size = metadata.len();
    let name = shown(path);
    if size > bytes as u64 {
        let limit = bytes >> 20;
        return Err(
            Diagnostic::error("file/size", format!("文件超过 {limit} MB"))
                .at(Location::start_of(&Source::new(name, "")))
                .into(),
        );
    }
    let bytes = fs::read(path).map_err(|e| Error::io("读取", path, e))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text.trim_start_matches('\u{feff}'))),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            Err(Diagnostic::error("file/encoding", "文件不是 UTF-8 编码")
                .at(Location::new(
                    &Source::new(name, text),
                    good..good + '\u{fffd}'.len_utf8(),
                ))
                .label("从这里起无法识别")
                .hint("在编辑器里“另存为”，编码选 UTF-8（常见的是 GBK/ANSI）")
                .into())
        }
    }
}

/// A path as messages show it: forward slashes, without `./` and `a/..`.
pub(crate) fn shown(path: &Path) -> String {
    tidy(path).to_string_lossy().replace('\\', "/")
}

/// A path as the file system knows it; one that is not there is only tidied.
pub(crate) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| tidy(path))
}

/// The folder a file lies in, also where the path names none.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Takes `.` and `dir/..` out of a path without asking the file system.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        let after_name = matches!(tidy.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if after_name => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}
