//! `extends`: a project is its base with the differences laid over it.
//!
//! Maps merge key by key in the base's order; a new key goes last unless it
//! says `before` or `after`; `remove: true` takes an inherited key away; a
//! list or a scalar replaces, and a scalar laid over an indicator with several
//! attributes replaces its `target`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::node::{Data, Entry, Map, Node};
use super::{Project, folder_of, read, real, tidy, yaml};
use crate::diagnostic::{Diagnostic, likely};
use crate::digest::Digest;
use crate::error::Failure;
use crate::source::Location;

/// Longest chain of bases.
const MAX_CHAIN: usize = 16;
const DIRECTIVES: [&str; 3] = ["before", "after", "remove"];

/// Files that others extend, each read once: many projects share a base, and
/// all of one run see the same.
#[derive(Default)]
pub struct Bases(Mutex<BTreeMap<PathBuf, Arc<Base>>>);

/// A file that others extend.
struct Base {
    /// Its real path.
    real: PathBuf,
    node: Node,
    digest: Digest,
}

impl Bases {
    fn get(&self, path: &Path) -> Result<Arc<Base>, Failure> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(base) = known().get(path) {
            return Ok(base.clone());
        }
        let source = read(path)?;
        let base = Arc::new(Base {
            real: real(path),
            node: yaml::parse(&source)?,
            digest: Digest::of(source.text.as_bytes()),
        });
        known().insert(path.to_owned(), base.clone());
        Ok(base)
    }
}

/// Reads a file and all it extends; `base` lies beneath a file that names
/// none, unless the file is part of that base.
pub(super) fn load(path: &Path, base: Option<&Path>, bases: &Bases) -> Result<Project, Failure> {
    let source = read(path)?;
    let mut files = vec![(path.to_owned(), Digest::of(source.text.as_bytes()))];
    let mut chain: Vec<Node> = Vec::new();
    let mut reals = vec![real(path)];
    let mut default = base;
    let mut node = yaml::parse(&source)?;
    let mut file = path.to_owned();
    loop {
        if node.as_map().is_none() {
            return Err(not_a_map(&node).into());
        }
        let next = match base_path(&node, &file) {
            Some(base) => {
                // What the file itself extends stands instead of the default.
                default = None;
                Some((extends_at(&node), base))
            }
            None => match node.get("extends") {
                Some(written) => {
                    let message = "`extends` 应为一个文件的路径";
                    return Err(Diagnostic::error("extends/type", message)
                        .at(written.at.clone())
                        .into());
                }
                None => default
                    .take()
                    .map(|base| (node.at.clone(), base.to_owned())),
            },
        };
        chain.push(node);
        let Some((at, next)) = next else {
            break;
        };
        if chain.len() >= MAX_CHAIN {
            let message = format!("继承超过 {MAX_CHAIN} 层");
            return Err(Diagnostic::error("extends/chain", message).at(at).into());
        }
        if !next.is_file() {
            return Err(missing_base(&next, at).into());
        }
        let base = bases.get(&next)?;
        if reals.contains(&base.real) {
            return Err(Diagnostic::error("extends/cycle", "继承绕成了圈")
                .at(at)
                .label(format!("{} 已经在继承链上", super::shown(&next)))
                .hint("每个文件只能继承比它更一般的文件")
                .into());
        }
        files.push((next.clone(), base.digest));
        reals.push(base.real.clone());
        (file, node) = (next, base.node.clone());
    }

    let mut problems = Vec::new();
    let mut layers = chain.into_iter().rev();
    let mut root = layers
        .next()
        .unwrap_or_else(|| unreachable!("the chain holds the file"));
    // A project without a base may still hold misplaced directives.
    root = settle(root, &mut problems);
    for layer in layers {
        root = merge(root, layer, &mut problems);
    }
    if let Data::Map(map) = &mut root.data {
        map.take("extends");
    }
    if problems.is_empty() {
        Ok(Project {
            path: path.to_owned(),
            root,
            source,
            files,
        })
    } else {
        Err(problems.into())
    }
}

