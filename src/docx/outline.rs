//! A part's XML as tokens with byte ranges and the tree of its elements, so
//! that everything a tag does not concern is copied byte for byte.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

/// Deepest nesting of elements.
const MAX_DEPTH: usize = 256;
/// Most tokens of a part: a table of 30,000 cells with text and properties. A
/// token and its element take some 90 bytes.
const MAX_TOKENS: usize = 1 << 20;
/// Most attributes of an element; the root of a Word part has some 40.
const MAX_ATTRIBUTES: usize = 256;
/// Longest tag, in bytes: Word keeps whole pictures in attributes of VML.
const MAX_TAG: usize = 4 << 20;
/// What a spot counts.
const COUNTED: [&str; 4] = ["w:tbl", "w:tr", "w:tc", "w:p"];

/// How many tags and references XML has; text stands between them.
pub(super) fn marks(xml: &str) -> usize {
    let bytes = xml.bytes();
    bytes.filter(|byte| matches!(byte, b'<' | b'&')).count()
}

/// The text of an XML part, which may be UTF-8 or UTF-16, without its byte
/// order mark; of UTF-16 without its declaration, too, which would be wrong.
pub(super) fn decoded(content: &[u8]) -> Result<Cow<'_, str>, String> {
    let unit: fn([u8; 2]) -> u16 = match content {
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] | [0, b'<', ..] => u16::from_be_bytes,
        _ => {
            let text = std::str::from_utf8(content)
                .map_err(|_| "编码既不是 UTF-8，也不是 UTF-16".to_owned())?;
            return Ok(text.trim_start_matches('\u{feff}').into());
        }
    };
    let units = content.chunks(2).map(|pair| match pair {
        [first, second] => unit([*first, *second]),
        _ => 0xD800,
    });
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.map_err(|_| "UTF-16 编码有误".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    let text = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or(text, |(_, rest)| rest),
        None => text,
    };
    Ok(text.to_owned().into())
}

/// An attribute as it is written.
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// Bytes of the tag, with the blanks before the name.
    pub(super) range: Range<usize>,
}

impl<'a> Attribute<'a> {
    /// The value, references resolved.
    pub(super) fn text(&self) -> Cow<'a, str> {
        unescape(self.value).unwrap_or(self.value.into())
    }
}

/// The attributes of a tag.
pub(super) fn attributes(tag: &str) -> impl Iterator<Item = Attribute<'_>> {
    let mut at = tag.find(|c: char| c.is_ascii_whitespace());
    std::iter::from_fn(move || {
        let start = at?;
        let (name, rest) = tag[start..].split_once('=')?;
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, rest) = rest[1..].split_once(quote)?;
        let end = tag.len() - rest.len();
        at = Some(end);
        Some(Attribute {
            name: name.trim(),
            value,
            range: start..end,
        })
    })
}

/// The value of an attribute, references resolved.
pub(super) fn attribute<'a>(tag: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let found = attributes(tag).find(|attribute| attribute.name == name)?;
    Some(found.text())
}

/// The tag of the root.
pub(super) fn root(xml: &str) -> Result<&str, String> {
    let mut reader = Reader::from_str(xml);
    let mut start = 0;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let end = usize::try_from(reader.buffer_position()).unwrap_or(xml.len());
        match event {
            Event::Start(_) | Event::Empty(_) => return Ok(&xml[start..end]),
            Event::Eof => return Err("里面没有元素".into()),
            _ => start = end,
        }
    }
}

/// A name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or_default()
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
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    pub(super) parent: Option<usize>,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// The whole part.
pub(super) struct Outline<'a> {
    pub(super) xml: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) elements: Vec<Element<'a>>,
    /// Of each element that a spot counts, its number among its parent's
    /// children of that name, from 1; made when a spot is first asked for.
    ordinals: OnceCell<Vec<u32>>,
}

