//! A sheet of a workbook → a table.
//!
//! calamine reads; what it would trust is measured first, because a workbook
//! is a zip of XML and comes from strangers.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::sync::Arc;

use calamine::{Data, DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use quick_xml::events::Event;
use zip::ZipArchive;

use super::number::{NumberFormat, shown};
use super::{Found, MAX_COLUMNS, Table, Written};
use crate::diagnostic::{Diagnostic, likely};
use crate::error::Failure;
use crate::source::cell_name;

/// Most bytes of XML in a workbook, unpacked.
const MAX_XML: u64 = 512 << 20;
/// Most bytes of a part that is held in memory as a whole.
const MAX_PART: u64 = 64 << 20;
/// Most elements of the styles: Excel itself keeps 65,490 of them.
const MAX_STYLES: usize = 500_000;
/// Most parts of a workbook.
const MAX_PARTS: usize = 10_000;

/// Most bytes of a cell: spreadsheets keep 32,767 characters.
const MAX_CELL: usize = 32_767 * 4;

type Workbook = Xlsx<Cursor<Vec<u8>>>;

pub(super) fn read(
    table: &mut Table,
    bytes: Vec<u8>,
    sheet: Option<&Written>,
) -> Result<(), Failure> {
    let broken = |error: XlsxError| unreadable(&table.name, &error);
    guard(&bytes).map_err(|problem| problem.at_part(table.name.clone(), ""))?;
    let mut workbook: Workbook = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let name = choose(&workbook, table, sheet)?;
    table.sheet = Some(Arc::from(name.as_str()));
    let is_1904 = workbook.has_1904_epoch();
    let merged = workbook.merge_cells_by_sheet_name(&name).map_err(broken)?;
    let formulas = formulas(&mut workbook, &name).map_err(|e| unreadable(&table.name, &e))?;
    let mut cells = match workbook.worksheet_cells_reader(&name) {
        Ok(cells) => cells,
        Err(error) => return Err(unreadable(&table.name, &error).into()),
    };
    let mut row: Vec<Found> = Vec::new();
    let mut number = 0;
    loop {
        let next = cells
            .next_cell_with_style_id()
            .map_err(|error| unreadable(&table.name, &error))?;
        let Some((cell, style)) = next else { break };
        let (at_row, column) = cell.get_position();
        let (at_row, column) = (at_row as usize + 1, column as usize);
        if at_row != number {
            if at_row < number {
                let problem = Diagnostic::error("table/damaged", "工作表里的行次序颠倒");
                return Err(problem.at_part(table.name.clone(), table.spot("")).into());
            }
            table.push(number, std::mem::take(&mut row), None)?;
            number = at_row;
        }
        if matches!(cell.get_value(), DataRef::Empty) {
            if formulas.contains(&cell.get_position()) {
                row.push(not_worked_out(column));
            }
            continue;
        }
        // No more than one cell beyond the limit: the table says what is wrong.
        if column > MAX_COLUMNS {
            let problem = Diagnostic::error("table/size", format!("表格超过 {MAX_COLUMNS} 列"));
            let spot = table.spot(&cell_name(column, at_row));
            return Err(problem.at_part(table.name.clone(), spot).into());
        }
        let length = match cell.get_value() {
            DataRef::String(text) => text.len(),
            DataRef::SharedString(text) => text.len(),
            _ => 0,
        };
        if length > MAX_CELL {
            let problem = Diagnostic::error("table/size", "一个单元格的文字太长");
            let spot = table.spot(&cell_name(column, at_row));
            return Err(problem.at_part(table.name.clone(), spot).into());
        }
        let is_later = row.last().is_none_or(|known| known.column < column);
        if !is_later && row.iter().any(|known| known.column == column) {
            let problem = Diagnostic::error("table/damaged", "同一个单元格写了两次");
            let spot = table.spot(&cell_name(column, at_row));
            return Err(problem.at_part(table.name.clone(), spot).into());
        }
        let format = cells
            .styles()
            .get(style)
            .and_then(|style| style.number_format.as_ref());
        let format = NumberFormat {
            code: format.map_or("General", |format| &format.format_code),
            id: format.and_then(|format| format.format_id).unwrap_or(0),
            is_1904,
        };
        row.push(found(column, cell.get_value(), &format));
    }
    table.push(number, row, None)?;
    let (first, last) = (
        table.header_row,
        table.lines.last().map_or(0, |line| line.number as usize),
    );
    let mut problems: Vec<Diagnostic> = Vec::new();
    for area in merged {
        let (top, left) = (area.start.0 as usize + 1, area.start.1 as usize);
        let (bottom, right) = (area.end.0 as usize + 1, area.end.1 as usize);
        if bottom >= first && top <= last.max(first) && left < MAX_COLUMNS {
            let spot = format!("{}:{}", cell_name(left, top), cell_name(right, bottom));
            problems.push(
                Diagnostic::error("table/merged", "有合并的单元格，看不出值属于哪一行、哪一列")
                    .at_part(table.name.clone(), table.spot(&spot))
                    .hint("取消合并，每格各写各的；第一行应为列名，表题不要写在里面"),
            );
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.into()),
    }
}

/// Rows and columns of a sheet's formulas.
fn formulas(workbook: &mut Workbook, sheet: &str) -> Result<BTreeSet<(u32, u32)>, XlsxError> {
    let mut cells = workbook.worksheet_cells_reader(sheet)?;
    let mut found = BTreeSet::new();
    while let Some(cell) = cells.next_formula()? {
        if !cell.get_value().is_empty() {
            found.insert(cell.get_position());
        }
    }
    Ok(found)
}

/// A formula without its result: a program wrote it, and no spreadsheet has
/// opened the file since.
fn not_worked_out(column: usize) -> Found {
    Found {
        column,
        text: "=…".to_owned(),
        problem: Some(
            Diagnostic::error("table/formula", "公式还没有算出结果")
                .hint("用 Excel 或 WPS 打开这份表格，保存一次；或直接填写值"),
        ),
    }
}

/// The text that a cell shows.
fn found(column: usize, value: &DataRef<'_>, format: &NumberFormat<'_>) -> Found {
    let plain = |text: String| Found {
        column,
        text,
        problem: None,
    };
    let refused = |text: String| Found {
        column,
        text,
        problem: Some(
            Diagnostic::error("table/number-format", "不能照单元格所显示的取值")
                .label(format!("数字格式是 `{}`", format.code))
                .hint("把这一格的格式改成“文本”再填写，或改成带固定小数位数的“数值”"),
        ),
    };
    let number = |value: f64| match shown(value, format) {
        Some(text) => plain(text),
        None => refused(value.to_string()),
    };
    match value {
        DataRef::Empty => plain(String::new()),
        DataRef::String(text) => plain(text.clone()),
        DataRef::SharedString(text) => plain((*text).to_owned()),
        DataRef::Bool(value) => plain(if *value { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::Int(value) => number(*value as f64),
        DataRef::Float(value) => number(*value),
        DataRef::DateTime(value) => number(value.as_f64()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => refused(text.clone()),
        DataRef::Error(_) => {
            let text = Data::from(value.clone()).to_string();
            Found {
                column,
                problem: Some(
                    Diagnostic::error("table/error-value", format!("单元格是错误值 {text}"))
                        .hint("改好公式，或直接填写值"),
                ),
                text,
            }
        }
    }
}

/// The sheet that is named, else the only one that is not hidden.
fn choose(
    workbook: &Workbook,
    table: &Table,
    sheet: Option<&Written>,
) -> Result<String, Diagnostic> {
    let sheets = &workbook.sheets_metadata();
    let sheets = sheets
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names: Vec<&str> = sheets.clone().map(|sheet| sheet.name.as_str()).collect();
    let listed = || format!("工作簿里有：{}", names.join("、"));
    if let Some(wanted) = sheet {
        if names.contains(&wanted.text.as_str()) {
            return Ok(wanted.text.clone());
        }
        let problem = Diagnostic::error(
            "table/sheet",
            format!("{} 里没有工作表“{}”", table.name, wanted.text),
        )
        .at(wanted.at.clone());
        return Err(match likely(&wanted.text, names.iter().copied()) {
            Some(name) => problem.hint(format!("是否想写 `{name}`？")),
            None => problem.hint(listed()),
        });
    }
    let visible: Vec<&str> = sheets
        .filter(|sheet| sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.as_str())
        .collect();
    match visible.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => {
            Err(Diagnostic::error("table/sheet", "工作簿里没有工作表")
                .at_part(table.name.clone(), ""))
        }
        _ => Err(
            Diagnostic::error("table/sheet", "工作簿里有几张工作表，要写明用哪一张")
                .at_part(table.name.clone(), "")
                .hint(format!("在批次文件里写 `sheet: {}`", visible[0]))
                .hint(listed()),
        ),
    }
}

fn unreadable(name: &str, error: &XlsxError) -> Diagnostic {
    if matches!(error, XlsxError::Password) {
        return Diagnostic::error("table/password", "工作簿设了打开密码")
            .at_part(name, "")
            .hint("在 Excel 或 WPS 里去掉密码，另存一份");
    }
    Diagnostic::error("table/damaged", "不是完好的 .xlsx 文件")
        .at_part(name, "")
        .hint("在 Excel 或 WPS 里打开，“另存为”类型选 .xlsx")
}

/// Refuses what would take too much memory once unpacked.
fn guard(bytes: &[u8]) -> Result<(), Diagnostic> {
    // Encrypted and older workbooks are no zip: the reader says what they are.
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return Ok(());
    };
    let too_large = |what: &str| {
        Diagnostic::error("table/size", format!("工作簿太大：{what}"))
            .hint("把要用的那张工作表的内容复制到一个新的工作簿里（选择性粘贴，只要数值和格式）")
    };
    if archive.len() > MAX_PARTS {
        return Err(too_large("里面的文件太多"));
    }
    let mut total = 0;
    for index in 0..archive.len() {
        let Ok(part) = archive.by_index(index) else {
            return Ok(());
        };
        let Ok(name) = part.name().map(|name| name.to_lowercase()) else {
            return Ok(());
        };
        if !(name.ends_with(".xml") || name.ends_with(".rels")) {
            continue;
        }
        let is_sheet = name.contains("worksheets/");
        let limit = if is_sheet { MAX_XML } else { MAX_PART };
        let measured = measure(part.take(limit + 1), name.ends_with("sharedstrings.xml"));
        total += measured.bytes;
        if measured.bytes > limit || total > MAX_XML {
            return Err(too_large("解开后的内容太多"));
        }
        if name.ends_with("styles.xml") && measured.elements > MAX_STYLES {
            return Err(too_large("单元格格式太多"));
        }
        // The reader makes room for as many texts as are promised.
        if measured.promised > measured.bytes {
            return Err(Diagnostic::error("table/damaged", "不是完好的 .xlsx 文件")
                .label("共享文字的个数不实"));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Measured {
    bytes: u64,
    elements: usize,
    /// `uniqueCount` of the shared texts.
    promised: u64,
}

/// How much a part holds; what cannot be unpacked is the reader's to say.
fn measure(mut part: impl Read, is_shared: bool) -> Measured {
    let mut measured = Measured::default();
    let mut head = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = part.read(&mut buffer) {
        let chunk = &buffer[..read];
        measured.bytes += read as u64;
        measured.elements += chunk.iter().filter(|byte| **byte == b'<').count();
        if is_shared && head.len() < 1 << 20 {
            head.extend_from_slice(chunk);
        }
    }
    if is_shared {
        measured.promised = match promised(&head) {
            Some(promised) => promised,
            // Not within the first bytes: nothing a spreadsheet writes.
            None if measured.bytes > head.len() as u64 || head.contains(&0) => u64::MAX,
            None => 0,
        };
    }
    measured
}

/// The number of texts that the head of the shared texts promises.
fn promised(head: &[u8]) -> Option<u64> {
    let head = String::from_utf8_lossy(head);
    let mut reader = quick_xml::Reader::from_str(&head);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) if start.local_name().as_ref() == "sst" => {
                let count = start
                    .attributes()
                    .flatten()
                    .find(|a| a.key.as_ref() == "uniqueCount");
                return Some(count.map_or(0, |count| count.value.parse().unwrap_or(0)));
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}
