//! Tags cut out of the texts of a paragraph.

use std::collections::BTreeSet;

use super::edits::Piece;
use super::text::{Holds, Paragraph};
use super::{Preparing, numbered};
use crate::merge::tags::{Kind, Tag};

impl<P: Fn(&str) -> (String, String)> Preparing<'_, P> {
    /// Cuts the tags out of a paragraph's texts; one that prints goes where it
    /// begins.
    pub(super) fn cut(
        &mut self,
        paragraph: &Paragraph,
        text: &str,
        tags: &[Tag],
        first_number: usize,
        spot: &str,
        hoisted: Option<&BTreeSet<usize>>,
    ) {
        let mut offset = 0;
        let mut next = 0;
        // How many blocks are open whose text goes through a filter, and where
        // they begin: all their text goes there, without the runs about it.
        let mut filters = 0;
        let mut home: Option<usize> = None;
        let keeps = tags.iter().any(Tag::keeps);
        for one in &paragraph.texts {
            let range = offset..offset + one.text.len();
            offset = range.end;
            while tags.get(next).is_some_and(|tag| tag.end <= range.start) {
                next += 1;
            }
            let mut pieces = Vec::new();
            let mut at = range.start;
            // References that are kept must be characters to filters.
            let is_reference = keeps && self.outline.raw(one.token).starts_with('&');
            let mut is_changed = home.is_some() || is_reference;
            let own = tags.iter().enumerate().skip(next);
            for (index, tag) in own.take_while(|(_, tag)| tag.start < range.end) {
                is_changed = true;
                if tag.start > at {
                    pieces.push(Piece::plain(&text[at..tag.start]));
                }
                at = tag.end.min(range.end);
                if tag.start < range.start {
                    continue;
                }
                let statement = || numbered(tag, first_number + index, spot);
                match tag.kind {
                    Kind::Literal => pieces.push(Piece::plain(&tag.body)),
                    Kind::Print | Kind::PrintParagraph => pieces.push(match one.holds {
                        Holds::Runs => statement(),
                        _ => {
                            Piece::print(format!("({}) | one_line", tag.body), &tag.written(), spot)
                        }
                    }),
                    Kind::Statement | Kind::Lifted("w:r") => {
                        let is_hoisted = hoisted.is_some_and(|known| known.contains(&index));
                        let between = match tag.kind {
                            Kind::Statement if !is_hoisted || home.is_some() => None,
                            _ => self.splice(paragraph, tag.start),
                        };
                        match between {
                            None => pieces.push(statement()),
                            Some((closing, opening)) => pieces.extend([
                                Piece::Raw(closing),
                                statement(),
                                Piece::Raw(opening),
                            ]),
                        }
                    }
                    _ => {}
                }
                filters = (filters + tag.filters()).max(0);
                if filters > 0 {
                    home.get_or_insert(one.token);
                } else if let Some(home) = home.take().filter(|home| *home != one.token) {
                    let begun = self.edits.replaced.entry(home).or_default();
                    begun.append(&mut pieces);
                }
            }
            if !is_changed {
                continue;
            }
            let rest = &text[at..range.end];
            match (one.holds, home) {
                (Holds::Element, None) => {}
                (Holds::Element, Some(_)) => pieces.push(Piece::character(rest)),
                _ if rest.is_empty() => {}
                _ => pieces.push(Piece::plain(rest)),
            }
            if let Some(home) = home.filter(|home| *home != one.token) {
                let begun = self.edits.replaced.entry(home).or_default();
                begun.append(&mut pieces);
            }
            self.edits.replaced.insert(one.token, pieces);
        }
    }
}
