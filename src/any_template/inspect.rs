//! What a template wants of its data: the names it uses, and a draft of a JSON
//! Schema for them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::merge::names::{How, Step, Use, name_of};

/// A name that a template uses.
pub struct Name {
    /// As a path from the outermost map: `rows[].name`.
    pub name: String,
    /// What the template does with it, in words.
    pub kind: &'static str,
    /// Whether the template can do without it.
    pub optional: bool,
    /// Where it is used, in reading order: part and cell, or line.
    pub places: Vec<String>,
}

/// The names of a template, in the order in which it uses them.
pub struct Names {
    /// Each once.
    pub names: Vec<Name>,
    /// JSON Schema 2020-12 of data that has them all: a draft, because a template
    /// does not say of a value it prints what it is.
    pub schema: Value,
}

/// What is below a value, and what is done with it.
#[derive(Default)]
struct Shape {
    order: Vec<String>,
    below: BTreeMap<String, Shape>,
    item: Option<Box<Shape>>,
    how: Vec<How>,
    guarded: bool,
}

impl Names {
    /// From the uses of a template and their places.
    pub(super) fn new<'a>(uses: impl Iterator<Item = (&'a Use, String)>) -> Self {
        let mut root = Shape::default();
        let mut names: Vec<(&Use, Vec<String>)> = Vec::new();
        for (of, place) in uses {
            root.note(&of.path, of);
            match names.iter_mut().find(|(known, _)| known.path == of.path) {
                Some((_, places)) if places.contains(&place) => {}
                Some((_, places)) => places.push(place),
                None => names.push((of, vec![place])),
            }
        }
        let names = names.into_iter().map(|(of, places)| Name {
            name: name_of(&of.path),
            kind: root.at(&of.path).map_or("", Shape::kind),
            optional: of.guarded,
            places,
        });
        let names = names.collect();
        let mut schema = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" });
        if let (Some(all), Value::Object(own)) = (schema.as_object_mut(), root.object()) {
            all.extend(own);
        }
        Self { names, schema }
    }
}

impl Shape {
    fn note(&mut self, path: &[Step], of: &Use) {
        match path.split_first() {
            None => {
                self.how.push(of.how);
                self.guarded |= of.guarded;
            }
            Some((Step::Key(key), below)) => {
                if !self.below.contains_key(key) {
                    self.order.push(key.clone());
                }
                self.below.entry(key.clone()).or_default().note(below, of);
            }
            Some((Step::Item, below)) => self.item.get_or_insert_default().note(below, of),
        }
    }

    fn at(&self, path: &[Step]) -> Option<&Self> {
        match path.split_first() {
            None => Some(self),
            Some((Step::Key(key), below)) => self.below.get(key)?.at(below),
            Some((Step::Item, below)) => self.item.as_ref()?.at(below),
        }
    }

    fn kind(&self) -> &'static str {
        match () {
            () if self.item.is_some() || self.how.contains(&How::Iterated) => "列表",
            () if !self.below.is_empty() => "映射",
            () if self.how.contains(&How::Reckoned) => "数字",
            () if self.how.contains(&How::Printed) => "文字或数字",
            () => "条件",
        }
    }

    fn schema(&self) -> Value {
        match self.kind() {
            "列表" => match &self.item {
                Some(item) => json!({ "type": "array", "items": item.schema() }),
                None => json!({ "type": "array" }),
            },
            "映射" => self.object(),
            "数字" => json!({ "type": "number" }),
            // What is printed may be left blank.
            "文字或数字" => json!({ "type": ["string", "number", "boolean", "null"] }),
            _ => json!({}),
        }
    }

    fn object(&self) -> Value {
        let properties = self
            .order
            .iter()
            .map(|key| (key.clone(), self.below[key].schema()));
        let properties: Map<String, Value> = properties.collect();
        let required = self.order.iter().filter(|key| !self.below[*key].guarded);
        let required: Vec<&String> = required.collect();
        json!({ "type": "object", "properties": properties, "required": required })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::names::Names as Uses;
    use crate::merge::tags::{Dialect, find};

    #[test]
    fn a_schema_is_drafted_from_what_is_done() {
        let text = "{{ 单位 }}{% for r in rows %}{{ r.n * 2 }}{% if r.ok %}{{ r.note | default(1) }}{% endif %}{% endfor %}{{ 单位 }}";
        let mut uses = Uses::default();
        find(text, Dialect::Word)
            .0
            .iter()
            .for_each(|tag| uses.note(tag));
        let uses = uses.uses();
        let found = Names::new(uses.iter().map(|of| (of, format!("{}", of.tag))));
        let names = found
            .names
            .iter()
            .map(|one| (one.name.as_str(), one.kind, one.optional));
        assert_eq!(
            names.collect::<Vec<_>>(),
            [
                ("单位", "文字或数字", false),
                ("rows", "列表", false),
                ("rows[].n", "数字", false),
                ("rows[].ok", "条件", false),
                ("rows[].note", "文字或数字", true),
            ]
        );
        assert_eq!(found.names[0].places, ["0", "7"]);
        assert_eq!(
            found.schema,
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {
                    "单位": {"type": ["string", "number", "boolean", "null"]},
                    "rows": {"type": "array", "items": {
                        "type": "object",
                        "properties": {
                            "n": {"type": "number"},
                            "ok": {},
                            "note": {"type": ["string", "number", "boolean", "null"]},
                        },
                        "required": ["n", "ok"],
                    }},
                },
                "required": ["单位", "rows"],
            })
        );
    }
}
