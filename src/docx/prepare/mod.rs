//! A part with tags → a minijinja template, once.
//!
//! Every tag is put on a line of its own (the line break stands inside the
//! tag, where it prints nothing), so that an error's line tells the tag.

mod cells;
mod cut;
mod edits;
mod fields;
mod levels;
mod lines;
mod text;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use minijinja::Environment;

use super::TagPlace;
use super::blocks;
use super::ids;
use super::outline::Outline;
use crate::diagnostic::Diagnostic;
use crate::merge::names::{Names, Use, lacks_else};
use crate::merge::tags::{self, Balance, Cell, Dialect, Flaw, Kind, Tag};
pub(super) use cells::COLUMNS;
use cells::{Anew, CellTag};
use edits::{Edits, Piece, Statement};
use text::Paragraph;

/// Most problems of a part that are reported.
const MAX_PROBLEMS: usize = 100;
/// Most fields of a part that are warned of.
const MAX_WARNINGS: usize = 20;
/// Most tags of a part: what no template of a form comes near to.
const MAX_TAGS: usize = 10_000;
/// Paragraphs in which the end of a tag is looked for that has none in its own.
const CROSSED: usize = 3;

/// A part, ready to be merged.
pub(super) struct Prepared {
    /// What minijinja reads, and where its tags stand; nothing if the part holds
    /// no tag.
    pub(super) template: Option<(String, Vec<TagPlace>)>,
    /// What is wrong with its tags.
    pub(super) problems: Vec<Diagnostic>,
    /// What somebody should know of its fields.
    pub(super) warnings: Vec<Diagnostic>,
    /// The values of the data that its tags use, and where the tags stand.
    pub(super) uses: Vec<(Use, String)>,
    /// The spots of its problems and uses, in the order of the document.
    pub(super) order: Vec<String>,
    /// Whether a table may get other columns.
    pub(super) has_columns: bool,
    /// Whether something may lose all its blocks, rows or cells.
    pub(super) may_empty: bool,
    /// Whether a loop repeats what bears a number.
    pub(super) repeats_ids: bool,
}

/// What a part's text stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Paragraphs.
    Paragraphs,
    /// Properties: elements with a text each.
    Properties,
}

/// Prepares a part.
///
/// # Errors
/// If the part is no XML.
pub(super) fn prepare(
    file: &str,
    part: &str,
    xml: &str,
    kind: Content,
    env: &Environment<'_>,
) -> Result<Prepared, Diagnostic> {
    let broken = |words: String| {
        Diagnostic::error("word/xml", format!("部件不是合法的 XML：{words}")).at_part(file, part)
    };
    let outline = Outline::read(xml).map_err(broken)?;
    let read: Vec<Read> = match kind {
        Content::Paragraphs => text::paragraphs(&outline),
        Content::Properties => text::properties(&outline),
    }
    .into_iter()
    .map(|paragraph| Read::new(&outline, paragraph))
    .collect();
    if read.iter().map(|one| one.tags.len()).sum::<usize>() > MAX_TAGS {
        let words = format!("部件里的标记超过 {MAX_TAGS} 个");
        return Err(Diagnostic::error("word/tags", words).at_part(file, part));
    }
    let mut preparing = Preparing {
        outline: &outline,
        place: |spot: &str| {
            (
                file.to_owned(),
                format!("{part} {spot}").trim_end().to_owned(),
            )
        },
        env,
        edits: Edits::default(),
        problems: Vec::new(),
        warnings: Vec::new(),
        said: BTreeSet::new(),
        children: RefCell::default(),
        joined: BTreeMap::new(),
        apart: BTreeSet::new(),
        balance: Balance::default(),
        names: Names::default(),
        spots: Vec::new(),
        loops: Vec::new(),
        looped: Vec::new(),
        cells: Vec::new(),
    };
    preparing.field_codes();
    Ok(preparing.run(read))
}

/// A paragraph and its tags.
struct Read {
    paragraph: Paragraph,
    text: String,
    tags: Vec<Tag>,
    flaws: Vec<Flaw>,
    spot: String,
}