/// The file named by `extends`, relative to the file that says so.
pub(super) fn base_path(node: &Node, file: &Path) -> Option<PathBuf> {
    let Data::Text(written) = &node.get("extends")?.data else {
        return None;
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    // People who work in Windows write its separator.
    Some(tidy(&folder.join(written.replace('\\', "/"))))
}

fn extends_at(node: &Node) -> Location {
    node.get("extends")
        .map_or_else(|| node.at.clone(), |value| value.at.clone())
}

fn not_a_map(node: &Node) -> Diagnostic {
    let line = Location::line_of(&node.at.source, node.at.line());
    yaml::colon_slip(&line).unwrap_or_else(|| {
        Diagnostic::error("project/type", "项目定义应由“键: 值”组成")
            .at(node.at.clone())
            .label(format!("这里是{}", node.kind()))
    })
}

fn missing_base(base: &Path, at: Location) -> Diagnostic {
    if base.is_dir() {
        return Diagnostic::error("extends/missing", "`extends` 应指向一个文件，这里是文件夹")
            .at(at);
    }
    let diagnostic = Diagnostic::error(
        "extends/missing",
        format!("找不到所继承的文件 {}", super::shown(base)),
    )
    .at(at);
    // A neighbour with nearly that name is most likely meant.
    let folder = folder_of(base);
    let wanted = base.file_name().unwrap_or_default().to_string_lossy();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    match likely(&wanted, names.iter().map(String::as_str)) {
        Some(name) => diagnostic.hint(format!("同一文件夹里有 `{name}`，是否想写它？")),
        None => diagnostic.hint("路径从写 `extends` 的文件所在的文件夹算起"),
    }
}

/// Lays layers on a project's tree, one after another.
pub(super) fn lay_over(
    base: &Node,
    layers: impl IntoIterator<Item = Node>,
) -> Result<Node, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut root = base.clone();
    for layer in layers {
        root = merge(root, layer, &mut problems);
    }
    if problems.is_empty() {
        Ok(root)
    } else {
        Err(problems)
    }
}

/// Lays `over` on `base`.
pub(super) fn merge(base: Node, over: Node, problems: &mut Vec<Diagnostic>) -> Node {
    match (base.data, over.data) {
        (Data::Map(mut map), Data::Map(layer)) => {
            lay_all(&mut map, layer, problems);
            Node {
                data: Data::Map(map),
                at: over.at,
            }
        }
        (Data::Map(mut map), data)
            if map.get("target").is_some() && !matches!(data, Data::List(_)) =>
        {
            let at = over.at;
            let value = Node {
                data,
                at: at.clone(),
            };
            if let Some(position) = map.position("target") {
                map.0[position].value = value;
            }
            Node {
                data: Data::Map(map),
                at,
            }
        }
        (Data::Map(map), Data::Blank) if !map.0.is_empty() => {
            problems.push(
                Diagnostic::error("extends/blank", "写成空白会去掉所继承的整组内容")
                    .at(over.at.clone())
                    .hint("下面几行若属于它，要再缩进两格")
                    .hint("要去掉它就写 `{remove: true}`；不改动就删去这一行"),
            );
            Node {
                data: Data::Map(map),
                at: over.at,
            }
        }
        (_, data) => settle(Node { data, at: over.at }, problems),
    }
}

/// Lays entries on a map, then moves those that say where they stand, so that
/// one may name another that is written after it.
fn lay_all(map: &mut Map, layer: Map, problems: &mut Vec<Diagnostic>) {
    let mut moves = Vec::new();
    for entry in layer.0 {
        if let Some(place) = lay(map, entry, problems) {
            moves.push(place);
        }
    }
    for (key, place) in moves {
        put_in_place(map, &key, &place, problems);
    }
}

/// Lays one entry on a map: removes, merges or appends; gives back where the
/// entry wants to stand.
fn lay(map: &mut Map, mut entry: Entry, problems: &mut Vec<Diagnostic>) -> Option<(String, Place)> {
    let directives = take_directives(&mut entry, problems);
    let known = map.position(&entry.key);
    if directives.remove {
        match known {
            Some(position) => {
                map.0.remove(position);
            }
            None => problems.push(
                Diagnostic::error(
                    "extends/remove",
                    format!("要去掉的 `{}` 在所继承的文件里没有", entry.key),
                )
                .at(entry.key_at.clone())
                .hint_likely(&entry.key, map.keys()),
            ),
        }
        return None;
    }
    let place = directives.place.map(|place| (entry.key.clone(), place));
    match known {
        Some(position) => {
            let old = map.0.remove(position);
            let value = match directives.only {
                true => old.value,
                false => merge(old.value, entry.value, problems),
            };
            map.0.insert(position, Entry { value, ..entry });
        }
        None => {
            let value = settle(entry.value, problems);
            map.0.push(Entry { value, ..entry });
        }
    }
    place
}

/// `before` or `after`, the key it names, and where that is written.
struct Place {
    word: &'static str,
    target: String,
    at: Location,
}

fn put_in_place(map: &mut Map, key: &str, place: &Place, problems: &mut Vec<Diagnostic>) {
    let Some(entry) = map.take(key) else {
        return;
    };
    let position = match map.position(&place.target) {
        Some(found) if place.word == "before" => found,
        Some(found) => found + 1,
        None => {
            let mut problem = Diagnostic::error(
                if place.word == "before" {
                    "extends/before"
                } else {
                    "extends/after"
                },
                format!("`{}` 指的 `{}` 不在同一组里", place.word, place.target),
            )
            .at(place.at.clone())
            .field(key)
            .hint_likely(&place.target, map.keys());
            if entry.key_at.spot().is_some() {
                problem = problem.related("填在这里", entry.key_at.clone());
            }
            if problem.hints.is_empty() {
                let names: Vec<&str> = map.keys().collect();
                problem = match names.is_empty() {
                    true => problem.hint("这一组里没有别的键"),
                    false => problem.hint(format!("这一组里有：{}", names.join("、"))),
                };
            }
            problems.push(problem);
            map.0.len()
        }
    };
    map.0.insert(position, entry);
}

