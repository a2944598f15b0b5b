//! A merged part whose tables got other columns: `w:tblGrid`, `w:gridSpan` and
//! `w:tcW` made to agree again.
//!
//! Each cell bears its place in the template's grid (see
//! [`super::prepare::COLUMNS`]). A column of the template becomes as many
//! columns as some row has cells of it. A cell of which no tag says how wide it
//! is spans what its columns have become; the table keeps its width.

use std::ops::Range;

use super::outline::Outline;
use super::prepare::COLUMNS;

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
pub(super) fn set(xml: &str) -> Result<String, String> {
    let outline = Outline::read(xml)?;
    let mut edits = Edits::new();
    for (index, element) in outline.elements.iter().enumerate() {
        if element.name == "w:tbl" {
            table(&outline, index, &mut edits);
        }
    }
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut text = String::with_capacity(xml.len());
    let mut at = 0;
    for (range, new) in edits {
        if range.start < at {
            return Err("表格的列互相重叠".into());
        }
        text.push_str(&xml[at..range.start]);
        text.push_str(&new);
        at = range.end;
    }
    text.push_str(&xml[at..]);
    Ok(text)
}

fn table(outline: &Outline<'_>, table: usize, edits: &mut Edits) {
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
    if is_marked {
        settle(outline, table, &rows, edits);
    }
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
        for more in 0..wanted.saturating_sub(room) {
            grown[place.start + more % place.len()] += 1;
        }
    }
    grown
}

fn settle(outline: &Outline<'_>, table: usize, rows: &[Vec<Cell>], edits: &mut Edits) {
    let Some(grid) = outline.child(table, "w:tblGrid") else {
        return;
    };
    let widths: Vec<usize> = outline
        .children(grid)
        .filter(|child| outline.elements[*child].name == "w:gridCol")
        .map(|column| width(outline, column).unwrap_or(0))
        .collect();
    let known = rows.iter().flatten().map(|cell| cell.columns.end).max();
    let grown = grown(rows, widths.len().max(known.unwrap_or(0)));
    if grown.iter().all(|columns| *columns == 1) {
        return;
    }
    let total: usize = widths.iter().sum();
    let mut new = Vec::new();
    for (column, count) in grown.iter().enumerate() {
        let width = widths.get(column).copied().unwrap_or_default();
        new.extend(std::iter::repeat_n(width, *count));
    }
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
    let alone = widest != new.len() || is_ragged && !own_is_ragged;
    let span: &dyn Fn(&Cell) -> usize = match alone {
        false => &stretched,
        true => {
            let average = total / widths.len().max(1);
            new = widths.clone();
            new.resize(own_widest.max(1), average);
            &own
        }
    };
    let new = scaled(&new, total);
    let element = &outline.elements[grid];
    let (start, end) = (
        outline.tokens[element.first].range.start,
        outline.tokens[element.last].range.end,
    );
    let columns = new
        .iter()
        .map(|width| format!("<w:gridCol w:w=\"{width}\"/>"));
    let columns: String = columns.collect();
    edits.push((start..end, format!("<w:tblGrid>{columns}</w:tblGrid>")));
    for row in rows {
        let mut column = 0;
        for cell in row {
            let span = span(cell);
            let (start, end) = (column.min(new.len()), (column + span).min(new.len()));
            let width = new[start..end].iter().sum();
            resize(outline, cell.element, span, width, edits);
            column += span;
        }
    }
}

/// Widths that add up to `total`, in proportion.
fn scaled(widths: &[usize], total: usize) -> Vec<usize> {
    let sum: usize = widths.iter().sum();
    if sum == 0 {
        return widths.to_vec();
    }
    let mut done = 0;
    let mut before = 0;
    let scaled = widths.iter().map(|width| {
        before += width;
        let upto = before * total / sum;
        let own = upto - done;
        done = upto;
        own
    });
    scaled.collect()
}

/// Writes a cell's span and width.
fn resize(outline: &Outline<'_>, cell: usize, span: usize, width: usize, edits: &mut Edits) {
    let bytes = |element: usize| {
        let element = &outline.elements[element];
        outline.tokens[element.first].range.start..outline.tokens[element.last].range.end
    };
    let new_width = format!("<w:tcW w:w=\"{width}\" w:type=\"dxa\"/>");
    let new_span = match span {
        1 => String::new(),
        span => format!("<w:gridSpan w:val=\"{span}\"/>"),
    };
    let Some(properties) = outline.child(cell, "w:tcPr") else {
        let start = outline.tokens[outline.elements[cell].first].range.end;
        let new = format!("<w:tcPr>{new_width}{new_span}</w:tcPr>");
        edits.push((start..start, new));
        return;
    };
    let old_width = outline.child(properties, "w:tcW");
    let old_span = outline.child(properties, "w:gridSpan");
    let first = outline.elements[properties].first;
    if first == outline.elements[properties].last {
        let new = format!("<w:tcPr>{new_width}{new_span}</w:tcPr>");
        edits.push((bytes(properties), new));
        return;
    }
    let start = outline.tokens[first].range.end;
    // After w:cnfStyle, which leads the schema's order.
    let start = outline
        .child(properties, "w:cnfStyle")
        .map_or(start, |style| bytes(style).end);
    match (old_width, old_span) {
        (Some(old), Some(old_span)) => {
            edits.push((bytes(old), new_width));
            edits.push((bytes(old_span), new_span));
        }
        (Some(old), None) => edits.push((bytes(old), new_width + &new_span)),
        (None, Some(old_span)) => edits.push((bytes(old_span), new_width + &new_span)),
        (None, None) => edits.push((start..start, new_width + &new_span)),
    }
}

fn width(outline: &Outline<'_>, column: usize) -> Option<usize> {
    let raw = outline.raw(outline.elements[column].first);
    let (_, rest) = raw.split_once("w:w=\"")?;
    rest.split_once('"')?.0.parse().ok()
}
