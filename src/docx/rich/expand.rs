//! Markers → what stands for them, with the elements about a marker closed
//! before it and opened again after it.
//!
//! One pass over the part. Elements are opened late: one that would stand
//! empty after (or before) something that was put in is never written.

use std::collections::BTreeSet;

use super::additions::{Additions, width_in};
use crate::diagnostic::Diagnostic;
use crate::docx::join::attribute;
use crate::docx::outline::{Kind, Outline};
use crate::merge::rich::{MARK, What};

/// Between a paragraph and its text: these may be closed and opened again.
pub(super) const TRANSPARENT: [&str; 14] = [
    "w:r",
    "w:t",
    "w:hyperlink",
    "w:ins",
    "w:del",
    "w:moveFrom",
    "w:moveTo",
    "w:smartTag",
    "w:sdt",
    "w:sdtContent",
    "w:customXml",
    "w:dir",
    "w:bdo",
    "w:fldSimple",
];
/// What an element begins with and has again when it is opened again.
const PROPERTIES: [&str; 4] = ["w:pPr", "w:rPr", "w:sdtPr", "w:smartTagPr"];
/// What holds paragraphs.
pub(super) const CONTAINERS: [&str; 9] = [
    "w:body",
    "w:tc",
    "w:hdr",
    "w:ftr",
    "w:footnote",
    "w:endnote",
    "w:comment",
    "w:txbxContent",
    "w:sdtContent",
];
/// What says where something begins or ends, and prints nothing; it may stand
/// beside paragraphs too.
const RANGE_MARKUP: [&str; 7] = [
    "w:bookmarkStart",
    "w:bookmarkEnd",
    "w:proofErr",
    "w:commentRangeStart",
    "w:commentRangeEnd",
    "w:permStart",
    "w:permEnd",
];

/// An element that is open in the template, and perhaps in what is written.
pub(super) struct Open<'a> {
    pub(super) element: usize,
    /// Its properties, what ends a section apart.
    pub(super) properties: String,
    /// What ends a section in this paragraph.
    section: Option<&'a str>,
    written: bool,
    /// Whether it was written before.
    again: bool,
    /// Nothing that prints was written in it since it was opened.
    pub(super) bare: bool,
    /// Where its tag and its content were written.
    tag_at: usize,
    content_at: usize,
    /// What a container that must end with a paragraph gets, once it holds
    /// something that was put in.
    last: Option<String>,
}

pub(super) struct Expander<'a, 'm, 't> {
    pub(super) outline: &'m Outline<'a>,
    pub(super) part: &'m str,
    /// The last tokens of the part's sections, and how wide their text is.
    pub(super) sections: Vec<(usize, u64)>,
    /// How wide it is elsewhere.
    pub(super) width: u64,
    inserts: &'m [What],
    pub(super) additions: &'m mut Additions<'t>,
    /// Paragraphs in which markers stand.
    marked: BTreeSet<usize>,
    pub(super) out: String,
    pub(super) stack: Vec<Open<'a>>,
    pub(super) problems: Vec<Diagnostic>,
}

