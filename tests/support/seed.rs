//! The published text of form 002 (湖南): thirteen sheets as cells, and as the grid they mean.
//!
//! The text is a Word file's: a tab starts a cell, a line without one goes on in that cell,
//! an empty line ends the row, and a cell that a merge covers is left empty. Two kinds of
//! empty cell are therefore alike in `Sheet::rows`; only `grid`, which knows the form
//! (`forms/002-hunan.md`), tells a covered one from one left blank.

use tianbao::parity::grid::{Cell, Grid};

/// One prefecture's sheet as published.
pub(crate) struct Sheet {
    pub(crate) attachment: String,
    pub(crate) title: String,
    /// The cells, empty ones included, without hard line breaks and trailing blanks.
    pub(crate) rows: Vec<Vec<String>>,
}

/// The sheets in the order they were published. Panics on a line it cannot place.
pub(crate) fn sheets(text: &str) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut row: Vec<String> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if let Some(cell) = line.strip_prefix('\t') {
            assert!(!cell.contains('\t'), "seed line {}: a second tab", at + 1);
            row.push(cell.into());
        } else if line.is_empty() {
            end_row(&mut sheets, &mut row);
        } else if let Some(cell) = row.last_mut() {
            cell.push_str(line);
        } else {
            place_heading(&mut sheets, line, at + 1);
        }
    }
    end_row(&mut sheets, &mut row);
    sheets
}

fn end_row(sheets: &mut [Sheet], row: &mut Vec<String>) {
    if !row.is_empty() {
        let sheet = sheets
            .last_mut()
            .expect("seed: a row before the first sheet");
        sheet
            .rows
            .push(row.drain(..).map(|cell| cell.trim_end().into()).collect());
    }
}

/// A line outside the table: the label 附件2, which starts a sheet, then the title.
fn place_heading(sheets: &mut Vec<Sheet>, line: &str, at: usize) {
    match sheets.last_mut() {
        Some(sheet) if sheet.title.is_empty() => sheet.title = line.into(),
        Some(sheet) if sheet.rows.is_empty() => panic!("seed line {at}: a second title {line:?}"),
        _ => {
            let (attachment, title) = (line.into(), String::new());
            sheets.push(Sheet {
                attachment,
                title,
                rows: Vec::new(),
            });
        }
    }
}

/// The six rows above the indicators: for each cell its columns and rows; none where covered.
/// The rows of 绩效指标 are not known beforehand.
const FRAME: [&[Option<(usize, usize)>]; 6] = [
    &[Some((1, 1)), Some((4, 1))],
    &[Some((1, 1)), Some((4, 1))],
    &[Some((1, 2)), Some((2, 1)), Some((2, 1))],
    &[None, Some((2, 1)), Some((2, 1))],
    &[Some((1, 1)), Some((4, 1))],
    &[
        Some((1, 0)),
        Some((1, 1)),
        Some((1, 1)),
        Some((1, 1)),
        Some((1, 1)),
    ],
];

/// A sheet as its logical table. Panics where the sheet is not laid out as the form is.
pub(crate) fn grid(sheet: &Sheet) -> Grid {
    let (frame, indicators) = sheet.rows.split_at(FRAME.len());
    let mut rows: Vec<_> = frame
        .iter()
        .zip(FRAME)
        .map(|(row, spans)| frame_row(row, spans))
        .collect();
    let heading = rows.last_mut().expect("the frame has rows");
    heading[0].rowspan = 1 + indicators.len();
    heading[1..].iter_mut().for_each(|cell| cell.header = true);
    rows.extend((0..indicators.len()).map(|at| indicator_row(indicators, at)));
    Grid::new(rows)
}

fn frame_row(row: &[String], spans: &[Option<(usize, usize)>]) -> Vec<Cell> {
    assert_eq!(row.len(), spans.len(), "cells of {row:?}");
    let cells = row.iter().zip(spans).filter_map(|(text, span)| {
        let Some((colspan, rowspan)) = *span else {
            assert_eq!(text, "", "a covered cell of {row:?}");
            return None;
        };
        Some(Cell::new(text, colspan, rowspan))
    });
    cells.collect()
}

/// Columns of an indicator row: covered by 绩效指标, 一级, 二级, 三级, 指标值.
fn indicator_row(rows: &[Vec<String>], at: usize) -> Vec<Cell> {
    let [covered, levels @ .., name, target] = rows[at].as_slice() else {
        panic!("an indicator row {:?}", rows[at]);
    };
    assert_eq!(
        (covered.as_str(), levels.len()),
        ("", 2),
        "an indicator row {:?}",
        rows[at]
    );
    let merged = [1, 2]
        .into_iter()
        .filter(|&level| !continues(&rows[at], level));
    let merged = merged.map(|level| {
        let below = rows[at + 1..]
            .iter()
            .take_while(|row| continues(row, level))
            .count();
        Cell::new(&rows[at][level], 1, 1 + below)
    });
    merged
        .chain([name, target].map(|text| Cell::new(text, 1, 1)))
        .collect()
}

