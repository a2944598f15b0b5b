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

use std::path::Path;

use super::{Binding, Orientation, slips};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::project::{self, Data, Node};
use crate::source::Location;

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

const KEYS: [&str; 11] = [
    "name",
    "title",
    "attachment",
    "jurisdiction",
    "year",
    "binding",
    "page",
    "subtitle",
    "above",
    "note",
    "rows",
];

impl Blueprint {
    /// Reads a blueprint; `grids` names one or some of several in a file, whose
    /// tables stand below each other. The first says what the page is like.
    ///
    /// # Errors
    /// Rejected with everything that does not fit the grid.
    pub fn read(path: &Path, grids: &[String]) -> Result<Self, Failure> {
        let root = project::parse_yaml(&project::read(path)?)?;
        if root.get("rows").is_some() && grids.is_empty() {
            return Ok(Self::from_nodes(&[&root])?);
        }
        let map = root.as_map();
        let all = map.into_iter().flat_map(|map| &map.0);
        let known = all.filter(|entry| entry.value.get("rows").is_some());
        let known: Vec<&str> = known.map(|entry| entry.key.as_str()).collect();
        let usage = |words: String| match known.is_empty() {
            true => Error::Usage("蓝图里没有 `rows`".into()),
            false => Error::Usage(format!("{words}：{}", known.join("、"))),
        };
        if grids.is_empty() {
            let words = "蓝图里有几张表，用 --grid 指明用哪一张，可写多次";
            return Err(usage(words.into()).into());
        }
        let mut nodes = Vec::new();
        for grid in grids {
            let node = map.and_then(|map| map.get(grid));
            nodes.push(node.ok_or_else(|| usage(format!("蓝图里没有叫 {grid} 的表；有")))?);
        }
        Ok(Self::from_nodes(&nodes)?)
    }

    fn from_nodes(nodes: &[&Node]) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = slips::find(nodes);
        let node = nodes[0];
        let text = |field: &str| node.get(field).and_then(Node::as_str).map(str::to_owned);
        let pair = |node: &Node| match list(Some(node)) {
            [left, right] => Some((left.as_str()?.to_owned(), right.as_str()?.to_owned())),
            _ => None,
        };
        let is_true =
            |field: &str| matches!(node.get(field).map(|n| &n.data), Some(Data::Bool(true)));
        let mut blueprint = Self {
            title: text("title")
                .or_else(|| text("name"))
                .unwrap_or_else(|| "未命名".into()),
            attachment: text("attachment"),
            jurisdiction: text("jurisdiction").unwrap_or_default(),
            year: text("year")
                .and_then(|year| year.parse().ok())
                .unwrap_or(2024),
            orientation: match text("page.orientation").as_deref() {
                Some("landscape") => Orientation::Landscape,
                _ => Orientation::Portrait,
            },
            binding: match text("binding").as_deref() {
                Some(other) if !["gbt9704", "plain"].contains(&other) => {
                    let at = node.get("binding").map_or(&node.at, |node| &node.at);
                    problems.push(
                        wrong(at, "`binding` 只能是 gbt9704 或 plain".into())
                            .hint_likely(other, ["gbt9704", "plain"]),
                    );
                    Binding::Plain
                }
                Some("gbt9704") => Binding::Gbt9704,
                _ => Binding::Plain,
            },
            subtitle: text("subtitle"),
            above: node.get("above").and_then(|node| {
                let ends = pair(node);
                if ends.is_none() {
                    problems.push(wrong(&node.at, "`above` 写成 [左端, 右端]".into()));
                }
                ends
            }),
            note: text("note"),
            same_pages: is_true("page.restate_merged_labels_on_page") || is_true("page.same_pages"),
            tables: Vec::new(),
        };
        for node in nodes {
            let table = Table::from_node(node, &mut problems);
            blueprint.tables.extend(table);
        }
        blueprint.reject_nested_fields(&mut problems);
        if problems.is_empty() {
            Ok(blueprint)
        } else {
            Err(problems)
        }
    }
}

