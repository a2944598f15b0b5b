//! A table as it is meant: rows of cells that may span, and how two differ.
//!
//! The form that a PDF, a Word file and a published document are compared in.
//! It knows nothing of where a table came from.

use std::fmt;

/// A table; places that a cell of an earlier row or column covers are absent, as in HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The cells that begin in each row.
    pub rows: Vec<Vec<Cell>>,
    /// For each row whether it is a header row.
    pub kinds: Vec<RowKind>,
}

/// Whether a row is one of those that a table repeats on each of its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// It is not.
    Data,
    /// It is.
    Header,
    /// All its cells are headings, but the file does not say whether it is.
    Untold,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it prints.
    pub text: String,
    /// Columns it takes.
    pub colspan: usize,
    /// Rows it takes.
    pub rowspan: usize,
    /// Whether it is a heading: of a column or a row in a PDF; in a Word file
    /// whether it stands in a header row, for Word knows no others.
    pub header: bool,
    /// What it heads, if the file says so.
    pub scope: Option<Scope>,
}

/// What a heading heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The cells below it.
    Column,
    /// The cells beside it.
    Row,
    /// Both.
    Both,
}

impl Cell {
    /// A data cell.
    pub fn new(text: &str, colspan: usize, rowspan: usize) -> Self {
        Self {
            text: text.into(),
            colspan,
            rowspan,
            header: false,
            scope: None,
        }
    }

    /// Whether it heads the cells below it.
    pub fn heads_column(&self) -> bool {
        self.header && matches!(self.scope, Some(Scope::Column | Scope::Both))
    }

    /// Whether it heads the cells beside it.
    pub fn heads_row(&self) -> bool {
        self.header && matches!(self.scope, Some(Scope::Row | Scope::Both))
    }

    fn size(&self) -> (usize, usize) {
        (self.colspan, self.rowspan)
    }
}

/// A cell's place: row and number in that row, both counted from 0.
pub type Index = (usize, usize);

impl Grid {
    /// A table without header rows.
    pub fn new(rows: Vec<Vec<Cell>>) -> Self {
        let kinds = vec![RowKind::Data; rows.len()];
        Self { rows, kinds }
    }

    /// Appends a table that goes on with this one, without the header rows that
    /// stand there again; gives their number.
    pub fn append(&mut self, more: Self) -> usize {
        let again = more.rows.iter().take_while(|row| {
            let texts = |row: &[Cell]| row.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>();
            let is_known = || self.rows.iter().any(|known| texts(known) == texts(row));
            !row.is_empty() && row.iter().all(|cell| cell.header) && is_known()
        });
        let again = again.count();
        self.rows.extend(more.rows.into_iter().skip(again));
        self.kinds.extend(more.kinds.into_iter().skip(again));
        again
    }

    /// The text of every cell, row by row.
    pub fn texts(&self) -> Vec<Vec<&str>> {
        self.rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.text.as_str()).collect())
            .collect()
    }

    /// For every row the text at every column: a spanning cell's at all the
    /// places it covers. A place that no cell covers is empty.
    pub fn expanded(&self) -> Vec<Vec<&str>> {
        let text = |at: &Option<Index>| at.map_or("", |at| self.cell(at).text.as_str());
        self.places()
            .iter()
            .map(|row| row.iter().map(text).collect())
            .collect()
    }

    /// The cell of this place.
    pub(crate) fn cell(&self, (row, cell): Index) -> &Cell {
        &self.rows[row][cell]
    }

    /// For every row, the cell at every column, if one covers it.
    pub(crate) fn places(&self) -> Vec<Vec<Option<Index>>> {
        let mut places: Vec<Vec<Option<Index>>> = vec![Vec::new(); self.rows.len()];
        for (row, cells) in self.rows.iter().enumerate() {
            let mut column = 0;
            for (at, cell) in cells.iter().enumerate() {
                while places[row].get(column).is_some_and(Option::is_some) {
                    column += 1;
                }
                for covered in places.iter_mut().skip(row).take(cell.rowspan) {
                    if covered.len() < column + cell.colspan {
                        covered.resize(column + cell.colspan, None);
                    }
                    covered[column..column + cell.colspan].fill(Some((row, at)));
                }
                column += cell.colspan;
            }
        }
        let width = places.iter().map(Vec::len).max().unwrap_or(0);
        for row in &mut places {
            row.resize(width, None);
        }
        places
    }
}

/// Where two tables differ, and in what. Rows and cells are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The row; none where the tables have more rows or fewer.
    pub row: Option<usize>,
    /// The cell among those that begin in the row; none where the row has more
    /// cells or fewer.
    pub cell: Option<usize>,
    /// What differs.
    pub what: What,
}

