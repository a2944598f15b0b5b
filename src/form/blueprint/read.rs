//! YAML → a blueprint: the cells are put into the grid, left to right and around
//! what reaches down from above, and everything that does not fit is said.

use std::path::Path;

use super::{Align, Blueprint, Cell, Content, Kind, Repeat, Row, Slot, Table, is_path};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::form::{Binding, Orientation, slips};
use crate::project::{self, Data, Node};
use crate::source::Location;

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

pub(in crate::form) fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.data) {
        Some(Data::List(items)) => items,
        _ => &[],
    }
}

pub(in crate::form) fn wrong(at: &Location, message: String) -> Diagnostic {
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
