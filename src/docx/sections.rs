//! What a Word file brings into a file it is joined to: its body, changed so
//! that nothing in it clashes with what stands there already.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use quick_xml::escape::unescape;

use super::join::{attribute, attributes};
use super::outline::{Kind, Outline};

/// Longest name of a bookmark, in characters.
const MAX_BOOKMARK: usize = 40;
/// A paragraph that takes no room on a page.
const TINY: &str = "<w:p><w:pPr><w:spacing w:before=\"0\" w:after=\"0\" w:line=\"20\" \
    w:lineRule=\"exact\"/><w:rPr><w:sz w:val=\"2\"/><w:szCs w:val=\"2\"/></w:rPr>";
/// What may follow the outline level of a paragraph.
const AFTER_OUTLINE_LEVEL: [&str; 5] =
    ["w:divId", "w:cnfStyle", "w:rPr", "w:sectPr", "w:pPrChange"];

/// How a file is found in the one it is joined to.
pub(crate) struct Mark<'a> {
    /// Its title: the paragraph that the navigation pane lists.
    pub(crate) title: &'a str,
    /// What the bookmark at its title is called.
    pub(crate) bookmark: &'a str,
}

/// Numbers and names that are taken.
#[derive(Default)]
pub(super) struct Taken {
    bookmark_ids: usize,
    drawing_ids: usize,
    /// Names in lower case, and the number the next one of that name gets.
    bookmarks: BTreeMap<String, usize>,
}

/// A main part as it was read.
pub(super) struct Body<'a> {
    outline: Outline<'a>,
    /// The children of the body, the last section's properties apart.
    children: Vec<usize>,
    /// What stands before the properties.
    content: Range<usize>,
    properties: Range<usize>,
}

/// A body on its way into another file.
pub(super) struct Section {
    head: String,
    /// What stands where the properties go, unless the section is the last.
    hole: String,
    /// What stands about them there.
    about: (&'static str, &'static str),
    tail: String,
    properties: String,
}

impl Section {
    /// The section with another one after it: it ends in its last paragraph.
    pub(super) fn closed(&self, out: &mut String) {
        let (open, close) = self.about;
        for piece in [&self.head, open, &self.properties, close, &self.tail] {
            out.push_str(piece);
        }
    }

    /// What stands in it, without its properties.
    pub(super) fn content(&self) -> String {
        [self.head.as_str(), &self.hole, &self.tail].concat()
    }

    /// The section that ends the body.
    pub(super) fn last(&self, out: &mut String) {
        for piece in [&self.head, &self.hole, &self.tail, &self.properties] {
            out.push_str(piece);
        }
    }
}

impl<'a> Body<'a> {
    pub(super) fn read(document: &'a str) -> Result<Self, String> {
        let outline = Outline::read(document)?;
        let body = outline
            .elements
            .iter()
            .position(|element| element.name == "w:body");
        let body = body.ok_or("没有 w:body")?;
        let first = &outline.tokens[outline.elements[body].first];
        if first.kind != Kind::Start {
            return Err("w:body 是空的".into());
        }
        let start = first.range.end;
        let mut children: Vec<usize> = outline.children(body).collect();
        let section = children.pop().ok_or("没有 w:sectPr")?;
        if outline.elements[section].name != "w:sectPr" {
            return Err("没有 w:sectPr".into());
        }
        let properties = range(&outline, section);
        Ok(Self {
            children,
            content: start..properties.start,
            properties,
            outline,
        })
    }

