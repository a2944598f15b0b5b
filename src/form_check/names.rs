//! Names that a template uses and the schema does not have, also where no
//! project at hand makes the template come to them.

use crate::diagnostic::{Diagnostic, Place};
use crate::form::Schema;
use crate::render::Undeclared;

/// What `document` has.
const DOCUMENT: [&str; 3] = ["title", "bookmark", "authors"];

pub(super) fn unknown(schema: &Schema, used: Vec<Undeclared>) -> Vec<Diagnostic> {
    let fields = schema.fields();
    let mut known: Vec<String> = fields.into_iter().map(|field| field.path).collect();
    known.extend(DOCUMENT.iter().map(|name| format!("document.{name}")));
    let mut found = Vec::new();
    for Undeclared { name, place } in used {
        if is_known(schema, &name) {
            continue;
        }
        // The words and the code of what merging itself would say.
        let problem = Diagnostic {
            place: Some(place.clone()),
            ..Diagnostic::error(
                "template/undefined",
                format!("模板里的名字 `{name}` 没有定义"),
            )
        };
        let problem = match place {
            Place::Text(_) => problem.label("表式的 schema.json 里没有它"),
            Place::Part { .. } => problem.label(format!("表式的 schema.json 里没有 `{name}`")),
        };
        found.push(problem.hint_likely(&name, known.iter().map(String::as_str)));
    }
    found
}

/// Whether a project may have this name. Below a value whose schema names no
/// properties anything may stand.
fn is_known(schema: &Schema, name: &str) -> bool {
    let steps: Vec<&str> = name.split('.').collect();
    if let ["document", rest @ ..] = steps.as_slice() {
        return rest.first().is_none_or(|name| DOCUMENT.contains(name));
    }
    (0..steps.len()).all(|end| {
        schema.descend(steps[..=end].iter().copied()).is_some()
            || schema.names(steps[..end].iter().copied()).is_empty()
    })
}
