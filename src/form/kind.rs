//! What a schema lets a field hold, for those who fill it from a table's cell.

use serde_json::Value;

use super::Schema;
use super::schema::branches;

/// What a field takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kind {
    /// What a text written for it becomes.
    pub(crate) takes: Takes,
    /// Whether it may be blank.
    pub(crate) blank: bool,
    /// The only values it takes, if they are listed; without blank.
    pub(crate) options: Vec<Value>,
    /// The least and the greatest number.
    pub(crate) limits: (Option<f64>, Option<f64>),
    /// Its Chinese name.
    pub(crate) title: Option<String>,
    /// What the schema says of it.
    pub(crate) description: Option<String>,
}

/// What a text written for a field becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A single value of these types.
    One {
        text: bool,
        number: bool,
        integer: bool,
        boolean: bool,
    },
    /// Several texts; `one` if a single text will do as well.
    Texts { one: bool },
    /// A list or map of another kind.
    Structure,
}

impl Schema {
    /// What the field under these steps takes; `None` if the schema has none.
    pub(crate) fn kind<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> Option<Kind> {
        let schema = self.descend(steps)?;
        let all = branches(&self.json, schema);
        let find = |key: &str| all.iter().find_map(|branch| branch.get(key));
        let text_of = |key: &str| find(key).and_then(Value::as_str).map(str::to_owned);
        let mut types: Vec<&str> = Vec::new();
        for kind in all.iter().filter_map(|branch| branch.get("type")) {
            match kind {
                Value::Array(kinds) => types.extend(kinds.iter().filter_map(Value::as_str)),
                kind => types.extend(kind.as_str()),
            }
        }
        let listed = find("enum").and_then(Value::as_array);
        let options: Vec<Value> = listed
            .into_iter()
            .flatten()
            .chain(find("const"))
            .cloned()
            .collect();
        let has = |kind: &str| types.contains(&kind);
        let one = has("string") || has("number") || has("integer") || has("boolean");
        let below = ["items", "properties", "additionalProperties"];
        let nested = has("array") || has("object") || below.iter().any(|key| find(key).is_some());
        let items_are_texts = has("array")
            && !has("object")
            && find("items").is_some_and(|items| {
                let kinds: Vec<&Value> = branches(&self.json, items)
                    .into_iter()
                    .filter_map(|branch| branch.get("type"))
                    .collect();
                !kinds.is_empty() && kinds.iter().all(|kind| *kind == "string")
            });
        let takes = match (one, nested) {
            (_, true) if items_are_texts => Takes::Texts { one: has("string") },
            (false, true) if options.is_empty() => Takes::Structure,
            (true, _) => Takes::One {
                text: has("string"),
                number: has("number") || has("integer"),
                integer: has("integer") && !has("number"),
                boolean: has("boolean"),
            },
            // Nothing is said of types: as YAML would read it.
            (false, _) => Takes::One {
                text: options.is_empty() || options.iter().any(Value::is_string),
                number: options.is_empty() || options.iter().any(Value::is_number),
                integer: false,
                boolean: options.iter().any(Value::is_boolean),
            },
        };
        let limit = |key: &str| find(key).and_then(Value::as_f64);
        Some(Kind {
            takes,
            blank: has("null")
                || options.contains(&Value::Null)
                || (types.is_empty() && options.is_empty()),
            options: options
                .into_iter()
                .filter(|option| !option.is_null())
                .collect(),
            limits: (limit("minimum"), limit("maximum")),
            title: text_of("title"),
            description: text_of("description"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn a_field_takes_what_its_schema_allows() {
        let schema = r##"{"properties": {
            "year": {"title": "年度", "type": "integer", "minimum": 2000, "maximum": 2100},
            "names": {"type": "array", "items": {"$ref": "#/$defs/name"}},
            "goals": {"type": ["string", "array", "null"], "items": {"type": "string"}},
            "state": {"enum": ["cut", "lost", null]},
            "secret": {"type": ["boolean", "null"]},
            "units": {"type": "array", "items": {"type": "object"}},
            "indicators": {"if": {"type": "array"}, "then": {"items": {}},
                "else": {"type": "object", "additionalProperties": {"type": ["string", "number", "null", "object"]}}}
        }, "$defs": {"name": {"type": "string"}}}"##;
        let schema = Schema::parse(Source::new("schema.json", schema)).unwrap();
        let kind = |path: &str| schema.kind(path.split('.')).unwrap();
        let one = |text, number, integer, boolean| Takes::One {
            text,
            number,
            integer,
            boolean,
        };
        assert_eq!(kind("year").takes, one(false, true, true, false));
        assert_eq!(kind("year").limits, (Some(2000.0), Some(2100.0)));
        assert_eq!(kind("names").takes, Takes::Texts { one: false });
        assert_eq!(kind("goals").takes, Takes::Texts { one: true });
        assert_eq!(kind("state").takes, one(true, false, false, false));
        assert_eq!(
            (kind("state").blank, kind("state").options.len()),
            (true, 2)
        );
        assert_eq!(kind("secret").takes, one(false, false, false, true));
        assert_eq!(kind("units").takes, Takes::Structure);
        assert_eq!(kind("indicators").takes, Takes::Structure);
        assert_eq!(kind("indicators.甲").takes, one(true, true, false, false));
        assert_eq!(schema.kind(["nothing"]), None);
    }
}
