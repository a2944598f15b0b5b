//! `schema.json`: what a form's project may hold.
//!
//! JSON Schema 2020-12. The Chinese `title` of a property is its name in
//! messages; a property that the project leaves out is blank for templates.

use std::sync::Arc;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::diagnostic::Diagnostic;
use crate::project::{Data, Entry, Map, Node};
use crate::source::{Location, Source};

/// Levels of fields that are looked at.
const MAX_DEPTH: usize = 8;

/// A form's schema, compiled.
#[derive(Debug)]
pub struct Schema {
    /// The schema as written.
    pub json: Value,
    pub(crate) validator: Validator,
}

/// One field of a form, for listings.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Dotted path.
    pub path: String,
    /// Chinese name.
    pub title: String,
    /// Whether a project must have it.
    pub required: bool,
}

impl Schema {
    /// Reads and compiles a schema.
    pub(crate) fn parse(source: Arc<Source>) -> Result<Self, Diagnostic> {
        let json: Value = serde_json::from_str(&source.text).map_err(|error| {
            Diagnostic::error("form/schema", "schema.json 不是合法的 JSON")
                .at(Location::line_of(&source, error.line()))
                .label(error.to_string())
        })?;
        let validator = jsonschema::draft202012::options()
            .build(&json)
            .map_err(|error| {
                Diagnostic::error("form/schema", "schema.json 不是合法的 JSON Schema")
                    .at(Location::start_of(&source))
                    .label(error.to_string())
            })?;
        Ok(Self { json, validator })
    }

    /// The schema of the value under these steps, as far as it is known.
    pub(crate) fn descend<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> Option<&Value> {
        steps.into_iter().try_fold(&self.json, |at, step| {
            branches(&self.json, at).into_iter().find_map(|branch| {
                let property = branch.get("properties").and_then(|all| all.get(step));
                let other = || branch.get("additionalProperties").filter(|s| s.is_object());
                let item = || {
                    branch
                        .get("items")
                        .filter(|_| step.parse::<usize>().is_ok())
                };
                property.or_else(other).or_else(item)
            })
        })
    }

    /// The Chinese name of the value under these steps.
    pub(crate) fn title<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> Option<&str> {
        let schema = self.descend(steps)?;
        branches(&self.json, schema)
            .into_iter()
            .find_map(|branch| branch.get("title")?.as_str())
    }

    /// The names a map under these steps may have.
    pub(crate) fn names<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> Vec<&str> {
        let Some(schema) = self.descend(steps) else {
            return Vec::new();
        };
        branches(&self.json, schema)
            .into_iter()
            .filter_map(|branch| branch.get("properties")?.as_object())
            .flat_map(|properties| properties.keys().map(String::as_str))
            .collect()
    }

