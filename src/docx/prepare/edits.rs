//! What changes in a part that becomes a template, and writing it down.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::super::TagPlace;
use super::super::outline::{Kind as Xml, Outline};
use super::cells::COLUMNS;
use crate::merge::coded;

/// A piece of template in place of, before or after a token.
#[derive(Clone)]
pub(super) enum Piece {
    /// XML text as it stands.
    Raw(String),
    Tag(Statement),
}

/// A tag of the template.
#[derive(Clone)]
pub(super) struct Statement {
    /// `{{ … }}` instead of `{% … %}`.
    pub(super) prints: bool,
    /// Whether it takes the blanks before and after it away.
    pub(super) minus: (bool, bool),
    pub(super) body: String,
    /// The tag as its author wrote it.
    pub(super) written: String,
    /// Where it stands, in words.
    pub(super) spot: String,
    /// Its number among the part's tags, if one of these.
    pub(super) number: Option<usize>,
}

impl Piece {
    /// A statement that a tag of the author becomes.
    pub(super) fn statement(body: String, written: &str, spot: &str) -> Self {
        Self::tag(false, body, written, spot)
    }

    /// A print that a tag of the author becomes.
    pub(super) fn print(body: String, written: &str, spot: &str) -> Self {
        Self::tag(true, body, written, spot)
    }

    fn tag(prints: bool, body: String, written: &str, spot: &str) -> Self {
        Self::Tag(Statement {
            prints,
            minus: (false, false),
            body,
            written: written.to_owned(),
            spot: spot.to_owned(),
            number: None,
        })
    }

    /// What stands for an element that is a character, where no element may be.
    pub(super) fn character(text: &str) -> Self {
        Self::Raw(coded(text).replace('\t', "\u{5}").replace('\n', "\u{6}"))
    }

    pub(super) fn plain(text: &str) -> Self {
        Self::Raw(coded(text))
    }
}

/// What changes in a part.
#[derive(Default)]
pub(super) struct Edits {
    /// Tokens with tags, anew.
    pub(super) replaced: BTreeMap<usize, Vec<Piece>>,
    pub(super) before: BTreeMap<usize, Vec<Piece>>,
    pub(super) after: BTreeMap<usize, Vec<Piece>>,
    /// Token ranges that go because a tag took their place: first and last.
    pub(super) lifted: BTreeMap<usize, usize>,
    /// Other token ranges that go.
    pub(super) removed: Vec<(usize, usize)>,
    /// Properties of cells after a token, in the schema's order.
    pub(super) properties: BTreeMap<(usize, Option<usize>), Vec<Piece>>,
    /// Tokens after which there are no properties of the cell yet; whether the
    /// token is an empty `<w:tcPr/>`.
    pub(super) opened: BTreeMap<usize, bool>,
    /// Vertical merges that begin anew with a loop, by its tag.
    pub(super) anew: BTreeMap<usize, Vec<usize>>,
    /// Vertical merges that begin anew with each round of a loop, by its tag.
    pub(super) resets: BTreeMap<usize, Vec<usize>>,
    /// Tables whose rows are counted.
    pub(super) counted: BTreeSet<usize>,
    /// Tables whose columns may change.
    pub(super) changing: BTreeSet<usize>,
    /// Last tokens of elements that a tag took the place of, which begins or ends
    /// a block: what it adds to the blocks about what comes after it.
    pub(super) blocks: BTreeMap<usize, i32>,
    /// Cells that a tag took the place of, which begins or ends a loop: what it
    /// adds to the loops about the cells after it.
    pub(super) loops: BTreeMap<usize, i32>,
    /// Cells whose span a tag says.
    pub(super) given: BTreeSet<usize>,
    /// The marks of cells, see [`COLUMNS`].
    pub(super) cells: BTreeMap<usize, String>,
    pub(super) merges: usize,
}

impl Edits {
    /// Whether the element that begins with this token goes.
    pub(super) fn is_lifted(&self, first: usize) -> bool {
        self.lifted.contains_key(&first)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.replaced.is_empty() && self.before.is_empty() && self.lifted.is_empty()
    }

    /// Of each element whether its parent may be without it.
    pub(super) fn optional(&self, outline: &Outline<'_>) -> Vec<bool> {
        let mut blocks = self.blocks.iter().peekable();
        let mut depth = 0;
        // The blocks that are open where each element begins.
        let mut depths: Vec<i32> = Vec::with_capacity(outline.elements.len());
        let optional = outline.elements.iter().map(|element| {
            while let Some((_, change)) = blocks.next_if(|(last, _)| **last < element.first) {
                depth += change;
            }
            let outside = element.parent.map_or(0, |parent| depths[parent]);
            depths.push(depth);
            depth > outside
                || self.is_lifted(element.first)
                || self.before.contains_key(&element.first)
        });
        optional.collect()
    }

