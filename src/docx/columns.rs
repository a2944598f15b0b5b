//! A merged part whose tables got other columns: `w:tblGrid`, `w:gridSpan` and
//! `w:tcW` made to agree again.
//!
//! Each cell bears its place in the template's grid (see
//! [`super::prepare::COLUMNS`]). A column of the template becomes as many
//! columns as some row has cells of it. A cell of which no tag says how wide it
//! is spans what its columns have become, and where it lost its cell a row gets
//! a blank one; the table keeps its width.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::outline::{Outline, attribute};
use super::prepare::COLUMNS;
use crate::diagnostic::Diagnostic;

/// Most columns of a table that Word opens.
const MAX_COLUMNS: usize = 63;
/// Widest column, in twips: the widest page of Word, 22 inches.
const MAX_WIDTH: usize = 31_680;
/// Width of a table that says nothing of widths, in twips: about that of the
/// text on A4.
const DEFAULT_WIDTH: usize = 9_000;

/// Places of the text and what stands there instead.
type Edits = Vec<(Range<usize>, String)>;

/// A cell of a table whose columns may have changed.
struct Cell {
    element: usize,
    /// Columns of the template's grid.
    columns: Range<usize>,
    /// What `w:gridSpan` says, once the tags have their say.
    span: usize,
    /// Whether a tag says how many columns there are.
    is_given: bool,
}

/// Sets the columns of all tables that bear marks, and takes the marks out.
///
/// # Errors
/// If the well-formed part is too large, or a table has too many columns.
pub(super) fn set(xml: &str) -> Result<String, Diagnostic> {
    let outline = Outline::read(xml)
        .map_err(|words| Diagnostic::error("template/size", "合并结果太大，已停止").label(words))?;
    let mut edits = Edits::new();
    for (index, element) in outline.elements.iter().enumerate() {
        if element.name == "w:tbl" {
            table(&outline, index, &mut edits)?;
        }
    }
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut text = String::with_capacity(xml.len());
    let mut at = 0;
    for (range, new) in edits {
        debug_assert!(range.start >= at, "edits overlap");
        text.push_str(&xml[at..range.start]);
        text.push_str(&new);
        at = range.end;
    }
    text.push_str(&xml[at..]);
    Ok(text)
}

fn table(outline: &Outline<'_>, table: usize, edits: &mut Edits) -> Result<(), Diagnostic> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut is_marked = false;
    for row in outline.rows(table) {
        let cells = outline.cells(row).into_iter().map(|cell| {
            let token = &outline.tokens[outline.elements[cell].first];
            let raw = &outline.xml[token.range.clone()];
            let mark = mark(raw);
            if let Some((range, ..)) = &mark {
                let start = token.range.start;
                edits.push((start + range.start..start + range.end, String::new()));
                is_marked = true;
            }
            let span = outline
                .child(cell, "w:tcPr")
                .and_then(|properties| outline.child(properties, "w:gridSpan"))
                .and_then(|span| outline.number(span))
                .unwrap_or(1)
                .max(1);
            let (columns, is_given) =
                mark.map_or((0..0, true), |(_, columns, given)| (columns, given));
            Cell {
                element: cell,
                columns,
                span,
                is_given,
            }
        });
        rows.push(cells.collect());
    }
    match is_marked {
        true => settle(outline, table, &rows, edits),
        false => Ok(()),
    }
}

fn check(columns: usize, spot: impl FnOnce() -> String) -> Result<(), Diagnostic> {
    if columns <= MAX_COLUMNS {
        return Ok(());
    }
    let words = format!("表格有 {columns} 列，Word 最多 {MAX_COLUMNS} 列");
    Err(Diagnostic::error("word/columns", words)
        .label(format!("合并后的{}", spot()))
        .hint("减少循环的列，或改为按行循环"))
}

/// Where a cell's tag bears its mark, and what it says.
fn mark(raw: &str) -> Option<(Range<usize>, Range<usize>, bool)> {
    let start = raw.find(COLUMNS)? - 1;
    let (_, rest) = raw[start..].split_once('"')?;
    let (value, _) = rest.split_once('"')?;
    let end = start + COLUMNS.len() + value.len() + 4;
    let plain = value.trim_end_matches('!');
    let (first, columns) = plain.split_once('+')?;
    let (first, columns): (usize, usize) = (first.parse().ok()?, columns.parse().ok()?);
    Some((start..end, first..first + columns, plain != value))
}

/// Cells of one row that have one place, and their spans together.
fn groups(row: &[Cell]) -> impl Iterator<Item = (&[Cell], usize)> {
    row.chunk_by(|a, b| a.columns == b.columns)
        .map(|cells| (cells, cells.iter().map(|cell| cell.span).sum()))
}

