//! Where the mistakes of a Typst template are.

use std::sync::Arc;

use minijinja::{Environment, Error};

use super::explain::{Pointed, explain};
use super::tags::{self, Balance, Dialect};
use crate::diagnostic::Diagnostic;
use crate::source::{Location, Source};

/// What is wrong with the tags of a Typst template, each by itself.
pub(crate) fn typst_flaws(source: &Arc<Source>, env: &Environment<'_>) -> Vec<Diagnostic> {
    let text = &source.text;
    // What stands in a raw block is no tag.
    if text.contains("endraw") {
        return Vec::new();
    }
    let (tags, mut flaws) = tags::find(text, Dialect::Plain);
    let mut balance = Balance::<usize>::default();
    for tag in &tags {
        flaws.extend(tag.flaw(env));
        flaws.extend(balance.note(tag, &tag.start, ("", None)));
    }
    let end_of = |start: usize| {
        let tag = tags.iter().find(|tag| tag.start == start);
        tag.map_or_else(
            || text[start..].find('\n').map_or(text.len(), |at| start + at),
            |tag| tag.end,
        )
    };
    let at = |start: usize| Location::new(source, start..end_of(start));
    let unclosed = balance.rest().map(|(keyword, start)| {
        Diagnostic::error("template/block", format!("`{keyword}` 没有结束"))
            .at(at(start))
            .hint(format!("补上 `end{keyword}`"))
    });
    let found = flaws.into_iter().map(|flaw| {
        let problem = Diagnostic::error(flaw.code, flaw.message).at(at(flaw.start));
        match flaw.label {
            Some(label) => problem.label(label),
            None => problem,
        }
    });
    found.chain(unclosed).collect()
}

/// A merging error at its line of a Typst template, whose lines were marked.
pub(crate) fn typst_problem(source: &Arc<Source>, error: &Error, known: &[String]) -> Diagnostic {
    let marked = error.template_source().unwrap_or_default();
    let pointed = Pointed::by(error, marked);
    let problem = explain(error, pointed.as_ref(), known);
    let Some(line) = error.line() else {
        return problem.at(Location::start_of(source));
    };
    // Marks stand at line ends, so that lines are the template's own.
    let words = pointed.and_then(|pointed| pointed.words().lines().next());
    problem.at(Location::words_of(source, line, words.unwrap_or_default()))
}
