//! A text a user can edit, and places in it.
//!
//! Positions are byte ranges; lines and columns are worked out only when a
//! diagnostic is shown. A row of a table is a text as well, made of its cells:
//! its places are cells instead of lines. Knows nothing of YAML, Typst or
//! templates, nor how a table is read.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text file as it was read, under the name the user knows it by.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as it should appear in messages.
    pub path: String,
    /// The text, without a byte-order mark.
    pub text: String,
    /// Set if the text is a row of a table.
    row: Option<Row>,
}

/// The row of a table that a text was made of.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    sheet: Option<Arc<str>>,
    /// Counted from 1, as spreadsheets show it.
    number: usize,
    /// Columns, counted from 0, and where in the text their cells are.
    cells: Vec<(usize, Range<usize>)>,
}

impl Source {
    /// Wraps a text so that locations can share it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
            row: None,
        })
    }

    /// A row of a table: its cells by their columns, which count from 0 and
    /// ascend. The first line of the text names the row and stands for it.
    pub(crate) fn of_row<'a>(
        path: &str,
        sheet: Option<&Arc<str>>,
        number: usize,
        cells: impl IntoIterator<Item = (usize, &'a str)>,
    ) -> Arc<Self> {
        let mut text = row_name(number);
        let mut ranges = Vec::new();
        for (column, cell) in cells {
            text.push('\n');
            let start = text.len();
            text.push_str(cell);
            ranges.push((column, start..text.len()));
        }
        Arc::new(Self {
            path: path.to_owned(),
            text,
            row: Some(Row {
                sheet: sheet.cloned(),
                number,
                cells: ranges,
            }),
        })
    }

    /// The part of a row's source that is one cell, as a text of its own.
    pub(crate) fn of_cell(cell: &Location) -> Arc<Self> {
        let text = cell.text().to_owned();
        let row = cell.source.row.as_ref().map(|row| Row {
            sheet: row.sheet.clone(),
            number: row.number,
            cells: row
                .at(&cell.range)
                .map(|column| (column, 0..text.len()))
                .into_iter()
                .collect(),
        });
        Arc::new(Self {
            path: cell.source.path.clone(),
            text,
            row,
        })
    }

    /// The cell in a column of a row, if something is written there.
    pub(crate) fn cell(self: &Arc<Self>, column: usize) -> Option<Location> {
        let cells = &self.row.as_ref()?.cells;
        let found = cells
            .binary_search_by_key(&column, |(known, _)| *known)
            .ok()?;
        Some(Location::new(self, cells[found].1.clone()))
    }

    /// The byte range of a line (counted from 1), without its line break.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let start = match line {
            0 | 1 => 0,
            n => self
                .text
                .match_indices('\n')
                .nth(n - 2)
                .map_or(self.text.len(), |(at, _)| at + 1),
        };
        let rest = &self.text[start..];
        let end = rest.find('\n').unwrap_or(rest.len());
        start..start + rest[..end].trim_end_matches('\r').len()
    }
}

/// A byte range in a [`Source`].
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    /// The text it points into.
    pub source: Arc<Source>,
    /// Bytes in `source.text`.
    pub range: Range<usize>,
}

