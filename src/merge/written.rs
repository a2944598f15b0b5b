//! Numbers of data that no form knows: reckoned with as numbers, printed as they
//! were written.
//!
//! A number has no room for its zeros (`1.50`), so how each was written is kept
//! beside the values. Where one number is written in two ways, only the plain way
//! is a number; the others are text, or the wrong zeros would print.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::State;
use minijinja::value::{Object, ObjectRepr, Value};

use crate::project::{Data, Node};

/// The name under which templates' values hold it; no template can say it.
pub(super) const NAME: &str = "\u{1}written";

/// How numbers with a fraction were written, by their bits.
#[derive(Debug, Default)]
pub(super) struct Written(BTreeMap<u64, String>);

impl Object for Written {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl Written {
    /// Notes all numbers of the data.
    pub(super) fn of(node: &Node) -> Self {
        let mut ways = BTreeMap::new();
        note(node, &mut ways);
        let only = ways
            .into_iter()
            .filter_map(|(bits, way)| Some((bits, way?)));
        Self(only.collect())
    }

    /// The value of a number.
    pub(super) fn value(&self, text: &str) -> Value {
        if !is_plain(text) {
            return Value::from(text);
        }
        if let Ok(whole) = text.parse::<i128>() {
            return match i64::try_from(whole) {
                Ok(whole) => Value::from(whole),
                Err(_) => Value::from(whole),
            };
        }
        match text.parse::<f64>() {
            Ok(number) if self.0.contains_key(&number.to_bits()) => Value::from(number),
            Ok(number) if Value::from(number).to_string() == text => Value::from(number),
            _ => Value::from(text),
        }
    }

    /// How a number is printed: as it was written, if it is one of the data's.
    pub(super) fn text(state: &State<'_, '_>, number: &Value) -> Option<String> {
        let written = state.lookup(NAME)?;
        let written = written.downcast_object_ref::<Self>()?;
        let number = f64::try_from(number.clone()).ok()?;
        written.0.get(&number.to_bits()).cloned()
    }
}

/// How each number with a fraction is written; nothing if in several ways.
fn note(node: &Node, ways: &mut BTreeMap<u64, Option<String>>) {
    match &node.data {
        Data::Number(text) if is_plain(text) && text.parse::<i128>().is_err() => {
            let Ok(number) = text.parse::<f64>() else {
                return;
            };
            let way = ways.entry(number.to_bits()).or_insert(Some(text.clone()));
            if way.as_ref().is_some_and(|way| way != text) {
                *way = None;
            }
        }
        Data::List(items) => items.iter().for_each(|item| note(item, ways)),
        Data::Map(map) => map.0.iter().for_each(|entry| note(&entry.value, ways)),
        _ => {}
    }
}

/// A number as JSON writes it: `007` is a name, `0x1F` no amount.
fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let starts_well = match digits.as_bytes() {
        [b'0', second, ..] => !second.is_ascii_digit(),
        [first, ..] => first.is_ascii_digit(),
        [] => false,
    };
    starts_well
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'))
}
