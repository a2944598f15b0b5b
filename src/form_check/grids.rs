//! The tables of both files, cell by cell, and whether each cell is headed.

use super::{Findings, Printed};
use crate::diagnostic::Diagnostic;
use crate::parity::grid::{Difference, Grid, RowKind, What, differences};

/// Most differences of a table that are shown: one lost cell shifts many.
const MAX_SHOWN: usize = 20;
/// Longest text in a message, in characters.
const MAX_TEXT: usize = 40;

/// Says where the tables of both files differ, what has no heading, and where
/// the words around the tables differ.
pub(super) fn compare(printed: &Printed, findings: &mut Findings) {
    around(printed, findings);
    if printed.pdf.len() != printed.word.len() {
        let (pdf, word) = (printed.pdf.len(), printed.word.len());
        let words = format!("PDF 里有 {pdf} 张表，Word 里有 {word} 张");
        findings.add(printed.problem("parity/tables", words, "word/document.xml".into()));
    }
    for (table, (pdf, word)) in printed.pdf.iter().zip(&printed.word).enumerate() {
        let found = differences(&unspaced(pdf), &unspaced(word));
        cells(printed, table, &found, findings);
        if found.is_empty() {
            header_rows(printed, table, word, findings);
        }
        headings(printed, table, pdf, findings);
    }
}