    /// The tag of the root.
    pub(super) fn root(&self) -> &'a str {
        let root = self.outline.elements.first();
        root.map_or("", |root| self.outline.raw(root.first))
    }

    /// What stands about the children of the body: behind the root's tag, and
    /// behind the last section.
    pub(super) fn frame(&self) -> (&'a str, &'a str) {
        let xml = self.outline.xml;
        let root = self.outline.elements.first();
        let root = root.map_or(0, |root| self.outline.tokens[root.first].range.end);
        (&xml[root..self.content.start], &xml[self.properties.end..])
    }

    /// What stands before the root.
    pub(super) fn prolog(&self) -> &'a str {
        let root = self.outline.elements.first();
        let root = root.map_or(0, |root| self.outline.tokens[root.first].range.start);
        &self.outline.xml[..root]
    }

    /// Which of these identifiers the body names.
    pub(super) fn named<'i>(&self, ids: impl Iterator<Item = &'i str>) -> BTreeSet<&'i str> {
        let quoted: Vec<(&str, String)> = ids.map(|id| (id, format!("\"{id}\""))).collect();
        let mut named = BTreeSet::new();
        for token in self.tags() {
            let raw = self.outline.raw(token);
            let in_tag = quoted.iter().filter(|(_, quoted)| raw.contains(quoted));
            named.extend(in_tag.map(|(id, _)| *id));
        }
        named
    }

    /// The tokens of the body that are tags with attributes.
    fn tags(&self) -> impl Iterator<Item = usize> + '_ {
        let tokens = self.outline.tokens.iter().enumerate();
        tokens
            .filter(|(_, token)| token.range.start >= self.content.start)
            .filter(|(_, token)| matches!(token.kind, Kind::Start | Kind::Empty))
            .map(|(index, _)| index)
            .filter(|index| self.outline.raw(*index).contains('='))
    }

    /// The body under identifiers of its own. `number` counts the files; all
    /// but the first give up what would begin the page numbers anew.
    pub(super) fn section(
        &self,
        ids: &BTreeMap<String, String>,
        taken: &mut Taken,
        mark: Option<&Mark<'_>>,
        number: usize,
    ) -> Section {
        let mut edits = Edits::default();
        let names = self.bookmark_names(taken);
        let base = (taken.bookmark_ids, taken.drawing_ids);
        for token in self.tags() {
            let raw = self.outline.raw(token);
            let start = self.outline.tokens[token].range.start;
            let name = raw[1..].split([' ', '\t', '\r', '\n', '/', '>']).next();
            let name = name.unwrap_or_default();
            for (attribute, value) in attributes(raw) {
                let at = start + (value.as_ptr() as usize - raw.as_ptr() as usize);
                let at = at..at + value.len();
                let own = match (name, attribute) {
                    ("w:bookmarkStart" | "w:bookmarkEnd", "w:id") => {
                        shifted(value, base.0, &mut taken.bookmark_ids)
                    }
                    ("wp:docPr", "id") => shifted(value, base.1, &mut taken.drawing_ids),
                    ("w:bookmarkStart", "w:name") | (_, "w:anchor") => names.get(value).cloned(),
                    // Word makes paragraph ids anew; two alike trouble it.
                    (_, "w14:paraId" | "w14:textId") | ("w:pgNumType", "w:start") if number > 1 => {
                        let whole = at.start - attribute.len() - 3..at.end + 1;
                        edits.0.push((whole, String::new()));
                        None
                    }
                    _ => ids.get(value).cloned(),
                };
                edits.0.extend(own.map(|own| (at, own)));
            }
        }
        let (hole, about) = self.hole();
        if let Some(mark) = mark {
            self.mark(mark, taken, hole.start, &mut edits);
        }
        let mut edits = edits.sorted();
        let mut text = |range: Range<usize>| edits.apply(self.outline.xml, range);
        Section {
            head: text(self.content.start..hole.start),
            hole: text(hole.clone()),
            about,
            tail: text(hole.end..self.content.end),
            properties: text(self.properties.clone()),
        }
    }

    /// Names of bookmarks that another file has already, and what they become.
    fn bookmark_names(&self, taken: &mut Taken) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        let elements = self.outline.elements.iter();
        for element in elements.filter(|element| element.name == "w:bookmarkStart") {
            if let Some(name) = attribute(self.outline.raw(element.first), "w:name") {
                let own = taken.free_name(&name);
                names.insert(name, own);
            }
        }
        names
    }

    /// Where the properties of a section go that is not the last: into its last
    /// paragraph, if it is the last thing there, else into one of its own.
    fn hole(&self) -> (Range<usize>, (&'static str, &'static str)) {
        let end = self.content.end..self.content.end;
        let alone = (end, (TINY, "</w:pPr></w:p>"));
        let Some(last) = self.children.last().filter(|last| self.is(**last, "w:p")) else {
            return alone;
        };
        let (first, kind) = self.first_token(*last);
        let Some(properties) = self.below(*last, "w:pPr") else {
            return match kind {
                Kind::Empty => (first.end - 2..first.end, ("><w:pPr>", "</w:pPr></w:p>")),
                _ => (first.end..first.end, ("<w:pPr>", "</w:pPr>")),
            };
        };
        // It ends a section already.
        if self.below(properties, "w:sectPr").is_some() {
            return alone;
        }
        let whole = range(&self.outline, properties);
        match self.first_token(properties).1 {
            Kind::Empty => (whole, ("<w:pPr>", "</w:pPr>")),
            _ => {
                let change = self.below(properties, "w:pPrChange");
                let last = &self.outline.tokens[self.outline.elements[properties].last];
                let at = change.map_or(last.range.start, |change| {
                    range(&self.outline, change).start
                });
                (at..at, ("", ""))
            }
        }
    }

    /// Makes the title an entry of the navigation pane, with a bookmark.
    fn mark(&self, mark: &Mark<'_>, taken: &mut Taken, hole: usize, edits: &mut Edits) {
        let paragraphs = || self.children.iter().filter(|child| self.is(**child, "w:p"));
        let level = |paragraph: usize| {
            let properties = self.below(paragraph, "w:pPr")?;
            self.below(properties, "w:outlineLvl")
        };
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let title = squeezed(mark.title);
        let found = paragraphs()
            .find(|paragraph| level(**paragraph).is_some())
            .or_else(|| paragraphs().find(|paragraph| squeezed(&self.text(**paragraph)) == title))
            .copied();
        let Some(paragraph) = found else {
            return;
        };
        let (first, kind) = self.first_token(paragraph);
        let end = self.outline.tokens[self.outline.elements[paragraph].last]
            .range
            .start;
        // The section ends in it: there is nothing below its title.
        if kind != Kind::Start || (first.start..end).contains(&hole) {
            return;
        }
        const LEVEL: &str = "<w:outlineLvl w:val=\"0\"/>";
        let mut start = first.end;
        match self.below(paragraph, "w:pPr") {
            None => edits
                .0
                .push((start..start, format!("<w:pPr>{LEVEL}</w:pPr>"))),
            Some(properties) => {
                let whole = range(&self.outline, properties);
                start = whole.end;
                if self.first_token(properties).1 == Kind::Empty {
                    edits.0.push((whole, format!("<w:pPr>{LEVEL}</w:pPr>")));
                } else if level(paragraph).is_none() {
                    let mut children = self.outline.children(properties);
                    let after = children.find(|child| {
                        AFTER_OUTLINE_LEVEL.contains(&self.outline.elements[*child].name)
                    });
                    let last = &self.outline.tokens[self.outline.elements[properties].last];
                    let at =
                        after.map_or(last.range.start, |after| range(&self.outline, after).start);
                    edits.0.push((at..at, LEVEL.to_owned()));
                }
            }
        }
        let name = taken.free_name(&plain_name(mark.bookmark));
        let id = taken.bookmark_ids;
        taken.bookmark_ids += 1;
        let name = quick_xml::escape::escape(name);
        let bookmark = format!("<w:bookmarkStart w:id=\"{id}\" w:name=\"{name}\"/>");
        edits.0.push((start..start, bookmark));
        edits
            .0
            .push((end..end, format!("<w:bookmarkEnd w:id=\"{id}\"/>")));
    }

    /// The text of a paragraph.
    fn text(&self, paragraph: usize) -> String {
        let element = &self.outline.elements[paragraph];
        let mut text = String::new();
        for index in element.first..=element.last {
            let token = &self.outline.tokens[index];
            let within = token.element.map(|at| self.outline.elements[at].name);
            if token.kind == Kind::Text && within == Some("w:t") {
                text.push_str(&unescape(self.outline.raw(index)).unwrap_or_default());
            }
        }
        text
    }

    fn is(&self, element: usize, name: &str) -> bool {
        self.outline.elements[element].name == name
    }

    fn below(&self, element: usize, name: &str) -> Option<usize> {
        self.outline
            .children(element)
            .find(|child| self.is(*child, name))
    }

    fn first_token(&self, element: usize) -> (Range<usize>, Kind) {
        let token = &self.outline.tokens[self.outline.elements[element].first];
        (token.range.clone(), token.kind)
    }
}

