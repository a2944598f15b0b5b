//! YAML values that remember where they stand.

use crate::source::Location;

/// A value and its place in the file a clerk edits.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub data: Data,
    /// Where the value is written.
    pub at: Location,
}

/// A YAML value. Numbers keep their text: what prints is what was written.
#[derive(Debug, Clone)]
pub enum Data {
    /// Nothing was written: blank, which is neither `0` nor an empty text.
    Blank,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A text, as written.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file.
    Map(Map),
}

/// A map in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Map(pub Vec<Entry>);

/// One key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key, as written.
    pub key: String,
    /// Where the key is written.
    pub key_at: Location,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The text of a text or a number.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) | Data::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The value under a dotted path; `None` where the path ends early.
    pub fn get(&self, path: &str) -> Option<&Node> {
        path.split('.')
            .try_fold(self, |node, key| node.as_map()?.get(key))
    }

    /// The value under a JSON Pointer's steps, list indices included.
    pub fn descend<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> Option<&Node> {
        steps
            .into_iter()
            .try_fold(self, |node, step| match &node.data {
                Data::Map(map) => map.get(step),
                Data::List(items) => items.get(step.parse::<usize>().ok()?),
                _ => None,
            })
    }

    /// The same value for a JSON Schema validator.
    pub fn to_json(&self) -> serde_json::Value {
        self.json_with(number_to_json)
    }

    /// The same value with numbers as text, for people to compare.
    pub(crate) fn to_written_json(&self) -> serde_json::Value {
        self.json_with(|text| text.into())
    }

    fn json_with(&self, number: fn(&str) -> serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match &self.data {
            Data::Blank => Value::Null,
            Data::Bool(b) => Value::Bool(*b),
            Data::Number(text) => number(text),
            Data::Text(text) => Value::String(text.clone()),
            Data::List(items) => items.iter().map(|item| item.json_with(number)).collect(),
            Data::Map(map) => map
                .0
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.json_with(number)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// What kind of value it is, in Chinese.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Blank => "空白",
            Data::Bool(_) => "true 或 false",
            Data::Number(_) => "数字",
            Data::Text(_) => "文字",
            Data::List(_) => "列表",
            Data::Map(_) => "映射（键: 值）",
        }
    }
}

impl Map {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    /// Where a key stands.
    pub fn position(&self, key: &str) -> Option<usize> {
        self.0.iter().position(|entry| entry.key == key)
    }

    /// Takes a key out.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        self.position(key).map(|at| self.0.remove(at))
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|entry| entry.key.as_str())
    }
}

/// The dotted path of a step below `path`.
pub(crate) fn field_below(path: &str, step: &str) -> String {
    match path {
        "" => step.to_owned(),
        path => format!("{path}.{step}"),
    }
}

impl Entry {
    /// An entry that no file holds; it points where `near` does.
    pub(crate) fn implied(key: &str, data: Data, near: &Location) -> Self {
        let at = Location::new(&near.source, near.range.clone());
        Self {
            key: key.to_owned(),
            key_at: at.clone(),
            value: Node { data, at },
        }
    }
}

fn number_to_json(text: &str) -> serde_json::Value {
    if let Ok(n) = text.parse::<i64>() {
        return n.into();
    }
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() => n.into(),
        // Hexadecimal, octal, infinities: a number all the same.
        _ => 0.into(),
    }
}
