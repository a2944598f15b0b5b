//! A part with tags → a minijinja template, once.
//!
//! Every tag is put on a line of its own (the line break stands inside the
//! tag, where it prints nothing), so that an error's line tells the tag.

use std::collections::BTreeMap;
use std::fmt::Write;

use minijinja::Environment;
use quick_xml::escape::{partial_escape, unescape};

use super::TagPlace;
use super::outline::{Kind as Xml, Outline};
use crate::diagnostic::Diagnostic;
use crate::merge::tags::{self, Balance, Dialect, Kind, Level, Tag};

/// A prepared part: the template's source, and where its tags stand.
pub(super) type Prepared = Option<(String, Vec<TagPlace>)>;

/// Prepares a part; `None` if it holds no tag.
pub(super) fn prepare(
    file: &str,
    part: &str,
    content: &[u8],
    env: &Environment<'_>,
) -> Result<Prepared, Vec<Diagnostic>> {
    let broken = |words: String| {
        vec![
            Diagnostic::error("word/xml", format!("部件不是合法的 XML：{words}"))
                .at_part(file, part),
        ]
    };
    let xml = std::str::from_utf8(content).map_err(|error| broken(error.to_string()))?;
    let xml = xml.trim_start_matches('\u{feff}');
    let outline = Outline::read(xml).map_err(broken)?;
    let mut edits = Edits::default();
    let mut problems = Vec::new();
    // What stands beside the tags of each paragraph, by its first token.
    let mut beside: Vec<(usize, String, String)> = Vec::new();
    let mut balance = Balance::<String>::default();
    for paragraph in paragraphs(&outline) {
        let text: String = paragraph
            .texts
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        let (tags, mut flaws) = tags::find(&text, Dialect::Word);
        let spot = outline.spot(Some(paragraph.element));
        beside.extend(words_beside(&text, &tags).map(|words| {
            (
                outline.elements[paragraph.element].first,
                spot.clone(),
                words,
            )
        }));
        for tag in &tags {
            flaws.extend(tag.flaw(env));
            flaws.extend(balance.note(tag, &spot, paragraph.level(&outline, tag)));
        }
        problems.extend(flaws.into_iter().map(|flaw| {
            let tag: String = text[flaw.start..].chars().take(40).collect();
            let mut problem = Diagnostic::error(flaw.code, flaw.message)
                .at_part(file, format!("{part} {spot}"))
                .hint(format!("所在文字：{tag}"));
            problem.hints.extend(flaw.label);
            problem
        }));
        for problem in edits.take(&outline, &paragraph, &text, tags, &spot) {
            problems.push(problem.at_part(file, format!("{part} {spot}")));
        }
    }
    for (first, last) in &edits.removed {
        for (token, spot, words) in &beside {
            if (first..=last).contains(&token) {
                problems.push(
                    Diagnostic::error(
                        "word/lifted",
                        format!("“{words}”不会打印：整行或整段由标记取代"),
                    )
                    .at_part(file, format!("{part} {spot}"))
                    .hint("把这些内容移到标记所在的行或段之外"),
                );
            }
        }
    }
    for (keyword, spot) in balance.rest() {
        problems.push(
            Diagnostic::error("template/block", format!("`{keyword}` 没有结束"))
                .at_part(file, format!("{part} {spot}"))
                .hint(format!("补上 `end{keyword}`")),
        );
    }
    match problems.is_empty() {
        false => Err(problems),
        true if edits.is_empty() => Ok(None),
        true => Ok(Some(edits.write(&outline))),
    }
}

/// What a paragraph holds besides tags that take its place and comments.
fn words_beside(text: &str, tags: &[Tag]) -> Option<String> {
    let mut words = String::new();
    let mut at = 0;
    for tag in tags {
        words.push_str(&text[at..tag.start]);
        if !matches!(tag.kind, Kind::Lifted(_) | Kind::Comment) {
            words.push_str(&text[tag.start..tag.end]);
        }
        at = tag.end;
    }
    words.push_str(&text[at..]);
    let words = words.trim();
    (!words.is_empty()).then(|| words.chars().take(20).collect())
}

/// A paragraph's text by token, references resolved.
struct Paragraph {
    element: usize,
    texts: Vec<(usize, String)>,
}

/// The paragraphs that hold text, in order; text boxes are paragraphs of their
/// own.
fn paragraphs(outline: &Outline<'_>) -> Vec<Paragraph> {
    let mut found: BTreeMap<usize, Vec<(usize, String)>> = BTreeMap::new();
    for (index, token) in outline.tokens.iter().enumerate() {
        let Some(element) = token.element.filter(|_| token.kind == Xml::Text) else {
            continue;
        };
        if outline.elements[element].name != "w:t" {
            continue;
        }
        if let Some(paragraph) = outline.enclosing(Some(element), "w:p") {
            let raw = outline.raw(index);
            let text = unescape(raw).map_or_else(|_| raw.to_owned(), |text| text.into_owned());
            found.entry(paragraph).or_default().push((index, text));
        }
    }
    found
        .into_iter()
        .map(|(element, texts)| Paragraph { element, texts })
        .collect()
}

