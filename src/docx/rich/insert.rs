//! What stands for a marker, put where the marker stands.

use super::expand::{CONTAINERS, Expander, TRANSPARENT};
use super::image::room_in_cell;
use super::pieces::{PAGE_BREAK, Piece, Surroundings, clean, paragraphs, pieces};
use super::properties::Properties;
use crate::diagnostic::Diagnostic;
use crate::docx::join::attribute;
use crate::merge::MAX_OUTPUT;
use crate::merge::rich::What;

/// A link may not stand in these.
const WITHOUT_LINKS: [&str; 5] = ["w:hyperlink", "w:ins", "w:del", "w:moveFrom", "w:moveTo"];

/// Where a marker stands.
enum Place {
    /// In a paragraph: its place among the open elements, and how many of them
    /// stay open about a run.
    Paragraph { paragraph: usize, keep: usize },
    /// Where a paragraph could stand.
    Block,
    /// Anywhere else.
    Text,
}

impl<'m> Expander<'_, 'm, '_> {
    /// Puts a value where its marker stands.
    pub(super) fn insert(&mut self, what: &What, token: usize) {
        if self.out.len() > MAX_OUTPUT {
            let problem = Diagnostic::error("template/size", "合并结果太大，已停止");
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
            return;
        }
        let place = self.place();
        if matches!(place, Place::Text) {
            self.open(self.stack.len());
            self.solid();
            let plain = clean(&what.plain());
            self.out.push_str(&quick_xml::escape::escape(plain));
            return;
        }
        let around = self.surroundings(token);
        let pieces = match pieces(what, &around, self.additions) {
            Ok(pieces) => pieces,
            Err(problem) => {
                // One value may be printed many times.
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                return;
            }
        };
        match place {
            Place::Paragraph { paragraph, keep } => {
                for piece in pieces {
                    self.put(piece, paragraph, keep);
                }
            }
            _ => {
                let is_nothing = pieces.is_empty();
                let properties = around.paragraph.to_xml("w:pPr");
                self.note_last(self.stack.len(), &format!("<w:p>{properties}</w:p>"));
                if !is_nothing {
                    self.open(self.stack.len());
                    self.out.push_str(&paragraphs(&properties, pieces));
                }
            }
        }
    }

    fn put(&mut self, piece: Piece, paragraph: usize, keep: usize) {
        match piece {
            Piece::Inline { xml, is_link } => {
                let barrier = (paragraph + 1..keep)
                    .find(|at| is_link && WITHOUT_LINKS.contains(&self.name(*at)));
                let keep = barrier.unwrap_or(keep);
                self.close(keep);
                self.open(keep);
                self.out.push_str(&xml);
                self.solid();
            }
            Piece::NewParagraph | Piece::NewPage => {
                self.close(paragraph + 1);
                self.open(paragraph + 1);
                self.stack[paragraph].bare = false;
                self.close(paragraph);
                if matches!(piece, Piece::NewPage) {
                    self.out.push_str(PAGE_BREAK);
                }
                self.open(paragraph + 1);
                self.stack[paragraph].bare = false;
            }
            Piece::Block(xml) => {
                let open = &self.stack[paragraph];
                let last = format!("<w:p>{}</w:p>", open.properties);
                self.note_last(paragraph, &last);
                self.close(paragraph);
                self.out.push_str(&xml);
            }
        }
    }

    /// Where the marker that comes next stands.
    fn place(&self) -> Place {
        let top = self.stack.len();
        let paragraph = (0..top).rfind(|at| !TRANSPARENT.contains(&self.name(*at)));
        let Some(at) = paragraph else {
            return Place::Text;
        };
        // Content controls stand about paragraphs too.
        let holds_blocks = top > 0 && CONTAINERS.contains(&self.name(top - 1));
        match self.name(at) {
            "w:p" => {
                let run = (at + 1..top).find(|at| self.name(*at) == "w:r");
                Place::Paragraph {
                    paragraph: at,
                    keep: run.unwrap_or(top),
                }
            }
            _ if holds_blocks => Place::Block,
            _ => Place::Text,
        }
    }

    fn surroundings(&self, token: usize) -> Surroundings<'m> {
        let properties = |within: &str| {
            let found = self
                .stack
                .iter()
                .rfind(|open| self.outline.is(open.element, within));
            found.map_or_else(Properties::default, |open| {
                Properties::read(&open.properties)
            })
        };
        let mut paragraph = properties("w:p");
        paragraph.remove("w:sectPr");
        Surroundings {
            run: properties("w:r"),
            paragraph,
            part: self.part,
            room: self.room(token),
        }
    }

    /// Twentieths of a point for an image: the cell's, at most the section's.
    fn room(&self, token: usize) -> u64 {
        let elements = &self.outline.elements;
        let section = self.sections.iter().find(|(last, _)| *last > token);
        let width = section.map_or(self.width, |(_, width)| *width);
        let cell = self
            .outline
            .enclosing(self.outline.tokens[token].element, "w:tc");
        let below = |parent: usize, name: &str| {
            self.outline
                .children(parent)
                .find(|child| self.outline.is(*child, name))
        };
        let own = cell.and_then(|cell| {
            let tag = below(below(cell, "w:tcPr")?, "w:tcW")?;
            let tag = self.outline.raw(elements[tag].first);
            let width = attribute(tag, "w:w")?.parse::<u64>().ok()?;
            (attribute(tag, "w:type")? == "dxa" && width > 0).then_some(room_in_cell(width))
        });
        own.filter(|own| *own > 0)
            .map_or(width, |own| own.min(width))
    }
}