/// Into how many columns each column of the template grew.
fn grown(rows: &[Vec<Cell>], columns: usize) -> Vec<usize> {
    let mut grown = vec![0_usize; columns];
    let mut wide = Vec::new();
    for (cells, spans) in rows.iter().flat_map(|row| groups(row)) {
        let place = &cells[0].columns;
        match place.len() {
            0 => {}
            1 => grown[place.start] = grown[place.start].max(spans),
            _ => wide.push((place, if cells[0].is_given { spans } else { 1 })),
        }
    }
    // What spans several has room in them together.
    wide.sort_by_key(|(place, _)| place.len());
    for (place, wanted) in wide {
        let room: usize = grown[place.clone()].iter().sum();
        let more = wanted.saturating_sub(room);
        let (each, rest) = (more / place.len(), more % place.len());
        for (index, columns) in grown[place.clone()].iter_mut().enumerate() {
            *columns += each + usize::from(index < rest);
        }
    }
    grown
}

/// The widths of the template's columns, none of them 0.
fn widths(
    outline: &Outline<'_>,
    grid: Option<usize>,
    rows: &[Vec<Cell>],
    columns: usize,
) -> Vec<usize> {
    let columns_of = |grid| {
        let children = outline.children(grid);
        children.filter(|child| outline.is(*child, "w:gridCol"))
    };
    let known = grid.into_iter().flat_map(columns_of);
    let mut widths: Vec<usize> = known.map(|column| width(outline, column)).collect();
    widths.resize(columns.max(widths.len()), 0);
    if widths.iter().all(|width| *width == 0) {
        let span = |row: &&Vec<Cell>| row.iter().map(|cell| cell.span).sum::<usize>();
        for cell in rows.iter().max_by_key(span).into_iter().flatten() {
            let properties = outline.child(cell.element, "w:tcPr");
            let own = properties.and_then(|properties| outline.child(properties, "w:tcW"));
            let own = own.map_or(0, |own| width(outline, own));
            let count = cell.columns.len().max(1);
            widths[cell.columns.clone()].fill(own / count);
        }
    }
    let known = widths.iter().filter(|width| **width > 0);
    let average = match known.clone().count() {
        0 => DEFAULT_WIDTH / widths.len().max(1),
        count => known.sum::<usize>() / count,
    };
    for width in widths.iter_mut().filter(|width| **width == 0) {
        *width = average;
    }
    widths
}

fn settle(
    outline: &Outline<'_>,
    table: usize,
    rows: &[Vec<Cell>],
    edits: &mut Edits,
) -> Result<(), Diagnostic> {
    let spot = || outline.spot(Some(table));
    let known = rows.iter().flatten().map(|cell| cell.columns.end).max();
    let known = known.unwrap_or(0);
    check(known, spot)?;
    let grid = outline.child(table, "w:tblGrid");
    let widths = widths(outline, grid, rows, known);
    let grown = grown(rows, widths.len());
    if grown.iter().all(|columns| *columns == 1) {
        return Ok(());
    }
    let total: usize = widths.iter().sum();
    let own = |cell: &Cell| cell.span;
    let stretched = |cell: &Cell| match cell.is_given {
        true => cell.span,
        false => grown[cell.columns.clone()].iter().sum::<usize>().max(1),
    };
    // The widest row, and whether another one is not as wide.
    let edge = |span: &dyn Fn(&Cell) -> usize| {
        let ends = rows.iter().map(|row| row.iter().map(span).sum());
        let ends: Vec<usize> = ends.collect();
        let widest = ends.iter().copied().max().unwrap_or(0);
        (widest, ends.iter().any(|end| *end != widest))
    };
    let (widest, is_ragged) = edge(&stretched);
    let (own_widest, own_is_ragged) = edge(&own);
    // Rows whose cells stand in other columns of the template each (a condition
    // about a cell, tags in cells of their own): only what the cells say of
    // themselves holds.
    let columns = grown.iter().sum();
    let alone = widest != columns || is_ragged && !own_is_ragged;
    check(if alone { own_widest } else { columns }, spot)?;
    let mut new = Vec::new();
    let span: &dyn Fn(&Cell) -> usize = match alone {
        false => {
            for (width, count) in widths.iter().zip(&grown) {
                new.extend(std::iter::repeat_n(*width, *count));
            }
            &stretched
        }
        true => {
            let average = total / widths.len().max(1);
            new = widths;
            new.resize(own_widest.max(1), average);
            &own
        }
    };
    let new = scaled(&new, total);
    let place = match (grid, outline.child(table, "w:tblPr")) {
        (Some(grid), _) => bytes(outline, grid),
        (None, Some(properties)) => end(bytes(outline, properties)),
        (None, None) => end(outline.tokens[outline.elements[table].first].range.clone()),
    };
    let columns = new
        .iter()
        .map(|width| format!("<w:gridCol w:w=\"{width}\"/>"));
    let columns: String = columns.collect();
    edits.push((place, format!("<w:tblGrid>{columns}</w:tblGrid>")));
    for row in rows {
        let mut column = 0;
        let mut end_before = row.first().map_or(0, |cell| grid_before(outline, cell));
        for cell in row {
            let gap = grown.get(end_before..cell.columns.start);
            let gap = gap.unwrap_or_default().iter().sum();
            if gap > 0 && !alone {
                let properties = properties(gap, sum(&new, column, gap));
                let start = bytes(outline, child_of_row(outline, cell.element)).start;
                let blank = format!("<w:tc><w:tcPr>{properties}</w:tcPr><w:p/></w:tc>");
                edits.push((start..start, blank));
                column += gap;
            }
            let span = span(cell);
            resize(outline, cell.element, span, sum(&new, column, span), edits);
            column += span;
            end_before = cell.columns.end;
        }
    }
    Ok(())
}

