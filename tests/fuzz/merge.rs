//! Any text as the body of a template, and behind a line `---` any data: what is
//! merged is a Word file again.

#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use tianbao::any_template::AnyTemplate;
use tianbao::project::parse_data;
use tianbao::source::Source;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const TYPES: &str = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
const RELATIONSHIPS: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>";
const NONE: &str =
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"/>";
const DATA: &str = "a: 1\nb: \"文\\n字\\t\\a\\f\"\nc: [{d: 2, e: {key: x}}, {d: }]\nr: {$text: [{text: x, bold: true}]}\np: {$break: page}";

fn file(body: &str) -> Vec<u8> {
    let document = format!(
        "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body>{body}<w:sectPr/></w:body></w:document>"
    );
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELATIONSHIPS),
        ("word/document.xml", document.as_str()),
        ("word/_rels/document.xml.rels", NONE),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        let _ = writer.start_file(name, SimpleFileOptions::default());
        let _ = writer.write_all(content.as_bytes());
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}

fuzz_target!(|text: &str| {
    let (body, data) = text.split_once("\n---\n").unwrap_or((text, DATA));
    let Ok(data) = parse_data(&Source::new("a.yaml", data), false) else {
        return;
    };
    let Ok(template) = AnyTemplate::word("a.docx", &file(body)) else {
        return;
    };
    let _ = template.names();
    let merged = template.merge(&data, None, || unreachable!("Word needs no typesetting"));
    if let Ok(merged) = merged {
        assert!(AnyTemplate::word("b.docx", &merged.bytes).is_ok());
    }
});