/// What differs between two tables, the first table's side first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The text of a cell.
    Text(String, String),
    /// Columns and rows that a cell of this text takes.
    Span(String, (usize, usize), (usize, usize)),
    /// The number of cells in a row, and the texts that one side has more.
    Cells(usize, usize, Vec<String>),
    /// The number of rows.
    Rows(usize, usize),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.row, self.cell) {
            (Some(row), Some(cell)) => write!(f, "row {}, cell {}: ", row + 1, cell + 1)?,
            (Some(row), None) => write!(f, "row {}: ", row + 1)?,
            (None, _) => {}
        }
        match &self.what {
            What::Text(a, b) => write!(f, "text {a:?} against {b:?}"),
            What::Span(text, a, b) => {
                let (a, b) = (shown(*a), shown(*b));
                write!(f, "{text:?} takes {a} (columns × rows) against {b}")
            }
            What::Cells(a, b, texts) => {
                let side = if a > b { "more" } else { "fewer" };
                let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
                write!(f, "{a} cells against {b}, {side} by {}", texts.join(", "))
            }
            What::Rows(a, b) => write!(f, "{a} rows against {b}"),
        }
    }
}

fn shown((columns, rows): (usize, usize)) -> String {
    format!("{columns} × {rows}")
}

/// Names the first row or cell, counted from one, in which two tables differ.
///
/// Headings are not compared: a row label heads a row in one artifact only.
pub fn difference(a: &Grid, b: &Grid) -> Option<String> {
    differences(a, b).first().map(Difference::to_string)
}

/// Everything in which two tables differ, headings apart, row by row.
pub fn differences(a: &Grid, b: &Grid) -> Vec<Difference> {
    let mut found = Vec::new();
    for (row, (a, b)) in a.rows.iter().zip(&b.rows).enumerate() {
        let mut note = |cell, what| {
            let row = Some(row);
            found.push(Difference { row, cell, what });
        };
        for (cell, (a, b)) in a.iter().zip(b).enumerate() {
            if a.text != b.text {
                note(Some(cell), What::Text(a.text.clone(), b.text.clone()));
            } else if a.size() != b.size() {
                note(Some(cell), What::Span(a.text.clone(), a.size(), b.size()));
            }
        }
        if a.len() != b.len() {
            let (longer, shorter) = if a.len() > b.len() { (a, b) } else { (b, a) };
            let rest = longer[shorter.len()..].iter();
            let texts = rest.map(|cell| cell.text.clone()).collect();
            note(None, What::Cells(a.len(), b.len(), texts));
        }
    }
    if a.rows.len() != b.rows.len() {
        found.push(Difference {
            row: None,
            cell: None,
            what: What::Rows(a.rows.len(), b.rows.len()),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid::new(vec![
            vec![Cell::new("年度金额", 1, 2), Cell::new("省级资金", 2, 1)],
            vec![Cell::new("市、区", 2, 1)],
        ])
    }

    fn changed(change: impl FnOnce(&mut Grid)) -> Option<String> {
        let mut other = grid();
        change(&mut other);
        difference(&grid(), &other)
    }

    #[test]
    fn equal_grids_do_not_differ() {
        assert_eq!(changed(|_| ()), None);
        assert_eq!(changed(|grid| grid.rows[0][0].header = true), None);
    }

    #[test]
    fn the_first_difference_is_named() {
        let text = changed(|grid| grid.rows[0][1].text = "省级".into());
        assert_eq!(
            text.unwrap(),
            r#"row 1, cell 2: text "省级资金" against "省级""#
        );
        let span = changed(|grid| grid.rows[0][0].rowspan = 1);
        let expected = r#"row 1, cell 1: "年度金额" takes 1 × 2 (columns × rows) against 1 × 1"#;
        assert_eq!(span.unwrap(), expected);
        let cells = changed(|grid| drop(grid.rows[0].pop()));
        assert_eq!(
            cells.unwrap(),
            r#"row 1: 2 cells against 1, more by "省级资金""#
        );
        let rows = changed(|grid| drop(grid.rows.pop()));
        assert_eq!(rows.unwrap(), "2 rows against 1");
    }

    #[test]
    fn all_differences_are_found() {
        let mut other = grid();
        other.rows[0][1].text = "省级".into();
        other.rows[1].push(Cell::new("多", 1, 1));
        other.rows.push(Vec::new());
        let found: Vec<_> = differences(&grid(), &other)
            .into_iter()
            .map(|difference| (difference.row, difference.cell))
            .collect();
        assert_eq!(found, [(Some(0), Some(1)), (Some(1), None), (None, None)]);
    }

    #[test]
    fn a_spanning_cell_stands_at_all_its_places() {
        assert_eq!(
            grid().expanded(),
            [
                ["年度金额", "省级资金", "省级资金"],
                ["年度金额", "市、区", "市、区"]
            ]
        );
        // A cell that reaches below the last row, and a row that is too short.
        let short = Grid::new(vec![
            vec![Cell::new("甲", 1, 3), Cell::new("乙", 1, 1)],
            vec![],
        ]);
        assert_eq!(short.expanded(), [["甲", "乙"], ["甲", ""]]);
    }
}