/// The words outside of tables, from where they differ.
fn around(printed: &Printed, findings: &mut Findings) {
    let (pdf, word) = &printed.around;
    if pdf == word {
        return;
    }
    let same = pdf
        .chars()
        .zip(word.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let from = |text: &str| -> String {
        text.chars()
            .skip(same.saturating_sub(6))
            .take(MAX_TEXT)
            .collect()
    };
    let words = format!(
        "表格以外的文字不同：PDF 里是“{}”，Word 里是“{}”",
        from(pdf),
        from(word)
    );
    findings.add(printed.problem("parity/around", words, "word/document.xml".into()));
}

/// The table without blanks and line breaks: a PDF has no character for a line
/// break, nor for a blank at which a line was wrapped.
fn unspaced(grid: &Grid) -> Grid {
    let mut grid = grid.clone();
    for cell in grid.rows.iter_mut().flatten() {
        cell.text.retain(|c| !c.is_whitespace());
    }
    grid
}

impl Printed {
    fn problem(&self, code: &'static str, words: String, spot: String) -> Diagnostic {
        Diagnostic::error(code, words)
            .at_part(self.template.as_str(), spot)
            .label(format!("见于项目 {}", self.project))
    }
}

/// The differences of a table; those of one place of the template are one.
fn cells(printed: &Printed, table: usize, found: &[Difference], findings: &mut Findings) {
    let first = findings.list.len();
    let mut untold = 0;
    for difference in found {
        if findings.list.len() - first == MAX_SHOWN {
            untold += 1;
            continue;
        }
        let spot = match (difference.row, difference.cell) {
            (Some(row), Some(cell)) => printed.cell_spot(table, (row, cell)),
            (Some(row), None) => printed.row_spot(table, row),
            (None, _) => format!("word/document.xml 表{}", table + 1),
        };
        let (code, words) = explain(difference);
        findings.add(printed.problem(code, words, spot));
    }
    if untold > 0
        && let Some(last) = findings.list.last_mut()
    {
        last.hints
            .push(format!("还有 {untold} 处不同，多半由上面的引起"));
    }
}

fn explain(difference: &Difference) -> (&'static str, String) {
    let at = match (difference.row, difference.cell) {
        (Some(row), Some(cell)) => format!("第 {} 行第 {} 格：", row + 1, cell + 1),
        (Some(row), None) => format!("第 {} 行：", row + 1),
        (None, _) => String::new(),
    };
    match &difference.what {
        What::Text(pdf, word) => {
            let (pdf, word) = (shown(pdf), shown(word));
            let words = format!("{at}PDF 里是{pdf}，Word 里是{word}");
            ("parity/text", words)
        }
        What::Span(text, pdf, word) => {
            let size = |(columns, rows): (usize, usize)| format!("占 {columns} 列 {rows} 行");
            let (text, pdf, word) = (shown(text), size(*pdf), size(*word));
            let words = format!("{at}{text}在 PDF 里{pdf}，在 Word 里{word}");
            ("parity/span", words)
        }
        What::Cells(pdf, word, texts) => {
            let more = if pdf > word { "PDF" } else { "Word" };
            let texts: Vec<String> = texts.iter().map(|text| shown(text)).collect();
            let texts = texts.join("、");
            let words = format!("{at}PDF 里有 {pdf} 格，Word 里有 {word} 格；{more} 多出{texts}");
            ("parity/cells", words)
        }
        What::Rows(pdf, word) => {
            let words = format!("PDF 里有 {pdf} 行，Word 里有 {word} 行");
            ("parity/rows", words)
        }
    }
}

fn shown(text: &str) -> String {
    if text.is_empty() {
        return "空白".into();
    }
    let mut cut: String = text.chars().take(MAX_TEXT).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("“{cut}”")
}

/// Rows that only one of the files repeats on each page.
fn header_rows(printed: &Printed, table: usize, word: &Grid, findings: &mut Findings) {
    let Some(in_pdf) = printed.header_rows.get(table) else {
        return;
    };
    for (row, word) in word.kinds.iter().enumerate() {
        let (words, hint) = match (in_pdf.contains(&row), *word == RowKind::Header) {
            (true, false) => (
                "在 PDF 里是每页重印的标题行，在 Word 里不是",
                "在 Word 里选中这一行，在“表格属性”里勾选“在各页顶端以标题行形式重复出现”",
            ),
            (false, true) => (
                "在 Word 里是每页重印的标题行，在 PDF 里不是",
                "在 form.typ 里把这一行放进 `header-rows`，或在 Word 的“表格属性”里取消标题行",
            ),
            _ => continue,
        };
        let words = format!("第 {} 行{words}", row + 1);
        let spot = printed.row_spot(table, row);
        findings.add(printed.problem("parity/header-row", words, spot).hint(hint));
    }
}

/// Data cells that nothing heads: no label directly to the left, no heading of
/// a column above. Once for each column.
fn headings(printed: &Printed, table: usize, pdf: &Grid, findings: &mut Findings) {
    for (column, cell) in unheaded(pdf) {
        let (row, _) = cell;
        let words = format!(
            "第 {} 列没有标题：从第 {} 行起，格子左边没有行的名称，上面没有列的标题",
            column + 1,
            row + 1
        );
        let spot = printed.cell_spot(table, cell);
        let problem = printed
            .problem("parity/heading", words, spot)
            .hint("在 form.typ 里用 `head` 写列的标题，用 `label` 写行的名称，读屏软件才说得出这一格是什么");
        findings.add_as(format!("parity/heading {table} {column}"), problem);
    }
}

/// The first data cell without a heading in each column, by column.
fn unheaded(grid: &Grid) -> Vec<(usize, (usize, usize))> {
    let places = grid.places();
    let width = places.first().map_or(0, Vec::len);
    let mut headed = vec![false; width];
    let mut banded = false;
    let mut found: Vec<(usize, (usize, usize))> = Vec::new();
    for (row, cells) in places.iter().enumerate() {
        for (column, at) in cells.iter().enumerate() {
            let Some(at) = *at else { continue };
            let cell = grid.cell(at);
            let begins = at.0 == row && (column == 0 || cells[column - 1] != Some(at));
            if !begins || cell.header || found.iter().any(|(known, _)| *known == column) {
                continue;
            }
            let beside =
                column > 0 && cells[column - 1].is_some_and(|left| grid.cell(left).heads_row());
            let columns = column..(column + cell.colspan).min(width);
            // A band over the whole table heads a cell that is as wide.
            let above =
                headed[columns].iter().any(|headed| *headed) || cell.colspan >= width && banded;
            if !beside && !above {
                found.push((column, at));
            }
        }
        for (column, at) in cells.iter().enumerate() {
            let Some(cell) = at
                .map(|at| grid.cell(at))
                .filter(|cell| cell.heads_column())
            else {
                continue;
            };
            headed[column] |= cell.colspan < width;
            banded |= cell.colspan >= width;
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::grid::{Cell, Scope};

    fn heading(text: &str, colspan: usize, rowspan: usize, scope: Scope) -> Cell {
        Cell {
            header: true,
            scope: Some(scope),
            ..Cell::new(text, colspan, rowspan)
        }
    }

    #[test]
    fn many_differences_are_cut_short() {
        let row = |text: &str| vec![heading("名称", 1, 1, Scope::Row), Cell::new(text, 1, 1)];
        let printed = Printed {
            project: "示例.yaml".into(),
            template: "form.docx".into(),
            pdf: vec![Grid::new(vec![row("甲"); 25])],
            word: vec![Grid::new(vec![row("乙"); 25])],
            pages: Vec::new(),
            spots: Vec::new(),
            paragraphs: Vec::new(),
            header_rows: Vec::new(),
            around: (String::new(), String::new()),
        };
        let mut findings = Findings::default();
        compare(&printed, &mut findings);
        assert_eq!(findings.list.len(), MAX_SHOWN);
        let last = findings.list[MAX_SHOWN - 1].to_string();
        assert!(
            last.contains("form.docx word/document.xml（生成的文件）表1 行20 列2"),
            "{last}"
        );
        assert!(last.contains("还有 5 处不同"), "{last}");
    }

    #[test]
    fn a_cell_is_headed_from_the_left_or_from_above() {
        let grid = Grid::new(vec![
            vec![heading("全表", 3, 1, Scope::Column)],
            vec![heading("名称", 1, 1, Scope::Row), Cell::new("", 2, 1)],
            vec![
                heading("指标", 1, 3, Scope::Row),
                heading("一级", 1, 1, Scope::Column),
                Cell::new("不是标题", 1, 1),
            ],
            vec![Cell::new("甲", 1, 1), Cell::new("1", 1, 1)],
            vec![Cell::new("乙", 1, 1), Cell::new("2", 1, 1)],
            vec![Cell::new("说明", 3, 1)],
        ]);
        assert_eq!(unheaded(&grid), [(2, (2, 2))]);
    }
}
