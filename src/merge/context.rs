//! Project → the values a template sees.

use minijinja::value::Value;

use crate::check::printable;
use crate::project::{Data, Node};

/// The value of a node. A number keeps its text, because what prints is what
/// was written; a template that reckons takes `x | int` or `x | float`.
pub(crate) fn context(node: &Node) -> Value {
    value(node, |text| Value::from(text))
}

/// The value of data that no form knows. A number is one where it prints as it
/// was written (`5`, `1.5`); one that would not (`1.50`, `1e3`) keeps its text.
pub(crate) fn reckonable_context(node: &Node) -> Value {
    value(node, |text| {
        let whole = text.parse::<i64>().ok().map(Value::from);
        let number = whole.or_else(|| text.parse::<f64>().ok().map(Value::from));
        number
            .filter(|number| number.to_string() == text)
            .unwrap_or_else(|| Value::from(text))
    })
}

fn value(node: &Node, number: fn(&str) -> Value) -> Value {
    let context = |node: &Node| value(node, number);
    match &node.data {
        Data::Blank => Value::from(()),
        Data::Bool(b) => Value::from(*b),
        Data::Number(text) => number(text),
        Data::Text(text) => Value::from(printable(text.trim_end())),
        Data::List(items) => items.iter().map(context).collect(),
        Data::Map(map) => Value::from_pairs(
            map.0
                .iter()
                .map(|entry| (printable(&entry.key).into_owned(), context(&entry.value))),
        ),
    }
}
