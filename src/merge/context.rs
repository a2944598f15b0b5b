//! Project → the values a template sees.

use std::borrow::Cow;
use std::path::Path;

use minijinja::value::{Value, merge_maps};

use super::rich::{MARK, Reader};
use super::written::{self, Written};
use crate::check::printable;
use crate::diagnostic::Diagnostic;
use crate::project::{Data, Map, Node};

/// The value of a node. A number keeps its text, because what prints is what
/// was written; a template that reckons takes `x | int` or `x | float`.
///
/// # Errors
/// Rejected with what is wrong in values that are more than text.
pub(crate) fn context(node: &Node) -> Result<Value, Vec<Diagnostic>> {
    read(
        node,
        None,
        |text| Value::from(text),
        |text| Value::from(printable(text.trim_end())),
    )
}

/// The value of data that no form knows; it may name files in a folder. Text
/// stays as it is, but for what no document can hold. Numbers are numbers, see
/// [`Written`].
///
/// # Errors
/// As [`context`].
pub(crate) fn reckonable_context(
    node: &Node,
    folder: Option<&Path>,
) -> Result<Value, Vec<Diagnostic>> {
    let written = Written::of(node);
    let values = read(
        node,
        folder,
        |text| written.value(text),
        |text| Value::from(allowed(text)),
    )?;
    let beside = [(written::NAME, Value::from_object(written))];
    Ok(merge_maps([Value::from_pairs(beside), values]))
}

/// Without what XML forbids; `\u{7}` and `\u{c}` say where paragraphs and pages
/// begin.
pub(super) fn allowed(text: &str) -> Cow<'_, str> {
    let is_allowed = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{7}' | '\u{c}' => true,
        c => c >= ' ' && c != '\u{fffe}' && c != MARK,
    };
    match text.chars().all(is_allowed) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().filter(|c| is_allowed(*c)).collect()),
    }
}

type OfText<'a> = &'a dyn Fn(&str) -> Value;

fn read(
    node: &Node,
    folder: Option<&Path>,
    number: impl Fn(&str) -> Value,
    text: impl Fn(&str) -> Value,
) -> Result<Value, Vec<Diagnostic>> {
    let mut reader = Reader::new(folder);
    // JSON names its schema there.
    let value = match &node.data {
        Data::Map(map) => pairs(map, &mut reader, &number, &text),
        _ => value(node, &mut reader, &number, &text),
    };
    match reader.problems.is_empty() {
        true => Ok(value),
        false => Err(reader.problems),
    }
}

fn value(node: &Node, reader: &mut Reader<'_>, number: OfText<'_>, text: OfText<'_>) -> Value {
    match &node.data {
        Data::Blank => Value::from(()),
        Data::Bool(b) => Value::from(*b),
        Data::Number(written) => number(written),
        Data::Text(written) => text(written),
        Data::List(items) => {
            let items = items.iter();
            items
                .map(|item| value(item, reader, number, text))
                .collect()
        }
        Data::Map(map) => match reader.rich(map) {
            Some(rich) => Value::from_object(rich),
            None => pairs(map, reader, number, text),
        },
    }
}

fn pairs(map: &Map, reader: &mut Reader<'_>, number: OfText<'_>, text: OfText<'_>) -> Value {
    let entries = map.0.iter();
    Value::from_pairs(entries.map(|entry| {
        let key = printable(&entry.key).into_owned();
        (key, value(&entry.value, reader, number, text))
    }))
}
