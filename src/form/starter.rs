//! A blueprint → the parts of a pack that are neither Typst nor Word: the
//! manifest, the schema, and an example to try the pack with.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::blueprint::{Blueprint, Holds, PrintedField, Repeat, Row};
use super::{Binding, Orientation};

/// `form.yaml`.
pub fn manifest(blueprint: &Blueprint) -> String {
    let title = blueprint.title.replace("{year}", "{{ year }}");
    let prefix = blueprint.attachment.as_deref().unwrap_or("填报");
    let orientation = match blueprint.orientation {
        Orientation::Portrait => "portrait",
        Orientation::Landscape => "landscape",
    };
    let binding = match blueprint.binding {
        Binding::Gbt9704 => "gbt9704",
        Binding::Plain => "plain",
    };
    // JSON strings are YAML strings.
    let quoted = |text: &str| Value::from(text).to_string();
    format!(
        "title: {}\njurisdiction: {}\nyear: {}\nfile_name: {}\nbookmark: {}\n\
         authors: departments\norientation: {orientation}\nbinding: {binding}\n{}",
        quoted(&title),
        quoted(&blueprint.jurisdiction),
        blueprint.year,
        quoted(&format!("{prefix}-{{{{ departments[0] }}}}")),
        quoted("{{ departments | join('、') }}"),
        match blueprint.same_pages {
            true => "same_pages: true\n",
            false => "",
        },
    )
}

/// `schema.json`.
pub fn schema(blueprint: &Blueprint) -> String {
    let mut root = object();
    // What shows nowhere is meant not to.
    let shown = |name: &str, mut leaf: Value| {
        if !blueprint.shows(name) {
            leaf["x-printed"] = Value::from(false);
        }
        leaf
    };
    let year = json!({ "title": "年度", "type": "integer" });
    set(&mut root, "year", shown("year", year));
    let departments = json!({
        "title": "填报单位", "type": "array", "minItems": 1, "items": { "type": "string" },
    });
    set(&mut root, "departments", shown("departments", departments));
    let mut indicators = Map::new();
    for PrintedField {
        path: field,
        label,
        repeat,
        holds,
    } in blueprint.fields()
    {
        let leaf = leaf(&label, holds);
        match repeat {
            Some(Repeat::Indicators { .. }) => {
                let name = field.strip_prefix("row.").unwrap_or(&field);
                if !["name", "index", "position"].contains(&name) {
                    indicators.insert(name.to_owned(), leaf);
                }
            }
            Some(Repeat::List { list, item }) => {
                let name = field.strip_prefix(&format!("{item}.")).unwrap_or(&field);
                set(items_of(&mut root, blueprint, &list), name, leaf);
            }
            None if field == "departments" => {
                root["properties"]["departments"]["title"] = Value::from(label);
            }
            None => set(&mut root, &field, leaf),
        }
    }
    let of_indicators = |row: &Row| matches!(row.repeat, Some(Repeat::Indicators { .. }));
    let has_indicators = blueprint.rows().any(of_indicators);
    if has_indicators {
        set(&mut root, "indicators", indicators_schema(blueprint));
        root["$defs"] = indicator_definitions(indicators);
    }
    let mut schema = Map::new();
    schema.insert(
        "$schema".into(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    let title = blueprint.title.replace("{year}", "");
    schema.insert("title".into(), title.into());
    schema.insert("required".into(), json!(["year", "departments"]));
    if let Value::Object(root) = root {
        schema.extend(root);
    }
    let mut text = serde_json::to_string_pretty(&Value::Object(schema)).unwrap_or_default();
    text.push('\n');
    text
}

/// The schema of a field.
fn leaf(label: &str, holds: Holds) -> Value {
    let text = json!({ "type": "string" });
    match holds {
        Holds::Value => json!({ "title": label, "type": ["string", "number", "boolean", "null"] }),
        Holds::Amount => json!({ "title": label, "type": ["number", "string", "null"] }),
        Holds::Truth => json!({ "title": label, "type": ["boolean", "null"] }),
        Holds::List => json!({ "title": label, "type": ["array", "null"], "items": text }),
        Holds::Paragraphs => {
            json!({ "title": label, "type": ["string", "array", "null"], "items": text })
        }
    }
}

/// The schema of a list's items; a list within an item of another is found
/// there.
fn items_of<'a>(root: &'a mut Value, blueprint: &Blueprint, list: &str) -> &'a mut Value {
    let (owner, name) = owner_of(blueprint, list);
    let schema = match owner {
        Some(outer) => items_of(root, blueprint, &outer),
        None => root,
    };
    let properties = &mut schema["properties"];
    if properties.get(&name).is_none() {
        let title = blueprint.label_of(list).unwrap_or(&name);
        properties[&name] = json!({ "title": title, "type": ["array", "null"], "items": object() });
    }
    &mut properties[&name]["items"]
}

/// The list whose items hold this one, and its name there.
fn owner_of(blueprint: &Blueprint, list: &str) -> (Option<String>, String) {
    let outer = blueprint.rows().find_map(|row| match &row.repeat {
        Some(Repeat::List { list: outer, item }) => {
            let name = list.strip_prefix(&format!("{item}."))?;
            Some((Some(outer.clone()), name.to_owned()))
        }
        _ => None,
    });
    outer.unwrap_or_else(|| (None, list.to_owned()))
}

