//! A table as it is meant: rows of cells that may span, and how two differ.
//!
//! The form that a PDF, a Word file and a published document are compared in.
//! It knows nothing of where a table came from.

/// A table; places that a cell of an earlier row or column covers are absent, as in HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// One cell: its text, how many columns and rows it takes, whether it heads a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) colspan: usize,
    pub(crate) rowspan: usize,
    pub(crate) header: bool,
}

impl Cell {
    /// A data cell.
    pub(crate) fn new(text: &str, colspan: usize, rowspan: usize) -> Self {
        Self {
            text: text.into(),
            colspan,
            rowspan,
            header: false,
        }
    }

    fn span(&self) -> String {
        format!("{} × {}", self.colspan, self.rowspan)
    }
}

impl Grid {
    /// The text of every cell, row by row.
    pub(crate) fn texts(&self) -> Vec<Vec<&str>> {
        self.rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.text.as_str()).collect())
            .collect()
    }
}

/// Names the first row or cell, counted from one, in which two tables differ.
///
/// `header` is not compared: a row label heads a row in one artifact only.
pub(crate) fn difference(a: &Grid, b: &Grid) -> Option<String> {
    let rows = a.rows.iter().zip(&b.rows).enumerate();
    let first = rows
        .filter_map(|(at, (a, b))| row_difference(at + 1, a, b))
        .next();
    first.or_else(|| {
        let counts = (a.rows.len(), b.rows.len());
        (counts.0 != counts.1).then(|| format!("{} rows against {}", counts.0, counts.1))
    })
}

fn row_difference(row: usize, a: &[Cell], b: &[Cell]) -> Option<String> {
    let cells = a.iter().zip(b).enumerate();
    let first = cells
        .filter_map(|(at, (a, b))| Some((at + 1, cell_difference(a, b)?)))
        .next();
    if let Some((cell, what)) = first {
        return Some(format!("row {row}, cell {cell}: {what}"));
    }
    let rest = |more: &[Cell], less: usize| {
        more[less..]
            .iter()
            .map(|cell| format!("{:?}", cell.text))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (a.len(), b.len()) {
        (x, y) if x > y => Some(format!(
            "row {row}: {x} cells against {y}, more by {}",
            rest(a, y)
        )),
        (x, y) if x < y => Some(format!(
            "row {row}: {x} cells against {y}, fewer by {}",
            rest(b, x)
        )),
        _ => None,
    }
}

fn cell_difference(a: &Cell, b: &Cell) -> Option<String> {
    if a.text != b.text {
        return Some(format!("text {:?} against {:?}", a.text, b.text));
    }
    let same = (a.colspan, a.rowspan) == (b.colspan, b.rowspan);
    (!same).then(|| {
        format!(
            "{:?} takes {} (columns × rows) against {}",
            a.text,
            a.span(),
            b.span()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid {
            rows: vec![
                vec![Cell::new("年度金额", 1, 2), Cell::new("省级资金", 2, 1)],
                vec![Cell::new("市、区", 2, 1)],
            ],
        }
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
}
