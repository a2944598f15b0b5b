//! A table: the cells of a CSV file or of one sheet of a workbook, as texts.
//!
//! Read once a run and kept small: all cells stand in one text. What a cell
//! means to a project is [`columns`]' and [`row`]'s affair; what is wrong with
//! a single cell waits until its row is loaded, so that one wrong row never
//! stops the others.

mod columns;
mod csv;
pub(in crate::batch) mod fields;
mod number;
mod row;
mod xlsx;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::project;
use crate::source::{Source, cell_name, row_name, spot_of};
pub(super) use columns::{Mapping, Written};
pub use row::Row;
pub(super) use row::{BLANK, Filling, REMOVE, YES_NO, rows};

/// Largest file, in bytes.
pub(super) const MAX_BYTES: u64 = 64 << 20;
/// Most bytes of all cells together.
const MAX_TEXT: usize = 256 << 20;
/// Most rows below the header.
pub(in crate::batch) const MAX_ROWS: usize = 100_000;
/// Most columns.
const MAX_COLUMNS: usize = 1_000;

/// The cells of a table.
#[derive(Debug)]
pub(super) struct Table {
    /// The file.
    pub(super) path: PathBuf,
    /// The file as messages show it.
    name: String,
    sheet: Option<Arc<str>>,
    /// The first row that is not empty: what the columns are called.
    headers: Vec<(usize, String)>,
    header_row: usize,
    /// The texts of all cells below, one after another.
    text: String,
    cells: Vec<Cell>,
    lines: Vec<Line>,
    faults: Vec<Fault>,
}

/// A cell that is not empty; its text begins where the one before ends.
#[derive(Debug)]
struct Cell {
    column: u16,
    end: u32,
}

/// A row that is not empty; its cells begin where those before end.
#[derive(Debug)]
struct Line {
    /// Counted from 1, as spreadsheets show it.
    number: u32,
    end: u32,
}

/// What is wrong with a cell or a row, said when the row is loaded.
#[derive(Debug)]
struct Fault {
    /// Position in [`Table::lines`].
    line: usize,
    /// `None` for the row.
    column: Option<usize>,
    problem: Diagnostic,
}

/// A cell as a reader found it.
struct Found {
    column: usize,
    text: String,
    problem: Option<Diagnostic>,
}

