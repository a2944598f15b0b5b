//! Any bytes as a Word template: opened, inspected, merged; nothing may panic,
//! hang, or write a file that cannot be opened again.
//!
//! A zip is taken as it is. Anything else is the parts of one, each a name, a
//! line break and its content, with a NUL between them: so that changes reach
//! what the parts say, not their checksums alone.

#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use tianbao::any_template::AnyTemplate;
use tianbao::project::parse_data;
use tianbao::source::Source;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const DATA: &str = "{\"a\": 1, \"b\": \"文\\n字\\t\", \"c\": [{\"d\": 2}, {\"d\": null}]}";

fn package(bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for part in bytes.split(|byte| *byte == 0) {
        let end = part.iter().position(|byte| *byte == b'\n');
        let (name, content) = part.split_at(end.unwrap_or(part.len()));
        let name = String::from_utf8_lossy(name);
        if writer
            .start_file(name, SimpleFileOptions::default())
            .is_ok()
        {
            let _ = writer.write_all(content.get(1..).unwrap_or_default());
        }
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}

fuzz_target!(|bytes: &[u8]| {
    let file = match bytes.starts_with(b"PK") {
        true => bytes.to_vec(),
        false => package(bytes),
    };
    let Ok(template) = AnyTemplate::word("a.docx", &file) else {
        return;
    };
    let _ = template.names();
    let Ok(data) = parse_data(&Source::new("a.json", DATA), true) else {
        return;
    };
    let merged = template.merge(&data, None, || unreachable!("Word needs no typesetting"));
    if let Ok(merged) = merged {
        assert!(AnyTemplate::word("b.docx", &merged.bytes).is_ok());
    }
});
