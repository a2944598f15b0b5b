//! Paths on the command line → the projects to render, in order.
//!
//! A path is a project file, a batch file, or a folder. A folder with a
//! `batch.yaml` is that batch, also below another folder; any other gives its
//! project files, without those that only serve as a base for others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Member;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::project::{self, Data, Node, tidy};

/// What a folder's batch file is called.
const BATCH_FILE: &str = "batch.yaml";
/// Keys of a batch file.
const KEYS: [&str; 2] = ["members", "volume"];

/// The projects of a run.
#[derive(Debug, Default)]
pub struct Plan {
    /// The projects in order, each once.
    pub members: Vec<Member>,
    /// Bound volumes that batch files ask for.
    pub volumes: Vec<Volume>,
    /// Batch files and tables that were read.
    pub sources: Vec<PathBuf>,
    /// The members' real paths: however it is named, a file is rendered once.
    identities: BTreeMap<PathBuf, usize>,
}

/// A bound volume.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Its title, which is its file name too; without one, the form's.
    pub title: Option<String>,
    /// Its members, as positions in [`Plan::members`].
    pub members: Vec<usize>,
}

/// Works out what the paths mean.
///
/// # Errors
/// Rejected if a batch file is wrong; broken if a path is not there.
pub fn plan(paths: &[PathBuf]) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    for path in paths {
        if path.is_dir() {
            let found = walk(path)?;
            if found.projects.is_empty() && found.batches.is_empty() {
                let folder = path.display();
                return Err(Error::Usage(format!("{folder} 里没有项目定义（.yaml）")).into());
            }
            for file in found.projects {
                plan.add(&file);
            }
            for batch in found.batches {
                plan.add_batch(&batch)?;
            }
        } else if !path.is_file() {
            return Err(Error::Usage(format!("找不到 {}", path.display())).into());
        } else if is_batch(path) {
            plan.add_batch(path)?;
        } else {
            plan.add(path);
        }
    }
    Ok(plan)
}

impl Plan {
    fn add(&mut self, path: &Path) -> usize {
        let path = tidy(path);
        let identity = path.canonicalize().unwrap_or_else(|_| path.clone());
        *self.identities.entry(identity).or_insert_with(|| {
            self.members.push(Member::File(path));
            self.members.len() - 1
        })
    }

    fn add_batch(&mut self, path: &Path) -> Result<(), Failure> {
        self.sources.push(path.to_owned());
        let source = project::read(path)?;
        let root = project::parse_yaml(&source)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut problems = Vec::new();
        for entry in root.as_map().into_iter().flat_map(|map| &map.0) {
            if !KEYS.contains(&entry.key.as_str()) {
                problems.push(
                    Diagnostic::error("batch/unknown-key", format!("批次里没有 `{}`", entry.key))
                        .at(entry.key_at.clone())
                        .hint_likely(&entry.key, KEYS)
                        .hint(format!("批次文件里可以写：{}", KEYS.join("、"))),
                );
            }
        }
        let mut members = Vec::new();
        for (node, name) in member_names(&root, &mut problems) {
            let file = folder.join(name);
            if file.is_file() {
                let member = self.add(&file);
                if !members.contains(&member) {
                    members.push(member);
                }
            } else {
                let name = project::shown(&file);
                problems.push(
                    Diagnostic::error("batch/missing", format!("找不到批次成员 {name}"))
                        .at(node.at.clone())
                        .hint("路径从批次文件所在的文件夹算起"),
                );
            }
        }
        if let Some(node) = root.get("volume") {
            match node.as_str() {
                Some(title) => self.volumes.push(Volume {
                    title: Some(title.to_owned()),
                    members,
                }),
                None => problems.push(
                    Diagnostic::error("batch/volume", "`volume` 应为合订本的题名")
                        .at(node.at.clone()),
                ),
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.into())
        }
    }
}

fn member_names<'a>(root: &'a Node, problems: &mut Vec<Diagnostic>) -> Vec<(&'a Node, &'a str)> {
    let Some(Node {
        data: Data::List(items),
        ..
    }) = root.get("members")
    else {
        problems.push(
            Diagnostic::error("batch/members", "批次要用 `members` 列出项目文件")
                .at(root.at.clone()),
        );
        return Vec::new();
    };
    if items.is_empty() {
        let at = root.get("members").map_or(&root.at, |node| &node.at);
        problems
            .push(Diagnostic::error("batch/members", "`members` 里没有项目文件").at(at.clone()));
    }
    let mut names = Vec::new();
    for item in items {
        match item.as_str() {
            Some(name) => names.push((item, name)),
            None => problems.push(
                Diagnostic::error("batch/members", "批次成员应为项目文件的路径")
                    .at(item.at.clone()),
            ),
        }
    }
    names
}

/// Whether a file is a batch: it lists members, or is called `batch.yaml`, and
/// says nothing that only a project says. What is wrong in any other file is
/// said when it is loaded as a project.
fn is_batch(path: &Path) -> bool {
    let named = path.file_name().is_some_and(|name| name == BATCH_FILE) && path.is_file();
    match project::read(path).map(|source| project::parse_yaml(&source)) {
        Ok(Ok(root)) => {
            let is_project = ["form", "forms", "extends"]
                .iter()
                .any(|key| root.get(key).is_some());
            !is_project && (named || root.get("members").is_some())
        }
        _ => named,
    }
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
    let mut bases = BTreeSet::new();
    for file in &found.projects {
        // A file that cannot be read is no base; it is reported as a member.
        if let Ok(Some(base)) = project::base_of(file) {
            bases.insert(tidy(&base));
        }
    }
    found
        .projects
        .retain(|file| !bases.contains(&tidy(file)) && !is_batch(file));
    found.projects.sort();
    found.batches.sort();
    Ok(found)
}
