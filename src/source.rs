//! A text a user can edit, and places in it.
//!
//! Positions are byte ranges; lines and columns are worked out only when a
//! diagnostic is shown. Knows nothing of YAML, Typst or templates.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text file as it was read, under the name the user knows it by.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as it should appear in messages.
    pub path: String,
    /// The text, without a byte-order mark.
    pub text: String,
}

impl Source {
    /// Wraps a text so that locations can share it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
        })
    }

    /// The byte range of a line (counted from 1), without its line break.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let start = match line {
            0 | 1 => 0,
            n => self
                .text
                .match_indices('\n')
                .nth(n - 2)
                .map_or(self.text.len(), |(at, _)| at + 1),
        };
        let rest = &self.text[start..];
        let end = rest.find('\n').unwrap_or(rest.len());
        start..start + rest[..end].trim_end_matches('\r').len()
    }
}

/// A byte range in a [`Source`].
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    /// The text it points into.
    pub source: Arc<Source>,
    /// Bytes in `source.text`.
    pub range: Range<usize>,
}

impl Location {
    /// Points at `range`, cut down to what the text really holds.
    pub fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        let len = source.text.len();
        let start = floor_boundary(&source.text, range.start.min(len));
        let end = floor_boundary(&source.text, range.end.clamp(start, len));
        Self {
            source: source.clone(),
            range: start..end,
        }
    }

    /// Points at the first line of a text.
    pub fn start_of(source: &Arc<Source>) -> Self {
        Self::new(source, source.line_range(1))
    }

    /// Points at a whole line (counted from 1), without its indentation.
    pub fn line_of(source: &Arc<Source>, line: usize) -> Self {
        let range = source.line_range(line);
        let text = &source.text[range.clone()];
        let indent = text.len() - text.trim_start().len();
        Self::new(source, range.start + indent..range.end)
    }

    /// Points at `words` on a line (counted from 1), or at the whole line if
    /// they do not stand there.
    pub(crate) fn words_of(source: &Arc<Source>, line: usize, words: &str) -> Self {
        let whole = Self::line_of(source, line);
        match whole.text().find(words).filter(|_| !words.is_empty()) {
            Some(offset) => {
                let start = whole.range.start + offset;
                Self::new(source, start..start + words.len())
            }
            None => whole,
        }
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> usize {
        let before = self.before();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        before[line_start..].chars().count() + 1
    }

    /// The text pointed at.
    pub fn text(&self) -> &str {
        &self.source.text[self.range.clone()]
    }

    fn before(&self) -> &str {
        &self.source.text[..self.range.start]
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.path, self.line(), self.column())
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at)
        .rev()
        .find(|&i| text.is_char_boundary(i))
        .unwrap_or(0)
}