impl Location {
    /// Points at `range`, cut down to what the text really holds.
    pub fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        let len = source.text.len();
        let start = floor_boundary(&source.text, range.start.min(len));
        let end = floor_boundary(&source.text, range.end.clamp(start, len));
        Self {
            source: source.clone(),
            range: start..end,
        }
    }

    /// Points at the first line of a text.
    pub fn start_of(source: &Arc<Source>) -> Self {
        Self::new(source, source.line_range(1))
    }

    /// Points at a whole line (counted from 1), without its indentation.
    pub fn line_of(source: &Arc<Source>, line: usize) -> Self {
        let range = source.line_range(line);
        let text = &source.text[range.clone()];
        let indent = text.len() - text.trim_start().len();
        Self::new(source, range.start + indent..range.end)
    }

    /// Points at `words` on a line (counted from 1), or at the whole line if
    /// they do not stand there.
    pub(crate) fn words_of(source: &Arc<Source>, line: usize, words: &str) -> Self {
        let whole = Self::line_of(source, line);
        match whole.text().find(words).filter(|_| !words.is_empty()) {
            Some(offset) => {
                let start = whole.range.start + offset;
                Self::new(source, start..start + words.len())
            }
            None => whole,
        }
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> usize {
        let before = self.before();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        before[line_start..].chars().count() + 1
    }

    /// The text pointed at.
    pub fn text(&self) -> &str {
        &self.source.text[self.range.clone()]
    }

    /// Where in a table it is, in words: `工作表“填报” C5`, or `第5行` if it
    /// is not in one cell. `None` in a file that has lines.
    pub fn spot(&self) -> Option<String> {
        let row = self.source.row.as_ref()?;
        let cell = match row.at(&self.range) {
            Some(column) => cell_name(column, row.number),
            None => row_name(row.number),
        };
        Some(spot_of(row.sheet.as_deref(), &cell))
    }

    /// What to show of the cell it is in: its beginning, or the line that is
    /// meant if the place is further down in it. `None` if it is in no cell.
    pub(crate) fn cell_text(&self) -> Option<&str> {
        let row = self.source.row.as_ref()?;
        let column = row.at(&self.range)?;
        let (_, cell) = row.cells.iter().find(|(known, _)| *known == column)?;
        let text = self.source.text.get(cell.clone())?;
        let before = text.get(..self.range.start - cell.start)?;
        Some(match before.rfind('\n') {
            Some(end) => text[end + 1..].lines().next().unwrap_or_default(),
            None => text,
        })
    }

    fn before(&self) -> &str {
        &self.source.text[..self.range.start]
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.path, self.line(), self.column())
    }
}

impl Row {
    /// The column of the cell that holds a range.
    fn at(&self, range: &Range<usize>) -> Option<usize> {
        let holds = |cell: &Range<usize>| cell.start <= range.start && range.end <= cell.end;
        let found = self.cells.iter().find(|(_, cell)| holds(cell));
        found.map(|(column, _)| *column)
    }
}

/// A spot of a table with its sheet, if it has sheets.
pub(crate) fn spot_of(sheet: Option<&str>, spot: &str) -> String {
    match sheet {
        Some(sheet) => format!("工作表“{sheet}” {spot}"),
        None => spot.to_owned(),
    }
}

/// `第5行`.
pub(crate) fn row_name(number: usize) -> String {
    format!("第{number}行")
}

/// `C5`, as spreadsheets name a cell: columns count from 0, rows from 1.
pub(crate) fn cell_name(column: usize, row: usize) -> String {
    format!("{}{row}", column_name(column))
}

/// `A`, …, `Z`, `AA`, …, counted from 0.
pub(crate) fn column_name(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at)
        .rev()
        .find(|&i| text.is_char_boundary(i))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_row_is_a_cell_or_the_row() {
        let sheet: Arc<str> = "填报".into();
        let row = Source::of_row("表.xlsx", Some(&sheet), 5, [(0, "甲"), (28, "乙\n丙")]);
        let cell = row.cell(28).unwrap();
        assert_eq!(cell.text(), "乙\n丙");
        assert_eq!(cell.spot().unwrap(), "工作表“填报” AC5");
        let part = Location::new(&row, cell.range.end - 3..cell.range.end);
        assert_eq!((part.text(), part.cell_text()), ("丙", Some("丙")));
        assert_eq!(cell.cell_text(), Some("乙\n丙"));
        assert_eq!(part.spot(), cell.spot());
        assert_eq!(
            Location::start_of(&row).spot().unwrap(),
            "工作表“填报” 第5行"
        );
        let own = Source::of_cell(&cell);
        assert_eq!(Location::new(&own, 3..6).spot(), cell.spot());
        assert_eq!(row.cell(1), None);
    }
}
