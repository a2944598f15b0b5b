//! JSON text → [`Node`]: numbers and places as written, keys in their order.
//!
//! Each value is taken apart as the text it is, so that its place is known and
//! `1.50` stays `1.50`.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::node::{Data, Entry, Map, Node};
use super::yaml::MAX_DEPTH;
use crate::diagnostic::Diagnostic;
use crate::source::{Location, Source};

/// Reads a file's text with as many values as this.
pub(super) fn parse(source: &Arc<Source>, max_values: usize) -> Result<Node, Diagnostic> {
    let raw: &RawValue = serde_json::from_str(&source.text).map_err(|error| {
        let line = source.line_range(error.line().max(1));
        let at = (line.start + error.column().saturating_sub(1)).min(line.end);
        let at = (0..=at).rev().find(|at| source.text.is_char_boundary(*at));
        let at = at.unwrap_or(0);
        let width = source.text[at..].chars().next().map_or(0, char::len_utf8);
        let problem = Diagnostic::error("json/syntax", "不是合法的 JSON");
        problem
            .at(Location::new(
                source,
                at..(at + width).min(line.end.max(at)),
            ))
            .label("到这里无法识别")
            .hint(format!("解析程序的原话：{error}"))
    })?;
    let mut reader = Reader {
        source,
        values: max_values,
    };
    reader.node(raw, 0)
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    /// How many may still come.
    values: usize,
}

/// The members of an object in their order, doubles included.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

impl Reader<'_> {
    fn node(&mut self, raw: &RawValue, depth: usize) -> Result<Node, Diagnostic> {
        let at = self.location(raw);
        if depth > MAX_DEPTH {
            let words = format!("嵌套超过 {MAX_DEPTH} 层");
            return Err(Diagnostic::error("json/depth", words).at(at));
        }
        self.values = self
            .values
            .checked_sub(1)
            .ok_or_else(|| Diagnostic::error("json/size", "文件中的值太多").at(at.clone()))?;
        let text = raw.get();
        let refuse = |error: serde_json::Error| {
            Diagnostic::error("json/syntax", "不是合法的 JSON")
                .at(at.clone())
                .hint(format!("解析程序的原话：{error}"))
        };
        let data = match text.as_bytes().first() {
            Some(b'{') => {
                let members: Members<'_> = serde_json::from_str(text).map_err(refuse)?;
                Data::Map(self.map(members, depth)?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(refuse)?;
                let items = items.into_iter().map(|item| self.node(item, depth + 1));
                Data::List(items.collect::<Result<_, _>>()?)
            }
            Some(b'"') => Data::Text(serde_json::from_str(text).map_err(refuse)?),
            Some(b't' | b'f') => Data::Bool(text == "true"),
            Some(b'n') => Data::Blank,
            _ => Data::Number(text.to_owned()),
        };
        Ok(Node { data, at })
    }

    fn map(&mut self, members: Members<'_>, depth: usize) -> Result<Map, Diagnostic> {
        let mut map = Map::default();
        let mut known = std::collections::BTreeMap::new();
        for (key, value) in members.0 {
            let key_at = self.location(key);
            let name: String = serde_json::from_str(key.get()).unwrap_or_default();
            if let Some(first) = known.insert(name.clone(), key_at.clone()) {
                let words = format!("键 `{name}` 写了两次");
                return Err(Diagnostic::error("json/duplicate-key", words)
                    .at(key_at)
                    .related("第一次写在这里", first));
            }
            let value = self.node(value, depth + 1)?;
            map.0.push(Entry {
                key: name,
                key_at,
                value,
            });
        }
        Ok(map)
    }

    /// Where a value stands: it is a piece of the file's text. Its first line,
    /// which is what a reader looks for.
    fn location(&self, raw: &RawValue) -> Location {
        let start = raw.get().as_ptr() as usize - self.source.text.as_ptr() as usize;
        let first = raw.get().lines().next().unwrap_or_default();
        Location::new(self.source, start..start + first.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Diagnostic> {
        parse(&Source::new("a.json", text), 100)
    }

    #[test]
    fn numbers_keys_and_places_are_as_written() {
        let node = read("{\"乙\": 1.50,\n \"甲\": [null, true, \"\\ud83d\\ude00\"]}").unwrap();
        let map = node.as_map().unwrap();
        assert_eq!(map.keys().collect::<Vec<_>>(), ["乙", "甲"]);
        assert_eq!(map.get("乙").unwrap().as_str(), Some("1.50"));
        let Data::List(items) = &map.get("甲").unwrap().data else {
            panic!()
        };
        assert!(matches!(items[0].data, Data::Blank));
        assert_eq!(items[2].as_str(), Some("😀"));
        assert_eq!(items[1].at.line(), 2);
        assert_eq!(items[1].at.text(), "true");
    }

    #[test]
    fn what_is_wrong_is_placed() {
        assert_eq!(
            read("{\"a\": 1, \"a\": 2}").unwrap_err().code,
            "json/duplicate-key"
        );
        assert_eq!(read("{\"a\": tru}").unwrap_err().code, "json/syntax");
        assert_eq!(read(&"[".repeat(70)).unwrap_err().code, "json/syntax");
        let deep = "[".repeat(70) + &"]".repeat(70);
        assert_eq!(read(&deep).unwrap_err().code, "json/depth");
        let many = format!("[{}1]", "1,".repeat(100));
        assert_eq!(read(&many).unwrap_err().code, "json/size");
    }
}