    /// The schema as an editor wants it: with the keys that every project may
    /// have, and nothing missing from a file that inherits.
    pub fn for_editors(&self) -> Value {
        let mut schema = self.json.clone();
        let Some(root) = schema.as_object_mut() else {
            return schema;
        };
        if let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) {
            for (name, title) in [
                ("form", "表式"),
                ("extends", "所继承的文件"),
                ("date", "文件的日期"),
            ] {
                properties.insert(name.into(), json!({ "title": title, "type": "string" }));
            }
            properties.insert(
                "forms".into(),
                json!({ "title": "几个表式", "type": "array" }),
            );
        }
        if let Some(required) = root.remove("required") {
            let elsewhere =
                json!({ "anyOf": [{ "required": ["extends"] }, { "required": ["forms"] }] });
            root.insert("if".into(), json!({ "not": elsewhere }));
            root.insert("then".into(), json!({ "required": required }));
        }
        schema
    }

    /// What indicators and their groups may carry besides their names.
    pub(crate) fn attributes(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(indicators) = self.descend(["indicators"]) {
            self.properties_below(indicators, &mut Vec::new(), &mut found);
        }
        found.retain(|name| !["level1", "level2", "name"].contains(&name.as_str()));
        found
    }

    fn properties_below<'a>(
        &'a self,
        schema: &'a Value,
        seen: &mut Vec<&'a Value>,
        found: &mut Vec<String>,
    ) {
        for branch in branches(&self.json, schema) {
            if seen.iter().any(|known| std::ptr::eq(*known, branch)) {
                continue;
            }
            seen.push(branch);
            if let Some(properties) = branch.get("properties").and_then(Value::as_object) {
                for name in properties
                    .keys()
                    .filter(|name| !found.contains(name))
                    .collect::<Vec<_>>()
                {
                    found.push(name.clone());
                }
            }
            for below in ["additionalProperties", "items"] {
                if let Some(below) = branch.get(below) {
                    self.properties_below(below, seen, found);
                }
            }
        }
    }

    /// All named fields, nested ones by their dotted path.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        self.fields_below(&self.json, "", true, &mut fields);
        fields
    }

    fn fields_below(&self, schema: &Value, prefix: &str, required: bool, fields: &mut Vec<Field>) {
        // A schema may refer to itself.
        if prefix.matches('.').count() > MAX_DEPTH {
            return;
        }
        for branch in branches(&self.json, schema) {
            let Some(properties) = branch.get("properties").and_then(Value::as_object) else {
                continue;
            };
            let needed = branch.get("required").and_then(Value::as_array);
            for (name, property) in properties {
                let path = format!("{prefix}{name}");
                let required = required && needed.is_some_and(|all| all.iter().any(|n| n == name));
                let before = fields.len();
                self.fields_below(property, &format!("{path}."), required, fields);
                if fields.len() == before {
                    let title = branches(&self.json, property)
                        .into_iter()
                        .find_map(|branch| branch.get("title")?.as_str())
                        .unwrap_or(name);
                    fields.push(Field {
                        path,
                        title: title.to_owned(),
                        required,
                    });
                }
            }
        }
    }

    /// Adds a blank for each property the project leaves out, so that a
    /// template may print it, while a name that no schema knows stays an error.
    pub(crate) fn fill_blanks(&self, root: &mut Node) {
        self.fill(&self.json, root, 0);
    }

    fn fill(&self, schema: &Value, node: &mut Node, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        if let Data::List(items) = &mut node.data {
            let of_items = branches(&self.json, schema)
                .into_iter()
                .find_map(|b| b.get("items"));
            for item in items {
                of_items
                    .iter()
                    .for_each(|schema| self.fill(schema, item, depth + 1));
            }
            return;
        }
        let at = node.at.clone();
        let Data::Map(map) = &mut node.data else {
            return;
        };
        for branch in branches(&self.json, schema) {
            let Some(properties) = branch.get("properties").and_then(Value::as_object) else {
                continue;
            };
            for (name, property) in properties {
                let position = map.position(name).unwrap_or_else(|| {
                    let nested = !self.fields_of(property).is_empty();
                    let blank = if nested {
                        Data::Map(Map::default())
                    } else {
                        Data::Blank
                    };
                    map.0.push(Entry::implied(name, blank, &at));
                    map.0.len() - 1
                });
                self.fill(property, &mut map.0[position].value, depth + 1);
            }
        }
    }

    fn fields_of(&self, schema: &Value) -> Vec<Field> {
        let mut fields = Vec::new();
        // A map that may also be a plain value is blank, not an empty map.
        if schema.get("type").is_none_or(|kind| kind == "object") {
            self.fields_below(schema, "", true, &mut fields);
        }
        fields
    }
}

/// A schema with what it refers to and its conditional parts.
pub(super) fn branches<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![schema];
    let mut next = 0;
    while let Some(&branch) = found.get(next) {
        next += 1;
        let referred = branch
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|name| root.pointer(name.strip_prefix('#')?));
        let parts = ["then", "else"]
            .into_iter()
            .filter_map(|part| branch.get(part));
        for part in referred.into_iter().chain(parts) {
            if !found.iter().any(|known| std::ptr::eq(*known, part)) {
                found.push(part);
            }
        }
    }
    found
}