impl Paragraph {
    /// What a tag takes the place of, and what that lies in.
    fn level(&self, outline: &Outline<'_>, tag: &Tag) -> Level {
        match tag.kind {
            Kind::Lifted(name) => {
                let within = self.element_at(outline, tag.start);
                let element = outline.enclosing(within, name);
                (
                    name,
                    element.and_then(|element| outline.elements[element].parent),
                )
            }
            _ => ("", Some(self.element)),
        }
    }

    /// The element of the text at this byte.
    fn element_at(&self, outline: &Outline<'_>, at: usize) -> Option<usize> {
        let mut end = 0;
        let token = self.texts.iter().find(|(_, text)| {
            end += text.len();
            at < end
        });
        token.and_then(|(token, _)| outline.tokens[*token].element)
    }
}

/// A piece of template in place of, before or after a token.
enum Piece {
    /// XML text as it stands.
    Raw(String),
    /// A tag: its braces, its body, and where it stands.
    Tag {
        kind: Kind,
        body: String,
        spot: String,
    },
}

/// What changes in a part.
#[derive(Default)]
struct Edits {
    /// Text tokens with tags, anew.
    replaced: BTreeMap<usize, Vec<Piece>>,
    before: BTreeMap<usize, Vec<Piece>>,
    after: BTreeMap<usize, Vec<Piece>>,
    /// Token ranges that go: lifted rows and paragraphs, old `w:vMerge`.
    removed: Vec<(usize, usize)>,
    merges: usize,
}

impl Edits {
    fn is_empty(&self) -> bool {
        self.replaced.is_empty() && self.before.is_empty()
    }

    /// Takes in a paragraph's tags.
    fn take(
        &mut self,
        outline: &Outline<'_>,
        paragraph: &Paragraph,
        text: &str,
        tags: Vec<Tag>,
        spot: &str,
    ) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        if tags.is_empty() {
            return problems;
        }
        let mut offset = 0;
        for (token, own) in &paragraph.texts {
            let range = offset..offset + own.len();
            offset = range.end;
            // Plain text of this token, cut out between tags; a tag goes where
            // it begins.
            let mut pieces = Vec::new();
            let mut at = range.start;
            for tag in tags
                .iter()
                .filter(|tag| tag.end > range.start && tag.start < range.end)
            {
                if tag.start > at {
                    pieces.push(plain(&text[at..tag.start]));
                }
                if tag.start >= range.start && matches!(tag.kind, Kind::Print | Kind::Statement) {
                    pieces.push(Piece::Tag {
                        kind: tag.kind,
                        body: tag.body.clone(),
                        spot: spot.to_owned(),
                    });
                }
                at = tag.end.min(range.end);
            }
            if at == range.start && pieces.is_empty() {
                continue;
            }
            if at < range.end {
                pieces.push(plain(&text[at..range.end]));
            }
            self.replaced.insert(*token, pieces);
        }
        for tag in tags {
            match tag.kind {
                Kind::Lifted(name) => {
                    let within = paragraph.element_at(outline, tag.start);
                    let Some(element) = outline.enclosing(within, name) else {
                        problems.push(Diagnostic::error(
                            "word/lifted",
                            format!("标记 `{}` 不在它要占用的 {name} 里", tag.body),
                        ));
                        continue;
                    };
                    let (first, last) = (
                        outline.elements[element].first,
                        outline.elements[element].last,
                    );
                    self.removed.push((first, last));
                    self.before.entry(first).or_default().push(Piece::Tag {
                        kind: Kind::Statement,
                        body: tag.body,
                        spot: spot.to_owned(),
                    });
                }
                Kind::Merge => match outline.enclosing(Some(paragraph.element), "w:tc") {
                    Some(cell) => self.merge_vertically(outline, cell, &tag.body, spot),
                    None => problems.push(Diagnostic::error(
                        "word/merge",
                        format!("标记 `vm {}` 不在表格的单元格里", tag.body),
                    )),
                },
                _ => {}
            }
        }
        problems
    }

    /// `{% vm key %}`: the cell starts a merge or continues the one above, and
    /// a continued cell is empty.
    fn merge_vertically(&mut self, outline: &Outline<'_>, cell: usize, key: &str, spot: &str) {
        let site = self.merges;
        self.merges += 1;
        let statement = |body: String| Piece::Tag {
            kind: Kind::Statement,
            body,
            spot: spot.to_owned(),
        };
        let merge = |pieces: &mut Vec<Piece>| {
            let starts = "loop is defined and loop.first";
            pieces.push(statement(format!(
                "set vm{site} = vmerge({site}, {key}, {starts})"
            )));
            pieces.push(Piece::Raw("<w:vMerge".into()));
            pieces.push(statement(format!("if vm{site}")));
            pieces.push(Piece::Raw(" w:val=\"restart\"".into()));
            pieces.push(statement("endif".into()));
            pieces.push(Piece::Raw("/>".into()));
        };
        let properties = outline
            .children(cell)
            .find(|child| outline.elements[*child].name == "w:tcPr");
        match properties {
            None => {
                let pieces = self.after.entry(outline.elements[cell].first).or_default();
                pieces.push(Piece::Raw("<w:tcPr>".into()));
                merge(pieces);
                pieces.push(Piece::Raw("</w:tcPr>".into()));
            }
            Some(element) if outline.elements[element].first == outline.elements[element].last => {
                let token = outline.elements[element].first;
                let mut pieces = vec![Piece::Raw("<w:tcPr>".into())];
                merge(&mut pieces);
                pieces.push(Piece::Raw("</w:tcPr>".into()));
                self.replaced.insert(token, pieces);
            }
            Some(element) => {
                // The schema's order: w:vMerge comes after these.
                let mut at = outline.elements[element].first;
                for child in outline.children(element) {
                    let child = &outline.elements[child];
                    match child.name {
                        "w:cnfStyle" | "w:tcW" | "w:gridSpan" | "w:hMerge" => at = child.last,
                        "w:vMerge" => self.removed.push((child.first, child.last)),
                        _ => {}
                    }
                }
                merge(self.after.entry(at).or_default());
            }
        }
        for paragraph in outline.children(cell) {
            let element = &outline.elements[paragraph];
            if element.name != "w:p" || element.first == element.last {
                continue;
            }
            let properties = outline
                .children(paragraph)
                .find(|child| outline.elements[*child].name == "w:pPr");
            let start = properties.map_or(element.first, |child| outline.elements[child].last);
            self.after
                .entry(start)
                .or_default()
                .push(statement(format!("if vm{site}")));
            self.before
                .entry(element.last)
                .or_default()
                .push(statement("endif".into()));
        }
    }

    /// Writes the template.
    fn write(self, outline: &Outline<'_>) -> (String, Vec<TagPlace>) {
        let mut writer = Writer::default();
        let mut gone = vec![false; outline.tokens.len()];
        for (first, last) in &self.removed {
            gone[*first..=*last].fill(true);
        }
        for (index, gone) in gone.into_iter().enumerate() {
            // What stands before a token goes with it, but for the tag that took
            // the place of the whole element.
            if !gone || self.removed.iter().any(|(first, _)| *first == index) {
                writer.pieces(self.before.get(&index));
            }
            match self.replaced.get(&index) {
                _ if gone => {}
                Some(pieces) => writer.pieces(Some(pieces)),
                None if opens_changed_text(outline, index, &self.replaced) => {
                    writer.raw("<w:t xml:space=\"preserve\">");
                }
                None => writer.raw(outline.raw(index)),
            }
            if !gone {
                writer.pieces(self.after.get(&index));
            }
        }
        (writer.text, writer.places)
    }
}

