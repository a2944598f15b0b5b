//! Tags about a cell: `vm`, `hm`, `colspan`, `cellbg`.

use super::super::outline::{Kind as Xml, Outline};
use super::edits::{Edits, Piece};
use crate::merge::tags::{Cell, Kind, Tag, cell_word};

/// The attribute in which a cell of a table whose columns may change bears its
/// place in the template's grid: `first column+columns`, and `!` if a tag says
/// how many columns there are.
pub(in crate::docx) const COLUMNS: &str = "tianbao-columns";

/// Properties of a cell in the schema's order (CT_TcPr), as far as they come
/// before or are what a tag writes.
const ORDER: [&str; 8] = [
    "w:cnfStyle",
    "w:tcW",
    "w:gridSpan",
    "w:hMerge",
    "w:vMerge",
    "w:tcBorders",
    "w:shd",
    "w:noWrap",
];

/// A tag about a cell, and what is known of where it stands.
pub(super) struct CellTag<'a> {
    pub(super) tag: &'a Tag,
    pub(super) spot: &'a str,
    /// When its merges begin anew.
    pub(super) anew: Anew,
    /// Whether a loop of cells repeats it.
    pub(super) repeats: bool,
    /// What `{% colspan %}` of the same cell says.
    pub(super) colspan: Option<&'a str>,
}

/// When the vertical merges of a cell begin anew, whatever their key; loops go
/// by the numbers of their tags.
#[derive(Clone, Copy)]
pub(super) enum Anew {
    /// With a loop.
    With(usize),
    /// With each round of a loop.
    EachRound(usize),
    Never,
}

impl CellTag<'_> {
    /// The tag as its author wrote it.
    fn written(&self) -> String {
        let word = cell_word(self.tag.kind);
        format!("{{% {word} {} %}}", self.tag.body).replace("  ", " ")
    }
}

impl Edits {
    /// Takes in a tag about this cell.
    pub(super) fn take_cell(&mut self, outline: &Outline<'_>, cell: usize, of: &CellTag<'_>) {
        let statement = |body: String| Piece::statement(body, &of.written(), of.spot);
        match of.tag.kind {
            Kind::Cell(Cell::MergeDown) => self.merge_down(outline, cell, of),
            Kind::Cell(Cell::MergeAcross) => {
                self.given.insert(outline.elements[cell].first);
                let element = &outline.elements[cell];
                let span = span_of(outline, cell);
                let pieces = self.property(outline, cell, "w:gridSpan");
                pieces.push(Piece::Raw("<w:gridSpan w:val=\"".into()));
                let span = match of.colspan {
                    Some(colspan) => format!("cell_span({colspan})"),
                    None => span.to_string(),
                };
                pieces.push(Piece::print(
                    format!("{span} * loop.length"),
                    &of.written(),
                    of.spot,
                ));
                pieces.push(Piece::Raw("\"/>".into()));
                let before = self.before.entry(element.first).or_default();
                before.push(statement("if loop.first".into()));
                let after = self.after.entry(element.last).or_default();
                after.insert(0, statement("endif".into()));
            }
            // The two of one cell are written together.
            Kind::Cell(Cell::Span) if of.colspan.is_none() => {}
            Kind::Cell(Cell::Span) => {
                self.given.insert(outline.elements[cell].first);
                let pieces = self.property(outline, cell, "w:gridSpan");
                pieces.push(Piece::Raw("<w:gridSpan w:val=\"".into()));
                pieces.push(Piece::print(
                    format!("cell_span({})", of.tag.body),
                    &of.written(),
                    of.spot,
                ));
                pieces.push(Piece::Raw("\"/>".into()));
            }
            _ => {
                let pieces = self.property(outline, cell, "w:shd");
                let open = "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"";
                pieces.push(Piece::Raw(open.into()));
                pieces.push(Piece::print(
                    format!("cell_shade({})", of.tag.body),
                    &of.written(),
                    of.spot,
                ));
                pieces.push(Piece::Raw("\"/>".into()));
            }
        }
    }

