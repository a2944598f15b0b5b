//! A merged document, made to break pages where the PDF does.
//!
//! Word knows nothing of labels that stand again on a new page, repeats header
//! rows at the head of a table only, and LibreOffice breaks no page within a
//! table. So at each row that begins a page of the PDF a table of its own
//! begins, with the header rows and the merged labels again.

use std::ops::Range;

use super::outline::Outline;
use crate::pdf::TablePages;

/// Sets the pages of a document part; the error names the table that has not
/// the rows of the PDF's.
pub(super) fn set(xml: &str, pages: &[TablePages]) -> Result<String, String> {
    let xml = edit(xml, pages, |outline, rows, pages, edits| {
        for split in &pages.split {
            let_break(outline, &rows[*split], edits);
        }
        for ((row, column), size) in &pages.sizes {
            let cell = rows[*row].cells.iter().find(|cell| cell.column == *column);
            if let Some(cell) = cell {
                shrink(outline, cell, *size, edits);
            }
        }
    })?;
    edit(&xml, pages, |outline, rows, pages, edits| {
        for start in &pages.starts {
            begin_page(outline, rows, *start, edits);
        }
    })
}

/// Between two tables, at the head of a page: a paragraph of a point.
const PAGE_BREAK: &str = "<w:p><w:pPr><w:pageBreakBefore/>\
    <w:spacing w:before=\"0\" w:after=\"0\" w:line=\"20\" w:lineRule=\"exact\"/>\
    <w:rPr><w:sz w:val=\"2\"/><w:szCs w:val=\"2\"/></w:rPr></w:pPr></w:p>";

/// Places of the text and what stands there instead.
type Edits = Vec<(Range<usize>, String)>;

/// Changes the tables of the body, each with its own pages.
fn edit(
    xml: &str,
    pages: &[TablePages],
    change: impl Fn(&Outline<'_>, &[Row], &TablePages, &mut Edits),
) -> Result<String, String> {
    let outline = Outline::read(xml)?;
    let body = outline
        .elements
        .iter()
        .position(|element| element.name == "w:body");
    let tables: Vec<usize> =
        body.map_or(Vec::new(), |body| within(&outline, body, "w:tbl").collect());
    if tables.len() != pages.len() {
        return Err(format!(
            "PDF 有 {} 张表，Word 有 {} 张",
            pages.len(),
            tables.len()
        ));
    }
    let mut edits = Edits::new();
    for (number, (table, pages)) in tables.into_iter().zip(pages).enumerate() {
        let rows = within(&outline, table, "w:tr").map(|row| Row::read(&outline, row));
        let rows: Vec<Row> = rows.collect();
        if within(&outline, table, "w:sdt").next().is_some() {
            return Err(format!("表{}：表格的行在内容控件里", number + 1));
        }
        if rows.len() != pages.rows {
            let (in_pdf, in_word) = (pages.rows, rows.len());
            return Err(format!(
                "表{}：PDF 有 {in_pdf} 行，Word 有 {in_word} 行",
                number + 1
            ));
        }
        change(&outline, &rows, pages, &mut edits);
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut text = String::with_capacity(xml.len() + 4096);
    let mut at = 0;
    for (range, new) in edits {
        text.push_str(&xml[at..range.start]);
        text.push_str(&new);
        at = range.end;
    }
    text.push_str(&xml[at..]);
    Ok(text)
}

/// Children of a name.
fn within<'a>(
    outline: &'a Outline<'_>,
    parent: usize,
    name: &'a str,
) -> impl Iterator<Item = usize> + 'a {
    outline
        .children(parent)
        .filter(move |child| outline.elements[*child].name == name)
}

fn child(outline: &Outline<'_>, parent: usize, name: &str) -> Option<usize> {
    within(outline, parent, name).next()
}

fn value<'a>(outline: &Outline<'a>, element: usize) -> Option<&'a str> {
    let raw = outline.raw(outline.elements[element].first);
    let (_, rest) = raw.split_once("w:val=\"")?;
    rest.split_once('"').map(|(value, _)| value)
}

struct Row {
    element: usize,
    is_header: bool,
    cells: Vec<Cell>,
}

struct Cell {
    element: usize,
    column: usize,
    colspan: usize,
    /// `w:vMerge` and whether it goes on from the row above.
    merge: Option<(usize, bool)>,
}