/// Whether this token opens a `w:t` whose text has tags: a value may begin or
/// end with blanks.
fn opens_changed_text(
    outline: &Outline<'_>,
    index: usize,
    replaced: &BTreeMap<usize, Vec<Piece>>,
) -> bool {
    let token = &outline.tokens[index];
    let Some(element) = token.element.filter(|_| token.kind == Xml::Start) else {
        return false;
    };
    let element = &outline.elements[element];
    element.name == "w:t"
        && replaced
            .range(element.first..=element.last)
            .next()
            .is_some()
}

fn plain(text: &str) -> Piece {
    Piece::Raw(partial_escape(text).into_owned())
}

#[derive(Default)]
struct Writer {
    text: String,
    line: usize,
    places: Vec<TagPlace>,
}

impl Writer {
    fn pieces(&mut self, pieces: Option<&Vec<Piece>>) {
        for piece in pieces.into_iter().flatten() {
            match piece {
                Piece::Raw(text) => self.raw(text),
                Piece::Tag { kind, body, spot } => self.tag(*kind, body, spot),
            }
        }
    }

    /// Text that minijinja must not read as a tag.
    fn raw(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = ["{{", "{%", "{#"]
            .iter()
            .filter_map(|open| rest.find(open))
            .min()
        {
            self.text.push_str(&rest[..at]);
            self.text.push_str("{{ '{' }}");
            rest = &rest[at + 1..];
        }
        self.text.push_str(rest);
        self.line += text.matches('\n').count();
    }

    fn tag(&mut self, kind: Kind, body: &str, spot: &str) {
        let (open, close) = match kind {
            Kind::Print => ("{{", "}}"),
            _ => ("{%", "%}"),
        };
        self.line += 1;
        let _ = write!(self.text, "{open}\n{body} {close}");
        self.places.push(TagPlace {
            line: self.line + 1,
            spot: spot.to_owned(),
            tag: format!("{open} {body} {close}"),
        });
    }
}
