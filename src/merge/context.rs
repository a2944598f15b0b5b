//! Project → the values a template sees.

use minijinja::value::Value;

use crate::check::printable;
use crate::project::{Data, Node};

/// The value of a node. A number keeps its text, because what prints is what
/// was written; a template that reckons takes `x | int` or `x | float`.
pub(crate) fn context(node: &Node) -> Value {
    match &node.data {
        Data::Blank => Value::from(()),
        Data::Bool(b) => Value::from(*b),
        Data::Number(text) => Value::from(text.as_str()),
        Data::Text(text) => Value::from(printable(text.trim_end())),
        Data::List(items) => items.iter().map(context).collect(),
        Data::Map(map) => Value::from_pairs(
            map.0
                .iter()
                .map(|entry| (printable(&entry.key).into_owned(), context(&entry.value))),
        ),
    }
}
