//! Another Word file in the text of one: its body, with the styles, lists,
//! images and links it uses, so that nothing in it clashes with what stands
//! there already.
//!
//! Styles of the template win over equal ones of the file; lists begin anew
//! wherever the file is put. What cannot come along, such as footnotes and
//! charts, is refused.

mod counted;
mod lists;
mod styles;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::join::{UNKNOWN, attributes, part, relationships_of};
use super::outline::{Kind, Outline};
use super::package::{MAIN_PART, Parts, RELATIONSHIPS};
use super::rich::Additions;
use super::sections::Body;
use crate::diagnostic::Diagnostic;
use crate::merge::rich::Document;
use lists::Lists;

/// What refers to a style.
const STYLE_REFERENCES: [&str; 8] = [
    "w:pStyle",
    "w:rStyle",
    "w:tblStyle",
    "w:basedOn",
    "w:link",
    "w:next",
    "w:numStyleLink",
    "w:styleLink",
];

/// Relationships that cannot come along, by a part of their kind, and what
/// people call them.
const REFUSED: [(&str, &str); 6] = [
    ("chart", "图表"),
    ("diagram", "SmartArt 图形"),
    ("oleObject", "嵌入的对象"),
    ("package", "嵌入的对象"),
    ("aFChunk", "嵌入的文件"),
    ("control", "控件"),
];

/// A file that was read, and what of it the package has already.
pub(super) struct Imported {
    parts: Parts,
    /// Its styles' ids, and what they are called here.
    styles: BTreeMap<String, String>,
    lists: Lists,
}

/// The file's body as the content of a part.
///
/// # Errors
/// Rejected with what is wrong in the file, or what cannot come along.
pub(super) fn insert(
    document: &Document,
    host: &str,
    additions: &mut Additions<'_>,
) -> Result<String, Diagnostic> {
    let key = Arc::as_ptr(&document.bytes).addr();
    let refuse = |words: String| {
        let message = format!("子文档 {} 不能放进来：{words}", document.name);
        Diagnostic::error("word/subdocument", message).at(document.at.clone())
    };
    let mut imported = match additions.imported.remove(&key) {
        Some(known) => known,
        None => {
            let (_, parts) = super::whole(&document.name, &document.bytes)
                .map_err(|problem| refuse(problem.message))?;
            Imported::new(parts, additions).map_err(refuse)?
        }
    };
    let content = imported.content(host, additions).map_err(refuse);
    additions.imported.insert(key, imported);
    content
}

impl Imported {
    fn new(parts: Parts, additions: &mut Additions<'_>) -> Result<Self, String> {
        let document = part(&parts, MAIN_PART)?;
        // Lists come along here.
        let unknown = UNKNOWN.iter().filter(|(mark, _)| *mark != "<w:numId ");
        for (mark, name) in unknown {
            if document.contains(mark) {
                return Err(format!("里面有{name}"));
            }
        }
        let mut lists = Lists::read(companion(&parts, "numbering")?)?;
        let used = Outline::read(document)?;
        let own = companion(&parts, "styles")?;
        let styles = styles::bring(&used, own, &mut lists, additions)?;
        Ok(Self {
            parts,
            styles,
            lists,
        })
    }

    /// The body, with names and numbers of its own.
    fn content(&mut self, host: &str, additions: &mut Additions<'_>) -> Result<String, String> {
        let document = part(&self.parts, MAIN_PART)?;
        let outline = Outline::read(document)?;
        let numbers = values_of(&outline, &["w:numId"]);
        let lists = self.lists.bring(numbers, &self.styles, additions)?;
        let mut changes = self.relationships(&outline, host, additions)?;
        changes.renamed(&outline, &STYLE_REFERENCES, &self.styles);
        changes.renamed(&outline, &["w:numId"], &lists);
        counted::begin_anew(&outline, &self.styles, &mut changes, additions)?;
        for element in 0..outline.elements.len() {
            let parent = outline.elements[element].parent;
            let is_below = |name| parent.is_some_and(|parent| outline.is(parent, name));
            let goes = (outline.is(element, "w:sectPr") && is_below("w:pPr"))
                || (outline.is(element, "w:id") && is_below("w:sdtPr"));
            if goes {
                changes.drop(&outline, element);
            }
        }
        let changed = changes.apply(document);
        let body = Body::read(&changed)?;
        additions.need_root(host, body.root());
        let section = body.section(&BTreeMap::new(), &mut additions.taken, None, 2);
        Ok(section.content())
    }

