//! How a value is written into each kind of template.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

use super::MAX_OUTPUT;
use super::filters::NoSum;
use super::rich::{self, Rich, What};
use super::written::Written;

/// The values a Typst source refers to, in the order of their slots.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    values: Vec<serde_json::Value>,
    bytes: usize,
}

impl Slots {
    /// The array that the source reads as `_v`.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&self.values).unwrap_or_else(|_| "[]".into())
    }

    /// The values that a merged text refers to, line by line.
    pub(crate) fn used_in(&self, text: &str) -> String {
        let mut used = String::new();
        for reference in text.split("_v.at(").skip(1) {
            let number = reference.split(')').next().and_then(|n| n.parse().ok());
            match number.and_then(|number: usize| self.values.get(number)) {
                Some(serde_json::Value::String(text)) => used.push_str(text),
                Some(value) => used.push_str(&value.to_string()),
                None => continue,
            }
            used.push('\n');
        }
        used
    }

    fn push(&mut self, value: serde_json::Value, bytes: usize) -> Result<usize, Error> {
        self.bytes += bytes;
        if self.bytes > MAX_OUTPUT {
            return Err(Error::new(ErrorKind::WriteFailure, "output too large"));
        }
        self.values.push(value);
        Ok(self.values.len() - 1)
    }
}

/// Writes a value; the template's name decides how.
pub(super) fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if value.is_none() {
        return Ok(());
    }
    if matches!(
        value.kind(),
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable
    ) {
        return Err(Error::new(
            ErrorKind::BadEscape,
            format!("{} cannot be printed", value.kind()),
        ));
    }
    let name = state.name();
    if name.ends_with(".typ") {
        typst(out, state, value)
    } else if name.ends_with(".xml") && !value.is_safe() {
        match value.downcast_object::<Rich>() {
            Some(rich) => rich::mark(out, state, What::Rich(rich)),
            None => word(out, state, &text_of(state, value)?),
        }
    } else {
        let text = if value.is_safe() {
            value.to_string()
        } else {
            text_of(state, value)?
        };
        out.write_str(&text).map_err(Error::from)
    }
}

/// Markup position: a slot ends with `;`, or what follows could extend it.
fn typst(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    // Only counts are written as they are (`rowspan: {{ n }}`): Typst makes
    // another sign of a minus, and numbers of the project are text.
    let is_count = value.is_integer() && value.as_usize().is_some();
    if value.is_safe() || is_count {
        return write!(out, "{value}").map_err(Error::from);
    }
    let text = text_of(state, value)?;
    if text.is_empty() {
        return Ok(());
    }
    let slot = slot(state, serde_json::Value::String(text.clone()), text.len())?;
    write!(out, "#_v.at({slot});").map_err(Error::from)
}

/// Code position: the filter `code` makes of any value an expression.
pub(super) fn code(state: &mut State, value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let json = serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    NoSum::refuse(&json.to_string())?;
    let bytes = json
        .as_str()
        .map_or_else(|| json.to_string().len(), str::len);
    let slot = slot(state, json, bytes)?;
    Ok(Value::from_safe_string(format!("_v.at({slot})")))
}

fn slot(state: &mut State, value: serde_json::Value, bytes: usize) -> Result<usize, Error> {
    state
        .get_or_insert_extension(Slots::default())
        .push(value, bytes)
}

/// What a value prints as.
pub(super) fn text_of(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    if let Some(rich) = value.downcast_object_ref::<Rich>() {
        rich::refuse_beyond_text(rich)?;
    }
    Ok(match value.kind() {
        ValueKind::Bool if value.is_true() => "是".to_owned(),
        ValueKind::Bool => "否".to_owned(),
        ValueKind::Number if !value.is_integer() => {
            Written::text(state, value).unwrap_or_else(|| value.to_string())
        }
        _ => {
            let text = value.to_string();
            NoSum::refuse(&text)?;
            text
        }
    })
}

/// What a Word part says for the characters U+0001 to U+0006. They stand for it
/// while a template is merged, so that what a block captures is text to filters.
/// No value and no part holds them: XML forbids them.
pub(super) const CODED: [&str; 6] = [
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "</w:t><w:tab/><w:t xml:space=\"preserve\">",
    "</w:t><w:br/><w:t xml:space=\"preserve\">",
];

/// Text of a Word part as it is while a template is merged.
pub(crate) fn coded(text: &str) -> String {
    let text = text.replace('&', "\u{1}").replace('<', "\u{2}");
    text.replace('>', "\u{3}")
}

/// Text inside `w:t`: escaped; tabs and line breaks leave the text and come
/// back, new paragraphs and pages are marked, what XML forbids is left out.
fn word(out: &mut Output, state: &mut State, text: &str) -> Result<(), Error> {
    let mut plain = 0;
    // The end of a marker that a block captured.
    let mut kept = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let markup = match c {
            _ if at < kept => continue,
            '\u{1}'..='\u{6}' => continue,
            rich::MARK => match rich::marker(state, &text[end..]) {
                Some(rest) => {
                    kept = end + rest;
                    continue;
                }
                None => "",
            },
            '&' => "\u{1}",
            '<' => "\u{2}",
            '>' => "\u{3}",
            '"' => "\u{4}",
            '\t' => "\u{5}",
            // One break for CR LF.
            '\r' if text[end..].starts_with('\n') => "",
            '\n' | '\r' => "\u{6}",
            '\0'..='\u{1f}' | '\u{fffe}' => "",
            _ => continue,
        };
        out.write_str(&text[plain..at])?;
        out.write_str(markup)?;
        match c {
            '\u{7}' => rich::mark(out, state, What::NewParagraph)?,
            '\u{c}' => rich::mark(out, state, What::NewPage)?,
            _ => {}
        }
        plain = end;
    }
    out.write_str(&text[plain..]).map_err(Error::from)
}