/// Whether the cell at `level` goes on from the row above: it and all to its left are empty.
fn continues(row: &[String], level: usize) -> bool {
    row[..=level].iter().all(String::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> Vec<Sheet> {
        sheets(include_str!("../seeds/002-hunan.txt"))
    }

    fn departments(sheet: &Sheet) -> &str {
        &sheet.rows[1][1]
    }

    #[test]
    fn every_sheet_is_found() {
        let sheets = published();
        assert_eq!(sheets.len(), 13);
        for sheet in &sheets {
            assert_eq!(sheet.attachment, "附件2");
            assert_eq!(sheet.title, "2024年度跨境电商资金绩效目标表");
        }
        let counts: Vec<_> = sheets
            .iter()
            .map(|sheet| sheet.rows.len() - FRAME.len())
            .collect();
        assert_eq!(counts, [10, 11, 10, 10, 12, 10, 10, 10, 13, 12, 14, 12, 11]);
        assert_eq!(counts.iter().sum::<usize>(), 145);
    }

    #[test]
    fn departments_keep_their_published_order() {
        let sheets = published();
        let departments: Vec<_> = sheets.iter().map(departments).collect();
        assert_eq!(departments[0], "株洲市商务局、株洲市财政局");
        assert_eq!(departments[7], "益阳市财政局、益阳市商务局");
        assert_eq!(departments[8], "永州市财政局、永州市商务局");
        assert_eq!(departments[12], "湘西州商务局、湘西州财政局");
    }

    #[test]
    fn amounts_are_as_published() {
        let sheets = published();
        let city: Vec<_> = sheets
            .iter()
            .map(|sheet| sheet.rows[3][2].as_str())
            .collect();
        let expected = [
            "100",
            "",
            "50",
            "",
            "0",
            "",
            "",
            "",
            "50（含县市区）",
            "100",
            "",
            "35",
            "",
        ];
        assert_eq!(city, expected);
        let province = sheets
            .iter()
            .map(|sheet| sheet.rows[2][2].parse::<u32>().unwrap());
        assert_eq!(province.sum::<u32>(), 2000);
    }

    #[test]
    fn hard_line_breaks_and_trailing_blanks_are_gone() {
        let sheets = published();
        assert_eq!(sheets[0].rows[2][0], "年度金额（万元）");
        assert_eq!(sheets[9].rows[2][0], "年度金额(万元)");
        assert_eq!(sheets[0].rows[7][3], "组织参加跨境电商相关展会企业数");
        let loudi = &sheets[10].rows;
        assert_eq!(
            loudi[6],
            [
                "",
                "产出指标",
                "数量指标",
                "跨境电商进出口交易额增长率",
                "6%"
            ]
        );
        assert_eq!(loudi[15][2], "经济效益指标");
    }

    #[test]
    fn covered_cells_become_spans() {
        for sheet in published() {
            assert_rectangle(&grid(&sheet), 5);
        }
        let xiangtan = grid(&published()[1]);
        assert_eq!(
            xiangtan.rows[3],
            [Cell::new("市、区拟配套资金", 2, 1), Cell::new("", 2, 1)]
        );
        assert_eq!(xiangtan.rows[5][0], Cell::new("绩效指标", 1, 12));
        assert_eq!(
            xiangtan.rows[6][..2],
            [Cell::new("产出指标", 1, 8), Cell::new("数量指标", 1, 4)]
        );
        assert_eq!(xiangtan.rows[7].len(), 2);
        assert_eq!(xiangtan.rows[16].len(), 4);
    }

    /// Every place of the grid is taken once.
    fn assert_rectangle(grid: &Grid, columns: usize) {
        let mut free = vec![vec![true; columns]; grid.rows.len()];
        for (at, row) in grid.rows.iter().enumerate() {
            for cell in row {
                let left = free[at]
                    .iter()
                    .position(|&free| free)
                    .expect("a place in the row");
                for line in &mut free[at..at + cell.rowspan] {
                    for place in &mut line[left..left + cell.colspan] {
                        assert!(*place, "{:?} overlaps", cell.text);
                        *place = false;
                    }
                }
            }
        }
        assert!(free.iter().flatten().all(|free| !free), "{free:?}");
    }
}
