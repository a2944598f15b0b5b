//! Characters that no face of the chain has.
//!
//! Typst prints such a character as an empty box without a word. The frames
//! tell: its glyph is number 0. The project tells where it was written.

use std::collections::BTreeSet;

use typst::layout::{Frame, FrameItem};
use typst_layout::PagedDocument;

use super::Sheet;
use crate::diagnostic::Diagnostic;
use crate::project::Project;
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

/// One diagnostic for each place where such a character is written.
pub(super) fn explain(missing: &BTreeSet<char>, sheets: &[Sheet<'_>]) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for &character in missing {
        let before = diagnostics.len();
        for sheet in sheets {
            in_project(character, sheet.project, &mut diagnostics);
        }
        if diagnostics.len() == before {
            diagnostics.push(in_template(character, sheets));
        }
    }
    diagnostics
}

fn in_project(character: char, project: &Project, diagnostics: &mut Vec<Diagnostic>) {
    let Some(root) = project.root.as_map() else {
        return;
    };
    let mut report = |field: &str, at: &Location| {
        let at = spot(at, character);
        if !diagnostics
            .iter()
            .any(|d: &Diagnostic| d.place == Some(crate::diagnostic::Place::Text(at.clone())))
        {
            diagnostics.push(no_glyph(character).at(at).label("这个字").field(field));
        }
    };
    project.root.visit_scalars(&mut |field, node| {
        if node.as_str().is_some_and(|text| text.contains(character)) {
            report(field, &node.at);
        }
    });
    // Names of indicators are keys.
    let mut maps = vec![(String::new(), root)];
    while let Some((prefix, map)) = maps.pop() {
        for entry in &map.0 {
            let path = format!("{prefix}{}", entry.key);
            if entry.key.contains(character) {
                report(&path, &entry.key_at);
            }
            if let Some(below) = entry.value.as_map() {
                maps.push((format!("{path}."), below));
            }
        }
    }
}

fn in_template(character: char, sheets: &[Sheet<'_>]) -> Diagnostic {
    let problem = no_glyph(character);
    let found = sheets.iter().find_map(|sheet| {
        let at = sheet.template.text.find(character)?;
        Some(Location::new(
            &sheet.template,
            at..at + character.len_utf8(),
        ))
    });
    match found {
        Some(at) => problem.at(at).label("这个字"),
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

fn no_glyph(character: char) -> Diagnostic {
    let code = u32::from(character);
    Diagnostic::error(
        "text/no-glyph",
        format!("所用字体里没有“{character}”（U+{code:04X}）"),
    )
    .hint("换一个字，或用 --font-path 指明有这个字的字体所在的文件夹")
}