    /// What the body refers to in other parts, under the host's names.
    fn relationships(
        &self,
        outline: &Outline<'_>,
        host: &str,
        additions: &mut Additions<'_>,
    ) -> Result<Changes, String> {
        let all = match part(&self.parts, RELATIONSHIPS) {
            Ok(xml) => relationships_of(xml)?,
            Err(_) => Vec::new(),
        };
        let mut changes = Changes::default();
        for (index, token) in outline.tokens.iter().enumerate() {
            let is_tag = matches!(token.kind, Kind::Start | Kind::Empty);
            if !is_tag || outline.enclosing(token.element, "w:sectPr").is_some() {
                continue;
            }
            let tag = outline.raw(index);
            for (name, value) in attributes(tag) {
                if !name.starts_with("r:") && name != "o:relid" {
                    continue;
                }
                let Some(found) = all.iter().find(|known| known.id == value) else {
                    continue;
                };
                let kind = found.kind.rsplit('/').next().unwrap_or_default();
                let refused = REFUSED.iter().find(|(known, _)| kind.contains(known));
                let id = match (kind, found.content(&self.parts), refused) {
                    (_, _, Some((_, words))) => return Err(format!("里面有{words}")),
                    ("image", Some((part, bytes)), _) => {
                        let ending = part.rsplit_once('.').map_or("png", |(_, ending)| ending);
                        additions.media_part(host, bytes, &ending.to_lowercase())
                    }
                    ("hyperlink", _, _) => additions.link(host, &found.target),
                    ("image", None, _) => return Err("里面有存在文件之外的图片".to_owned()),
                    _ => return Err(format!("里面有不认识的内容 {kind}")),
                };
                let start = token.range.start + (value.as_ptr().addr() - tag.as_ptr().addr());
                changes.0.push((start..start + value.len(), id));
            }
        }
        Ok(changes)
    }
}

/// The part of this kind that a file's main part refers to; empty if none.
fn companion<'p>(parts: &'p Parts, kind: &str) -> Result<&'p str, String> {
    let Ok(xml) = part(parts, RELATIONSHIPS) else {
        return Ok("");
    };
    let all = relationships_of(xml)?;
    let found = all
        .iter()
        .find(|known| known.kind.ends_with(&format!("/{kind}")));
    let found = found.and_then(|found| found.content(parts));
    found.map_or(Ok(""), |(_, bytes)| {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        Ok(text.trim_start_matches('\u{feff}'))
    })
}

/// The values of `w:val` of all elements with these names.
fn values_of(outline: &Outline<'_>, names: &[&str]) -> Vec<String> {
    let elements = outline.elements.iter();
    let named = elements.filter(|element| names.contains(&element.name));
    named
        .filter_map(|element| super::join::attribute(outline.raw(element.first), "w:val"))
        .collect()
}

/// Replacements in a text.
#[derive(Default)]
struct Changes(Vec<(std::ops::Range<usize>, String)>);

impl Changes {
    /// Gives `w:val` of elements with these names its new name.
    fn renamed(&mut self, outline: &Outline<'_>, names: &[&str], new: &BTreeMap<String, String>) {
        for element in &outline.elements {
            if !names.contains(&element.name) {
                continue;
            }
            let tag = outline.raw(element.first);
            let start = outline.tokens[element.first].range.start;
            for (name, value) in attributes(tag) {
                if let (true, Some(own)) = (name == "w:val", new.get(value)) {
                    let start = start + (value.as_ptr().addr() - tag.as_ptr().addr());
                    self.0.push((start..start + value.len(), own.clone()));
                }
            }
        }
    }

    fn drop(&mut self, outline: &Outline<'_>, element: usize) {
        let element = &outline.elements[element];
        let (first, last) = (
            &outline.tokens[element.first],
            &outline.tokens[element.last],
        );
        self.0
            .push((first.range.start..last.range.end, String::new()));
    }

    /// The text with all of them; one within another that goes is lost.
    fn apply(mut self, text: &str) -> String {
        // What is put in stands before what goes.
        self.0
            .sort_by_key(|(range, _)| (range.start, !range.is_empty(), Reverse(range.end)));
        let mut changed = String::with_capacity(text.len());
        let mut at = 0;
        for (range, new) in self.0 {
            if range.start >= at {
                changed.push_str(&text[at..range.start]);
                changed.push_str(&new);
                at = range.end;
            }
        }
        changed.push_str(&text[at..]);
        changed
    }
}