fn range(outline: &Outline<'_>, element: usize) -> Range<usize> {
    let element = &outline.elements[element];
    outline.tokens[element.first].range.start..outline.tokens[element.last].range.end
}

/// A number above those that are taken.
fn shifted(value: &str, base: usize, taken: &mut usize) -> Option<String> {
    let own = value.parse::<usize>().ok()?.checked_add(base)?;
    *taken = (*taken).max(own.saturating_add(1));
    Some(own.to_string())
}

impl Taken {
    /// Notes what a part has taken.
    pub(super) fn note(&mut self, xml: &str) {
        for (start, attribute_name) in [
            ("<w:bookmarkStart ", "w:id"),
            ("<w:bookmarkStart ", "w:name"),
            ("<wp:docPr ", "id"),
        ] {
            for (at, _) in xml.match_indices(start) {
                let tag = xml[at..].split('>').next().unwrap_or_default();
                let Some(value) = attribute(tag, attribute_name) else {
                    continue;
                };
                let number = value.parse::<usize>().map_or(0, |n| n.saturating_add(1));
                match attribute_name {
                    "w:id" => self.bookmark_ids = self.bookmark_ids.max(number),
                    "id" => self.drawing_ids = self.drawing_ids.max(number),
                    _ => {
                        self.bookmarks.entry(value.to_lowercase()).or_insert(2);
                    }
                }
            }
        }
    }

