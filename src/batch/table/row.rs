//! A row of a table → a project: its cells are a layer over the base, as a
//! file that `extends` it would be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::columns::{Column, resolve};
use super::fields::{INDICATORS, TARGET};
use super::{Mapping, Table, Written};
use crate::diagnostic::Diagnostic;
use crate::digest::{Digest, Digester};
use crate::error::Failure;
use crate::form::{Schema, Takes};
use crate::project::{Data, Entry, Map, Node, Project, parse_yaml};
use crate::source::{Location, Source};

/// A cell that says: leave this blank.
pub(in crate::batch) const BLANK: &str = "【空白】";
/// A cell that says: take away what is inherited.
pub(in crate::batch) const REMOVE: &str = "【去掉】";
/// Texts of a yes-or-no field.
pub(in crate::batch) const YES_NO: [&str; 2] = ["是", "否"];

/// A table and what its rows are laid over; shared by its rows.
#[derive(Debug)]
pub(in crate::batch) struct Filling {
    table: Table,
    columns: Vec<Column>,
    project: Project,
    form: Option<Written>,
    /// Of the header, the mapping and the form.
    digest: Digest,
    /// The batch file that names the table.
    batch: PathBuf,
}

/// A row of a table that is a project.
#[derive(Debug, Clone)]
pub struct Row {
    filling: Arc<Filling>,
    line: usize,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.filling, &other.filling) && self.line == other.line
    }
}

impl Eq for Row {}

impl Filling {
    /// Works out what the columns mean. `project` lies beneath each row.
    ///
    /// # Errors
    /// Rejected with what is wrong in the header or the mapping.
    pub(in crate::batch) fn new(
        batch: &Path,
        table: Table,
        mapping: Option<&Mapping>,
        project: Project,
        form: Option<Written>,
        schemas: &[Schema],
    ) -> Result<Self, Vec<Diagnostic>> {
        let columns = resolve(&table, mapping, schemas, &project.root)?;
        let mut digester = Digester::default();
        for column in &columns {
            digester.field(&column.header);
            digester.field(format!("{:?}", column.path));
            digester.field(column.split.as_deref().unwrap_or_default());
            let place = column.place.as_ref();
            digester.field(place.map_or(String::new(), |place| {
                format!("{} {}", place.word, place.key.text)
            }));
        }
        digester.field(form.as_ref().map_or("", |form| &form.text));
        let digest = digester.finish();
        Ok(Self {
            table,
            columns,
            project,
            form,
            digest,
            batch: batch.to_owned(),
        })
    }

    /// The columns' positions.
    fn is_used(&self, column: usize) -> bool {
        self.columns.iter().any(|known| known.index == column)
    }
}

/// The rows in which a column that is used says something.
pub(in crate::batch) fn rows(filling: &Arc<Filling>) -> impl Iterator<Item = Row> {
    let used: BTreeSet<usize> = filling.columns.iter().map(|column| column.index).collect();
    let lines = 0..filling.table.lines.len();
    lines
        .filter(move |line| {
            filling
                .table
                .cells(*line)
                .any(|(column, _)| used.contains(&column))
        })
        .map(|line| Row {
            filling: filling.clone(),
            line,
        })
}

