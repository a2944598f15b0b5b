//! A CSV file → a table. Cells are texts as they are; nothing is a number yet.

use csv::{ByteRecord, ReaderBuilder};

use super::{Found, Table};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::source::row_name;

pub(super) fn read(table: &mut Table, bytes: Vec<u8>) -> Result<(), Failure> {
    let text = decode(table, bytes)?;
    let bytes = text.as_bytes();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut row = 0;
    let mut width = None;
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(bytes.len());
        let more = reader
            .read_byte_record(&mut record)
            .map_err(|error| Error::Internal(format!("CSV：{error}")))?;
        if !more {
            break;
        }
        // Spreadsheets count empty lines, and this reader passes over them.
        row += 1 + empty_lines(bytes, start);
        let width = *width.get_or_insert(record.len());
        let cells = record.iter().enumerate().map(|(column, text)| Found {
            column,
            text: String::from_utf8_lossy(text).into_owned(),
            problem: None,
        });
        let wrong = (record.len() != width).then(|| {
            Diagnostic::error(
                "table/width",
                format!("这一行有 {} 格，列名有 {width} 格", record.len()),
            )
            .hint("单元格里有逗号、引号或换行的，要用双引号括起来；空格子的逗号不能少")
        });
        table.push(row, cells.collect(), wrong)?;
    }
    // A quote that nothing closes swallows what follows it.
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err(Diagnostic::error("table/quotes", "双引号没有配对")
            .at_part(table.name.clone(), row_name(row))
            .label("最迟到这一行")
            .hint("单元格里的双引号要写两次，整格再用双引号括起来：\"甲\"\"乙\"\"丙\"")
            .into());
    }
    if let [(_, only)] = table.headers.as_slice()
        && only.contains(['\t', ';', '，', '；'])
    {
        let problem = Diagnostic::error("table/separator", "各列之间应为半角逗号")
            .hint("在 Excel 里“另存为”，类型选“CSV UTF-8（逗号分隔）”");
        return Err(table.at_header(problem, 0).into());
    }
    Ok(())
}

/// Line ends before the next record: those of empty lines.
fn empty_lines(bytes: &[u8], start: usize) -> usize {
    let mut rest = &bytes[start.min(bytes.len())..];
    // The reader may stop between the two characters of a line end.
    if start > 0 && bytes[start - 1] == b'\r' {
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    let mut count = 0;
    loop {
        let next = [&b"\r\n"[..], b"\n", b"\r"];
        match next.iter().find_map(|end| rest.strip_prefix(*end)) {
            Some(after) => (rest, count) = (after, count + 1),
            None => return count,
        }
    }
}

/// The text without a byte-order mark; anything but UTF-8 is refused, because
/// a guess could change a character.
fn decode(table: &Table, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let row = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::error("file/encoding", "CSV 文件不是 UTF-8 编码")
            .at_part(table.name.clone(), row_name(row))
            .label("从这里起无法识别")
            .hint(
                "在 Excel 里“另存为”，类型选“CSV UTF-8（逗号分隔）”；在 WPS 里另存为 .xlsx 更稳妥",
            )
    })?;
    match text.strip_prefix('\u{feff}') {
        Some(text) => Ok(text.to_owned()),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn table(text: &[u8]) -> Result<Table, Vec<Diagnostic>> {
        let mut table = Table::new(Path::new("表.csv"));
        match read(&mut table, text.to_vec()) {
            Ok(()) => Ok(table),
            Err(Failure::Rejected(found)) => Err(found),
            Err(Failure::Broken(error)) => panic!("{error}"),
        }
    }

    /// The numbers of the rows, and their cells.
    fn rows(text: &str) -> Vec<(u32, Vec<String>)> {
        let table = table(text.as_bytes()).unwrap();
        let cells = |line| table.cells(line).map(|(_, text)| text.to_owned()).collect();
        let lines = table.lines.iter().enumerate();
        lines.map(|(line, row)| (row.number, cells(line))).collect()
    }

    #[test]
    fn rows_are_numbered_as_spreadsheets_do() {
        let text = "\u{feff}甲,乙\n\n\"一\n二\",007\n , \n\n\n三,\"a,\"\"b\"\"\"\n";
        let expected = [
            (3, vec!["一\n二".to_owned(), "007".to_owned()]),
            (7, vec!["三".to_owned(), "a,\"b\"".to_owned()]),
        ];
        assert_eq!(rows(text), expected);
        let crlf = text.replace('\n', "\r\n");
        let lines: Vec<u32> = rows(&crlf).iter().map(|(number, _)| *number).collect();
        assert_eq!(lines, [3, 7]);
        let headed_late = rows("\n\n甲\n一\n");
        assert_eq!(headed_late, [(4, vec!["一".to_owned()])]);
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for (text, code) in [
            (&b"\xb5\xa5\xce\xbb,a\n"[..], "file/encoding"),
            ("甲\t乙\n一\t二\n".as_bytes(), "table/separator"),
            ("甲,乙\n\"一,二\n三,四\n".as_bytes(), "table/quotes"),
        ] {
            assert_eq!(table(text).unwrap_err()[0].code, code);
        }
    }
}