    /// A number for a drawing.
    pub(super) fn drawing_id(&mut self) -> usize {
        self.drawing_ids = self.drawing_ids.max(1) + 1;
        self.drawing_ids - 1
    }

    /// The name, or one like it that nobody has.
    fn free_name(&mut self, name: &str) -> String {
        let key = name.to_lowercase();
        let Some(mut number) = self.bookmarks.get(&key).copied() else {
            self.bookmarks.insert(key, 2);
            return name.to_owned();
        };
        loop {
            let tail = format!("_{number}");
            number += 1;
            let stem = name.chars().take(MAX_BOOKMARK - tail.len());
            let own = stem.collect::<String>() + &tail;
            if self.bookmarks.insert(own.to_lowercase(), 2).is_none() {
                self.bookmarks.insert(key, number);
                return own;
            }
        }
    }
}

/// A text as Word takes it for the name of a bookmark: letters, digits and
/// `_`, a letter first.
fn plain_name(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '_' };
    let first = Some('第').filter(|_| !text.starts_with(char::is_alphabetic));
    let name = first.into_iter().chain(text.chars().map(plain));
    name.take(MAX_BOOKMARK).collect()
}

/// Replacements in a text.
#[derive(Default)]
struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    fn sorted(mut self) -> Self {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        self.0.reverse();
        self
    }

    /// The text of a range; ranges must come in their order.
    fn apply(&mut self, text: &str, range: Range<usize>) -> String {
        let mut changed = String::with_capacity(range.len());
        let mut at = range.start;
        while let Some((edit, new)) = self.0.pop_if(|(edit, _)| edit.end <= range.end) {
            changed.push_str(&text[at..edit.start]);
            changed.push_str(&new);
            at = edit.end;
        }
        changed.push_str(&text[at..range.end]);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROPERTIES: &str = "<w:sectPr><w:pgSz w:w=\"1\"/></w:sectPr>";

    fn section(body: &str, mark: Option<&Mark<'_>>) -> (String, String) {
        let document =
            format!("<?xml?><w:document a=\"1\"><w:body>{body}{PROPERTIES}</w:body></w:document>");
        let read = Body::read(&document).unwrap();
        assert_eq!(read.frame(), ("<w:body>", "</w:body></w:document>"));
        let section = read.section(&BTreeMap::new(), &mut Taken::default(), mark, 2);
        let (mut closed, mut last) = (String::new(), String::new());
        section.closed(&mut closed);
        section.last(&mut last);
        (closed, last)
    }

    #[test]
    fn a_section_ends_in_the_last_paragraph_of_its_file() {
        for (body, closed) in [
            (
                "<w:p><w:pPr><w:jc/></w:pPr></w:p>",
                "<w:p><w:pPr><w:jc/{}</w:pPr></w:p>",
            ),
            (
                "<w:p><w:pPr/><w:r/></w:p>",
                "<w:p><w:pPr{}</w:pPr><w:r/></w:p>",
            ),
            (
                "<w:p a=\"b\"><w:r/></w:p>",
                "<w:p a=\"b\"><w:pPr{}</w:pPr><w:r/></w:p>",
            ),
            ("<w:p a=\"b\"/>", "<w:p a=\"b\"><w:pPr{}</w:pPr></w:p>"),
            (
                "<w:p><w:pPr><w:jc/><w:pPrChange a=\"b\"><w:pPr/></w:pPrChange></w:pPr></w:p>",
                "<w:p><w:pPr><w:jc/{}<w:pPrChange a=\"b\"><w:pPr/></w:pPrChange></w:pPr></w:p>",
            ),
            (
                "<w:tbl></w:tbl>",
                &format!(
                    "<w:tbl></w:tbl>{}{{}}</w:pPr></w:p>",
                    &TINY[..TINY.len() - 1]
                ),
            ),
            (
                "<w:p><w:pPr><w:sectPr/></w:pPr></w:p>",
                &format!(
                    "<w:p><w:pPr><w:sectPr/></w:pPr></w:p>{}{{}}</w:pPr></w:p>",
                    &TINY[..TINY.len() - 1]
                ),
            ),
        ] {
            let both = section(body, None);
            assert_eq!(both.0, closed.replace("{}", &format!(">{PROPERTIES}")));
            assert_eq!(both.1, format!("{body}{PROPERTIES}"));
        }
    }

    #[test]
    fn the_title_gets_its_level_where_the_schema_wants_it() {
        let mark = Mark {
            title: "某某 表",
            bookmark: "1、甲/乙",
        };
        let level = "<w:outlineLvl w:val=\"0\"/>";
        let start = "<w:bookmarkStart w:id=\"0\" w:name=\"第1_甲_乙\"/>";
        let end = "<w:bookmarkEnd w:id=\"0\"/></w:p>";
        let text = "<w:r><w:t>某某</w:t><w:t>表</w:t></w:r>";
        for (before, after) in [
            (
                "<w:pPr><w:jc/><w:rPr/></w:pPr>",
                format!("<w:pPr><w:jc/>{level}<w:rPr/></w:pPr>"),
            ),
            (
                "<w:pPr><w:jc/></w:pPr>",
                format!("<w:pPr><w:jc/>{level}</w:pPr>"),
            ),
            ("<w:pPr/>", format!("<w:pPr>{level}</w:pPr>")),
            ("", format!("<w:pPr>{level}</w:pPr>")),
        ] {
            let last = section(&format!("<w:p>{before}{text}</w:p><w:p/>"), Some(&mark)).1;
            assert_eq!(
                last,
                format!("<w:p>{after}{start}{text}{end}<w:p/>{PROPERTIES}")
            );
        }
        // It is the last paragraph, too: there is nothing to find.
        let only = format!("<w:p>{text}</w:p>");
        assert_eq!(section(&only, Some(&mark)).1, format!("{only}{PROPERTIES}"));
    }

    #[test]
    fn names_of_bookmarks_are_words_names() {
        let mut taken = Taken::default();
        assert_eq!(taken.free_name("甲"), "甲");
        assert_eq!(taken.free_name("甲"), "甲_2");
        assert_eq!(taken.free_name("甲_2"), "甲_2_2");
        assert_eq!(taken.free_name("甲"), "甲_3");
        let long = plain_name(&"长".repeat(60));
        assert_eq!(taken.free_name(&long), "长".repeat(40));
        assert_eq!(taken.free_name(&long), "长".repeat(38) + "_2");
    }
}
