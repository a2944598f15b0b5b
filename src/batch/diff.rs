//! What changed between two projects, or between two folders of artifacts,
//! field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::manifest::{self, Manifest};
use crate::error::{Error, Failure};
use crate::form::{Schema, Templates};
use crate::project;

/// What differs of one project.
#[derive(Debug)]
pub struct Difference {
    /// The project, or how its artifacts are called.
    pub subject: String,
    /// What became of it as a whole, or field by field.
    pub changes: Changes,
}

/// What became of a project.
#[derive(Debug)]
pub enum Changes {
    /// Only the new side has it.
    Added,
    /// Only the old side has it.
    Gone,
    /// Both have it, with other values.
    Fields(Vec<Change>),
    /// Both have it; a manifest does not tell the values.
    Unknown,
}

/// What became of one field.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Keys and positions from the top.
    pub path: Vec<String>,
    /// The same in the form's words.
    pub title: String,
    /// What it was; none where it was not there.
    pub old: Option<String>,
    /// What it is; none where it is not there any more.
    pub new: Option<String>,
}

/// One side: projects by what they are matched by.
struct Side {
    projects: BTreeMap<String, Known>,
}

struct Known {
    values: Option<Value>,
    forms: Vec<String>,
}

/// What differs between two projects, two manifests, or two folders with one.
///
/// # Errors
/// If a side cannot be read, or the two are not of a kind.
pub fn diff(templates: &Templates, old: &Path, new: &Path) -> Result<Vec<Difference>, Failure> {
    for path in [old, new] {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        if ending == "pdf" || ending == "docx" {
            let path = path.display();
            let message =
                format!("{path} 不是项目文件；用 `tianbao extract` 取出里面的项目定义再比较");
            return Err(Error::Usage(message).into());
        }
    }
    let (old_is_project, new_is_project) = (is_project(old), is_project(new));
    if old_is_project != new_is_project {
        let message = "两边要同是项目文件，或同是清单（或有清单的文件夹）";
        return Err(Error::Usage(message.into()).into());
    }
    let (old, new) = (side(old)?, side(new)?);
    if old_is_project {
        // Two files are one project, whatever they are called.
        let pair = old
            .projects
            .into_values()
            .next()
            .zip(new.projects.into_iter().next());
        let Some((old, (subject, new))) = pair else {
            return Ok(Vec::new());
        };
        return Ok(compare(templates, subject, &old, &new)
            .into_iter()
            .collect());
    }
    let subjects: BTreeSet<&String> = old.projects.keys().chain(new.projects.keys()).collect();
    let of_subject = |subject: &String| {
        let whole = |changes| Difference {
            subject: subject.clone(),
            changes,
        };
        match (old.projects.get(subject), new.projects.get(subject)) {
            (Some(old), Some(new)) => compare(templates, subject.clone(), old, new),
            (Some(_), None) => Some(whole(Changes::Gone)),
            (None, _) => Some(whole(Changes::Added)),
        }
    };
    Ok(subjects.into_iter().filter_map(of_subject).collect())
}

fn is_project(path: &Path) -> bool {
    !path.is_dir() && path.extension().is_none_or(|ending| ending != "json")
}

fn side(path: &Path) -> Result<Side, Failure> {
    let mut projects = BTreeMap::new();
    if is_project(path) {
        if super::plan::is_batch(path) {
            let path = path.display();
            let message = format!("{path} 是批次文件；比较批次，就比较两次的产物文件夹");
            return Err(Error::Usage(message).into());
        }
        let loaded = project::load(path)?;
        let sheets = project::sheets(&loaded)?.into_iter();
        let forms =
            sheets.filter_map(|sheet| Some(sheet.project.root.get("form")?.as_str()?.to_owned()));
        let known = Known {
            forms: forms.collect(),
            values: Some(loaded.root.to_written_json()),
        };
        projects.insert(project::shown(path), known);
        return Ok(Side { projects });
    }
    let file = match path.is_dir() {
        true => path.join(manifest::FILE),
        false => path.to_owned(),
    };
    let Manifest {
        artifacts,
        projects: values,
        ..
    } = manifest::read(&file)?;
    for artifact in artifacts {
        let Some(project) = artifact.project else {
            continue;
        };
        let of_project = values
            .iter()
            .find(|known| known.project == project && known.data == artifact.data);
        let written = of_project.and_then(|known| known.values.as_deref());
        // Artifacts are matched by their names, as those who get them do.
        let name = artifact
            .file
            .rsplit_once('.')
            .map_or(artifact.file.as_str(), |(name, _)| name);
        projects.insert(
            name.to_owned(),
            Known {
                forms: artifact.forms.into_iter().map(|form| form.id).collect(),
                values: written.and_then(|raw| serde_json::from_str(raw.get()).ok()),
            },
        );
    }
    Ok(Side { projects })
}

fn compare(templates: &Templates, subject: String, old: &Known, new: &Known) -> Option<Difference> {
    let (Some(before), Some(after)) = (&old.values, &new.values) else {
        return Some(Difference {
            subject,
            changes: Changes::Unknown,
        });
    };
    let schemas = new.forms.iter().filter_map(|id| templates.read(id).ok());
    let schemas: Vec<Schema> = schemas.map(|form| form.schema).collect();
    let mut changes = Vec::new();
    values(before, after, &mut Vec::new(), &mut changes);
    for change in &mut changes {
        change.title = title(&change.path, &schemas);
    }
    (!changes.is_empty()).then_some(Difference {
        subject,
        changes: Changes::Fields(changes),
    })
}