impl Table {
    fn from_node(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        for entry in node.as_map().into_iter().flat_map(|map| &map.0) {
            if !KEYS.contains(&entry.key.as_str()) {
                problems.push(
                    wrong(&entry.key_at, format!("蓝图里没有 `{}`", entry.key))
                        .hint_likely(&entry.key, KEYS),
                );
            }
        }
        let widths: Vec<u32> = list(node.get("page.widths"))
            .iter()
            .filter_map(|width| width.as_str()?.parse::<f64>().ok())
            .map(|width| (width * 100.0) as u32)
            .collect();
        if widths.iter().any(|width| !(1..=100_000).contains(width)) {
            problems.push(wrong(
                &node.at,
                "`page.widths` 里的列宽应是大于 0 的数".into(),
            ));
        }
        if widths.is_empty() {
            problems.push(wrong(&node.at, "`page.widths` 应列出各列的宽度".into()));
            return None;
        }
        let size = node
            .get("page.size")
            .and_then(|size| size.as_str()?.parse::<f64>().ok());
        let mut table = Self {
            widths,
            // 五号 unless the grid says otherwise.
            half_points: (size.unwrap_or(10.5) * 2.0).round() as usize,
            rows: Vec::new(),
        };
        let headers: Vec<&str> = list(node.get("page.repeat_header_rows"))
            .iter()
            .filter_map(Node::as_str)
            .collect();
        let rows: Vec<&str> = node
            .get("rows")
            .and_then(Node::as_map)
            .into_iter()
            .flat_map(|map| map.keys())
            .collect();
        for header in list(node.get("page.repeat_header_rows")) {
            let name = header.as_str().unwrap_or_default();
            if !rows.contains(&name) {
                problems.push(
                    wrong(&header.at, format!("没有叫 `{name}` 的行"))
                        .hint_likely(name, rows.iter().copied()),
                );
            }
        }
        table.lay_rows(node, &headers, problems);
        Some(table)
    }

    /// Puts the cells into the grid, left to right and around what reaches
    /// down from above.
    fn lay_rows(&mut self, node: &Node, headers: &[&str], problems: &mut Vec<Diagnostic>) {
        let count = self.widths.len();
        // For each column: how many more rows the cell above covers, and its
        // first column and width.
        let mut open: Vec<Option<(usize, usize, usize)>> = vec![None; count];
        let entries = node
            .get("rows")
            .and_then(Node::as_map)
            .map(|map| map.0.as_slice());
        for entry in entries.unwrap_or_default() {
            let cells: Vec<&Node> = list(Some(&entry.value)).iter().collect();
            for cell in &cells {
                let kind = list(Some(cell))
                    .first()
                    .and_then(Node::as_str)
                    .unwrap_or_default();
                if !["T", "H", "L", "D"].contains(&kind) {
                    let message = "每格写成 [T、H、L 或 D, 内容, 列数, 行数]".to_owned();
                    problems.push(wrong(&cell.at, message));
                }
            }
            let repeat = repeat_of(&entry.key, &cells);
            let mut slots = Vec::new();
            let mut column = 0;
            let mut cells = cells.into_iter();
            while column < count {
                if let Some((rows, first, colspan)) = open[column] {
                    slots.push(Slot::Covered {
                        column: first,
                        colspan,
                    });
                    let left = (rows > 1).then_some((rows - 1, first, colspan));
                    open[first..first + colspan].fill(left);
                    column += colspan;
                    continue;
                }
                let Some(cell) = cells
                    .next()
                    .and_then(|node| cell(node, column, repeat.as_ref()))
                else {
                    break;
                };
                let end = column.saturating_add(cell.colspan);
                if end > count || open[column..end].iter().any(Option::is_some) {
                    problems.push(wrong(
                        &cell.at,
                        "这一格超出了表格，或与上面跨行的格重叠".into(),
                    ));
                    break;
                }
                if cell.rowspan > 1 {
                    open[column..end].fill(Some((cell.rowspan - 1, column, cell.colspan)));
                }
                column = end;
                slots.push(Slot::Cell(cell));
            }
            if column < count || cells.next().is_some() {
                let message = format!("这一行应恰好占满 {count} 列");
                problems.push(wrong(&entry.key_at, message));
            }
            if let Some(repeat) = &repeat {
                self.grow_above(&slots, repeat, problems);
            }
            self.rows.push(Row {
                repeat,
                header: headers.contains(&entry.key.as_str()),
                slots,
            });
        }
        // A header row that comes back alone would leave a hole in its table.
        for (index, row) in self.rows.iter().enumerate().filter(|(_, row)| row.header) {
            let below = self.rows[index..]
                .iter()
                .take_while(|row| row.header)
                .count();
            for slot in &row.slots {
                if let Slot::Cell(cell) = slot
                    && (cell.rowspan > below || cell.grows.is_some())
                {
                    let message = "换页重印的行里，这一格不能跨到下面不重印的行".to_owned();
                    let problem = wrong(&cell.at, message);
                    problems.push(
                        problem
                            .hint("这一列另写一个标题，或者从 `repeat_header_rows` 里去掉这一行"),
                    );
                }
            }
        }
        if open.iter().any(Option::is_some)
            && let Some(last) = entries.unwrap_or_default().last()
        {
            let message = "上面有一格跨的行数超过了表格的最后一行".to_owned();
            problems.push(wrong(&last.key_at, message));
        }
    }

