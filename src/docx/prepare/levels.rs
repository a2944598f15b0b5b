//! Where statements stand: the blocks and loops that are open, and what a block
//! must not be torn by.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::Anew;
use super::text::Paragraph;
use super::{Inline, Loop, Preparing, Read, edits, ids};
use crate::merge::tags::{self, Cell, Kind, Level, Tag};

impl<P: Fn(&str) -> (String, String)> Preparing<'_, P> {
    /// Whether something that bears a number lies between the tags of a loop.
    pub(super) fn repeats_ids(&self) -> bool {
        let repeated = edits::within(self.outline, self.looped.iter().copied());
        let mut elements = self.outline.elements.iter();
        elements.any(|element| repeated[element.first] && ids::bears(element.name))
    }

    /// Which loops are open, and what they bind.
    pub(super) fn follow_loops(&mut self, tag: &Tag, token: usize) {
        if !matches!(tag.kind, Kind::Statement | Kind::Lifted(_)) {
            return;
        }
        match tag.keyword() {
            "for" => {
                let target = tag.body["for".len()..]
                    .split(" in ")
                    .next()
                    .unwrap_or_default();
                let names = target
                    .split(',')
                    .map(|name| name.trim_matches(['(', ')', ' ']).to_owned());
                self.loops.push(Loop {
                    token,
                    number: self.spots.len(),
                    lifted: match tag.kind {
                        Kind::Lifted(name) => Some(name),
                        _ => None,
                    },
                    names: names.collect(),
                });
            }
            "endfor" => {
                let opened = self.loops.pop();
                self.looped
                    .extend(opened.map(|opened| (opened.token, token)));
            }
            _ => {}
        }
    }

    /// When merges of this key begin anew: with each round of the loop that binds
    /// its name, if others repeat the rows within; else with the loop of the rows.
    pub(super) fn anew(&self, key: &str) -> Anew {
        let end = key.find(|c: char| !c.is_alphanumeric() && c != '_');
        let root = &key[..end.unwrap_or(key.len())];
        let mut rows = self.row_loops().rev();
        let Some(innermost) = rows.next() else {
            return Anew::Never;
        };
        let binds = |one: &&Loop| one.names.iter().any(|name| name == root);
        match rows.find(binds).filter(|_| !binds(&innermost)) {
            Some(outer) => Anew::EachRound(outer.number),
            None => Anew::With(innermost.number),
        }
    }

    /// The loops that repeat rows, the innermost last.
    pub(super) fn row_loops(&self) -> impl DoubleEndedIterator<Item = &Loop> {
        let rows = |one: &&Loop| matches!(one.lifted, Some("w:tr" | "w:p"));
        self.loops.iter().filter(rows)
    }

    /// Whether a loop repeats cells.
    pub(super) fn in_cell_loop(&self) -> bool {
        self.loops.iter().any(|one| one.lifted == Some("w:tc"))
    }

    /// Whether a tag about its cell goes by a loop that is not there.
    pub(super) fn lacks_loop(&self, tag: &Tag) -> bool {
        match tag.kind {
            Kind::Cell(Cell::MergeAcross) => !self.in_cell_loop(),
            _ => tags::needs_loop(tag) && self.row_loops().next().is_none(),
        }
    }

    /// What a tag takes the place of, and what that lies in.
    pub(super) fn level(&self, paragraph: &Paragraph, tag: &Tag, is_hoisted: bool) -> Level {
        match tag.kind {
            // It is put between runs of the paragraph.
            Kind::Lifted("w:r") if self.splice(paragraph, tag.start).is_some() => {
                ("w:r", Some(self.root(paragraph.element)))
            }
            Kind::Lifted(name) => {
                let within = paragraph.element_at(self.outline, tag.start);
                let element = self.outline.enclosing(within, name);
                let parent = element.and_then(|element| self.outline.elements[element].parent);
                (name, parent)
            }
            _ if is_hoisted || tag.filters() != 0 => (
                "",
                self.outline.elements[self.root(paragraph.element)].parent,
            ),
            _ => ("", self.container(paragraph, tag)),
        }
    }

    /// What the run of an inline tag lies in.
    pub(super) fn container(&self, paragraph: &Paragraph, tag: &Tag) -> Option<usize> {
        let within = paragraph.element_at(self.outline, tag.start);
        let run = self.outline.enclosing(within, "w:r");
        let run = run.filter(|run| {
            within.is_some_and(|text| self.outline.elements[text].parent == Some(*run))
        });
        let Some(run) = run else {
            return within.or(Some(paragraph.element));
        };
        let parent = self.outline.elements[run].parent?;
        match parent == paragraph.element {
            // A block may reach over paragraphs that stand side by side.
            true => self.outline.elements[self.root(parent)].parent,
            false => Some(parent),
        }
    }

    /// Inline statements that open in one container and end in another (a
    /// tracked insertion, a hyperlink): these are put between runs. By paragraph,
    /// the numbers of its tags.
    pub(super) fn hoisted(&self, read: &[Read]) -> BTreeMap<usize, BTreeSet<usize>> {
        let mut hoisted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut open: Vec<(usize, Vec<Inline>)> = Vec::new();
        for (index, one) in read.iter().enumerate() {
            let root = self.root(one.paragraph.element);
            open.retain(|(known, _)| *known == root);
            let tags = one.tags.iter().enumerate();
            for (number, tag) in tags.filter(|(_, tag)| tag.kind == Kind::Statement) {
                let here = (index, number, self.container(&one.paragraph, tag));
                if tag.end_of_block().is_some() {
                    open.push((root, vec![here]));
                    continue;
                }
                let Some((_, block)) = open.last_mut() else {
                    continue;
                };
                block.push(here);
                if !tag.keyword().starts_with("end") {
                    continue;
                }
                let block = open.pop().map(|(_, block)| block).unwrap_or_default();
                let differ = block.iter().any(|tag| tag.2 != block[0].2);
                let can = block.iter().all(|(index, number, _)| {
                    let one = &read[*index];
                    let start = one.tags[*number].start;
                    self.splice(&one.paragraph, start).is_some()
                });
                // What is kept is printed within a run.
                let (first, number, _) = block[0];
                if differ && can && !read[first].tags[number].keeps() {
                    for (index, number, _) in block {
                        hoisted.entry(index).or_default().insert(number);
                    }
                }
            }
        }
        hoisted
    }

    /// What closes all that is open at a text below its paragraph, and what
    /// opens it again; nothing where that would not be the same document.
    pub(super) fn splice(&self, paragraph: &Paragraph, at: usize) -> Option<(String, String)> {
        let text = paragraph.element_at(self.outline, at)?;
        let run = self.outline.enclosing(Some(text), "w:r")?;
        let mut closing = String::new();
        let mut opening = String::new();
        let mut element = text;
        while element != paragraph.element {
            let name = self.outline.elements[element].name;
            if !["w:t", "w:r", "w:ins", "w:hyperlink", "w:smartTag"].contains(&name) {
                return None;
            }
            closing.push_str(&format!("</{name}>"));
            let mut own = match name {
                "w:t" => "<w:t xml:space=\"preserve\">".to_owned(),
                _ => self
                    .outline
                    .raw(self.outline.elements[element].first)
                    .to_owned(),
            };
            if element == run {
                own.push_str(&self.run_properties(run));
            }
            opening.insert_str(0, &own);
            element = self.outline.elements[element].parent?;
        }
        Some((closing, opening))
    }

    pub(super) fn run_properties(&self, run: usize) -> String {
        let Some(properties) = self.outline.child(run, "w:rPr") else {
            return String::new();
        };
        let element = &self.outline.elements[properties];
        let start = self.outline.tokens[element.first].range.start;
        self.outline.xml[start..self.outline.tokens[element.last].range.end].to_owned()
    }
}