impl Read {
    fn new(outline: &Outline<'_>, paragraph: Paragraph) -> Self {
        let text = paragraph.text();
        let (tags, flaws) = tags::find(&text, Dialect::Word);
        let spot = match tags.is_empty() && flaws.is_empty() {
            true => String::new(),
            false => outline.spot(Some(paragraph.element)),
        };
        Self {
            paragraph,
            text,
            tags,
            flaws,
            spot,
        }
    }
}

/// A loop that is open: the number of its tag, what it takes the place of, and
/// the names it binds.
struct Loop {
    token: usize,
    number: usize,
    lifted: Option<&'static str>,
    names: Vec<String>,
}

/// A tag about a cell, and where it stands.
struct OfCell {
    cell: usize,
    tag: Tag,
    spot: String,
    anew: Anew,
    /// Whether a loop of cells repeats the cell.
    repeats: bool,
}

/// An inline statement: its paragraph, its number there, what its run lies in.
type Inline = (usize, usize, Option<usize>);

struct Preparing<'a, P> {
    outline: &'a Outline<'a>,
    /// File and place of a spot of this part.
    place: P,
    env: &'a Environment<'a>,
    edits: Edits,
    problems: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// Message and place of each.
    said: BTreeSet<(String, String)>,
    /// The children of an element, once somebody asked.
    children: RefCell<BTreeMap<usize, Rc<[usize]>>>,
    /// Paragraphs that go on in an earlier one.
    joined: BTreeMap<usize, usize>,
    /// Paragraphs that join no other.
    apart: BTreeSet<usize>,
    balance: Balance<String>,
    names: Names,
    /// Where each tag stands.
    spots: Vec<String>,
    loops: Vec<Loop>,
    /// From the tag that begins a loop to the one that ends it, in tokens.
    looped: Vec<(usize, usize)>,
    /// Tags about cells, which come last: they need to know what is lifted.
    cells: Vec<OfCell>,
}