/// The first item of a list in the example.
fn first_item<'a>(root: &'a mut Value, blueprint: &Blueprint, list: &str) -> &'a mut Value {
    let (owner, name) = owner_of(blueprint, list);
    let holder = match owner {
        Some(outer) => first_item(root, blueprint, &outer),
        None => root,
    };
    if holder.get(&name).is_none() {
        holder[&name] = json!([{}]);
    }
    &mut holder[&name][0]
}

/// Nested maps of groups, or a list of rows that says the same.
fn indicators_schema(blueprint: &Blueprint) -> Value {
    let group = |level: &str, title: &str, below: Value| {
        let attributes = blueprint.group_attributes(level).into_iter();
        let attributes = attributes.map(|name| {
            let kinds = json!({ "title": name, "type": ["string", "number", "null"] });
            (name, kinds)
        });
        let mut group = json!({ "title": title, "type": ["object", "null"] });
        let attributes: Map<String, Value> = attributes.collect();
        if attributes.is_empty() {
            group["propertyNames"] = json!({ "$ref": "#/$defs/name" });
        } else {
            group["properties"] = attributes.into();
        }
        group["additionalProperties"] = below;
        group
    };
    let indicator = json!({ "$ref": "#/$defs/indicator" });
    let groups = group("level1", "一级指标", group("level2", "二级指标", indicator));
    json!({
        "title": "绩效指标",
        "description": "一级 → 二级 → 三级: 指标值；名称重复时写成列表",
        "if": { "type": "array" },
        "then": { "minItems": 1, "items": { "$ref": "#/$defs/row" } },
        "else": { "type": "object", "minProperties": 1, "additionalProperties": groups },
    })
}

fn indicator_definitions(attributes: Map<String, Value>) -> Value {
    let names: Vec<&String> = attributes.keys().collect();
    let required = |more: &[&str]| -> Vec<String> {
        let target = attributes.contains_key("target").then_some("target");
        more.iter()
            .copied()
            .chain(target)
            .map(str::to_owned)
            .collect()
    };
    let mut row = Map::new();
    for (name, title) in [
        ("level1", "一级指标"),
        ("level2", "二级指标"),
        ("name", "三级指标"),
    ] {
        row.insert(name.into(), json!({ "title": title, "type": "string" }));
    }
    row.extend(attributes.clone());
    json!({
        "name": { "description": "指标的属性不能作名称，多半是缩进错了", "not": { "enum": names } },
        "indicator": {
            "title": "三级指标",
            "type": ["string", "number", "null", "object"],
            "required": required(&[]),
            "additionalProperties": false,
            "properties": attributes,
        },
        "row": {
            "title": "指标",
            "type": "object",
            "required": required(&["level1", "level2", "name"]),
            "additionalProperties": false,
            "properties": row,
        },
    })
}

fn object() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {} })
}

/// Puts a property under a dotted path.
fn set(schema: &mut Value, path: &str, leaf: Value) {
    let properties = &mut schema["properties"];
    match path.split_once('.') {
        None => properties[path] = leaf,
        Some((first, rest)) => {
            if properties.get(first).is_none() {
                properties[first] = object();
            }
            set(&mut properties[first], rest, leaf);
        }
    }
}

/// `example.yaml`: every field filled with its own label, or what else it holds.
pub fn example(blueprint: &Blueprint, folder: &Path) -> String {
    let mut root = json!({
        "form": form_id(folder),
        "year": blueprint.year,
        "departments": ["某某市某某局"],
    });
    for PrintedField {
        path: field,
        label,
        repeat,
        holds,
    } in blueprint.fields()
    {
        let value = match holds {
            Holds::Value => Value::from(label),
            Holds::List | Holds::Paragraphs => json!([label]),
            Holds::Truth => Value::from(true),
            Holds::Amount => Value::from(1234.5),
        };
        match repeat {
            Some(Repeat::Indicators { .. }) => {
                root["indicators"] = json!({
                    "产出指标": { "数量指标": { "指标一": "≥1个", "指标二": "≥2次" }, "质量指标": { "指标三": "100%" } },
                    "效益指标": { "社会效益指标": { "指标四": "≥90%" } },
                });
            }
            Some(Repeat::List { list, item }) => {
                let name = field.strip_prefix(&format!("{item}.")).unwrap_or(&field);
                put(first_item(&mut root, blueprint, &list), name, value);
            }
            None if field == "departments" => {}
            None => put(&mut root, &field, value),
        }
    }
    serde_yaml::to_string(&root).unwrap_or_default()
}

fn put(value: &mut Value, path: &str, leaf: Value) {
    match path.split_once('.') {
        None => value[path] = leaf,
        // Indexing makes what is not there.
        Some((first, rest)) => put(&mut value[first], rest, leaf),
    }
}

/// The last two parts of the folder: place and form.
fn form_id(folder: &Path) -> String {
    let names: Vec<String> = folder
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    names[names.len().saturating_sub(2)..].join("/")
}
