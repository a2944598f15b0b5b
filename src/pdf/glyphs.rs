//! Characters that no face of the chain has.
//!
//! Typst prints such a character as an empty box without a word. The frames
//! tell: its glyph is number 0. The project tells where it was written.

use std::collections::BTreeSet;

use typst::layout::{Frame, FrameItem};
use typst_layout::PagedDocument;

use super::Sheet;
use crate::diagnostic::Diagnostic;
use crate::project::{Data, Node, field_below};
use crate::source::Location;

/// All characters of a document without a glyph.
pub(super) fn missing(document: &PagedDocument) -> BTreeSet<char> {
    let mut found = BTreeSet::new();
    for page in document.pages() {
        collect(&page.frame, &mut found);
    }
    found
}

fn collect(frame: &Frame, found: &mut BTreeSet<char>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect(&group.frame, found),
            FrameItem::Text(text) => {
                for glyph in text.glyphs.iter().filter(|glyph| glyph.id == 0) {
                    found.extend(text.text.get(glyph.range()).unwrap_or_default().chars());
                }
            }
            _ => {}
        }
    }
}

/// One diagnostic for each place where such characters are written.
pub(super) fn explain(missing: &BTreeSet<char>, sheets: &[Sheet<'_>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut explained = BTreeSet::new();
    for sheet in sheets {
        in_value(missing, &sheet.project.root, "", &mut found, &mut explained);
    }
    found.dedup();
    // What no project holds stands in a template.
    found.extend(
        missing
            .difference(&explained)
            .map(|character| in_template(*character, sheets)),
    );
    found
}

/// Walks values and keys (the names of indicators are keys) in their order.
fn in_value(
    missing: &BTreeSet<char>,
    node: &Node,
    path: &str,
    found: &mut Vec<Diagnostic>,
    explained: &mut BTreeSet<char>,
) {
    let mut report = |text: &str, field: &str, at: &Location| {
        let characters: BTreeSet<char> = text.chars().filter(|c| missing.contains(c)).collect();
        if let Some(first) = characters.first() {
            found.push(
                no_glyph(&characters)
                    .at(spot(at, *first))
                    .label("这里")
                    .field(field),
            );
            explained.extend(characters);
        }
    };
    match &node.data {
        Data::Text(text) | Data::Number(text) => report(text, path, &node.at),
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                in_value(
                    missing,
                    item,
                    &field_below(path, &index.to_string()),
                    found,
                    explained,
                );
            }
        }
        Data::Map(map) => {
            for entry in &map.0 {
                let path = field_below(path, &entry.key);
                report(&entry.key, &path, &entry.key_at);
            }
            for entry in &map.0 {
                in_value(
                    missing,
                    &entry.value,
                    &field_below(path, &entry.key),
                    found,
                    explained,
                );
            }
        }
        _ => {}
    }
}

fn in_template(character: char, sheets: &[Sheet<'_>]) -> Diagnostic {
    let problem = no_glyph(&BTreeSet::from([character]));
    let found = sheets.iter().find_map(|sheet| {
        let at = sheet.template.text.find(character)?;
        Some(Location::new(
            &sheet.template,
            at..at + character.len_utf8(),
        ))
    });
    match found {
        Some(at) => problem.at(at).label("这里"),
        None => problem,
    }
}

/// The character itself, where it stands in the text as it is.
fn spot(at: &Location, character: char) -> Location {
    match at.text().find(character) {
        Some(offset) => {
            let start = at.range.start + offset;
            Location::new(&at.source, start..start + character.len_utf8())
        }
        None => at.clone(),
    }
}

fn no_glyph(characters: &BTreeSet<char>) -> Diagnostic {
    let named: Vec<String> = characters
        .iter()
        .map(|c| format!("“{c}”（U+{:04X}）", u32::from(*c)))
        .collect();
    Diagnostic::error("text/no-glyph", format!("所用字体里没有{}", named.join("")))
        .hint("换一个字，或用 --font-path 指明有这个字的字体所在的文件夹")
}
