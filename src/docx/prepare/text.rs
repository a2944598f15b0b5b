//! The texts of a part: a paragraph's characters, wherever its runs cut them.

use std::collections::BTreeMap;

use quick_xml::escape::unescape;

use super::super::outline::{Kind as Xml, Outline};

/// What a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// `w:t`: values may have lines, tabs, rich text.
    Runs,
    /// `m:t`, `a:t`, a property: characters on one line.
    Characters,
    /// An element that stands for a character: `w:br`, `w:tab`.
    Element,
}

/// A token's characters, references resolved.
pub(super) struct Text {
    /// Where they begin in the paragraph, in bytes.
    start: usize,
    pub(super) token: usize,
    pub(super) text: String,
    pub(super) holds: Holds,
}

/// The texts that tags may be cut over.
pub(super) struct Paragraph {
    /// `w:p`, or the element of a property.
    pub(super) element: usize,
    pub(super) texts: Vec<Text>,
}

/// Elements of a run that stand for a character.
const CHARACTERS: [(&str, &str); 5] = [
    ("w:br", "\n"),
    ("w:cr", "\n"),
    ("w:tab", "\t"),
    ("w:noBreakHyphen", "-"),
    ("w:softHyphen", "\u{ad}"),
];

/// The paragraphs that hold text, in order; text boxes are paragraphs of their
/// own.
pub(super) fn paragraphs(outline: &Outline<'_>) -> Vec<Paragraph> {
    let mut found: BTreeMap<usize, Vec<Text>> = BTreeMap::new();
    let mut add = |element: Option<usize>, text: Text| {
        // What was moved away stands elsewhere.
        if outline.enclosing(element, "w:moveFrom").is_some() {
            return;
        }
        if let Some(paragraph) = outline.enclosing(element, "w:p") {
            found.entry(paragraph).or_default().push(text);
        }
    };
    for (token, of) in outline.tokens.iter().enumerate() {
        let Some(element) = of.element else { continue };
        let name = outline.elements[element].name;
        match of.kind {
            Xml::Text => {
                let holds = match name {
                    "w:t" => Holds::Runs,
                    "m:t" | "a:t" => Holds::Characters,
                    _ => continue,
                };
                let text = characters(outline, token);
                add(Some(element), Text::new(token, text, holds));
            }
            Xml::Empty => {
                let character = CHARACTERS.iter().find(|(known, _)| *known == name);
                let parent = outline.elements[element].parent;
                let in_run = parent.is_some_and(|parent| outline.elements[parent].name == "w:r");
                if let (Some((_, text)), true) = (character, in_run) {
                    let (text, holds) = ((*text).to_owned(), Holds::Element);
                    add(Some(element), Text::new(token, text, holds));
                }
            }
            _ => {}
        }
    }
    paragraphs_of(found)
}

/// Each element that holds nothing but text: a part of properties.
pub(super) fn properties(outline: &Outline<'_>) -> Vec<Paragraph> {
    let texts = outline.tokens.iter().enumerate();
    let texts = texts.filter(|(_, token)| token.kind == Xml::Text);
    let mut found: BTreeMap<usize, Vec<Text>> = BTreeMap::new();
    for (token, of) in texts {
        let Some(element) = of.element else { continue };
        let text = characters(outline, token);
        let holds = Holds::Characters;
        let texts = found.entry(element).or_default();
        texts.push(Text::new(token, text, holds));
    }
    paragraphs_of(found)
}

fn paragraphs_of(found: BTreeMap<usize, Vec<Text>>) -> Vec<Paragraph> {
    let paragraphs = found.into_iter().map(|(element, mut texts)| {
        let mut start = 0;
        for text in &mut texts {
            text.start = start;
            start += text.text.len();
        }
        Paragraph { element, texts }
    });
    paragraphs.collect()
}

impl Text {
    fn new(token: usize, text: String, holds: Holds) -> Self {
        Self {
            start: 0,
            token,
            text,
            holds,
        }
    }
}

fn characters(outline: &Outline<'_>, token: usize) -> String {
    let raw = outline.raw(token);
    unescape(raw).map_or_else(|_| raw.to_owned(), |text| text.into_owned())
}

impl Paragraph {
    /// All its characters.
    pub(super) fn text(&self) -> String {
        self.texts.iter().map(|text| text.text.as_str()).collect()
    }

    /// The text that holds this byte.
    pub(super) fn at(&self, at: usize) -> Option<&Text> {
        let after = self.texts.partition_point(|text| text.start <= at);
        let text = self.texts[..after]
            .iter()
            .rfind(|text| !text.text.is_empty())?;
        (at < text.start + text.text.len()).then_some(text)
    }

    /// The element of the text at this byte.
    pub(super) fn element_at(&self, outline: &Outline<'_>, at: usize) -> Option<usize> {
        outline.tokens[self.at(at)?.token].element
    }
}