impl<P: Fn(&str) -> (String, String)> Preparing<'_, P> {
    fn run(mut self, mut read: Vec<Read>) -> Prepared {
        self.crossing(&mut read);
        let texts: BTreeSet<usize> = read.iter().map(|one| one.paragraph.element).collect();
        // What goes as a whole joins nothing.
        let lifted = read.iter().filter(|one| {
            let mut tags = one.tags.iter();
            tags.any(|tag| matches!(tag.kind, Kind::Lifted(_) | Kind::LiftedComment(_)))
        });
        self.apart = lifted.map(|one| one.paragraph.element).collect();
        for one in &mut read {
            self.join_lines(one, &texts);
        }
        // What stands beside the tags of each paragraph, by its first token.
        let mut beside: Vec<(usize, String, String)> = Vec::new();
        let hoisted = self.hoisted(&read);
        let order = read
            .iter()
            .map(|one| self.outline.spot(Some(one.paragraph.element)));
        let order: Vec<String> = order.collect();
        for (index, one) in read.into_iter().enumerate() {
            let first = self.outline.elements[one.paragraph.element].first;
            beside.extend(words_beside(&one.text, &one.tags).map(|words| {
                let spot = self.outline.spot(Some(one.paragraph.element));
                (first, spot, words)
            }));
            self.paragraph(one, hoisted.get(&index));
        }
        self.vanishing(&beside);
        let cells = std::mem::take(&mut self.cells);
        let mut spans = BTreeMap::new();
        for one in cells
            .iter()
            .filter(|one| one.tag.kind == Kind::Cell(Cell::Span))
        {
            spans.insert(one.cell, one.tag.body.as_str());
        }
        let across = cells
            .iter()
            .filter(|one| one.tag.kind == Kind::Cell(Cell::MergeAcross));
        let across: BTreeSet<usize> = across.map(|one| one.cell).collect();
        let mut known = BTreeSet::new();
        for OfCell {
            cell,
            tag,
            spot,
            anew,
            repeats,
        } in &cells
        {
            let (cell, word) = (*cell, tags::cell_word(tag.kind));
            if !known.insert((cell, word)) {
                let words = format!("一个单元格里只能写一个 `{word}`");
                self.report(Diagnostic::error("word/merge", words), spot);
                continue;
            }
            let together = tag.kind == Kind::Cell(Cell::Span) && across.contains(&cell);
            let of = CellTag {
                tag,
                spot,
                anew: *anew,
                repeats: *repeats,
                colspan: spans.get(&cell).copied().filter(|_| !together),
            };
            self.edits.take_cell(self.outline, cell, &of);
            if matches!(tag.kind, Kind::Cell(Cell::MergeAcross | Cell::Span)) {
                self.columns_change(cell);
            }
        }
        for (keyword, spot) in std::mem::take(&mut self.balance).rest() {
            let problem = Diagnostic::error("template/block", format!("`{keyword}` 没有结束"))
                .hint(format!("补上 `end{keyword}`"));
            self.report(problem, &spot);
        }
        let has_columns = !self.edits.changing.is_empty();
        let may_empty = blocks::may_empty(self.outline, &self.edits.optional(self.outline));
        let repeats_ids = self.repeats_ids();
        let uses = self.names.uses().into_iter();
        let uses = uses.map(|used| {
            let spot = self.spots[used.tag].clone();
            (used, spot)
        });
        Prepared {
            problems: self.problems,
            warnings: self.warnings,
            uses: uses.collect(),
            order,
            has_columns,
            may_empty,
            repeats_ids,
            template: match self.edits.is_empty() {
                true => None,
                false => Some(self.edits.write(self.outline)),
            },
        }
    }

    fn report(&mut self, problem: Diagnostic, spot: &str) {
        let (file, place) = (self.place)(spot);
        // A text box is there twice, for old programs and for new ones.
        let is_new = self.said.insert((problem.message.clone(), place.clone()));
        if is_new && self.said.len() <= MAX_PROBLEMS {
            self.problems.push(problem.at_part(file, place));
        }
    }

    /// Tags in field codes would put data where Word reads commands; and what
    /// fetches something by itself should be known.
    fn field_codes(&mut self) {
        for (element, code) in fields::codes(self.outline) {
            let spot = self.outline.spot(Some(element));
            if code.contains("{{") || code.contains("{%") {
                let problem = Diagnostic::error("word/field", "域代码里的标记不能合并")
                    .label(code.trim().chars().take(40).collect::<String>())
                    .hint("域代码是 Word 的命令，数据不能写进去；链接可用富文本的 link");
                self.report(problem, &spot);
            }
            let room = self.warnings.len() < MAX_WARNINGS;
            if let Some(name) = fields::fetching(&code).filter(|_| room) {
                let (file, place) = (self.place)(&spot);
                let words = format!("域 {name} 会读取文件外的内容");
                self.warnings.push(
                    Diagnostic::warning("word/external", words)
                        .at_part(file, place)
                        .label(code.trim().chars().take(80).collect::<String>())
                        .hint("不需要就在模板里删去这个域"),
                );
            }
        }
        for (element, warning) in fields::alternative_texts(self.outline) {
            let (file, place) = (self.place)(&self.outline.spot(Some(element)));
            let warning = warning.at_part(file, place);
            // A picture has it twice, once for its frame.
            if self.warnings.len() < MAX_WARNINGS && !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    /// A tag whose end stands in a later paragraph.
    fn crossing(&self, read: &mut [Read]) {
        for index in 0..read.len() {
            let later = &read[index + 1..read.len().min(index + 1 + CROSSED)];
            let Some(flaw) = read[index].flaws.last() else {
                continue;
            };
            let Some(close) = flaw
                .label
                .as_deref()
                .and_then(|label| label.strip_prefix("缺少 "))
            else {
                continue;
            };
            let ends = |text: &str| {
                let end = text.find(close);
                end.is_some_and(|end| text.find(['{']).is_none_or(|open| end < open))
            };
            let plain = later.iter().take_while(|one| one.tags.is_empty());
            let Some(end) = plain
                .chain(later.iter().take(1))
                .find(|one| ends(&one.text))
            else {
                continue;
            };
            let cell = |one: &Read| self.outline.enclosing(Some(one.paragraph.element), "w:tc");
            let what = match cell(&read[index]) == cell(end) {
                true => "段落",
                false => "单元格",
            };
            let flaw = Flaw {
                start: flaw.start,
                code: "template/crossing",
                message: format!(
                    "标记跨了{what}：{}",
                    tags::first_words(&read[index].text[flaw.start..])
                ),
                label: Some(format!(
                    "一个标记要写在同一{}里",
                    if what == "段落" {
                        "段"
                    } else {
                        "单元格的同一段"
                    }
                )),
            };
            read[index].flaws.pop();
            read[index].flaws.push(flaw);
        }
    }

    /// Takes in a paragraph's tags.
    fn paragraph(&mut self, read: Read, hoisted: Option<&BTreeSet<usize>>) {
        let Read {
            paragraph,
            text,
            tags,
            mut flaws,
            spot,
        } = read;
        let first_number = self.spots.len();
        for (index, tag) in tags.iter().enumerate() {
            let flaw = tag.flaw(self.env);
            let is_good = flaw.is_none();
            flaws.extend(flaw);
            let is_hoisted = hoisted.is_some_and(|hoisted| hoisted.contains(&index));
            let level = self.level(&paragraph, tag, is_hoisted);
            flaws.extend(self.balance.note(tag, &spot, level));
            let token = paragraph.at(tag.start).map_or(0, |text| text.token);
            self.follow_loops(tag, token);
            self.names.note(tag);
            self.spots.push(spot.clone());
            if is_good {
                self.lift(&paragraph, tag, &spot);
            }
        }
        for flaw in flaws {
            let around: String = text[flaw.start..].chars().take(40).collect();
            let mut problem = Diagnostic::error(flaw.code, flaw.message)
                .hint(format!("所在文字：{}", around.replace('\n', " ")));
            problem.label = flaw.label;
            self.report(problem, &spot);
        }
        self.cut(&paragraph, &text, &tags, first_number, &spot, hoisted);
    }

    /// Takes in a tag that concerns more than its own text.
    fn lift(&mut self, paragraph: &Paragraph, tag: &Tag, spot: &str) {
        let outline = self.outline;
        let number = self.spots.len() - 1;
        match tag.kind {
            // A run is cut where the tag stands.
            Kind::Lifted("w:r") | Kind::LiftedComment("w:r") => {}
            Kind::Lifted(name) | Kind::LiftedComment(name) => {
                let within = paragraph.element_at(outline, tag.start);
                let Some(element) = outline.enclosing(within, name) else {
                    let words = format!("标记 `{}` 不在它要占用的 {name} 里", tag.body);
                    self.report(Diagnostic::error("word/lifted", words), spot);
                    return;
                };
                let range = (
                    outline.elements[element].first,
                    outline.elements[element].last,
                );
                self.edits.lifted.insert(range.0, range.1);
                let change = match tag.end_of_block() {
                    Some(_) => 1,
                    None => -i32::from(tag.keyword().starts_with("end")),
                };
                *self.edits.blocks.entry(range.1).or_default() += change;
                if let Kind::Lifted(_) = tag.kind {
                    let before = self.edits.before.entry(range.0).or_default();
                    before.push(numbered(tag, number, spot));
                }
                if name == "w:tc" {
                    let delta = match tag.keyword() {
                        "for" => 1,
                        "endfor" => -1,
                        _ => 0,
                    };
                    *self.edits.loops.entry(range.0).or_default() += delta;
                    self.columns_change(element);
                }
            }
            Kind::Cell(_) => match outline.enclosing(Some(paragraph.element), "w:tc") {
                Some(_) if self.lacks_loop(tag) => {
                    let word = tags::cell_word(tag.kind);
                    let words = format!("标记 `{word}` 不在循环里");
                    let hint = match word {
                        "vm" => {
                            "写在 {%tr for %} 和 {%tr endfor %} 之间，或写明依据的键：{% vm 键 %}"
                        }
                        _ => "写在 {%tc for %} 和 {%tc endfor %} 之间",
                    };
                    self.report(Diagnostic::error("word/merge", words).hint(hint), spot);
                }
                Some(cell) => {
                    let anew = self.anew(tag.key_and_restart().0);
                    self.cells.push(OfCell {
                        cell,
                        tag: tag.clone(),
                        spot: spot.to_owned(),
                        anew,
                        repeats: self.in_cell_loop(),
                    });
                }
                None => {
                    let word = tags::cell_word(tag.kind);
                    let words = format!("标记 `{word}` 不在表格的单元格里");
                    self.report(Diagnostic::error("word/merge", words), spot);
                }
            },
            Kind::PrintParagraph if self.may_vanish(paragraph.element) => {
                let element = &outline.elements[paragraph.element];
                let before = self.edits.before.entry(element.first).or_default();
                before.push(Piece::statement(
                    format!("if ({}) is not blank", tag.body),
                    &tag.written(),
                    spot,
                ));
                let after = self.edits.after.entry(element.last).or_default();
                after.insert(0, Piece::statement("endif".into(), &tag.written(), spot));
            }
            _ => {}
        }
    }

    /// Whether what holds a paragraph may be without it.
    fn may_vanish(&self, paragraph: usize) -> bool {
        match self.neighbours(paragraph) {
            Some((all, at)) => {
                let last = all.last() == Some(&all[at]);
                let parent = self.outline.elements[paragraph].parent;
                let is_body =
                    parent.is_some_and(|parent| self.outline.elements[parent].name == "w:body");
                (is_body || !last) && !self.joined.contains_key(&paragraph)
            }
            None => false,
        }
    }

    fn columns_change(&mut self, cell: usize) {
        if let Some(table) = self.outline.enclosing(Some(cell), "w:tbl") {
            self.edits.changing.insert(table);
        }
    }

    /// Words and pictures beside a tag that takes the place of their row or
    /// paragraph.
    fn vanishing(&mut self, beside: &[(usize, String, String)]) {
        let mut problems = Vec::new();
        let lifted = self.edits.lifted.iter();
        let gone = edits::within(self.outline, lifted.map(|(first, last)| (*first, *last)));
        for (token, spot, words) in beside.iter().filter(|(token, ..)| gone[*token]) {
            problems.push((*token, format!("“{words}”不会打印"), spot.clone()));
        }
        let elements = self.outline.elements.iter().enumerate();
        let others = elements.filter(|(_, element)| gone[element.first]);
        for (index, element) in others {
            let words = match element.name {
                "w:drawing" | "w:pict" | "w:object" => "这里的图不会打印",
                "w:sectPr" => "这里的分节符会丢",
                _ => continue,
            };
            let spot = self.outline.spot(Some(index));
            problems.push((element.first, words.to_owned(), spot));
        }
        problems.sort();
        for (_, words, spot) in problems {
            let problem =
                Diagnostic::error("word/lifted", format!("{words}：整行或整段由标记取代"))
                    .hint("把这些内容移到标记所在的行或段之外");
            self.report(problem, &spot);
        }
    }
}

/// A tag of the template, told by its number among the part's.
fn numbered(tag: &Tag, number: usize, spot: &str) -> Piece {
    let prints = matches!(tag.kind, Kind::Print | Kind::PrintParagraph);
    Piece::Tag(Statement {
        prints,
        // A statement's are taken care of where lines are joined.
        minus: if prints { tag.minus } else { (false, false) },
        body: match prints && tag.body.contains(" if ") && lacks_else(tag) {
            true => format!("{} else none", tag.body),
            false => tag.body.clone(),
        },
        written: tag.written(),
        spot: spot.to_owned(),
        number: Some(number),
    })
}

/// What a paragraph holds besides tags that take its place and comments.
fn words_beside(text: &str, tags: &[Tag]) -> Option<String> {
    let mut words = String::new();
    let mut at = 0;
    for tag in tags {
        words.push_str(&text[at..tag.start]);
        let is_nothing = matches!(
            tag.kind,
            Kind::Lifted(_) | Kind::LiftedComment(_) | Kind::Comment
        );
        if !is_nothing {
            words.push_str(&text[tag.start..tag.end]);
        }
        at = tag.end;
    }
    words.push_str(&text[at..]);
    let words = words.trim();
    (!words.is_empty()).then(|| words.chars().take(20).collect())
}