#[derive(Default)]
struct Directives {
    remove: bool,
    place: Option<Place>,
    /// Nothing but directives was written: the entry only moves.
    only: bool,
}

/// Takes `before`, `after` and `remove` out of an entry's value.
fn take_directives(entry: &mut Entry, problems: &mut Vec<Diagnostic>) -> Directives {
    let mut found = Directives::default();
    let mut remove_at = None;
    let Data::Map(map) = &mut entry.value.data else {
        return found;
    };
    for name in DIRECTIVES {
        let Some(directive) = map.take(name) else {
            continue;
        };
        let at = directive.value.at.clone();
        match (&directive.value.data, name) {
            (Data::Bool(true), "remove") => {
                found.remove = true;
                remove_at = Some(directive.key_at);
            }
            (Data::Bool(false), "remove") => {}
            (_, "remove") => problems.push(
                Diagnostic::error("extends/remove", "`remove` 后面只能写 true：`remove: true`")
                    .at(at),
            ),
            (Data::Text(target) | Data::Number(target), name) => {
                if let Some(Place { word: other, .. }) = found.place {
                    problems.push(
                        Diagnostic::error(
                            "extends/before",
                            format!("`{other}` 和 `{name}` 只能写一个"),
                        )
                        .at(directive.key_at),
                    );
                } else {
                    found.place = Some(Place {
                        word: name,
                        target: target.clone(),
                        at,
                    });
                }
            }
            (_, name) => problems.push(
                Diagnostic::error(
                    "extends/before",
                    format!("`{name}` 后面应为同组一个键的名字"),
                )
                .at(at),
            ),
        }
    }
    found.only = map.0.is_empty() && found.place.is_some();
    if let Some(at) = remove_at.filter(|_| found.place.is_some() || !map.0.is_empty()) {
        problems.push(
            Diagnostic::error("extends/remove", "`remove` 旁边不能再写别的")
                .at(at)
                .hint(format!(
                    "它会去掉整个 `{}`；只去掉其中一项，就写在那一项下面",
                    entry.key
                )),
        );
    }
    found
}

/// Applies directives inside a value that has nothing beneath it.
fn settle(node: Node, problems: &mut Vec<Diagnostic>) -> Node {
    match node.data {
        Data::Map(layer) => {
            let mut map = Map::default();
            lay_all(&mut map, layer, problems);
            Node {
                data: Data::Map(map),
                at: node.at,
            }
        }
        data => Node { data, at: node.at },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn merged(base: &str, over: &str) -> Result<serde_json::Value, Vec<&'static str>> {
        let parse = |name, text| yaml::parse(&Source::new(name, text)).unwrap();
        let mut problems = Vec::new();
        let base = settle(parse("base.yaml", base), &mut problems);
        let node = merge(base, parse("over.yaml", over), &mut problems);
        if problems.is_empty() {
            Ok(node.to_json())
        } else {
            Err(problems.iter().map(|p| p.code).collect())
        }
    }

    fn keys(value: &serde_json::Value) -> Vec<&str> {
        value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    #[test]
    fn new_keys_go_last_or_where_they_say() {
        let base = "a: 1\nb: 2\nc: 3\n";
        assert_eq!(
            keys(&merged(base, "d: 4\nb: 5").unwrap()),
            ["a", "b", "c", "d"]
        );
        let over = "d: {target: 4, before: b}\ne: {target: 5, after: c}\nf: {before: d, target: 1}";
        assert_eq!(
            keys(&merged(base, over).unwrap()),
            ["a", "f", "d", "b", "c", "e"]
        );
    }

    #[test]
    fn a_key_with_only_a_directive_moves() {
        let value = merged("a: 1\nb: 2\nc: {x: 1}\n", "c: {before: a}").unwrap();
        assert_eq!(keys(&value), ["c", "a", "b"]);
        assert_eq!(value["c"]["x"], 1);
    }

    #[test]
    fn remove_takes_away_and_lists_replace() {
        let value = merged(
            "a: {x: 1, y: 2}\nl: [1, 2]",
            "a: {x: {remove: true}}\nl: [3]",
        )
        .unwrap();
        assert_eq!(value.to_string(), r#"{"a":{"y":2},"l":[3]}"#);
    }

    #[test]
    fn blank_overrides_and_a_scalar_keeps_an_indicators_other_attributes() {
        let value = merged("c: 0\ni: {target: 1, weight: 5}", "c:\ni: 2").unwrap();
        assert_eq!(
            value.to_string(),
            r#"{"c":null,"i":{"target":2,"weight":5}}"#
        );
    }

    #[test]
    fn wrong_directives_are_diagnostics() {
        assert_eq!(
            merged("a: 1", "b: {target: 1, before: z}").unwrap_err(),
            ["extends/before"]
        );
        assert_eq!(
            merged("a: 1", "b: {remove: true}").unwrap_err(),
            ["extends/remove"]
        );
    }
}
