//! A blueprint: one description of a form's grid, from which both starter
//! templates are made.
//!
//! ```yaml
//! name: 某某资金绩效目标表
//! page: {orientation: portrait, widths: [15, 17, 21, 30, 17]}
//! rows:
//!   r1: [[L, 项目名称, 1, 1], [D, project.name, 4, 1]]
//!   head: [[L, 绩效指标, 1, 2], [H, 一级指标, 1, 1], …]
//!   rep: [[D, l1, 1, 1], [D, l2, 1, 1], [D, l3, 1, 1], [D, target, 1, 1]]
//! ```
//!
//! A cell is `[kind, text or field, columns, rows]`; kinds are `T` band, `H`
//! column heading, `L` label, `D` data. A text may hold fields: `{year}年`. A
//! fifth part says more of a cell:
//!
//! | | |
//! | --- | --- |
//! | `align: left`, `right` | otherwise centred |
//! | `filter: money(2)` | what the field goes through |
//! | `stacked: true` | one character a line |
//! | `print: "{{ … }}"` | the template text, where a field is not enough |
//! | `key: row.rule` | merges down while this key of the row stays the same |
//!
//! `field(paragraphs)` is a list of paragraphs, `field(join 、)` a list on a line.
//!
//! A row called `rep`, or `task(rep)`, repeats: over the indicators if it has
//! `l1`, `l2` or `l3` (`rep(merge rule)` makes a key of an attribute), else over
//! a list of the project (`tasks`); `project(rep unit.projects)` repeats within
//! each `unit`. A cell that spans into a repeating row grows with it.
//!
//! Several grids of a file can be one form: its tables, one below another.

mod read;

use super::{Binding, Orientation};
use crate::diagnostic::Diagnostic;
use crate::source::Location;
pub(super) use read::{list, wrong};

/// A form's grid and what stands around it.
#[derive(Debug)]
pub struct Blueprint {
    /// The title; `{year}` stands for the project's year.
    pub title: String,
    /// The label above the title, such as `附件2`.
    pub attachment: Option<String>,
    /// The authority's territory.
    pub jurisdiction: String,
    /// The budget year.
    pub year: u16,
    /// Paper orientation.
    pub orientation: Orientation,
    /// Page layout.
    pub binding: Binding,
    /// A line below the title, such as `（{year}年度）`.
    pub subtitle: Option<String>,
    /// The line above the first table: its left and its right end.
    pub above: Option<(String, String)>,
    /// What stands below the last table.
    pub note: Option<String>,
    /// Whether Word breaks pages where the PDF does, and labels stand again.
    pub same_pages: bool,
    /// The tables, top to bottom.
    pub tables: Vec<Table>,
}

/// One table.
#[derive(Debug)]
pub struct Table {
    /// Column widths in proportion, in hundredths.
    pub widths: Vec<u32>,
    /// Size of its type in half points.
    pub half_points: usize,
    /// The rows, top to bottom.
    pub rows: Vec<Row>,
}

/// One row of the grid.
#[derive(Debug)]
pub struct Row {
    /// What it repeats over, if it does.
    pub repeat: Option<Repeat>,
    /// Whether it is a heading to print again on each new page.
    pub header: bool,
    /// Its cells and what covers it, left to right.
    pub slots: Vec<Slot>,
}

impl Row {
    /// Whether it is one band over the whole table.
    pub fn is_band(&self) -> bool {
        matches!(self.slots.as_slice(), [Slot::Cell(cell)] if cell.kind == Kind::Band)
    }

    /// Whether it holds nothing but headings of its own.
    pub fn is_heading(&self) -> bool {
        self.slots.iter().all(|slot| {
            matches!(slot, Slot::Cell(cell) if cell.kind == Kind::Heading && cell.rowspan == 1)
        })
    }
}

/// What a row repeats over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// The indicators.
    Indicators {
        /// An attribute to merge by.
        merge: Option<String>,
    },
    /// A list of the project, or of the item of a row above; `item` names one
    /// in the row.
    List {
        /// The list's field.
        list: String,
        /// An item of it.
        item: String,
    },
}

/// A place in a row: a cell that begins here, or one that reaches down to here.
#[derive(Debug)]
pub enum Slot {
    /// A cell begins.
    Cell(Cell),
    /// A cell from above covers these columns.
    Covered {
        /// First column, from 0.
        column: usize,
        /// Number of columns.
        colspan: usize,
    },
}

/// One cell.
#[derive(Debug)]
pub struct Cell {
    /// What the cell is.
    pub kind: Kind,
    /// What stands in it.
    pub content: Content,
    /// First column, from 0.
    pub column: usize,
    /// Number of columns.
    pub colspan: usize,
    /// Number of rows that do not repeat.
    pub rowspan: usize,
    /// What it grows with, if it spans into a repeating row.
    pub grows: Option<Repeat>,
    /// Where its lines begin; centred if nothing is said.
    pub align: Option<Align>,
    /// Whether its characters stand below each other.
    pub stacked: bool,
    at: Location,
}