impl Row {
    /// The project of this row.
    ///
    /// # Errors
    /// Rejected with everything that is wrong in its cells.
    pub(in crate::batch) fn load(&self) -> Result<Project, Failure> {
        let Filling { table, columns, .. } = &*self.filling;
        let source = table.source(self.line);
        let mut problems = self.faults(&source);
        let mut layer = Layer::new(&source);
        for column in columns {
            let Some(cell) = source.cell(column.index) else {
                continue;
            };
            match value(column, &cell) {
                Ok(value) => layer.put(column, value, &cell, &mut problems),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let layers = [layer.values, layer.places];
        let mut project = self
            .filling
            .project
            .overlaid(layers, &source, &table.path)?;
        if let Some(form) = &self.filling.form {
            project.default_form(&form.text, &form.at);
        }
        Ok(project)
    }

    /// What the reader found wrong in this row, and cells without a header.
    fn faults(&self, source: &Arc<Source>) -> Vec<Diagnostic> {
        let Filling { table, .. } = &*self.filling;
        let faults = table.faults(self.line).iter();
        let faults = faults.filter(|fault| {
            fault
                .column
                .is_none_or(|column| self.filling.is_used(column))
        });
        let mut found: Vec<Diagnostic> = faults
            .map(|fault| {
                let cell = fault.column.and_then(|column| source.cell(column));
                fault
                    .problem
                    .clone()
                    .at(cell.unwrap_or_else(|| Location::start_of(source)))
            })
            .collect();
        let headed = |column: usize| table.headers.iter().any(|(known, _)| *known == column);
        let stray = table.cells(self.line).find(|(column, _)| !headed(*column));
        if let Some(cell) = stray
            .and_then(|(column, _)| source.cell(column))
            .filter(|_| found.is_empty())
        {
            found.push(
                Diagnostic::error("table/no-header", "这一列没有列名，却写了内容")
                    .at(cell)
                    .hint("在第一行给这一列写上列名，或删去这一格"),
            );
        }
        found
    }

    /// The file and the row.
    pub(in crate::batch) fn subject(&self) -> String {
        self.subject_from(&self.filling.table.name)
    }

    /// The row, of a file that is called so.
    pub(in crate::batch) fn subject_from(&self, file: &str) -> String {
        let line = &self.filling.table.lines[self.line];
        let row = crate::source::row_name(line.number as usize);
        format!("{file} {row}")
    }

    /// The batch file that names the table.
    pub(in crate::batch) fn batch(&self) -> &Path {
        &self.filling.batch
    }

    /// The table's file.
    pub(in crate::batch) fn path(&self) -> &Path {
        &self.filling.table.path
    }

    /// What of the table decides its project: the cells that are used, the
    /// header, the mapping, the form of the batch file.
    pub(in crate::batch) fn digest(&self) -> Digest {
        let mut digester = Digester::default();
        digester.field(self.filling.digest);
        let cells: Vec<(usize, &str)> = self.filling.table.cells(self.line).collect();
        for (position, column) in self.filling.columns.iter().enumerate() {
            let found = cells.binary_search_by_key(&column.index, |(index, _)| *index);
            if let Ok(found) = found {
                digester.field((position as u64).to_le_bytes());
                digester.field(cells[found].1);
            }
        }
        digester.finish()
    }
}

/// What a cell says.
enum Value {
    Remove,
    Is(Node),
}

/// A cell's text as the value that its field takes.
fn value(column: &Column, cell: &Location) -> Result<Value, Vec<Diagnostic>> {
    let node = |data| Node {
        data,
        at: cell.clone(),
    };
    let text = cell.text();
    match text.trim() {
        REMOVE => return Ok(Value::Remove),
        BLANK => return Ok(Value::Is(node(Data::Blank))),
        _ => {}
    }
    Ok(Value::Is(match column.kind.takes {
        Takes::One {
            text: texts,
            number,
            boolean,
            ..
        } => {
            let trimmed = text.trim();
            let is_truth = boolean && !texts;
            node(match trimmed {
                "是" | "TRUE" | "true" if is_truth => Data::Bool(true),
                "否" | "FALSE" | "false" if is_truth => Data::Bool(false),
                _ if number && is_number(trimmed) => Data::Number(trimmed.to_owned()),
                _ => Data::Text(text.to_owned()),
            })
        }
        Takes::Texts { one } => {
            let has_lines = text.contains('\n');
            let separator = match &column.split {
                Some(split) => split.as_str(),
                None if has_lines => "\n",
                // A sentence has its own commas of enumeration.
                None if one => return Ok(Value::Is(node(Data::Text(text.to_owned())))),
                None => "、",
            };
            node(Data::List(items(cell, separator)))
        }
        Takes::Structure => parse_yaml(&Source::of_cell(cell))?,
    }))
}

/// The parts of a cell, each with its own place.
fn items(cell: &Location, separator: &str) -> Vec<Node> {
    let mut start = cell.range.start;
    let mut items = Vec::new();
    for part in cell.text().split(separator) {
        let text = part.trim();
        if !text.is_empty() {
            let offset = part.len() - part.trim_start().len();
            let from = start + offset;
            items.push(Node {
                data: Data::Text(text.to_owned()),
                at: Location::new(&cell.source, from..from + text.len()),
            });
        }
        start += part.len() + separator.len();
    }
    items
}

/// What YAML would take for a decimal number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && (whole == "0" || !whole.starts_with('0'))
}

/// The layers that a row is: what it says, then where that stands.
struct Layer {
    values: Node,
    places: Node,
    /// Paths that are filled or taken away, and by which cell.
    filled: Vec<(Vec<String>, Location, bool)>,
    row: Location,
}

impl Layer {
    fn new(source: &Arc<Source>) -> Self {
        let row = Location::start_of(source);
        let empty = || Node {
            data: Data::Map(Map::default()),
            at: row.clone(),
        };
        Self {
            values: empty(),
            places: empty(),
            filled: Vec::new(),
            row,
        }
    }

