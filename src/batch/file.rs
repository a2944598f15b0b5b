//! `batch.yaml`: which projects, as files or as rows of a table, and what they
//! have in common.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Member;
use super::table::{Filling, Mapping, Table, Written, rows};
use crate::diagnostic::Diagnostic;
use crate::error::Failure;
use crate::form::{Schema, Templates};
use crate::project::{self, Data, Map, Node, Project, tidy};

/// Keys of a batch file.
pub(super) const KEYS: [&str; 7] = [
    "members", "table", "sheet", "columns", "form", "base", "volume",
];
/// Keys that only go with `table`.
const TABLE_KEYS: [&str; 2] = ["sheet", "columns"];

/// A batch file, read.
pub(super) struct Batch {
    /// Its members in order; a file may stand more than once.
    pub(super) members: Vec<Member>,
    /// The title of its bound volume.
    pub(super) volume: Option<String>,
    /// The table it names.
    pub(super) table: Option<PathBuf>,
}

/// Reads a batch file and what it names.
///
/// # Errors
/// Rejected with everything that is wrong in it, or in its table's header.
pub(super) fn read(path: &Path, templates: &Templates) -> Result<Batch, Failure> {
    let source = project::read(path)?;
    let root = project::parse_yaml(&source)?;
    let mut file = File {
        path,
        folder: path.parent().unwrap_or(Path::new("")),
        root: &root,
        problems: Vec::new(),
    };
    file.unknown_keys();
    let volume = file.text("volume", "batch/volume", "合订本的题名");
    let form = file.text("form", "batch/form", "表式的名称");
    let base = file.base();
    let members = file.members(&base, &form);
    let table = file.table();
    let mapping = file
        .root
        .get("columns")
        .map(|node| Mapping::parse(node, &mut file.problems));
    if !file.problems.is_empty() {
        return Err(file.problems.into());
    }
    let volume = volume.map(|volume| volume.text);
    let Some((table, sheet)) = table else {
        return Ok(Batch {
            members,
            volume,
            table: None,
        });
    };
    let mut project = match &base {
        Some(base) => project::load(base)?,
        None => Project {
            path: path.to_owned(),
            root: Node {
                data: Data::Map(Map::default()),
                at: root.at.clone(),
            },
            source,
            files: Vec::new(),
        },
    };
    let schemas = schemas(&mut project, form.as_ref(), templates)?;
    let read = Table::read(&table, sheet.as_ref())?;
    let filling = Filling::new(path, read, mapping.as_ref(), project, form, &schemas)?;
    let members: Vec<Member> = rows(&Arc::new(filling)).map(Member::Row).collect();
    if members.is_empty() {
        let name = project::shown(&table);
        return Err(Diagnostic::error("table/empty", "表格里还没有填写一行")
            .at_part(name, "")
            .hint("从列名的下一行起，每行一个项目")
            .into());
    }
    Ok(Batch {
        members,
        volume,
        table: Some(table),
    })
}

/// The schemas of the forms that rows over this project are for.
fn schemas(
    project: &mut Project,
    form: Option<&Written>,
    templates: &Templates,
) -> Result<Vec<Schema>, Failure> {
    let mut named = project.clone();
    if let Some(form) = form {
        named.default_form(&form.text, &form.at);
    }
    project::sheets(&named)?
        .iter()
        .map(|sheet| templates.schema(&templates.form_id(&sheet.project)?))
        .collect()
}

/// A batch file while it is read.
struct File<'a> {
    path: &'a Path,
    folder: &'a Path,
    root: &'a Node,
    problems: Vec<Diagnostic>,
}