/// Where the lines of a cell begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left.
    Left,
    /// At the right.
    Right,
}

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A band over several columns.
    Band,
    /// The heading of a column.
    Heading,
    /// The label of a row.
    Label,
    /// A value of the project.
    Data,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text, in which `{field}` is a field.
    Text(String),
    /// A template expression, and the project's field it prints.
    Print {
        /// The expression.
        expression: String,
        /// Dotted path of the field.
        field: String,
    },
    /// A list of paragraphs.
    Paragraphs(String),
    /// Template text as it stands.
    Template(String),
    /// One cell for rows that follow each other with the same key.
    Merged {
        /// The key: an expression such as `row.level1`.
        key: String,
        /// Template text.
        text: String,
    },
}

impl Blueprint {
    /// Whether its pages lie in a document that is bound upright.
    pub fn is_turned(&self) -> bool {
        (self.orientation, self.binding) == (Orientation::Landscape, Binding::Gbt9704)
    }

    /// What cells print of a group of indicators besides its name.
    pub fn group_attributes(&self, level: &str) -> Vec<String> {
        let start = format!("row.{level}.");
        let mut names: Vec<String> = Vec::new();
        for slot in self.rows().flat_map(|row| &row.slots) {
            let Slot::Cell(Cell { content, .. }) = slot else {
                continue;
            };
            let (Content::Merged { text, .. } | Content::Template(text)) = content else {
                continue;
            };
            for after in text.split(&start).skip(1) {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = &after[..end.unwrap_or(after.len())];
                let own = ["text", "key", "span", "first"].contains(&name);
                if !own && !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }

    /// All rows of all tables.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.tables.iter().flat_map(|table| &table.rows)
    }

    /// A field is a value or holds others, not both.
    fn reject_nested_fields(&self, problems: &mut Vec<Diagnostic>) {
        let cells = || {
            let slots = self.rows().flat_map(|row| &row.slots);
            slots.filter_map(|slot| match slot {
                Slot::Cell(cell) => match &cell.content {
                    Content::Print { field, .. } => Some((field, cell)),
                    _ => None,
                },
                Slot::Covered { .. } => None,
            })
        };
        for (field, cell) in cells() {
            let holds = cells().any(|(other, _)| other.starts_with(&format!("{field}.")));
            if holds {
                problems.push(wrong(
                    &cell.at,
                    format!("`{field}` 不能既是一个值，又含有别的字段"),
                ));
            }
        }
    }

    /// The fields that cells print, each once.
    pub fn fields(&self) -> Vec<PrintedField> {
        let mut fields: Vec<PrintedField> = Vec::new();
        for table in &self.tables {
            let mut headings = vec![""; table.widths.len()];
            for row in &table.rows {
                self.fields_of(row, &mut headings, &mut fields);
            }
        }
        fields
    }

    /// The fields of one row; `headings` holds the last one above each column.
    fn fields_of<'a>(
        &self,
        row: &'a Row,
        headings: &mut [&'a str],
        fields: &mut Vec<PrintedField>,
    ) {
        let mut label = "";
        for slot in &row.slots {
            let Slot::Cell(cell) = slot else { continue };
            let printed: Vec<(&str, Option<Holds>)> = match &cell.content {
                Content::Text(text) => {
                    match cell.kind {
                        Kind::Label if !text.contains('{') => label = text,
                        Kind::Heading => {
                            headings[cell.column..cell.column + cell.colspan].fill(text);
                        }
                        _ => {}
                    }
                    let named = pieces(text).filter_map(|(_, field)| Some((field?, None)));
                    named.collect()
                }
                Content::Print { expression, field } => vec![(field, holds(expression))],
                Content::Paragraphs(field) => vec![(field, Some(Holds::Paragraphs))],
                Content::Template(_) | Content::Merged { .. } => Vec::new(),
            };
            // What repeats stands below a heading, all else beside a label.
            let heading = headings[cell.column];
            let title = match (row.repeat.is_some(), heading, label) {
                (true, heading, _) if !heading.is_empty() => heading,
                (_, heading, "") => heading,
                (_, _, label) => label,
            };
            for (path, holds) in printed {
                if path != "year" && fields.iter().all(|known| known.path != path) {
                    let summed = self.sums(path, row.repeat.as_ref());
                    fields.push(PrintedField {
                        path: path.to_owned(),
                        label: title.to_owned(),
                        repeat: row.repeat.clone(),
                        holds: match summed {
                            true => Holds::Amount,
                            false => holds.unwrap_or(Holds::Value),
                        },
                    });
                }
            }
        }
    }

    /// Whether some cell adds this field of a list up.
    fn sums(&self, path: &str, repeat: Option<&Repeat>) -> bool {
        let Some(Repeat::List { item, .. }) = repeat else {
            return false;
        };
        let name = path.strip_prefix(&format!("{item}.")).unwrap_or(path);
        let sums = ['"', '\''].map(|quote| format!("sum(attribute={quote}{name}{quote})"));
        let mut texts = self.texts();
        texts.any(|text| sums.iter().any(|sum| text.contains(sum)))
    }

    /// The template texts of the title, of what stands around the tables, and
    /// of the cells.
    fn texts(&self) -> impl Iterator<Item = String> {
        let above = self.above.iter().flat_map(|(left, right)| [left, right]);
        let around = [
            Some(&self.title),
            self.subtitle.as_ref(),
            self.note.as_ref(),
        ];
        let around = around.into_iter().flatten().chain(above);
        let cells = self.rows().flat_map(|row| &row.slots);
        let cells = cells.filter_map(|slot| match slot {
            Slot::Cell(cell) => Some(cell.content.template()),
            Slot::Covered { .. } => None,
        });
        around
            .map(|text| with_fields(text, str::to_owned))
            .chain(cells)
    }

    /// Whether this field of the project shows anywhere on paper.
    pub fn shows(&self, field: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let names = |text: &str| text.split(|c| !is_part(c)).any(|word| word == field);
        self.texts().any(|text| names(&text))
    }

    /// What the label beside the rows of a list says, if there is one.
    pub fn label_of(&self, list: &str) -> Option<&str> {
        let mut cells = self.rows().flat_map(|row| &row.slots);
        cells.find_map(|slot| match slot {
            Slot::Cell(Cell {
                content: Content::Text(text),
                grows: Some(Repeat::List { list: own, .. }),
                ..
            }) if own == list => Some(text.as_str()),
            _ => None,
        })
    }
}

/// What an expression's filters tell of its field.
fn holds(expression: &str) -> Option<Holds> {
    let filters: Vec<&str> = expression.split('|').skip(1).map(str::trim).collect();
    let has = |name: &str| filters.iter().any(|filter| filter.starts_with(name));
    match () {
        () if has("join") => Some(Holds::List),
        () if has("checkbox") => Some(Holds::Truth),
        () if has("money") => Some(Holds::Amount),
        () => None,
    }
}

/// A text's pieces: words, and the field after them.
fn pieces(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    text.split_inclusive('}').map(|piece| {
        let field = piece
            .strip_suffix('}')
            .and_then(|piece| piece.split_once('{'));
        match field {
            Some((words, field)) if is_path(field) => (words, Some(field)),
            _ => (piece, None),
        }
    })
}

pub(super) fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

/// Text with `{field}`s as template text; `escape` makes markup of the words.
pub fn with_fields(text: &str, escape: impl Fn(&str) -> String) -> String {
    let written = pieces(text).map(|(words, field)| match field {
        Some(field) => format!("{}{{{{ {field} }}}}", escape(words)),
        None => escape(words),
    });
    written.collect()
}

/// A field that a data cell prints.
#[derive(Debug)]
pub struct PrintedField {
    /// Dotted path.
    pub path: String,
    /// The label before its cell, or the heading above.
    pub label: String,
    /// What its row repeats over.
    pub repeat: Option<Repeat>,
    /// What it holds, as far as the cell tells.
    pub holds: Holds,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A text or a number.
    Value,
    /// A list of texts on one line.
    List,
    /// A text, or a list of paragraphs.
    Paragraphs,
    /// Yes or no.
    Truth,
    /// An amount of money.
    Amount,
}

impl Content {
    /// The template text of a cell's content, the same for both outputs.
    pub fn template(&self) -> String {
        match self {
            Self::Text(text) => with_fields(text, str::to_owned),
            Self::Print { expression, .. } => format!("{{{{ {expression} }}}}"),
            Self::Paragraphs(field) => format!("{{{{ {field} | join(\"\\n\") }}}}"),
            Self::Template(text) | Self::Merged { text, .. } => text.clone(),
        }
    }
}

impl Repeat {
    /// The expression a template loops over, and the name of one turn.
    pub fn loop_over(&self) -> (String, &str) {
        match self {
            Self::Indicators { merge: None } => ("indicators | rows".to_owned(), "row"),
            Self::Indicators { merge: Some(name) } => {
                (format!("indicators | rows(merge=\"{name}\")"), "row")
            }
            Self::List { list, item } => (list.clone(), item),
        }
    }

    /// Whether it repeats within each turn of another.
    pub fn is_within(&self, outer: &Self) -> bool {
        match (self, outer) {
            (Self::List { list, .. }, Self::List { item, .. }) => {
                list.starts_with(&format!("{item}."))
            }
            _ => false,
        }
    }
}