/// Walks two values side by side.
fn values(old: &Value, new: &Value, path: &mut Vec<String>, changes: &mut Vec<Change>) {
    match (bare(old), bare(new)) {
        (Value::Object(old), Value::Object(new)) => maps(old, new, path, changes),
        (Value::Array(old), Value::Array(new)) if has_names(old) && has_names(new) => {
            maps(&by_name(old), &by_name(new), path, changes);
        }
        (Value::Array(before), Value::Array(after))
            if before.iter().chain(after).any(is_nested) =>
        {
            let by_position = |items: &[Value]| -> Map<String, Value> {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| (position(index), item.clone()))
                    .collect()
            };
            maps(&by_position(before), &by_position(after), path, changes);
        }
        (old, new) if old == new => {}
        (old, new) => changes.push(Change {
            path: path.clone(),
            title: String::new(),
            old: Some(words(old)),
            new: Some(words(new)),
        }),
    }
}

fn maps(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    path: &mut Vec<String>,
    changes: &mut Vec<Change>,
) {
    let before = changes.len();
    for (key, value) in old {
        path.push(key.clone());
        match new.get(key) {
            Some(other) => values(value, other, path, changes),
            None => whole(value, path, false, changes),
        }
        path.pop();
    }
    for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        path.push(key.clone());
        whole(value, path, true, changes);
        path.pop();
    }
    let common = |map: &Map<String, Value>, other: &Map<String, Value>| -> Vec<String> {
        map.keys()
            .filter(|key| other.contains_key(*key))
            .cloned()
            .collect()
    };
    let (old_order, new_order) = (common(old, new), common(new, old));
    // Where nothing else differs, the order is what does.
    if changes.len() == before && old_order != new_order {
        changes.push(Change {
            path: path.clone(),
            title: String::new(),
            old: Some(format!("次序：{}", old_order.join("、"))),
            new: Some(format!("次序：{}", new_order.join("、"))),
        });
    }
}

/// A value that one side only has, leaf by leaf.
fn whole(value: &Value, path: &mut Vec<String>, is_new: bool, changes: &mut Vec<Change>) {
    let value = bare(value);
    if let Value::Object(map) = value
        && !map.is_empty()
    {
        for (key, value) in map {
            path.push(key.clone());
            whole(value, path, is_new, changes);
            path.pop();
        }
        return;
    }
    let words = Some(words(value));
    let (old, new) = if is_new { (None, words) } else { (words, None) };
    changes.push(Change {
        path: path.clone(),
        title: String::new(),
        old,
        new,
    });
}

/// An indicator that has nothing but its target is that target.
fn bare(value: &Value) -> &Value {
    match value.as_object() {
        Some(map) if map.len() == 1 => map.get("target").unwrap_or(value),
        _ => value,
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Whether every item of a list has a name of its own.
fn has_names(items: &[Value]) -> bool {
    let names: BTreeSet<String> = items.iter().filter_map(name).collect();
    !items.is_empty() && names.len() == items.len()
}

/// What a person calls an item: its levels and its name.
fn name(item: &Value) -> Option<String> {
    let text = |key| item.get(key).and_then(Value::as_str);
    let levels = [text("level1"), text("level2")].into_iter().flatten();
    let name = text("name").or_else(|| text("level3"))?;
    Some(levels.chain([name]).collect::<Vec<_>>().join(" › "))
}

fn by_name(items: &[Value]) -> Map<String, Value> {
    items
        .iter()
        .filter_map(|item| Some((name(item)?, item.clone())))
        .collect()
}

/// A value as a person reads it.
fn words(value: &Value) -> String {
    match value {
        Value::Null => "（空白）".into(),
        Value::Bool(true) => "是".into(),
        Value::Bool(false) => "否".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) if !items.iter().any(is_nested) => {
            items.iter().map(words).collect::<Vec<_>>().join("、")
        }
        Value::Object(map) if map.is_empty() => "（没有内容）".into(),
        other => other.to_string(),
    }
}

/// A path in the form's words: titles where the schema has them. What stands
/// below `forms` is in the words of the form it belongs to.
fn title(path: &[String], schemas: &[Schema]) -> String {
    if let [forms, position, below @ ..] = path
        && forms == "forms"
        && let Some(schema) = nth(position).and_then(|index| schemas.get(index))
    {
        let form = schema.title([]).unwrap_or(position);
        return match below {
            [] => form.to_owned(),
            below => format!("{form} › {}", title(below, std::slice::from_ref(schema))),
        };
    }
    let named = (1..=path.len()).map(|end| {
        let (parent, key) = (&path[..end - 1], &path[end - 1]);
        let title = schemas.iter().find_map(|schema| {
            let mut steps = steps(schema, parent);
            let is_named = schema.names(steps.iter().copied()).contains(&key.as_str());
            steps.push(key);
            schema.title(steps).filter(|_| is_named)
        });
        title.unwrap_or(key).to_owned()
    });
    match path {
        [] => "整个项目".to_owned(),
        _ => named.collect::<Vec<_>>().join(" › "),
    }
}

/// A path as the schema knows it: items of lists have names here, and positions
/// there.
fn steps<'a>(schema: &Schema, path: &'a [String]) -> Vec<&'a str> {
    let mut steps: Vec<&str> = Vec::new();
    for key in path {
        let at = |step: &'a str| schema.descend(steps.iter().copied().chain([step]));
        let is_item = at(key).is_none() && at("0").is_some();
        steps.push(if is_item { "0" } else { key });
    }
    steps
}

/// How an item of a list is called that has no name of its own.
fn position(index: usize) -> String {
    format!("第{}项", index + 1)
}

/// The index of an item that is called so.
fn nth(position: &str) -> Option<usize> {
    let number = position.strip_prefix('第')?.strip_suffix('项')?;
    number.parse::<usize>().ok()?.checked_sub(1)
}