/// Columns that the row of this cell leaves out at its start.
fn grid_before(outline: &Outline<'_>, cell: &Cell) -> usize {
    let row = outline.enclosing(Some(cell.element), "w:tr");
    let properties = row.and_then(|row| outline.child(row, "w:trPr"));
    let before = properties.and_then(|properties| outline.child(properties, "w:gridBefore"));
    before.map_or(0, |before| outline.number(before).unwrap_or(0))
}

/// A cell, or the content control of its row that holds it.
fn child_of_row(outline: &Outline<'_>, cell: usize) -> usize {
    let mut at = cell;
    while let Some(parent) = outline.elements[at].parent
        && !outline.is(parent, "w:tr")
    {
        at = parent;
    }
    at
}

fn sum(widths: &[usize], column: usize, span: usize) -> usize {
    widths.iter().skip(column).take(span).sum()
}

fn bytes(outline: &Outline<'_>, element: usize) -> Range<usize> {
    let element = &outline.elements[element];
    outline.tokens[element.first].range.start..outline.tokens[element.last].range.end
}

fn end(range: Range<usize>) -> Range<usize> {
    range.end..range.end
}

/// `w:tcW` and `w:gridSpan`, in the schema's order.
fn properties(span: usize, width: usize) -> String {
    let width = format!("<w:tcW w:w=\"{width}\" w:type=\"dxa\"/>");
    match span {
        1 => width,
        span => format!("{width}<w:gridSpan w:val=\"{span}\"/>"),
    }
}

/// Widths that add up to `total`, in proportion; none is 0.
fn scaled(widths: &[usize], total: usize) -> Vec<usize> {
    let sum: usize = widths.iter().sum::<usize>().max(1);
    let mut done = 0;
    let mut before = 0;
    let scaled = widths.iter().map(|width| {
        before += width;
        let upto = before * total / sum;
        let own = upto - done;
        done = upto;
        own.max(1)
    });
    scaled.collect()
}

/// Writes a cell's span and width.
fn resize(outline: &Outline<'_>, cell: usize, span: usize, width: usize, edits: &mut Edits) {
    let both = properties(span, width);
    let Some(properties) = outline.child(cell, "w:tcPr") else {
        let place = end(outline.tokens[outline.elements[cell].first].range.clone());
        edits.push((place, format!("<w:tcPr>{both}</w:tcPr>")));
        return;
    };
    let old_width = outline.child(properties, "w:tcW");
    let old_span = outline.child(properties, "w:gridSpan");
    let first = outline.elements[properties].first;
    if first == outline.elements[properties].last {
        let place = bytes(outline, properties);
        edits.push((place, format!("<w:tcPr>{both}</w:tcPr>")));
        return;
    }
    // After w:cnfStyle, which leads the schema's order.
    let style = outline.child(properties, "w:cnfStyle");
    let start = style.map_or(outline.tokens[first].range.clone(), |style| {
        bytes(outline, style)
    });
    let place = match (old_width, old_span) {
        (Some(width), span) => {
            edits.extend(span.map(|span| (bytes(outline, span), String::new())));
            bytes(outline, width)
        }
        (None, Some(span)) => bytes(outline, span),
        (None, None) => end(start),
    };
    edits.push((place, both));
}

/// The twips that `w:w` says; 0 if it says none.
fn width(outline: &Outline<'_>, element: usize) -> usize {
    let tag = outline.tag(&outline.elements[element]);
    if attribute(tag, "w:type").is_some_and(|unit| unit != "dxa") {
        return 0;
    }
    let width = attribute(tag, "w:w").and_then(|width| width.parse().ok());
    width.unwrap_or(0).min(MAX_WIDTH)
}