impl<'a> Outline<'a> {
    /// Splits a part; the error says what is wrong with it.
    pub(super) fn read(xml: &'a str) -> Result<Self, String> {
        let marks = marks(xml).min(MAX_TOKENS);
        let mut reader = Reader::from_str(xml);
        let mut outline = Self {
            xml,
            tokens: Vec::with_capacity(marks * 2 + 1),
            elements: Vec::with_capacity(marks),
            ordinals: OnceCell::new(),
        };
        let mut open: Vec<usize> = Vec::new();
        let mut start = 0;
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            let end = usize::try_from(reader.buffer_position()).unwrap_or(xml.len());
            let index = outline.tokens.len();
            let parent = open.last().copied();
            let (kind, element) = match &event {
                Event::Eof => break,
                Event::Start(tag) | Event::Empty(tag) => {
                    check_size(&xml[start..end])?;
                    let name = start + 1..start + 1 + tag.name().as_ref().len();
                    outline.elements.push(Element {
                        name: &xml[name],
                        parent,
                        first: index,
                        last: index,
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
            if index == MAX_TOKENS {
                return Err(format!("元素和文字太多，超过 {MAX_TOKENS} 个"));
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

    /// The tag that begins an element.
    pub(super) fn tag(&self, element: &Element<'_>) -> &'a str {
        self.raw(element.first)
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
        let end = self.elements[parent].last;
        // Elements stand in the order of their tags: the next one that begins
        // behind a token is found without looking at all before it.
        let next = move |from: usize, token: usize| {
            let rest = self.elements.get(from..)?;
            let skipped = match rest.first()?.first > token {
                true => 0,
                false => rest.partition_point(|element| element.first <= token),
            };
            let found = from + skipped;
            (self.elements.get(found)?.first < end).then_some(found)
        };
        let first = next(parent + 1, self.elements[parent].first);
        std::iter::successors(first, move |child| {
            next(child + 1, self.elements[*child].last)
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
        let ordinals = self.ordinals.get_or_init(|| self.ordinals());
        let mut words = Vec::new();
        let mut at = element;
        while let Some(index) = at {
            let element = &self.elements[index];
            let n = ordinals[index];
            match element.name {
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

    fn ordinals(&self) -> Vec<u32> {
        // The parents that are open, each with how many of each name it had.
        let mut open: Vec<(Option<usize>, [u32; COUNTED.len()])> = Vec::new();
        let number = |element: &Element<'_>| {
            while open
                .last()
                .is_some_and(|(parent, _)| *parent > element.parent)
            {
                open.pop();
            }
            if open
                .last()
                .is_none_or(|(parent, _)| *parent != element.parent)
            {
                open.push((element.parent, [0; COUNTED.len()]));
            }
            let counted = COUNTED.iter().position(|name| *name == element.name);
            match (counted, open.last_mut()) {
                (Some(name), Some((_, counts))) => {
                    counts[name] += 1;
                    counts[name]
                }
                _ => 0,
            }
        };
        self.elements.iter().map(number).collect()
    }
}

/// Refuses a tag that no program writes.
fn check_size(tag: &str) -> Result<(), String> {
    if tag.len() > MAX_TAG {
        return Err(format!("有一个标签超过 {} MB", MAX_TAG >> 20));
    }
    // `a=""` and a blank for each.
    if tag.len() > MAX_ATTRIBUTES * 5 && attributes(tag).nth(MAX_ATTRIBUTES).is_some() {
        return Err(format!("有一个元素的属性超过 {MAX_ATTRIBUTES} 个"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_those_of_the_next_level() {
        let xml = "<a><b><c/><c><d/></c></b><e/><f></f></a>";
        let outline = Outline::read(xml).unwrap();
        let names = |parent| {
            let children = outline.children(parent);
            children
                .map(|child| outline.elements[child].name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(0), ["b", "e", "f"]);
        assert_eq!(names(1), ["c", "c"]);
        assert_eq!(names(3), ["d"]);
        for childless in [2, 4, 5, 6] {
            assert!(names(childless).is_empty());
        }
    }

    #[test]
    fn spots_count_among_siblings() {
        let xml = "<w:body><w:p/><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr><w:tr><w:tc/><w:tc>\
                   <w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl><w:p/></w:tc></w:tr></w:tbl>\
                   <w:p/></w:body>";
        let outline = Outline::read(xml).unwrap();
        let paragraphs =
            (0..outline.elements.len()).filter(|at| outline.elements[*at].name == "w:p");
        let spots: Vec<String> = paragraphs.map(|at| outline.spot(Some(at))).collect();
        assert_eq!(
            spots,
            [
                "第1段",
                "表1 行1 列1",
                "表1 行2 列2 表1 行1 列1",
                "表1 行2 列2",
                "第2段"
            ]
        );
    }

    #[test]
    fn attributes_are_read_as_xml_allows_them() {
        let tag = "<a b=\"1\"\n  r:c = 'x\"&amp;=y' d=\"\"/>";
        let found: Vec<_> = attributes(tag).map(|a| (a.name, a.value)).collect();
        assert_eq!(found, [("b", "1"), ("r:c", "x\"&amp;=y"), ("d", "")]);
        assert_eq!(attribute(tag, "r:c").unwrap(), "x\"&=y");
        let second = attributes(tag).nth(1).unwrap().range;
        assert_eq!(&tag[second], "\n  r:c = 'x\"&amp;=y'");
        assert!(attributes("<a/>").next().is_none());
    }

    #[test]
    fn what_no_program_writes_is_refused() {
        let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        let many = |number| format!("<a{}/>", " a=\"\"".repeat(number));
        for (xml, words) in [
            (nested(MAX_DEPTH + 1), "嵌套"),
            (many(MAX_ATTRIBUTES + 1), "属性"),
            (format!("<a b=\"{}\"/>", "x".repeat(MAX_TAG)), "标签"),
            (format!("<a>{}</a>", "<b/>".repeat(MAX_TOKENS)), "太多"),
            ("<!DOCTYPE a><a/>".to_owned(), "DOCTYPE"),
            ("<a><b></a>".to_owned(), ""),
        ] {
            let problem = Outline::read(&xml).err().unwrap();
            assert!(problem.contains(words), "{problem}");
        }
        assert!(Outline::read(&nested(MAX_DEPTH)).is_ok());
        assert!(Outline::read(&many(MAX_ATTRIBUTES)).is_ok());
    }

    #[test]
    fn utf_16_becomes_text() {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>甲𠮷</a>";
        for (mark, bytes) in [
            (vec![0xFF, 0xFE], u16::to_le_bytes as fn(u16) -> [u8; 2]),
            (vec![0xFE, 0xFF], u16::to_be_bytes),
            (vec![], u16::to_le_bytes),
            (vec![], u16::to_be_bytes),
        ] {
            let content = [mark, xml.encode_utf16().flat_map(bytes).collect()].concat();
            assert_eq!(decoded(&content).unwrap(), "<a>甲𠮷</a>");
            assert!(decoded(&content[..content.len() - 1]).is_err());
        }
        assert_eq!(decoded("\u{feff}<a/>".as_bytes()).unwrap(), "<a/>");
        assert!(decoded(b"<a>\xb1</a>").is_err());
    }
}
