//! The indicator tree as rows with spans by key.
//!
//! Indicators are nested maps 一级 → 二级 → 三级, or a list of
//! `{level1, level2, name, target}`; both become the same rows. Each row has
//! `level1`, `level2` (a [`Label`]), `name`, `index` and the attributes of an
//! indicator, blank where the project leaves them out. A group without
//! indicators has no row.
//!
//! Groups are told apart by their place in the tree, never by their text: two
//! neighbours of the same name stay two.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value, ValueKind};
use minijinja::{Error, ErrorKind};

/// What an indicator may carry besides its name.
const ATTRIBUTES: [&str; 9] = [
    "target", "weight", "actual", "score", "reason", "unit", "rule", "evidence", "note",
];

/// What a row and its labels have, for hints.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let fixed = [
        "index", "level1", "level2", "name", "text", "key", "span", "first",
    ];
    fixed.into_iter().chain(ATTRIBUTES)
}

/// A 一级 or 二级 label in one row. Prints as its name.
///
/// Attributes for templates: `text`, `key`, `span` (rows the group covers),
/// `first` (whether this is the group's first row), and the group's own
/// attributes such as `weight`.
#[derive(Debug)]
pub(crate) struct Label {
    text: String,
    key: String,
    span: usize,
    pub(super) first: bool,
    attributes: Vec<(String, Value)>,
}

impl Object for Label {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "text" => Some(Value::from(self.text.as_str())),
            "key" => Some(Value::from(self.key.as_str())),
            "span" => Some(Value::from(self.span)),
            "first" => Some(Value::from(self.first)),
            name => {
                let own = self.attributes.iter().find(|(known, _)| known == name);
                own.map(|(_, value)| value.clone())
                    .or_else(|| ATTRIBUTES.contains(&name).then(|| Value::from(())))
            }
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A group at one level: its name and attributes, and where it stands.
#[derive(Clone, Default)]
struct Group {
    text: String,
    key: String,
    attributes: Vec<(String, Value)>,
}

struct Row {
    levels: [Group; 2],
    name: String,
    attributes: Vec<(String, Value)>,
}

/// The filter `rows`.
pub(super) fn rows(tree: &Value) -> Result<Value, Error> {
    let rows = match tree.kind() {
        ValueKind::Map => from_maps(tree)?,
        ValueKind::Seq | ValueKind::Iterable => from_list(tree)?,
        ValueKind::None => Vec::new(),
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        kind => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("rows needs the indicator tree, not a {kind}"),
            ));
        }
    };
    let labels: Vec<_> = labels(&rows, 0).into_iter().zip(labels(&rows, 1)).collect();
    Ok(rows
        .into_iter()
        .zip(labels)
        .enumerate()
        .map(|(index, (row, (level1, level2)))| {
            let blank = |name: &&str| !row.attributes.iter().any(|(known, _)| known == name);
            let blanks: Vec<_> = ATTRIBUTES.iter().filter(|n| blank(n)).copied().collect();
            let fixed = [
                ("index".to_owned(), Value::from(index + 1)),
                ("level1".to_owned(), level1),
                ("level2".to_owned(), level2),
                ("name".to_owned(), Value::from(row.name)),
            ];
            let blanks = blanks
                .into_iter()
                .map(|name| (name.to_owned(), Value::from(())));
            Value::from_pairs(fixed.into_iter().chain(row.attributes).chain(blanks))
        })
        .collect())
}

/// The labels of one level, row by row.
fn labels(rows: &[Row], level: usize) -> Vec<Value> {
    rows.chunk_by(|a, b| a.levels[level].key == b.levels[level].key)
        .flat_map(|run| {
            let group = &run[0].levels[level];
            (0..run.len()).map(|index| {
                Value::from_object(Label {
                    text: group.text.clone(),
                    key: group.key.clone(),
                    span: run.len(),
                    first: index == 0,
                    attributes: group.attributes.clone(),
                })
            })
        })
        .collect()
}

fn from_maps(tree: &Value) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for (i, (name, groups)) in entries(tree)?.into_iter().enumerate() {
        let level1 = Group {
            text: name,
            key: i.to_string(),
            attributes: group_attributes(&groups)?,
        };
        for (j, (name, value)) in members(&groups)?.into_iter().enumerate() {
            let key = format!("{i}.{j}");
            if is_leaf(&value) {
                // 一级 → 三级: a form without 二级.
                let level2 = Group {
                    key,
                    ..Group::default()
                };
                rows.push(row([level1.clone(), level2], name, &value)?);
                continue;
            }
            let level2 = Group {
                text: name,
                key,
                attributes: group_attributes(&value)?,
            };
            for (name, leaf) in members(&value)? {
                rows.push(row([level1.clone(), level2.clone()], name, &leaf)?);
            }
        }
    }
    Ok(rows)
}

