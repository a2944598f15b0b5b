//! A blueprint: one description of a form's grid, from which both starter
//! templates are made.
//!
//! ```yaml
//! name: 某某资金绩效目标表
//! page: {orientation: portrait, ncols: 5, widths: [15, 17, 21, 30, 17]}
//! rows:
//!   r1: [[L, 项目名称, 1, 1], [D, project.name, 4, 1]]
//!   head: [[L, 绩效指标, 1, 2], [H, 一级指标, 1, 1], …]
//!   rep: [[D, l1, 1, 1], [D, l2, 1, 1], [D, l3, 1, 1], [D, target, 1, 1]]
//! ```
//!
//! A cell is `[kind, text or field, columns, rows]`; kinds are `T` band, `H`
//! column heading, `L` label, `D` data. A row called `rep`, or `task(rep)`,
//! repeats: over the indicators if it has `l1`, `l2` or `l3`, else over a list
//! of the project (`tasks`). A cell that spans into a repeating row grows with
//! it.

use std::path::Path;

use super::{Binding, Orientation};
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
    /// Column widths in proportion.
    pub widths: Vec<u32>,
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

/// What a row repeats over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// The indicators.
    Indicators,
    /// A list of the project; `item` names one in the row.
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
    at: Location,
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
    /// Fixed text.
    Text(String),
    /// A template expression, and the project's field it prints.
    Print {
        /// The expression.
        expression: String,
        /// Dotted path of the field.
        field: String,
    },
    /// The label of a group of indicators: level 1 or 2.
    Group(u8),
}

const KEYS: [&str; 8] = [
    "name",
    "title",
    "attachment",
    "jurisdiction",
    "year",
    "binding",
    "page",
    "rows",
];

impl Blueprint {
    /// Reads a blueprint; `grid` names one of several in a file.
    ///
    /// # Errors
    /// Rejected with everything that does not fit the grid.
    pub fn read(path: &Path, grid: Option<&str>) -> Result<Self, Failure> {
        let root = project::parse_yaml(&project::read(path)?)?;
        if root.get("rows").is_some() && grid.is_none() {
            return Ok(Self::from_node(&root)?);
        }
        let map = root.as_map();
        let names: Vec<&str> = map.into_iter().flat_map(|map| map.keys()).collect();
        let node = grid.and_then(|grid| map?.get(grid)).ok_or_else(|| {
            Error::Usage(format!("用 --grid 指明用哪一张表：{}", names.join("、")))
        })?;
        Ok(Self::from_node(node)?)
    }

    fn from_node(node: &Node) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        for entry in node.as_map().into_iter().flat_map(|map| &map.0) {
            if !KEYS.contains(&entry.key.as_str()) {
                problems.push(
                    wrong(&entry.key_at, format!("蓝图里没有 `{}`", entry.key))
                        .hint_likely(&entry.key, KEYS),
                );
            }
        }
        let text = |field: &str| node.get(field).and_then(Node::as_str).map(str::to_owned);
        let widths: Vec<u32> = list(node.get("page.widths"))
            .iter()
            .filter_map(|width| width.as_str()?.parse::<f64>().ok())
            .map(|width| (width * 100.0) as u32)
            .collect();
        if widths.is_empty() {
            problems.push(wrong(&node.at, "`page.widths` 应列出各列的宽度".into()));
            return Err(problems);
        }
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
            widths,
            rows: Vec::new(),
        };
        if blueprint.orientation == Orientation::Landscape && blueprint.binding == Binding::Gbt9704
        {
            let at = node.get("binding").map_or(&node.at, |node| &node.at);
            problems.push(wrong(at, "横向的页面目前只能用 `binding: plain`".into()));
        }
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
        blueprint.lay_rows(node, &headers, &mut problems);
        blueprint.reject_nested_fields(&mut problems);
        if problems.is_empty() {
            Ok(blueprint)
        } else {
            Err(problems)
        }
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
                let end = column + cell.colspan;
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
            if repeat.is_some() {
                self.grow_above(&slots, repeat.as_ref());
            }
            self.rows.push(Row {
                repeat,
                header: headers.contains(&entry.key.as_str()),
                slots,
            });
        }
    }

    /// Cells that reach into a repeating row grow with it.
    fn grow_above(&mut self, slots: &[Slot], repeat: Option<&Repeat>) {
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
                cell.rowspan -= 1;
                cell.grows = repeat.cloned();
            }
        }
    }

    /// A field is a value or holds others, not both.
    fn reject_nested_fields(&self, problems: &mut Vec<Diagnostic>) {
        let cells = || {
            let slots = self.rows.iter().flat_map(|row| &row.slots);
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

    /// The fields that data cells print, each once.
    pub fn fields(&self) -> Vec<PrintedField> {
        let mut fields: Vec<PrintedField> = Vec::new();
        for row in &self.rows {
            let mut label = String::new();
            for slot in &row.slots {
                let Slot::Cell(cell) = slot else { continue };
                match &cell.content {
                    Content::Text(text) if cell.kind != Kind::Data => label.clone_from(text),
                    Content::Print { expression, field }
                        if fields.iter().all(|known| known.path != *field) =>
                    {
                        fields.push(PrintedField {
                            path: field.clone(),
                            label: label.clone(),
                            repeat: row.repeat.clone(),
                            is_list: expression.contains("| join("),
                        });
                    }
                    _ => {}
                }
            }
        }
        fields
    }
}

/// A field that a data cell prints.
#[derive(Debug)]
pub struct PrintedField {
    /// Dotted path.
    pub path: String,
    /// The label before its cell.
    pub label: String,
    /// What its row repeats over.
    pub repeat: Option<Repeat>,
    /// Whether it is printed as a list.
    pub is_list: bool,
}

fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.data) {
        Some(Data::List(items)) => items,
        _ => &[],
    }
}