impl<'a, 'm, 't> Expander<'a, 'm, 't> {
    pub(super) fn new(
        outline: &'m Outline<'a>,
        part: &'m str,
        inserts: &'m [What],
        additions: &'m mut Additions<'t>,
    ) -> Self {
        let tokens = outline.tokens.iter().enumerate();
        let marked = tokens
            .filter(|(index, token)| token.kind == Kind::Text && outline.raw(*index).contains(MARK))
            .filter_map(|(_, token)| outline.enclosing(token.element, "w:p"));
        let sections = outline.elements.iter().enumerate();
        let sections = sections
            .filter(|(_, section)| section.name == "w:sectPr")
            .map(|(index, section)| (section.last, width_in(outline.text_of(index))));
        Self {
            marked: marked.collect(),
            sections: sections.collect(),
            out: String::with_capacity(outline.xml.len() + outline.xml.len() / 4),
            outline,
            part,
            width: additions.text_width(),
            inserts,
            additions,
            stack: Vec::new(),
            problems: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> (String, Vec<Diagnostic>) {
        (self.out, self.problems)
    }

    pub(super) fn run(&mut self) {
        let mut index = 0;
        while index < self.outline.tokens.len() {
            let token = &self.outline.tokens[index];
            let raw = self.outline.raw(index);
            let element = token.element;
            match (token.kind, element) {
                (Kind::Start | Kind::Empty, Some(element)) if self.is_properties(element) => {
                    self.properties(element);
                    index = self.outline.elements[element].last;
                }
                (Kind::Start, Some(element)) => self.start(element, raw),
                (Kind::Empty, Some(element)) => self.empty(element, raw),
                (Kind::End, Some(_)) => self.end(raw),
                (Kind::Text, _) => self.text(index, raw),
                _ => {
                    if self.stack.last().is_none_or(|open| open.written) {
                        self.out.push_str(raw);
                    }
                }
            }
            index += 1;
        }
    }

    pub(super) fn name(&self, at: usize) -> &'m str {
        self.outline.elements[self.stack[at].element].name
    }

    fn is_properties(&self, element: usize) -> bool {
        let element = &self.outline.elements[element];
        PROPERTIES.contains(&element.name)
            && self.stack.last().is_some_and(|open| {
                Some(open.element) == element.parent
                    && open.properties.is_empty()
                    && (["w:p", "w:r", "w:sdt", "w:smartTag"])
                        .contains(&self.outline.elements[open.element].name)
            })
    }

    /// Properties go with their element.
    fn properties(&mut self, element: usize) {
        let raw = self.outline.text_of(element);
        let mut section = None;
        let parent = self.stack.len() - 1;
        if self.marked.contains(&self.stack[parent].element) {
            let mut children = self.outline.children(element);
            section = children.find(|child| self.outline.is(*child, "w:sectPr"));
        }
        let section = section.map(|section| self.outline.text_of(section));
        let open = &mut self.stack[parent];
        open.properties = match section {
            Some(section) => raw.replacen(section, "", 1),
            None => raw.to_owned(),
        };
        open.section = section;
        if open.written {
            self.out.push_str(&open.properties);
            open.content_at = self.out.len();
        }
    }

    fn start(&mut self, element: usize, raw: &str) {
        let name = self.outline.elements[element].name;
        let parent_written = self.stack.last().is_none_or(|open| open.written);
        let waits = !parent_written && TRANSPARENT.contains(&name);
        if !waits {
            if name == "w:sectPr" {
                self.end_with_paragraph();
            }
            self.open(self.stack.len());
            if !TRANSPARENT.contains(&name) || name == "w:fldSimple" {
                self.solid();
            }
        }
        let tag_at = self.out.len();
        if !waits {
            self.out.push_str(raw);
        }
        self.stack.push(Open {
            element,
            properties: String::new(),
            section: None,
            written: !waits,
            again: !waits,
            bare: true,
            tag_at,
            content_at: self.out.len(),
            last: None,
        });
    }

    fn empty(&mut self, element: usize, raw: &str) {
        let name = self.outline.elements[element].name;
        if RANGE_MARKUP.contains(&name) {
            // Beside what is closed it needs no paragraph.
            let top_written = self.stack.last().is_none_or(|open| open.written);
            let paragraph = self
                .stack
                .iter()
                .rposition(|open| self.outline.is(open.element, "w:p"));
            if !top_written && paragraph.is_some_and(|at| self.stack[at].written) {
                self.open(self.stack.len());
            }
            self.out.push_str(raw);
            return;
        }
        // Where a page began before the value stood there.
        if name == "w:lastRenderedPageBreak" && self.is_in_marked(element) {
            return;
        }
        if name == "w:sectPr" {
            self.end_with_paragraph();
        }
        self.open(self.stack.len());
        self.solid();
        self.out.push_str(raw);
    }

    /// Whether a marker stands in the element's paragraph.
    fn is_in_marked(&self, element: usize) -> bool {
        let paragraph = self.outline.enclosing(Some(element), "w:p");
        paragraph.is_some_and(|paragraph| self.marked.contains(&paragraph))
    }

    fn end(&mut self, raw: &str) {
        let top = self.stack.len() - 1;
        let name = self.name(top);
        if name == "w:p" && self.stack[top].section.is_some() {
            self.open(self.stack.len());
            self.end_section(top);
        }
        if CONTAINERS.contains(&name) {
            self.end_with_paragraph();
        }
        let Some(open) = self.stack.pop() else {
            return;
        };
        if !open.written {
            return;
        }
        let is_empty = open.bare && self.out.len() == open.content_at;
        let may_go = is_empty && (name == "w:r" || name == "w:t");
        match may_go && self.is_in_marked(open.element) {
            true => self.out.truncate(open.tag_at),
            false => self.out.push_str(raw),
        }
    }

    fn text(&mut self, index: usize, raw: &str) {
        let in_text = self
            .stack
            .last()
            .is_some_and(|open| self.outline.is(open.element, "w:t"));
        for (at, piece) in raw.split(MARK).enumerate() {
            if at % 2 == 1 {
                if let Some(insert) = piece.parse().ok().and_then(|n: usize| self.inserts.get(n)) {
                    self.insert(insert, index);
                }
            } else if in_text || !piece.trim().is_empty() {
                if !piece.is_empty() {
                    self.open(self.stack.len());
                    self.solid();
                    self.out.push_str(piece);
                }
            } else if self.stack.last().is_none_or(|open| open.written) {
                self.out.push_str(piece);
            }
        }
    }

    /// Closes all but the outermost `keep` elements; what is empty goes.
    pub(super) fn close(&mut self, keep: usize) {
        for at in (keep..self.stack.len()).rev() {
            let name = self.name(at);
            let open = &mut self.stack[at];
            if !std::mem::take(&mut open.written) {
                continue;
            }
            if open.bare {
                let content = self.out.split_off(open.content_at);
                self.out.truncate(open.tag_at);
                self.out.push_str(&range_markup(&content));
            } else {
                self.out.push_str(&format!("</{name}>"));
            }
        }
    }

    /// Opens the outermost `keep` elements again, as far as they are closed.
    pub(super) fn open(&mut self, keep: usize) {
        for at in 0..keep {
            let name = self.name(at);
            let open = &mut self.stack[at];
            if std::mem::replace(&mut open.written, true) {
                continue;
            }
            let again = std::mem::replace(&mut open.again, true);
            let element = &self.outline.elements[open.element];
            open.tag_at = self.out.len();
            open.bare = true;
            match name {
                "w:t" => self.out.push_str("<w:t xml:space=\"preserve\">"),
                "w:p" => self.out.push_str(&without(
                    self.outline.raw(element.first),
                    &["w14:paraId", "w14:textId"],
                )),
                _ => self.out.push_str(self.outline.raw(element.first)),
            }
            match name {
                "w:sdt" if again => self.out.push_str(&without_id(&open.properties)),
                _ => self.out.push_str(&open.properties),
            }
            open.content_at = self.out.len();
        }
    }

    /// Something that prints was written.
    pub(super) fn solid(&mut self) {
        for open in self.stack.iter_mut().filter(|open| open.written) {
            open.bare = false;
        }
    }

    /// What ends a section stands in the last of its pieces.
    fn end_section(&mut self, paragraph: usize) {
        let open = &mut self.stack[paragraph];
        let Some(section) = open.section.take() else {
            return;
        };
        let properties = &self.out[open.tag_at..open.content_at];
        let end = ["<w:pPrChange", "</w:pPr>"];
        let at = end
            .iter()
            .find_map(|end| properties.rfind(end))
            .unwrap_or(0);
        self.out.insert_str(open.tag_at + at, section);
        open.bare = false;
        open.content_at += section.len();
    }

    /// Notes the paragraph that ends the container about `at`, if none does.
    pub(super) fn note_last(&mut self, at: usize, paragraph: &str) {
        if let Some(container) = at.checked_sub(1) {
            self.stack[container].last = Some(paragraph.to_owned());
        }
    }

    /// Gives a container its last paragraph, if it was taken away.
    fn end_with_paragraph(&mut self) {
        let Some(open) = self.stack.last_mut() else {
            return;
        };
        let Some(last) = open.last.take() else {
            return;
        };
        let mut written = self.out.trim_end();
        while let Some(at) = written.rfind('<') {
            if !RANGE_MARKUP.contains(&name_of(&written[at..])) {
                break;
            }
            written = written[..at].trim_end();
        }
        let tag = &written[written.rfind('<').unwrap_or(0)..];
        let is_empty_paragraph = tag.ends_with("/>") && name_of(tag) == "w:p";
        if !written.ends_with("</w:p>") && !is_empty_paragraph {
            self.out.push_str(&last);
        }
    }
}

/// The name of a tag.
fn name_of(tag: &str) -> &str {
    let name = tag.strip_prefix('<').unwrap_or(tag);
    name.split([' ', '/', '>']).next().unwrap_or_default()
}

/// Where ranges begin and end in what is otherwise empty.
fn range_markup(content: &str) -> String {
    let tags = content.split_inclusive('>').filter_map(|tag| {
        let tag = &tag[tag.find('<')?..];
        RANGE_MARKUP.contains(&name_of(tag)).then_some(tag)
    });
    tags.collect()
}

/// A tag without some of its attributes.
fn without(tag: &str, names: &[&str]) -> String {
    let mut tag = tag.to_owned();
    for name in names {
        if let Some(value) = attribute(&tag, name) {
            tag = tag.replacen(&format!(" {name}=\"{value}\""), "", 1);
        }
    }
    tag
}

/// Properties of a content control, without the id that only one may have.
fn without_id(properties: &str) -> String {
    match properties.find("<w:id ") {
        Some(at) => {
            let end = properties[at..].find("/>").map_or(at, |end| at + end + 2);
            [&properties[..at], &properties[end..]].concat()
        }
        None => properties.to_owned(),
    }
}
