//! The indicator tree as rows with spans by key.
//!
//! Indicators are nested maps 一级 → 二级 → 三级, or a list of
//! `{level1, level2, name, target}`; both become the same rows. Each row has
//! `level1`, `level2` (a [`Label`]), `name`, `index`, `position` (counted within
//! its 二级) and the attributes of an indicator, blank where the project leaves
//! them out. A 二级 that is left blank is a row without a name; one that is
//! `{}` has no row.
//!
//! `rows(merge="rule")` makes labels of an attribute, too: rows that follow each
//! other and have the same one share a cell. A row without one has its group's.
//!
//! Groups are told apart by their place in the tree, never by their text: two
//! neighbours of the same name stay two.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, ObjectRepr, Value, ValueKind};
use minijinja::{Error, ErrorKind};

/// What an indicator may carry besides its name, whatever the form; a form's
/// schema may name more.
const ATTRIBUTES: [&str; 9] = [
    "target", "weight", "actual", "score", "reason", "unit", "rule", "evidence", "note",
];

/// The attributes of a form's indicators, and of their groups.
#[derive(Debug, Clone)]
pub(super) struct Attributes(Arc<[String]>);

impl Attributes {
    /// With those that the form's schema names.
    pub(super) fn with(declared: &[String]) -> Self {
        let fixed = ATTRIBUTES.iter().map(|name| (*name).to_owned());
        let more = declared
            .iter()
            .filter(|name| !ATTRIBUTES.contains(&name.as_str()));
        Self(fixed.chain(more.cloned()).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }

    /// A group's own attributes: plain values under an attribute's name.
    fn of_group(&self, group: &Value) -> Result<Vec<(String, Value)>, Error> {
        let mut all = entries(group)?;
        all.retain(|entry| self.holds(entry));
        Ok(all)
    }

    /// What a group holds besides its attributes.
    fn members(&self, group: &Value) -> Result<Vec<(String, Value)>, Error> {
        let mut all = entries(group)?;
        all.retain(|entry| !self.holds(entry));
        Ok(all)
    }

    fn holds(&self, (name, value): &(String, Value)) -> bool {
        self.has(name) && value.kind() != ValueKind::Map
    }
}

/// What a row and its labels have, for hints.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let fixed = [
        "index", "position", "level1", "level2", "name", "text", "key", "span", "first",
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
    pub(super) key: String,
    span: usize,
    pub(super) first: bool,
    attributes: Vec<(String, Value)>,
    known: Attributes,
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
                    .or_else(|| self.known.has(name).then(|| Value::from(())))
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
pub(super) fn rows(
    tree: &Value,
    options: &Kwargs,
    attributes: &Attributes,
) -> Result<Value, Error> {
    let merge: Option<String> = options.get("merge")?;
    options.assert_all_used()?;
    let rows = match tree.kind() {
        ValueKind::Map => from_maps(tree, attributes)?,
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
    let level = |level: usize| {
        let groups = rows.iter().map(|row| row.levels[level].clone());
        labels(groups.collect(), attributes)
    };
    let (level1, level2) = (level(0), level(1));
    let merged = merge.as_deref().map(|name| {
        let groups = rows.iter().enumerate();
        let groups = groups.map(|(index, row)| row.group_by(name, index));
        (name, labels(groups.collect(), attributes))
    });
    let mut position = 0;
    let values = rows.into_iter().enumerate().map(|(index, row)| {
        let is_first = level2[index].1;
        position = if is_first { 1 } else { position + 1 };
        let blanks = attributes
            .0
            .iter()
            .map(|name| (name.clone(), Value::from(())));
        let fixed = [
            ("index".to_owned(), Value::from(index + 1)),
            ("position".to_owned(), Value::from(position)),
            ("level1".to_owned(), level1[index].0.clone()),
            ("level2".to_owned(), level2[index].0.clone()),
            ("name".to_owned(), Value::from(row.name)),
        ];
        let merged = merged
            .iter()
            .map(|(name, labels)| ((*name).to_owned(), labels[index].0.clone()));
        // What comes later counts.
        Value::from_pairs(blanks.chain(row.attributes).chain(merged).chain(fixed))
    });
    Ok(values.collect())
}

impl Row {
    /// The row's own attribute, else its group's, as a group of rows.
    fn group_by(&self, name: &str, index: usize) -> Group {
        let groups = self.levels.iter().rev().map(|group| &group.attributes);
        let found = std::iter::once(&self.attributes)
            .chain(groups)
            .find_map(|all| {
                all.iter()
                    .find(|(known, value)| known == name && !value.is_none())
            });
        let text = found.map_or(String::new(), |(_, value)| value.to_string());
        Group {
            // What has none shares nothing.
            key: match found {
                Some(_) => format!("={text}"),
                None => index.to_string(),
            },
            text,
            attributes: Vec::new(),
        }
    }
}

/// The labels of groups, row by row, and whether each begins its group.
fn labels(groups: Vec<Group>, known: &Attributes) -> Vec<(Value, bool)> {
    groups
        .chunk_by(|a, b| a.key == b.key)
        .flat_map(|run| {
            let group = &run[0];
            (0..run.len()).map(|index| {
                let label = Label {
                    text: group.text.clone(),
                    key: group.key.clone(),
                    span: run.len(),
                    first: index == 0,
                    attributes: group.attributes.clone(),
                    known: known.clone(),
                };
                (Value::from_object(label), index == 0)
            })
        })
        .collect()
}

fn from_maps(tree: &Value, attributes: &Attributes) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for (i, (name, groups)) in entries(tree)?.into_iter().enumerate() {
        let level1 = Group {
            text: name,
            key: i.to_string(),
            attributes: attributes.of_group(&groups)?,
        };
        for (j, (name, value)) in attributes.members(&groups)?.into_iter().enumerate() {
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
                attributes: attributes.of_group(&value)?,
            };
            if value.is_none() {
                rows.push(row([level1.clone(), level2], String::new(), &value)?);
                continue;
            }
            for (name, leaf) in attributes.members(&value)? {
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

    fn rows_of(yaml: &str, merge: &str) -> Value {
        let json: serde_json::Value = serde_yaml::from_str(yaml).unwrap();
        let value = Value::from(minijinja::value::Serde(json));
        let merge = (!merge.is_empty()).then(|| ("merge", Value::from(merge)));
        let declared = ["share".to_owned()];
        let options = Kwargs::from_iter(merge);
        rows(&value, &options, &Attributes::with(&declared)).unwrap()
    }

    #[test]
    fn a_blank_group_is_a_row_and_an_empty_one_is_none() {
        let yaml = "效益: {社会: {甲: 1}, 持续: , 生态: {}}";
        assert_eq!(table(yaml), ["效益×2 社会×1 甲 1", "^ 持续×1  None"]);
    }

    #[test]
    fn positions_count_within_a_group_and_declared_attributes_are_none_of_its_members() {
        let rows = rows_of(
            "产出: {share: 40/n, 数量: {甲: 1, 乙: 2}, 质量: {丙: 3}}",
            "",
        );
        let rows: Vec<Value> = rows.try_iter().unwrap().collect();
        let positions: Vec<String> = rows
            .iter()
            .map(|r| r.get_attr("position").unwrap().to_string())
            .collect();
        assert_eq!(positions, ["1", "2", "1"]);
        let share =
            |row: &Value, level: &str| row.get_attr(level).unwrap().get_attr("share").unwrap();
        assert_eq!(share(&rows[0], "level1").to_string(), "40/n");
        assert!(share(&rows[0], "level2").is_none());
    }

    #[test]
    fn rows_merge_by_an_attribute_that_groups_hand_down() {
        let yaml = "产出: {rule: 甲法, 数量: {甲: 1, 乙: {target: 2, rule: 乙法}}}\n效益: {rule: 甲法, 社会: {丙: 3}, 经济: {rule: 甲法, 丁: 4}}";
        let rows = rows_of(yaml, "rule");
        let rules: Vec<String> = rows
            .try_iter()
            .unwrap()
            .map(|row| {
                let rule = row.get_attr("rule").unwrap();
                format!(
                    "{rule}{}{}",
                    rule.get_attr("first").unwrap(),
                    rule.get_attr("span").unwrap()
                )
            })
            .collect();
        assert_eq!(rules, ["甲法True1", "乙法True1", "甲法True2", "甲法False2"]);
    }

    fn table(yaml: &str) -> Vec<String> {
        let rows = rows_of(yaml, "");
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
