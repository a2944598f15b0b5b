//! Damaging a copy of a form pack.

use std::fs;
use std::io::{Cursor, Read, Write};

use super::program::Trial;

/// The pack that tests damage.
pub(crate) const PACK: &str = "templates/hunan/cbec-fund-target";

/// Changes a file of the pack in a trial's own templates; of `form.docx` the
/// main part.
pub(crate) fn damage(trial: &Trial, file: &str, change: impl Fn(String) -> String) {
    damage_in(trial, PACK, file, change);
}

/// As [`damage`], in any pack.
pub(crate) fn damage_in(trial: &Trial, pack: &str, file: &str, change: impl Fn(String) -> String) {
    let path = trial.path(&format!("{pack}/{file}"));
    let bytes = fs::read(&path).unwrap();
    let change = |text: String| {
        let changed = change(text.clone());
        assert_ne!(changed, text, "the change did not apply");
        changed
    };
    let changed = match file {
        "form.docx" => in_document(&bytes, &change),
        _ => change(String::from_utf8(bytes).unwrap()).into_bytes(),
    };
    fs::write(&path, changed).unwrap();
}

/// A .docx with its main part changed.
fn in_document(docx: &[u8], change: &impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = String::new();
        part.read_to_string(&mut content).unwrap();
        if name == "word/document.xml" {
            content = change(content);
        }
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Replaces the first occurrence.
pub(crate) fn replaced(from: &str, to: &str) -> impl Fn(String) -> String {
    move |text| text.replacen(from, to, 1)
}

/// Takes out the first element of this name that holds these words.
pub(crate) fn without(element: &str, words: &str) -> impl Fn(String) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let words = words.to_owned();
    move |text| {
        let at = text.find(&words).unwrap();
        let start = text[..at].rfind(&open).unwrap();
        let end = at + text[at..].find(&close).unwrap() + close.len();
        format!("{}{}", &text[..start], &text[end..])
    }
}