    fn put(
        &mut self,
        column: &Column,
        value: Value,
        cell: &Location,
        problems: &mut Vec<Diagnostic>,
    ) {
        let path = &column.path;
        let removes = matches!(value, Value::Remove);
        let other = self.filled.iter().find(|(known, _, removed)| {
            let nested = known.starts_with(path) || path.starts_with(known);
            known == path || nested && (removes || *removed)
        });
        if let Some((_, at, removed)) = other {
            let (code, message) = match removes || *removed {
                true => ("table/remove", format!("写了{REMOVE}，又给同一项填了别的")),
                false => (
                    "table/twice",
                    format!("`{}` 在这一行填了两次", path.join(".")),
                ),
            };
            problems.push(
                Diagnostic::error(code, message)
                    .at(cell.clone())
                    .field(path.join("."))
                    .related("先填在这里", at.clone()),
            );
            return;
        }
        self.filled.push((path.clone(), cell.clone(), removes));
        let value = match value {
            Value::Is(node) => node,
            Value::Remove => self.directive("remove", Data::Bool(true), cell, cell),
        };
        let is_indicator = path[0] == INDICATORS;
        insert(
            &mut self.values,
            path,
            value,
            (cell, &self.row),
            is_indicator,
        );
        if let Some(place) = column.place.as_ref().filter(|_| !removes) {
            let key = Data::Text(place.key.text.clone());
            let directive = self.directive(place.word, key, cell, &place.key.at);
            insert(
                &mut self.places,
                &path[..place.depth],
                directive,
                (cell, &self.row),
                false,
            );
        }
    }

    fn directive(&self, word: &str, data: Data, cell: &Location, at: &Location) -> Node {
        let entry = Entry {
            key: word.to_owned(),
            key_at: cell.clone(),
            value: Node {
                data,
                at: at.clone(),
            },
        };
        Node {
            data: Data::Map(Map(vec![entry])),
            at: cell.clone(),
        }
    }
}

/// Puts a value under a path; the groups above it stand where the row does. A
/// plain value of an indicator that has attributes as well is its `target`.
fn insert(
    node: &mut Node,
    path: &[String],
    value: Node,
    at: (&Location, &Location),
    is_indicator: bool,
) {
    let (cell, row) = at;
    let Some((key, below)) = path.split_first() else {
        match &mut node.data {
            Data::Map(map) if is_indicator && !map.0.is_empty() => map.0.insert(0, target(value)),
            _ => *node = value,
        }
        return;
    };
    if node.as_map().is_none() {
        let map = Node {
            data: Data::Map(Map::default()),
            at: node.at.clone(),
        };
        let old = std::mem::replace(node, map);
        if let Data::Map(map) = &mut node.data {
            map.0.push(target(old));
        }
    }
    let Data::Map(map) = &mut node.data else {
        return;
    };
    let position = map.position(key).unwrap_or_else(|| {
        map.0.push(Entry {
            key: key.clone(),
            key_at: if below.is_empty() {
                cell.clone()
            } else {
                row.clone()
            },
            value: Node {
                data: Data::Map(Map::default()),
                at: row.clone(),
            },
        });
        map.0.len() - 1
    });
    insert(&mut map.0[position].value, below, value, at, is_indicator);
}

fn target(value: Node) -> Entry {
    Entry {
        key: TARGET.to_owned(),
        key_at: value.at.clone(),
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_yaml_knows() {
        for text in ["0", "500", "-3", "235.50", "0.5", "12345678901234567890"] {
            assert!(is_number(text), "{text}");
        }
        for text in [
            "007", "1,280", "1e3", "≥90", "90%", "1.", ".5", "", "-", "一",
        ] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn items_know_their_places() {
        let source = Source::of_row("表.csv", None, 2, [(0, "甲、 乙、、丙")]);
        let cell = source.cell(0).unwrap();
        let found = items(&cell, "、");
        let texts: Vec<&str> = found.iter().map(|item| item.at.text()).collect();
        assert_eq!(texts, ["甲", "乙", "丙"]);
        assert_eq!(found[2].at.spot().unwrap(), "A2");
    }
}