    /// The cell starts a merge or continues the one above, and a continued cell
    /// is empty.
    fn merge_down(&mut self, outline: &Outline<'_>, cell: usize, of: &CellTag<'_>) {
        let site = self.merges;
        self.merges += 1;
        let statement = |body: String| Piece::statement(body, &of.written(), of.spot);
        let (key, restart) = of.tag.key_and_restart();
        match of.anew {
            Anew::With(number) => self.anew.entry(number).or_default().push(site),
            Anew::EachRound(number) => self.resets.entry(number).or_default().push(site),
            Anew::Never => {}
        }
        let table = outline.enclosing(Some(cell), "w:tbl").unwrap_or_default();
        self.counted.insert(table);
        let key = if key.is_empty() { "true" } else { key };
        let column = if of.repeats { ", loop.index0" } else { "" };
        let restart = restart.map_or(String::new(), |restart| format!(" or ({restart})"));
        let begins = format!("set vm{site} = vmerge({site}, {key}, {table}{column}){restart}");
        let pieces = self.property(outline, cell, "w:vMerge");
        pieces.extend([
            statement(begins),
            Piece::Raw("<w:vMerge".into()),
            statement(format!("if vm{site}")),
            Piece::Raw(" w:val=\"restart\"".into()),
            statement("endif".into()),
            Piece::Raw("/>".into()),
        ]);
        let last = outline
            .children(cell)
            .filter(|child| outline.elements[*child].name == "w:p")
            .last();
        for child in outline.children(cell) {
            let element = &outline.elements[child];
            let (first, end) = (element.first, element.last);
            if element.name == "w:p" && (Some(child) == last || self.is_lifted(first)) {
                // A cell ends with a paragraph.
                if first == end {
                    continue;
                }
                let properties = outline.child(child, "w:pPr");
                let start = properties.map_or(first, |child| outline.elements[child].last);
                let after = self.after.entry(start).or_default();
                after.push(statement(format!("if vm{site}")));
                let before = self.before.entry(end).or_default();
                before.push(statement("endif".into()));
            } else if element.name != "w:tcPr" {
                let before = self.before.entry(first).or_default();
                before.push(statement(format!("if vm{site}")));
                self.after
                    .entry(end)
                    .or_default()
                    .insert(0, statement("endif".into()));
            }
        }
    }

    /// Counts the rows of tables in which cells merge down.
    pub(super) fn count_rows(&mut self, outline: &Outline<'_>) {
        for table in std::mem::take(&mut self.counted) {
            for row in outline.rows(table) {
                let after = self.after.entry(outline.elements[row].first).or_default();
                let spot = outline.spot(Some(row));
                let body = format!("set _ = vmerge_row({table})");
                after.insert(0, Piece::statement(body, "{% vm %}", &spot));
            }
        }
    }

    /// Where a property of a cell is written: in its place, the one that stands
    /// there now gone.
    fn property(&mut self, outline: &Outline<'_>, cell: usize, name: &str) -> &mut Vec<Piece> {
        let rank = |name: &str| ORDER.iter().position(|known| *known == name);
        let at = match outline.child(cell, "w:tcPr") {
            None => {
                let at = outline.elements[cell].first;
                self.opened_properties(at, false)
            }
            Some(element) if outline.elements[element].first == outline.elements[element].last => {
                let at = outline.elements[element].first;
                self.opened_properties(at, true)
            }
            Some(element) => {
                let mut at = outline.elements[element].first;
                for child in outline.children(element) {
                    let child = &outline.elements[child];
                    if child.name == name {
                        self.removed.push((child.first, child.last));
                    } else if rank(child.name).is_some_and(|other| Some(other) < rank(name)) {
                        at = child.last;
                    }
                }
                at
            }
        };
        self.properties.entry((at, rank(name))).or_default()
    }

    /// Notes that properties are written at this token, which are not there or
    /// `<w:tcPr/>`.
    fn opened_properties(&mut self, at: usize, is_empty: bool) -> usize {
        self.opened.insert(at, is_empty);
        at
    }

    /// Gives each cell of the tables whose columns may change its place.
    pub(super) fn mark_columns(&mut self, outline: &Outline<'_>) {
        for table in &self.changing {
            for row in outline.rows(*table) {
                let before = outline
                    .child(row, "w:trPr")
                    .and_then(|properties| outline.child(properties, "w:gridBefore"));
                let mut column = before.map_or(0, |before| outline.number(before).unwrap_or(0));
                let mut loops = 0;
                for cell in outline.cells(row) {
                    let span = span_of(outline, cell);
                    let token = outline.elements[cell].first;
                    loops += self.loops.get(&token).copied().unwrap_or(0);
                    if outline.tokens[token].kind == Xml::Start {
                        let is_given = loops > 0 || self.given.contains(&token);
                        let sign = if is_given { "!" } else { "" };
                        self.cells.insert(token, format!("{column}+{span}{sign}"));
                    }
                    column += span;
                }
            }
        }
    }
}

fn span_of(outline: &Outline<'_>, cell: usize) -> usize {
    let span = outline
        .child(cell, "w:tcPr")
        .and_then(|properties| outline.child(properties, "w:gridSpan"));
    span.and_then(|span| outline.number(span))
        .unwrap_or(1)
        .max(1)
}
