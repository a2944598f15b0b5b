//! `{%- … -%}`: lines and paragraphs that go on in the one before.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Preparing, Read};
use crate::merge::tags::{Kind, Tag};

impl<P: Fn(&str) -> (String, String)> Preparing<'_, P> {
    /// `{%- … -%}` at the start or end of a line: the line goes on where the one
    /// before it ends.
    pub(super) fn join_lines(&mut self, read: &mut Read, texts: &BTreeSet<usize>) {
        let mut blanks = Vec::new();
        for tag in read.tags.iter().filter(|tag| tag.kind == Kind::Statement) {
            if tag.minus.0 {
                let before = &read.text[..tag.start];
                let line = before.rfind('\n').map_or(0, |at| at + 1);
                let blank = before.trim_end().len().max(line);
                if blank == line {
                    match line {
                        0 => {
                            self.join_back(read.paragraph.element, texts);
                        }
                        _ => blanks.push(line - 1..line),
                    }
                }
                blanks.push(blank..tag.start);
            }
            if tag.minus.1 {
                let after = &read.text[tag.end..];
                let line = tag.end + after.find('\n').unwrap_or(after.len());
                let blank = line.min(read.text.len() - after.trim_start().len());
                let is_end = blank == line;
                blanks.push(tag.end..blank);
                if is_end && line < read.text.len() {
                    blanks.push(line..line + 1);
                } else if is_end {
                    let next = self.next_text(read.paragraph.element, texts);
                    if let Some(next) = next {
                        self.join_back(next, texts);
                    }
                }
            }
        }
        let blanks = blanks.into_iter().filter(|range| !range.is_empty());
        read.tags.extend(blanks.map(Tag::nothing));
        read.tags.sort_by_key(|tag| tag.start);
        read.tags.dedup_by_key(|tag| tag.start);
    }

    /// What stands beside a paragraph, and which of these it is.
    pub(super) fn neighbours(&self, paragraph: usize) -> Option<(Rc<[usize]>, usize)> {
        let parent = self.outline.elements[paragraph].parent?;
        let mut known = self.children.borrow_mut();
        let all = known
            .entry(parent)
            .or_insert_with(|| self.outline.children(parent).collect());
        let at = all.binary_search(&paragraph).ok()?;
        Some((all.clone(), at))
    }

    pub(super) fn next_text(&self, paragraph: usize, texts: &BTreeSet<usize>) -> Option<usize> {
        let (all, at) = self.neighbours(paragraph)?;
        let mut after = all[at + 1..].iter().copied();
        let next = after.find(|child| texts.contains(child) || !self.is_paragraph(*child))?;
        texts.contains(&next).then_some(next)
    }

    pub(super) fn is_paragraph(&self, element: usize) -> bool {
        self.outline.elements[element].name == "w:p"
    }

    /// Joins a paragraph to the one with text before it; what stands between
    /// them goes.
    pub(super) fn join_back(&mut self, paragraph: usize, texts: &BTreeSet<usize>) {
        if self.joined.contains_key(&paragraph) || self.apart.contains(&paragraph) {
            return;
        }
        let Some((all, at)) = self.neighbours(paragraph) else {
            return;
        };
        let before = all[..at].iter().rev().copied();
        let empty: Vec<usize> = before
            .clone()
            .take_while(|child| self.is_paragraph(*child) && !texts.contains(child))
            .collect();
        let Some(first) = before
            .clone()
            .nth(empty.len())
            .filter(|one| texts.contains(one) && !self.apart.contains(one))
        else {
            return;
        };
        let outline = self.outline;
        let end = outline.elements[first].last;
        self.edits.removed.push((end, end));
        for element in empty {
            let element = &outline.elements[element];
            self.edits.removed.push((element.first, element.last));
        }
        let start = outline.elements[paragraph].first;
        self.edits.removed.push((start, start));
        if let Some(properties) = outline.child(paragraph, "w:pPr") {
            let element = &outline.elements[properties];
            self.edits.removed.push((element.first, element.last));
        }
        self.joined.insert(paragraph, self.root(first));
    }

    /// The paragraph that this one goes on.
    pub(super) fn root(&self, mut paragraph: usize) -> usize {
        while let Some(before) = self.joined.get(&paragraph) {
            paragraph = *before;
        }
        paragraph
    }
}