fn wrong(at: &Location, message: String) -> Diagnostic {
    Diagnostic::error("form/blueprint", message).at(at.clone())
}

fn repeat_of(key: &str, cells: &[&Node]) -> Option<Repeat> {
    let name = match key {
        "rep" => "item",
        key => key.strip_suffix("(rep)")?,
    };
    let texts = cells
        .iter()
        .filter_map(|cell| list(Some(cell)).get(1)?.as_str());
    let of_indicators = texts.into_iter().any(|text| {
        ["l1", "l2", "l3"]
            .iter()
            .any(|level| text.split('.').next() == Some(level))
    });
    Some(if of_indicators {
        Repeat::Indicators
    } else {
        Repeat::List {
            list: format!("{name}s"),
            item: name.to_owned(),
        }
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
    Some(Cell {
        content: content(kind, text, repeat),
        kind,
        column,
        colspan: span(2),
        rowspan: span(3),
        grows: None,
        at: node.at.clone(),
    })
}

/// Data that looks like a field prints it; everything else is fixed text, in
/// which `{year}` is a field.
fn content(kind: Kind, text: &str, repeat: Option<&Repeat>) -> Content {
    let (path, note) = text.split_once('(').unwrap_or((text, ""));
    let path = path.trim_end_matches(".raw");
    let is_field = !path.is_empty()
        && path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if kind != Kind::Data || !is_field {
        return Content::Text(text.to_owned());
    }
    if *path == *"l1" || *path == *"l2" {
        return Content::Group(if path == "l1" { 1 } else { 2 });
    }
    let mut expression = match repeat {
        None => path.to_owned(),
        Some(Repeat::List { item, .. }) if path.starts_with(&format!("{item}.")) => path.to_owned(),
        Some(Repeat::List { item, .. }) => format!("{item}.{path}"),
        Some(Repeat::Indicators) => format!(
            "row.{}",
            match path {
                "l3" => "name".to_owned(),
                path => path
                    .replace("l1.", "level1.")
                    .replace("l2.", "level2.")
                    .replace("l3.", ""),
            }
        ),
    };
    let field = expression.clone();
    let separator = note.strip_prefix("join ");
    if let Some(separator) = separator.or((path == "departments").then_some("、")) {
        let separator = separator.trim_end_matches(')');
        expression.push_str(&format!(" | join(\"{separator}\")"));
    }
    Content::Print { expression, field }
}

impl Content {
    /// The template text of a cell's content, the same for both outputs.
    pub fn template(&self) -> String {
        match self {
            Self::Text(text) => text.replace("{year}", "{{ year }}"),
            Self::Print { expression, .. } => format!("{{{{ {expression} }}}}"),
            Self::Group(level) => format!("{{{{ row.level{level} }}}}"),
        }
    }
}

impl Repeat {
    /// The expression a template loops over, and the name of one turn.
    pub fn loop_over(&self) -> (String, &str) {
        match self {
            Self::Indicators => ("indicators | rows".to_owned(), "row"),
            Self::List { list, item } => (list.clone(), item),
        }
    }
}