impl File<'_> {
    fn unknown_keys(&mut self) {
        for entry in self.root.as_map().into_iter().flat_map(|map| &map.0) {
            if !KEYS.contains(&entry.key.as_str()) {
                self.problems.push(
                    Diagnostic::error("batch/unknown-key", format!("批次里没有 `{}`", entry.key))
                        .at(entry.key_at.clone())
                        .hint_likely(&entry.key, KEYS)
                        .hint(format!("批次文件里可以写：{}", KEYS.join("、"))),
                );
            }
        }
    }

    /// A text under a key.
    fn text(&mut self, key: &str, code: &'static str, what: &str) -> Option<Written> {
        let node = self.root.get(key)?;
        let Some(text) = node.as_str() else {
            let problem = Diagnostic::error(code, format!("`{key}` 应为{what}"));
            self.problems.push(problem.at(self.place(key)));
            return None;
        };
        Some(Written {
            text: text.to_owned(),
            at: node.at.clone(),
        })
    }

    /// Where the value of a key is; a blank one is found by its key.
    fn place(&self, key: &str) -> crate::source::Location {
        let entry = self.root.as_map().and_then(|map| map.entry(key));
        match entry {
            Some(entry) if entry.value.at.text().is_empty() => entry.key_at.clone(),
            Some(entry) => entry.value.at.clone(),
            None => self.root.at.clone(),
        }
    }

    /// The file that a path means. People who work in Windows write its
    /// separator.
    fn file(&self, written: &str) -> PathBuf {
        tidy(&self.folder.join(written.replace('\\', "/")))
    }

    fn base(&mut self) -> Option<PathBuf> {
        let written = self.text("base", "batch/base", "一个文件的路径")?;
        let file = self.file(&written.text);
        if !file.is_file() {
            self.problems
                .push(missing("batch/base", "共有内容的文件", &file, &written));
            return None;
        }
        Some(file)
    }

    fn table(&mut self) -> Option<(PathBuf, Option<Written>)> {
        for key in TABLE_KEYS {
            if let Some(entry) = self.root.as_map().and_then(|map| map.entry(key))
                && self.root.get("table").is_none()
            {
                self.problems.push(
                    Diagnostic::error("batch/table", format!("`{key}` 要与 `table` 一起写"))
                        .at(entry.key_at.clone()),
                );
            }
        }
        let sheet = self.text("sheet", "batch/table", "工作表的名称");
        let written = self.text("table", "batch/table", "表格文件的路径（.xlsx 或 .csv）")?;
        let file = self.file(&written.text);
        if !file.is_file() {
            self.problems
                .push(missing("batch/table", "表格文件", &file, &written));
            return None;
        }
        Some((file, sheet))
    }

    fn members(&mut self, base: &Option<PathBuf>, form: &Option<Written>) -> Vec<Member> {
        let Some(node) = self.root.get("members") else {
            if self.root.get("table").is_none() {
                self.problems.push(
                    Diagnostic::error(
                        "batch/members",
                        "批次要用 `members` 列出项目文件，或用 `table` 指明表格",
                    )
                    .at(self.root.at.clone()),
                );
            }
            return Vec::new();
        };
        if let Some(table) = self.root.as_map().and_then(|map| map.entry("table")) {
            self.problems.push(
                Diagnostic::error("batch/members", "`members` 和 `table` 只能写一个")
                    .at(table.key_at.clone())
                    .hint("项目写成文件就写 `members`，写在表格里就写 `table`；两样都有，就写成两个批次"),
            );
            return Vec::new();
        }
        let names: Vec<&Node> = match &node.data {
            Data::List(items) => items.iter().collect(),
            Data::Text(_) => vec![node],
            _ => {
                self.problems.push(
                    Diagnostic::error("batch/members", "批次要用 `members` 列出项目文件")
                        .at(self.root.at.clone()),
                );
                return Vec::new();
            }
        };
        if names.is_empty() {
            self.problems.push(
                Diagnostic::error("batch/members", "`members` 里没有项目文件").at(node.at.clone()),
            );
        }
        let files: Vec<PathBuf> = names
            .iter()
            .flat_map(|name| self.named(name, base))
            .collect();
        let member = |file| Member::of_batch(self.path, file, base.clone(), form.clone());
        files.into_iter().map(member).collect()
    }

    /// The files that one entry of `members` names.
    fn named(&mut self, node: &Node, base: &Option<PathBuf>) -> Vec<PathBuf> {
        let Some(name) = node.as_str() else {
            self.problems.push(
                Diagnostic::error("batch/members", "批次成员应为项目文件的路径")
                    .at(node.at.clone()),
            );
            return Vec::new();
        };
        let file = self.file(name);
        // A name may hold signs that a pattern uses.
        if file.is_file() {
            if super::plan::is_table(&file) {
                self.problems.push(
                    Diagnostic::error(
                        "batch/members",
                        "表格要用 `table` 指明，不写在 `members` 里",
                    )
                    .at(node.at.clone())
                    .hint(format!(
                        "写成 `table: {name}`；`columns` 说明各列写到哪一项"
                    )),
                );
                return Vec::new();
            }
            return vec![file];
        }
        let written = Written {
            text: name.to_owned(),
            at: node.at.clone(),
        };
        if !name.contains(['*', '?', '[']) {
            self.problems
                .push(missing("batch/missing", "批次成员", &file, &written));
            return Vec::new();
        }
        let folder = self.folder.to_string_lossy();
        let pattern = Path::new(&glob::Pattern::escape(&folder)).join(name.replace('\\', "/"));
        let options = glob::MatchOptions {
            require_literal_leading_dot: true,
            require_literal_separator: true,
            ..glob::MatchOptions::new()
        };
        let found = match glob::glob_with(&pattern.to_string_lossy(), options) {
            Ok(found) => found,
            Err(error) => {
                self.problems.push(
                    Diagnostic::error("batch/glob", format!("通配写法 `{name}` 不对"))
                        .at(node.at.clone())
                        .label(error.msg),
                );
                return Vec::new();
            }
        };
        let mut files: Vec<PathBuf> = found
            .flatten()
            .filter(|file| file.is_file() && is_yaml(file))
            .map(|file| tidy(&file))
            .collect();
        let own = tidy(self.path);
        files.retain(|file| *file != own && Some(file) != base.as_ref());
        let mut files = match super::glance::projects(files) {
            Ok(files) => files,
            Err(error) => {
                self.problems
                    .push(Diagnostic::error("batch/glob", error.to_string()));
                return Vec::new();
            }
        };
        files.dedup();
        if files.is_empty() {
            self.problems.push(
                Diagnostic::error("batch/glob", format!("没有与 `{name}` 相符的项目文件"))
                    .at(node.at.clone())
                    .hint("路径从批次文件所在的文件夹算起；`*` 代表一段名字，`**` 代表各级文件夹"),
            );
        }
        files
    }
}

fn is_yaml(file: &Path) -> bool {
    let ending = file.extension().unwrap_or_default().to_ascii_lowercase();
    ending == "yaml" || ending == "yml"
}

fn missing(code: &'static str, what: &str, file: &Path, written: &Written) -> Diagnostic {
    Diagnostic::error(code, format!("找不到{what} {}", project::shown(file)))
        .at(written.at.clone())
        .hint("路径从批次文件所在的文件夹算起")
}
