//! Workbooks as spreadsheet programs would save them.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A workbook with one of its parts replaced.
pub(crate) fn with_part(workbook: &[u8], part: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        if name == part {
            content = change(content);
        }
        let options = SimpleFileOptions::default();
        writer.start_file(name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A part of a workbook.
pub(crate) fn part(workbook: &[u8], part: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut content = String::new();
    archive
        .by_name(part)
        .unwrap()
        .read_to_string(&mut content)
        .unwrap();
    content
}

/// A template with rows typed below its header: cells by their headers.
pub(crate) fn filled(template: &[u8], rows: &[Vec<(String, String)>]) -> Vec<u8> {
    let headers = headers(template);
    let mut typed = String::new();
    for (index, row) in rows.iter().enumerate() {
        let number = index + 2;
        let mut cells: Vec<(usize, &str)> = row
            .iter()
            .map(|(header, text)| {
                let column = headers.iter().position(|known| known == header);
                let column = column.unwrap_or_else(|| panic!("no {header} in {headers:?}"));
                (column, text.as_str())
            })
            .collect();
        cells.sort_unstable();
        typed.push_str(&format!("<row r=\"{number}\">"));
        for (column, text) in cells {
            let name = name(column);
            // What looks like a workbook's own escape is escaped.
            let text = text.replace("_x000A_", "_x005F_x000A_");
            let text = quick_xml::escape::escape(&text);
            typed.push_str(&format!(
                "<c r=\"{name}{number}\" s=\"1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>"
            ));
        }
        typed.push_str("</row>");
    }
    let sheet = "xl/worksheets/sheet1.xml";
    with_part(template, sheet, |xml| {
        let end = xml.find("</sheetData>").unwrap();
        format!("{}{typed}{}", &xml[..end], &xml[end..])
    })
}

/// The headers of a template, in their order.
pub(crate) fn headers(template: &[u8]) -> Vec<String> {
    let texts = part(template, "xl/sharedStrings.xml");
    let texts = texts.split("<t").skip(1).filter_map(|text| {
        let (_, text) = text.split_once('>')?;
        let (text, _) = text.split_once("</t>")?;
        Some(quick_xml::escape::unescape(text).unwrap().into_owned())
    });
    texts.collect()
}

fn name(column: usize) -> String {
    let letter = |index: usize| char::from(b'A' + index as u8);
    match column / 26 {
        0 => letter(column).to_string(),
        first => format!("{}{}", letter(first - 1), letter(column % 26)),
    }
}