impl Row {
    fn read(outline: &Outline<'_>, row: usize) -> Self {
        let properties = child(outline, row, "w:trPr");
        let header = properties.and_then(|properties| child(outline, properties, "w:tblHeader"));
        let is_header = header
            .is_some_and(|header| !matches!(value(outline, header), Some("0" | "false" | "off")));
        let before = properties.and_then(|properties| child(outline, properties, "w:gridBefore"));
        let mut column = before
            .and_then(|before| value(outline, before)?.parse().ok())
            .unwrap_or(0);
        let cells = within(outline, row, "w:tc").map(|cell| {
            let properties = child(outline, cell, "w:tcPr");
            let property =
                |name| properties.and_then(|properties| child(outline, properties, name));
            let colspan = property("w:gridSpan")
                .and_then(|span| value(outline, span)?.parse().ok())
                .unwrap_or(1);
            let merge =
                property("w:vMerge").map(|merge| (merge, value(outline, merge) != Some("restart")));
            let read = Cell {
                element: cell,
                column,
                colspan,
                merge,
            };
            column += colspan;
            read
        });
        Self {
            element: row,
            is_header,
            cells: cells.collect(),
        }
    }
}

/// Ends the table before this row and begins another on a new page: with the
/// header rows above, and with merges that start anew.
fn begin_page(outline: &Outline<'_>, rows: &[Row], start: usize, edits: &mut Edits) {
    let row = bytes(outline, rows[start].element);
    let Some(table) = outline.elements[rows[start].element].parent else {
        return;
    };
    // The table's properties and grid.
    let head = outline.tokens[outline.elements[table].first].range.start;
    let first = bytes(outline, rows[0].element).start;
    let mut page = format!("</w:tbl>{PAGE_BREAK}{}", &outline.xml[head..first]);
    let above = &rows[..start];
    let last = above.iter().rposition(|row| row.is_header);
    let upto = last.map_or(&[][..], |last| &above[..=last]);
    let other = upto.iter().rposition(|row| !row.is_header);
    for header in &upto[other.map_or(0, |other| other + 1)..] {
        page.push_str(&outline.xml[bytes(outline, header.element)]);
    }
    let mut at = row.start;
    for cell in &rows[start].cells {
        let Some((merge, true)) = cell.merge else {
            continue;
        };
        let same = |other: &&Cell| (other.column, other.colspan) == (cell.column, cell.colspan);
        let origin = above.iter().rev().find_map(|row| {
            let cell = row.cells.iter().find(same)?;
            matches!(cell.merge, Some((_, false))).then_some(cell)
        });
        let Some(origin) = origin else { continue };
        let merge = bytes(outline, merge);
        let content = content(outline, cell);
        page.push_str(&outline.xml[at..merge.start]);
        page.push_str("<w:vMerge w:val=\"restart\"/>");
        page.push_str(&outline.xml[merge.end..content.start]);
        page.push_str(&outline.xml[self::content(outline, origin)]);
        at = content.end;
    }
    page.push_str(&outline.xml[at..row.end]);
    edits.push((row, page));
}

/// A row that is higher than a page may break.
fn let_break(outline: &Outline<'_>, row: &Row, edits: &mut Edits) {
    let properties = child(outline, row.element, "w:trPr");
    let whole = properties.and_then(|properties| child(outline, properties, "w:cantSplit"));
    edits.extend(whole.map(|whole| (bytes(outline, whole), String::new())));
}

/// Type of the size the PDF has, and lines in proportion.
fn shrink(outline: &Outline<'_>, cell: &Cell, half_points: usize, edits: &mut Edits) {
    let last = outline.elements[cell.element].last;
    let below = outline.elements.iter().enumerate().skip(cell.element);
    for (index, element) in below.take_while(|(_, element)| element.first <= last) {
        let range = bytes(outline, index);
        let raw = &outline.xml[range.clone()];
        match element.name {
            "w:sz" | "w:szCs" => {
                let name = &element.name;
                edits.push((range, format!("<{name} w:val=\"{half_points}\"/>")));
            }
            // A line is 1.25 sizes high: 12.5 twips for a half point.
            "w:spacing" => {
                let Some((head, rest)) = raw.split_once("w:line=\"") else {
                    continue;
                };
                let Some((_, tail)) = rest.split_once('"') else {
                    continue;
                };
                let line = half_points * 25 / 2;
                edits.push((range, format!("{head}w:line=\"{line}\"{tail}")));
            }
            _ => {}
        }
    }
}

/// The bytes of an element.
fn bytes(outline: &Outline<'_>, element: usize) -> Range<usize> {
    let element = &outline.elements[element];
    outline.tokens[element.first].range.start..outline.tokens[element.last].range.end
}

/// What a cell holds after its properties.
fn content(outline: &Outline<'_>, cell: &Cell) -> Range<usize> {
    let element = &outline.elements[cell.element];
    let start = match child(outline, cell.element, "w:tcPr") {
        Some(properties) => bytes(outline, properties).end,
        None => outline.tokens[element.first].range.end,
    };
    start..outline.tokens[element.last].range.start
}
