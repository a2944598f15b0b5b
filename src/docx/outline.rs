//! A part's XML as tokens with byte ranges and the tree of its elements, so
//! that everything a tag does not concern is copied byte for byte.

use std::collections::BTreeMap;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;

/// Deepest nesting of elements.
const MAX_DEPTH: usize = 256;

/// What is wrong with XML that should be well-formed.
pub(super) fn flaw(xml: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Eof) => return (depth > 0).then(|| "元素没有结束".to_owned()),
            Ok(_) => {}
            Err(error) => return Some(error.to_string()),
        }
    }
}

/// A piece of XML text.
pub(super) struct Token {
    /// Bytes of the part.
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
    /// The innermost element it belongs to; a tag belongs to its own element.
    pub(super) element: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    End,
    Empty,
    /// Characters or a reference such as `&amp;`.
    Text,
    Other,
}

/// An element and the tokens it spans.
pub(super) struct Element {
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    pub(super) first: usize,
    pub(super) last: usize,
    /// Its number among its parent's children of that name, from 1.
    ordinal: usize,
}

/// The whole part.
pub(super) struct Outline<'a> {
    pub(super) xml: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) elements: Vec<Element>,
}

impl<'a> Outline<'a> {
    /// Splits a part; the error says what is wrong with it.
    pub(super) fn read(xml: &'a str) -> Result<Self, String> {
        let mut reader = Reader::from_str(xml);
        let mut outline = Self {
            xml,
            tokens: Vec::new(),
            elements: Vec::new(),
        };
        let mut open: Vec<usize> = Vec::new();
        let mut counts: BTreeMap<(Option<usize>, String), usize> = BTreeMap::new();
        let mut start = 0;
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            let end = usize::try_from(reader.buffer_position()).unwrap_or(xml.len());
            let index = outline.tokens.len();
            let parent = open.last().copied();
            let (kind, element) = match &event {
                Event::Eof => break,
                Event::Start(tag) | Event::Empty(tag) => {
                    let name = String::from_utf8_lossy(tag.name().as_ref().as_ref()).into_owned();
                    let ordinal = counts.entry((parent, name.clone())).or_default();
                    *ordinal += 1;
                    let ordinal = *ordinal;
                    outline.elements.push(Element {
                        name,
                        parent,
                        first: index,
                        last: index,
                        ordinal,
                    });
                    let element = outline.elements.len() - 1;
                    let kind = match event {
                        Event::Start(_) => {
                            open.push(element);
                            Kind::Start
                        }
                        _ => Kind::Empty,
                    };
                    (kind, Some(element))
                }
                Event::End(_) => {
                    if let Some(element) = open.pop() {
                        outline.elements[element].last = index;
                    }
                    (Kind::End, parent)
                }
                Event::Text(_) | Event::GeneralRef(_) => (Kind::Text, parent),
                Event::DocType(_) => return Err("含有 DOCTYPE，不予处理".into()),
                _ => (Kind::Other, parent),
            };
            if open.len() > MAX_DEPTH {
                return Err(format!("元素嵌套超过 {MAX_DEPTH} 层"));
            }
            outline.tokens.push(Token {
                range: start..end,
                kind,
                element,
            });
            start = end;
        }
        match open.is_empty() {
            true => Ok(outline),
            false => Err("元素没有结束".into()),
        }
    }

    /// The bytes of a token.
    pub(super) fn raw(&self, token: usize) -> &'a str {
        &self.xml[self.tokens[token].range.clone()]
    }

    /// The nearest element of this name, from `element` outwards.
    pub(super) fn enclosing(&self, element: Option<usize>, name: &str) -> Option<usize> {
        let mut at = element;
        while let Some(index) = at {
            if self.elements[index].name == name {
                return Some(index);
            }
            at = self.elements[index].parent;
        }
        None
    }

    /// The children of an element, in order.
    pub(super) fn children(&self, parent: usize) -> impl Iterator<Item = usize> + '_ {
        let (first, last) = (self.elements[parent].first, self.elements[parent].last);
        (parent + 1..self.elements.len())
            .take_while(move |index| self.elements[*index].first < last)
            .filter(move |index| {
                self.elements[*index].parent == Some(parent) && self.elements[*index].first > first
            })
    }

    pub(super) fn is(&self, element: usize, name: &str) -> bool {
        self.elements[element].name == name
    }

    /// The bytes of an element, its tags included.
    pub(super) fn text_of(&self, element: usize) -> &'a str {
        let element = &self.elements[element];
        let (first, last) = (&self.tokens[element.first], &self.tokens[element.last]);
        &self.xml[first.range.start..last.range.end]
    }

    /// Where an element stands, in words: `表1 行3 列2` or `第5段`.
    pub(super) fn spot(&self, element: Option<usize>) -> String {
        let mut words = Vec::new();
        let mut at = element;
        while let Some(index) = at {
            let element = &self.elements[index];
            let n = element.ordinal;
            match element.name.as_str() {
                "w:tbl" => words.push(format!("表{n}")),
                "w:tr" => words.push(format!("行{n}")),
                "w:tc" => words.push(format!("列{n}")),
                "w:p" if self.enclosing(element.parent, "w:tc").is_none() => {
                    words.push(format!("第{n}段"));
                }
                _ => {}
            }
            at = element.parent;
        }
        words.reverse();
        words.join(" ")
    }
}