    /// Cells that reach into a repeating row grow with it.
    fn grow_above(&mut self, slots: &[Slot], repeat: &Repeat, problems: &mut Vec<Diagnostic>) {
        for slot in slots {
            let Slot::Covered { column, .. } = slot else {
                continue;
            };
            let cells = self.rows.iter_mut().rev().flat_map(|row| &mut row.slots);
            let above = cells.filter_map(|slot| match slot {
                Slot::Cell(cell) if cell.column == *column && cell.rowspan > 1 => Some(cell),
                _ => None,
            });
            if let Some(cell) = above.into_iter().next() {
                if cell.grows.is_some() {
                    let message = "一格不能向下跨过两处重复的行".to_owned();
                    problems.push(wrong(&cell.at, message));
                }
                cell.rowspan -= 1;
                cell.grows = Some(repeat.clone());
            }
        }
    }
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

pub(super) fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.data) {
        Some(Data::List(items)) => items,
        _ => &[],
    }
}

pub(super) fn wrong(at: &Location, message: String) -> Diagnostic {
    Diagnostic::error("form/blueprint", message).at(at.clone())
}

fn repeat_of(key: &str, cells: &[&Node]) -> Option<Repeat> {
    let (name, how) = match key {
        "rep" => ("item", ""),
        key => key.strip_suffix(')')?.split_once("(rep").or_else(|| {
            key.strip_prefix("rep(")
                .map(|how| ("item", how.trim_end_matches(')')))
        })?,
    };
    let texts = cells
        .iter()
        .filter_map(|cell| list(Some(cell)).get(1)?.as_str());
    let of_indicators = texts.into_iter().any(|text| {
        ["l1", "l2", "l3"]
            .iter()
            .any(|level| text.split('.').next() == Some(level))
    });
    Some(match (of_indicators, how.trim()) {
        (true, how) => Repeat::Indicators {
            merge: how.strip_prefix("merge ").map(str::to_owned),
        },
        (false, "") => Repeat::List {
            list: format!("{name}s"),
            item: name.to_owned(),
        },
        (false, list) => Repeat::List {
            list: list.to_owned(),
            item: name.to_owned(),
        },
    })
}

fn cell(node: &Node, column: usize, repeat: Option<&Repeat>) -> Option<Cell> {
    let parts = list(Some(node));
    let kind = match parts.first()?.as_str()? {
        "T" => Kind::Band,
        "H" => Kind::Heading,
        "L" => Kind::Label,
        "D" => Kind::Data,
        _ => return None,
    };
    let text = parts.get(1).and_then(Node::as_str).unwrap_or_default();
    let span = |index: usize| {
        parts
            .get(index)
            .and_then(|n| n.as_str()?.parse().ok())
            .filter(|n| *n > 0)
            .unwrap_or(1)
    };
    let option = |name: &str| parts.get(4)?.get(name);
    let words = |name: &str| option(name).and_then(Node::as_str);
    let mut content = match words("print") {
        Some(print) => Content::Template(print.to_owned()),
        None => content(kind, text, repeat, words("filter")),
    };
    if let Some(key) = words("key") {
        content = Content::Merged {
            key: key.to_owned(),
            text: content.template(),
        };
    }
    Some(Cell {
        content,
        kind,
        column,
        colspan: span(2),
        rowspan: span(3),
        grows: None,
        align: match words("align") {
            Some("left") => Some(Align::Left),
            Some("right") => Some(Align::Right),
            _ => None,
        },
        stacked: option("stacked").is_some_and(|node| matches!(node.data, Data::Bool(true))),
        at: node.at.clone(),
    })
}

/// Data that looks like a field prints it; everything else is text.
fn content(kind: Kind, text: &str, repeat: Option<&Repeat>, filter: Option<&str>) -> Content {
    let (path, note) = text.split_once('(').unwrap_or((text, ""));
    let path = path.trim_end_matches(".raw");
    if kind != Kind::Data || !is_path(path) {
        return Content::Text(text.to_owned());
    }
    let mut expression = match repeat {
        None => path.to_owned(),
        Some(Repeat::List { item, .. }) if path.starts_with(&format!("{item}.")) => path.to_owned(),
        Some(Repeat::List { item, .. }) => format!("{item}.{path}"),
        Some(Repeat::Indicators { .. }) => format!(
            "row.{}",
            match path {
                "l1" => "level1".to_owned(),
                "l2" => "level2".to_owned(),
                "l3" => "name".to_owned(),
                path => path
                    .replace("l1.", "level1.")
                    .replace("l2.", "level2.")
                    .replace("l3.", ""),
            }
        ),
    };
    // A group's name and attributes are one cell for the whole group.
    for level in ["row.level1", "row.level2"] {
        if expression.starts_with(level) {
            return Content::Merged {
                key: level.to_owned(),
                text: format!("{{{{ {expression} }}}}"),
            };
        }
    }
    let field = expression.clone();
    if note.starts_with("paragraphs") {
        return Content::Paragraphs(field);
    }
    let separator = note.strip_prefix("join ");
    if let Some(separator) = separator.or((path == "departments").then_some("、")) {
        let separator = separator.trim_end_matches(')');
        expression.push_str(&format!(" | join(\"{separator}\")"));
    }
    if let Some(filter) = filter {
        expression.push_str(&format!(" | {filter}"));
    }
    Content::Print { expression, field }
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