    /// Writes the template.
    pub(super) fn write(mut self, outline: &Outline<'_>) -> (String, Vec<TagPlace>) {
        self.drop_empty_runs(outline);
        self.mark_columns(outline);
        self.count_rows(outline);
        let mut writer = Writer {
            anew: &self.anew,
            resets: &self.resets,
            text: String::with_capacity(outline.xml.len() * 2),
            line: 0,
            places: Vec::new(),
        };
        let lifted = self.lifted.iter().map(|(first, last)| (*first, *last));
        let removed = self.removed.iter().copied();
        let gone = within(outline, lifted.chain(removed));
        for (index, gone) in gone.into_iter().enumerate() {
            // What stands before a token goes with it, but for the tag that took
            // the place of the whole element.
            if !gone || self.is_lifted(index) {
                writer.pieces(self.before.get(&index));
            }
            let mut properties = self
                .properties
                .range((index, None)..(index + 1, None))
                .peekable();
            let opened = self.opened.get(&index);
            match self.replaced.get(&index) {
                _ if gone => {}
                Some(pieces) => writer.pieces(Some(pieces)),
                None if opened == Some(&true) => {}
                None if opens_changed_text(outline, index, &self.replaced) => {
                    writer.raw("<w:t xml:space=\"preserve\">");
                }
                None => match self.cells.get(&index) {
                    Some(mark) => {
                        let raw = outline.raw(index);
                        let rest = raw.strip_prefix("<w:tc").unwrap_or(raw);
                        writer.raw(&format!("<w:tc {COLUMNS}=\"{mark}\"{rest}"));
                    }
                    None => writer.raw(outline.raw(index)),
                },
            }
            if !gone {
                let opens = opened.is_some() && properties.peek().is_some();
                if opens {
                    writer.raw("<w:tcPr>");
                }
                for (_, pieces) in properties {
                    writer.pieces(Some(pieces));
                }
                if opens {
                    writer.raw("</w:tcPr>");
                }
                writer.pieces(self.after.get(&index));
            }
        }
        (writer.text, writer.places)
    }

    /// A run whose whole text went into a tag that stands elsewhere goes, too.
    fn drop_empty_runs(&mut self, outline: &Outline<'_>) {
        let empty = |token: &usize| self.replaced.get(token).is_some_and(Vec::is_empty);
        let mut runs = BTreeSet::new();
        for token in self.replaced.keys().filter(|token| empty(token)) {
            let text = outline.tokens[*token].element;
            runs.extend(text.and_then(|text| outline.elements[text].parent));
        }
        let is_empty = |run: &usize| {
            outline.elements[*run].name == "w:r"
                && outline.children(*run).all(|child| {
                    let element = &outline.elements[child];
                    let mut inner = element.first + 1..element.last;
                    match element.name {
                        "w:rPr" => true,
                        "w:t" => inner.all(|token| empty(&token)),
                        _ => element.first == element.last && empty(&element.first),
                    }
                })
                // What stands about its tokens needs them.
                && [&self.before, &self.after].iter().all(|pieces| {
                    let run = &outline.elements[*run];
                    pieces.range(run.first..=run.last).next().is_none()
                })
        };
        let dropped: Vec<_> = runs.into_iter().filter(is_empty).collect();
        for run in dropped {
            let run = &outline.elements[run];
            self.removed.push((run.first, run.last));
        }
    }
}

/// For each token whether one of these ranges holds it.
pub(super) fn within(
    outline: &Outline<'_>,
    ranges: impl Iterator<Item = (usize, usize)>,
) -> Vec<bool> {
    let mut depths = vec![0_i32; outline.tokens.len() + 1];
    for (first, last) in ranges {
        depths[first] += 1;
        depths[last + 1] -= 1;
    }
    let mut depth = 0;
    depths.pop();
    let within = depths.into_iter().map(|change| {
        depth += change;
        depth > 0
    });
    within.collect()
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

struct Writer<'a> {
    anew: &'a BTreeMap<usize, Vec<usize>>,
    resets: &'a BTreeMap<usize, Vec<usize>>,
    text: String,
    line: usize,
    places: Vec<TagPlace>,
}

impl Writer<'_> {
    fn pieces(&mut self, pieces: Option<&Vec<Piece>>) {
        for piece in pieces.into_iter().flatten() {
            match piece {
                Piece::Raw(text) => self.raw(text),
                Piece::Tag(tag) => {
                    self.begin_anew(self.anew, tag);
                    self.tag(tag);
                    self.begin_anew(self.resets, tag);
                }
            }
        }
    }

    /// Says of the merges that a tag concerns that they begin anew.
    fn begin_anew(&mut self, sites: &BTreeMap<usize, Vec<usize>>, tag: &Statement) {
        let sites = tag.number.and_then(|number| sites.get(&number));
        for site in sites.into_iter().flatten() {
            let body = format!("set _ = vmerge_anew({site})");
            if let Piece::Tag(anew) = Piece::statement(body, &tag.written, &tag.spot) {
                self.tag(&anew);
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
        // With what comes next it could begin one.
        match rest.strip_suffix('{') {
            Some(rest) => {
                self.text.push_str(rest);
                self.text.push_str("{{ '{' }}");
            }
            None => self.text.push_str(rest),
        }
        self.line += text.matches('\n').count();
    }

    /// A tag on a line of its own: the line break stands inside the tag, where
    /// it prints nothing.
    fn tag(&mut self, tag: &Statement) {
        let (open, close) = match tag.prints {
            true => ("{{", "}}"),
            false => ("{%", "%}"),
        };
        let sign = |minus: bool| if minus { "-" } else { "" };
        let (left, right) = (sign(tag.minus.0), sign(tag.minus.1));
        self.line += 1;
        let _ = write!(self.text, "{open}{left}\n{} {right}{close}", tag.body);
        self.places.push(TagPlace {
            line: self.line + 1,
            spot: tag.spot.clone(),
            written: tag.written.clone(),
            tag: format!("{open} {} {close}", tag.body),
        });
    }
}
