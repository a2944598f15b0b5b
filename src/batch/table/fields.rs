//! The columns a form wants: what its schema names, and one for each indicator
//! of a project that serves as pattern.
//!
//! A template is written with these headers, and a table without `columns` is
//! read by them: both ask here, so that they cannot differ.

use crate::form::{Kind, Schema};
use crate::project::{Data, Map, Node};

/// Between the words of a header that one word does not tell apart.
const JOINT: &str = "：";
/// The field that holds indicators.
pub(super) const INDICATORS: &str = "indicators";
/// The attribute that a plain value of an indicator is.
pub(super) const TARGET: &str = "target";

/// A column that a form wants.
#[derive(Debug, Clone)]
pub(in crate::batch) struct Field {
    /// What the column is called.
    pub(in crate::batch) header: String,
    /// Where its cells go.
    pub(in crate::batch) path: Vec<String>,
    /// Its names from the outermost group to the field.
    pub(in crate::batch) titles: Vec<String>,
    /// What it takes.
    pub(in crate::batch) kind: Kind,
    /// Whether a project must have it.
    pub(in crate::batch) required: bool,
}

/// The columns of a form. `pattern` gives the indicators, and which of their
/// attributes are filled in.
pub(in crate::batch) fn fields(schema: &Schema, pattern: &Node) -> Vec<Field> {
    let mut fields = Vec::new();
    for named in schema.fields() {
        let path: Vec<String> = named.path.split('.').map(str::to_owned).collect();
        let indicators = pattern.get(INDICATORS).filter(|_| named.path == INDICATORS);
        let before = fields.len();
        if let Some(node) = indicators {
            below(schema, node, &path, &[], &mut fields);
        }
        if fields.len() == before {
            fields.extend(field(schema, path, named.required));
        }
    }
    name(&mut fields);
    fields
}

/// One column for each value below a group of indicators.
fn below(
    schema: &Schema,
    node: &Node,
    path: &[String],
    titles: &[String],
    fields: &mut Vec<Field>,
) {
    let Data::Map(map) = &node.data else { return };
    for entry in &map.0 {
        let path: Vec<String> = path.iter().chain([&entry.key]).cloned().collect();
        let Some(kind) = schema.kind(path.iter().map(String::as_str)) else {
            continue;
        };
        let is_attribute = is_attribute(schema, &path);
        let own = match &kind.title {
            Some(title) if is_attribute && entry.key != TARGET => title.clone(),
            _ => entry.key.clone(),
        };
        let mut titles = titles.to_vec();
        // `甲指标` and not `甲指标：target`.
        if !(is_attribute && entry.key == TARGET) {
            titles.push(own);
        }
        let is_group = |map: &Map| !map.0.is_empty();
        if entry.value.as_map().is_some_and(is_group) {
            below(schema, &entry.value, &path, &titles, fields);
        } else {
            // An empty group is a column as well: it takes indicators of the
            // row's own.
            fields.push(Field {
                header: String::new(),
                path,
                titles,
                kind,
                required: false,
            });
        }
    }
}

/// Whether a path below the indicators ends at an attribute and not at a name.
pub(super) fn is_attribute(schema: &Schema, path: &[String]) -> bool {
    let Some((last, above)) = path.split_last() else {
        return false;
    };
    path[0] == INDICATORS
        && path.len() > 1
        && schema
            .names(above.iter().map(String::as_str))
            .contains(&last.as_str())
}

fn field(schema: &Schema, path: Vec<String>, required: bool) -> Option<Field> {
    let kind = schema.kind(path.iter().map(String::as_str))?;
    let titles = (1..=path.len()).map(|end| {
        let title = schema.title(path[..end].iter().map(String::as_str));
        title.unwrap_or(&path[end - 1]).to_owned()
    });
    Some(Field {
        header: String::new(),
        titles: titles.collect(),
        path,
        kind,
        required,
    })
}

/// Gives each column the shortest end of its titles that no other has; an
/// attribute of an indicator keeps the indicator's name before it.
fn name(fields: &mut [Field]) {
    let mut lengths: Vec<usize> = fields
        .iter()
        .map(|field| match field.path.first() {
            Some(first)
                if first == INDICATORS && field.titles.len() > 1 && field.is_named_by_two() =>
            {
                2
            }
            _ => 1,
        })
        .collect();
    loop {
        let names: Vec<String> = fields
            .iter()
            .zip(&lengths)
            .map(|(f, n)| f.last_titles(*n))
            .collect();
        let mut changed = false;
        for (index, field) in fields.iter().enumerate() {
            let is_double = names.iter().filter(|name| **name == names[index]).count() > 1;
            if is_double && lengths[index] < field.titles.len() {
                lengths[index] += 1;
                changed = true;
            }
        }
        if !changed {
            for (field, name) in fields.iter_mut().zip(names) {
                field.header = name;
            }
            break;
        }
    }
    // What its words do not tell apart, its path does.
    for index in 0..fields.len() {
        if fields[..index]
            .iter()
            .any(|other| other.header == fields[index].header)
        {
            fields[index].header = fields[index].path.join(".");
        }
    }
}

impl Field {
    fn last_titles(&self, count: usize) -> String {
        self.titles[self.titles.len().saturating_sub(count)..].join(JOINT)
    }

    /// Whether the last title is an attribute's and not the indicator's own.
    fn is_named_by_two(&self) -> bool {
        let last = self.path.last();
        last != self.titles.last() && last.is_some_and(|last| last != TARGET)
    }

    /// Where it is, in words.
    pub(in crate::batch) fn in_words(&self) -> String {
        self.titles.join(" → ")
    }
}