impl Table {
    /// Reads a CSV file or a sheet of a workbook.
    ///
    /// # Errors
    /// Rejected if it is no such table; broken if it cannot be opened.
    pub(super) fn read(path: &Path, sheet: Option<&Written>) -> Result<Self, Failure> {
        let size = fs::metadata(path)
            .map_err(|e| Error::io("读取", path, e))?
            .len();
        if size > MAX_BYTES {
            let limit = MAX_BYTES >> 20;
            return Err(
                Diagnostic::error("table/size", format!("表格文件超过 {limit} MB"))
                    .at_part(project::shown(path), "")
                    .hint("删去用不着的工作表和列，或拆成几个文件")
                    .into(),
            );
        }
        let bytes = fs::read(path).map_err(|e| Error::io("读取", path, e))?;
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let mut table = Self::new(path);
        match ending.to_lowercase().as_str() {
            "csv" => {
                if let Some(sheet) = sheet {
                    return Err(Diagnostic::error("table/sheet", "CSV 文件没有工作表")
                        .at(sheet.at.clone())
                        .hint("删去 `sheet`")
                        .into());
                }
                csv::read(&mut table, bytes)?;
            }
            "xlsx" | "xlsm" => xlsx::read(&mut table, bytes, sheet)?,
            _ => {
                return Err(
                    Diagnostic::error("table/kind", "表格文件应为 .xlsx 或 .csv")
                        .at_part(table.name, "")
                        .hint("在 Excel 或 WPS 里“另存为”，类型选 .xlsx")
                        .into(),
                );
            }
        }
        if table.headers.is_empty() {
            return Err(
                Diagnostic::error("table/empty", "表格是空的，第一行应为列名")
                    .at_part(table.name.clone(), table.spot(""))
                    .into(),
            );
        }
        Ok(table)
    }

    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            name: project::shown(path),
            sheet: None,
            headers: Vec::new(),
            header_row: 1,
            text: String::new(),
            cells: Vec::new(),
            lines: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Takes a row; empty ones are left out, the first other is the header.
    fn push(
        &mut self,
        number: usize,
        found: Vec<Found>,
        problem: Option<Diagnostic>,
    ) -> Result<(), Diagnostic> {
        // Blanks and line breaks of an ASCII keyboard at either end are not
        // seen; the ideographic blank begins a paragraph.
        let found = found.into_iter().map(|cell| Found {
            text: cell.text.trim_matches([' ', '\t', '\r', '\n']).to_owned(),
            ..cell
        });
        let is_blank = |text: &str| text.trim().is_empty();
        let mut found: Vec<Found> = found.filter(|cell| !is_blank(&cell.text)).collect();
        found.sort_by_key(|cell| cell.column);
        let Some(last) = found.last().map(|cell| cell.column) else {
            return Ok(());
        };
        if last >= MAX_COLUMNS {
            return Err(self.too_large(format!("表格超过 {MAX_COLUMNS} 列"), number));
        }
        if self.headers.is_empty() {
            self.header_row = number;
            if let Some(problem) = found.iter().find_map(|cell| cell.problem.clone()) {
                return Err(problem.at_part(self.name.clone(), self.spot(&row_name(number))));
            }
            // A header may be broken into lines to fit its column.
            let text = |text: String| text.replace(['\r', '\n'], "").trim().to_owned();
            let headers = found.into_iter().map(|cell| (cell.column, text(cell.text)));
            self.headers = headers.collect();
            return Ok(());
        }
        if self.lines.len() >= MAX_ROWS {
            return Err(self.too_large(format!("表格超过 {MAX_ROWS} 行"), number));
        }
        let line = self.lines.len();
        self.faults.extend(problem.map(|problem| Fault {
            line,
            column: None,
            problem,
        }));
        for cell in found {
            self.text.push_str(&cell.text);
            if self.text.len() > MAX_TEXT {
                let limit = MAX_TEXT >> 20;
                return Err(self.too_large(format!("表格里的文字超过 {limit} MB"), number));
            }
            self.cells.push(Cell {
                column: cell.column as u16,
                end: self.text.len() as u32,
            });
            self.faults.extend(cell.problem.map(|problem| Fault {
                line,
                column: Some(cell.column),
                problem,
            }));
        }
        self.lines.push(Line {
            number: number as u32,
            end: self.cells.len() as u32,
        });
        Ok(())
    }

    fn too_large(&self, message: String, row: usize) -> Diagnostic {
        Diagnostic::error("table/size", message)
            .at_part(self.name.clone(), self.spot(&row_name(row)))
            .hint("拆成几个文件")
    }

    /// A spot in words, with the sheet.
    fn spot(&self, spot: &str) -> String {
        spot_of(self.sheet.as_deref(), spot).trim_end().to_owned()
    }

    /// A diagnostic about the header of a column.
    fn at_header(&self, problem: Diagnostic, column: usize) -> Diagnostic {
        problem.at_part(
            self.name.clone(),
            self.spot(&cell_name(column, self.header_row)),
        )
    }

    /// The cells of a line with their columns, in order.
    fn cells(&self, line: usize) -> impl Iterator<Item = (usize, &str)> {
        let end_of = |line: usize| self.lines[line].end as usize;
        let range = line.checked_sub(1).map_or(0, end_of)..end_of(line);
        range.map(|index| {
            let start = index
                .checked_sub(1)
                .map_or(0, |i| self.cells[i].end as usize);
            let cell = &self.cells[index];
            (
                usize::from(cell.column),
                &self.text[start..cell.end as usize],
            )
        })
    }

    /// The line as a text whose places are cells.
    fn source(&self, line: usize) -> Arc<Source> {
        let number = self.lines[line].number as usize;
        Source::of_row(&self.name, self.sheet.as_ref(), number, self.cells(line))
    }

    /// What is wrong with a line, of itself and of the columns that are used.
    fn faults(&self, line: usize) -> &[Fault] {
        let start = self.faults.partition_point(|fault| fault.line < line);
        let end = self.faults.partition_point(|fault| fault.line <= line);
        &self.faults[start..end]
    }
}