fn from_list(list: &Value) -> Result<Vec<Row>, Error> {
    let mut rows: Vec<Row> = Vec::new();
    let mut counts = [0, 0];
    for item in list.try_iter()? {
        let text = |name: &str| -> Result<String, Error> {
            let value = item.get_attr(name)?;
            Ok(if value.is_undefined() || value.is_none() {
                String::new()
            } else {
                value.to_string()
            })
        };
        let names = [text("level1")?, text("level2")?];
        if let Some(last) = rows.last() {
            if last.levels[0].text != names[0] {
                counts[0] += 1;
                counts[1] += 1;
            } else if last.levels[1].text != names[1] {
                counts[1] += 1;
            }
        }
        let [level1, level2] = names;
        let levels = [
            Group {
                text: level1,
                key: counts[0].to_string(),
                attributes: Vec::new(),
            },
            Group {
                text: level2,
                key: counts[1].to_string(),
                attributes: Vec::new(),
            },
        ];
        let mut row = row(levels, text("name")?, &item)?;
        row.attributes
            .retain(|(name, _)| !["level1", "level2", "name"].contains(&name.as_str()));
        rows.push(row);
    }
    Ok(rows)
}

/// A leaf is the target as printed, or a map with the indicator's attributes.
fn row(levels: [Group; 2], name: String, leaf: &Value) -> Result<Row, Error> {
    let attributes = match leaf.kind() {
        ValueKind::Map => entries(leaf)?,
        _ => vec![("target".to_owned(), leaf.clone())],
    };
    Ok(Row {
        levels,
        name,
        attributes,
    })
}

fn is_leaf(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Map => value
            .get_attr("target")
            .is_ok_and(|target| !target.is_undefined()),
        ValueKind::None => false,
        _ => true,
    }
}

/// A group's own attributes: plain values under an attribute's name.
fn group_attributes(group: &Value) -> Result<Vec<(String, Value)>, Error> {
    let mut all = entries(group)?;
    all.retain(is_attribute);
    Ok(all)
}

fn members(group: &Value) -> Result<Vec<(String, Value)>, Error> {
    let mut all = entries(group)?;
    all.retain(|entry| !is_attribute(entry));
    Ok(all)
}

fn is_attribute((name, value): &(String, Value)) -> bool {
    ATTRIBUTES.contains(&name.as_str()) && value.kind() != ValueKind::Map
}

fn entries(map: &Value) -> Result<Vec<(String, Value)>, Error> {
    if map.kind() != ValueKind::Map {
        return Ok(Vec::new());
    }
    map.try_iter()?
        .map(|key| Ok((key.to_string(), map.get_item(&key)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(yaml: &str) -> Vec<String> {
        let json: serde_json::Value = serde_yaml::from_str(yaml).unwrap();
        let value = Value::from(minijinja::value::Serde(json));
        let rows = rows(&value).unwrap();
        rows.try_iter()
            .unwrap()
            .map(|row| {
                let level = |name: &str| {
                    let label = row.get_attr(name).unwrap();
                    match label.get_attr("first").unwrap().is_true() {
                        true => format!("{label}×{}", label.get_attr("span").unwrap()),
                        false => "^".into(),
                    }
                };
                format!(
                    "{} {} {} {}",
                    level("level1"),
                    level("level2"),
                    row.get_attr("name").unwrap(),
                    row.get_attr("target").unwrap()
                )
            })
            .collect()
    }

    #[test]
    fn nested_maps_become_rows_with_spans() {
        let yaml = "产出: {数量: {甲: 1, 乙: {target: 2, weight: 5}}, 质量: {丙: 3}}\n效益: {经济: {}, 社会: {丁: 4}}";
        assert_eq!(
            table(yaml),
            [
                "产出×3 数量×2 甲 1",
                "^ ^ 乙 2",
                "^ 质量×1 丙 3",
                "效益×1 社会×1 丁 4"
            ]
        );
    }

    #[test]
    fn equal_names_in_different_groups_do_not_merge() {
        let yaml = "产出: {指标: {甲: 1}}\n效益: {指标: {乙: 2}}";
        assert_eq!(table(yaml), ["产出×1 指标×1 甲 1", "效益×1 指标×1 乙 2"]);
    }

    #[test]
    fn a_list_says_the_same() {
        let yaml = "[{level1: 产出, level2: 数量, name: 甲, target: 1}, {level1: 产出, level2: 数量, name: 甲, target: 2}, {level1: 效益, level2: 数量, name: 丙, target: 3}]";
        assert_eq!(
            table(yaml),
            ["产出×2 数量×2 甲 1", "^ ^ 甲 2", "效益×1 数量×1 丙 3"]
        );
    }
}
