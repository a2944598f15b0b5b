//! Paths on the command line → the projects to render, in order.
//!
//! A path is a project file, a batch file, or a folder. A folder with a
//! `batch.yaml` is that batch, also below another folder; any other gives its
//! project files, without those that only serve as a base for others.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Member, file, glance};
use crate::digest::Digest;
use crate::error::{Error, Failure};
use crate::form::Templates;
use crate::project::{self, real};

/// What a folder's batch file is called.
pub(super) const BATCH_FILE: &str = "batch.yaml";

/// The projects of a run.
#[derive(Debug, Default)]
pub struct Plan {
    /// The projects in order, each once.
    pub members: Vec<Member>,
    /// Bound volumes that batch files ask for.
    pub volumes: Vec<Volume>,
    /// The batch files and tables that were read for it.
    pub sources: Vec<PathBuf>,
    /// The members' real paths, with what decides them beside their files:
    /// however it is named, a file is rendered once.
    identities: BTreeMap<(PathBuf, Digest), usize>,
    /// The real paths of the batch files: each is taken once.
    batches: BTreeSet<PathBuf>,
}

/// A bound volume.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Its title, which is its file name too; without one, the form's.
    pub title: Option<String>,
    /// Its members, as positions in [`Plan::members`].
    pub members: Vec<usize>,
    /// The batch file that asks for it.
    pub batch: Option<PathBuf>,
}

/// Works out what the paths mean.
///
/// # Errors
/// Rejected if a batch file or the header of its table is wrong; broken if a
/// path is not there.
pub fn plan(paths: &[PathBuf], templates: &Templates) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    for path in paths {
        if path.is_dir() {
            let found = walk(path)?;
            if found.projects.is_empty() && found.batches.is_empty() {
                let folder = path.display();
                return Err(Error::Usage(format!("{folder} 里没有项目定义（.yaml）")).into());
            }
            for file in found.projects {
                plan.add(Member::file(file));
            }
            for batch in found.batches {
                plan.add_batch(&batch, templates)?;
            }
        } else if !path.is_file() {
            return Err(Error::Usage(format!("找不到 {}", path.display())).into());
        } else if is_table(path) {
            let table = path.display();
            return Err(Error::Usage(format!(
                "{table} 是表格，要由批次文件用 `table` 指明；`tianbao batch template` 能写出一份"
            ))
            .into());
        } else if is_batch(path) {
            plan.add_batch(path, templates)?;
        } else {
            plan.add(Member::file(path.clone()));
        }
    }
    Ok(plan)
}

impl Plan {
    fn add(&mut self, member: Member) -> usize {
        let position = self.members.len();
        let member = match member {
            Member::File(file) => {
                let file = file.tidied();
                let member = Member::File(file);
                let path = member.path();
                let real = real(path);
                let identity = (real, member.own_digest());
                if let Some(known) = self.identities.get(&identity) {
                    return *known;
                }
                self.identities.insert(identity, position);
                member
            }
            row => row,
        };
        self.members.push(member);
        position
    }

    fn add_batch(&mut self, path: &Path, templates: &Templates) -> Result<(), Failure> {
        let real = real(path);
        if !self.batches.insert(real) {
            return Ok(());
        }
        let batch = file::read(path, templates)?;
        self.sources.push(path.to_owned());
        self.sources.extend(batch.table);
        let mut members = Vec::new();
        for member in batch.members {
            let member = self.add(member);
            if !members.contains(&member) {
                members.push(member);
            }
        }
        if let Some(title) = batch.volume {
            self.volumes.push(Volume {
                title: Some(title),
                members,
                batch: Some(path.to_owned()),
            });
        }
        Ok(())
    }
}

/// Whether a file is a batch: it is called `batch.yaml`, or lists members or
/// names a table, and says nothing that only a project says. What is wrong in
/// any other file is said when it is loaded as a project.
pub(super) fn is_batch(path: &Path) -> bool {
    let named = path.file_name().is_some_and(|name| name == BATCH_FILE) && path.is_file();
    match project::read(path).map(|source| project::parse_yaml(&source)) {
        Ok(Ok(root)) => {
            let has = |key: &str| root.get(key).is_some();
            let lists = has("members") || has("table");
            let known = |key: &str| file::KEYS.contains(&key);
            let all_known = root.as_map().is_some_and(|map| map.keys().all(known));
            // A batch may name a form for its members; with other keys beside
            // it, that is a project.
            let is_form = has("form") && !all_known && !(named && lists);
            let is_project = has("forms") || has("extends") || is_form;
            !is_project && (named || lists)
        }
        _ => named,
    }
}

/// Whether a file is a spreadsheet and not a project.
pub(super) fn is_table(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["xlsx", "xlsm", "xls", "et", "ods", "csv"]
        .map(OsStr::new)
        .contains(&ending.as_os_str())
}

/// What a folder holds.
#[derive(Default)]
struct Found {
    projects: Vec<PathBuf>,
    batches: Vec<PathBuf>,
}

/// Walks a folder: one with a `batch.yaml` is that batch and nothing else; any
/// other gives its project files, sorted, without bases.
fn walk(folder: &Path) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let batch = folder.join(BATCH_FILE);
        if is_batch(&batch) {
            found.batches.push(batch);
            continue;
        }
        let entries = fs::read_dir(&folder).map_err(|e| Error::io("读取文件夹", &folder, e))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let hidden = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
            if path.is_dir() {
                // A link to a folder may lead back here.
                if !path.is_symlink() {
                    open.push(path);
                }
            } else if ending == "yaml" || ending == "yml" {
                found.projects.push(path);
            }
        }
    }
    found.projects = glance::projects(found.projects)?;
    found.batches.sort();
    Ok(found)
}
