//! `tianbao forms`: the form packs at hand.

use serde_json::json;

use super::args::{Format, Forms};
use super::{GOOD, report, setup, verdict};
use crate::diagnostic::{Diagnostic, likely};
use crate::error::{Error, Failure};
use crate::form::Form;

pub(super) fn execute(command: Forms) -> Result<u8, Failure> {
    let templates = setup::templates(&command.place)?;
    let ids = &templates.ids;
    if let Some(id) = command.schema {
        if !ids.contains(&id) {
            let hint = likely(&id, ids.iter().map(String::as_str)).map_or_else(
                || format!("现有表式：{}", ids.join("、")),
                |id| format!("是否想写 {id}？"),
            );
            return Err(Error::Usage(format!("没有表式 {id}。{hint}")).into());
        }
        report::json(&templates.read(&id)?.schema.for_editors());
        return Ok(GOOD);
    }
    let mut forms = Vec::new();
    let mut problems = Vec::new();
    for id in ids {
        match templates.read(id) {
            Ok(form) => forms.push(form),
            Err(Failure::Rejected(found)) => problems.extend(found),
            Err(Failure::Broken(error)) => {
                problems.push(Diagnostic::error(
                    "form/broken",
                    format!("表式 {id} 不完整：{error}"),
                ));
            }
        }
    }
    match command.place.format {
        Format::Json => report::json(&forms.iter().map(form_json).collect()),
        Format::Text => forms
            .iter()
            .for_each(|form| report::print(&form_text(form))),
    }
    // Standard output holds the forms; what is wrong with others goes beside it.
    report::diagnostics(&problems, false);
    Ok(verdict(&problems))
}

fn form_text(form: &Form) -> String {
    let manifest = &form.manifest;
    let rows: Vec<Vec<String>> = form
        .schema
        .fields()
        .into_iter()
        .map(|field| {
            let needed = if field.required {
                "必填"
            } else {
                "可不填"
            };
            vec![format!("  {}", field.path), field.title, needed.to_owned()]
        })
        .collect();
    let heading = [
        form.id.as_str(),
        &manifest.jurisdiction,
        &manifest.year.to_string(),
    ]
    .join("  ");
    format!(
        "{heading}  {}\n{}\n",
        manifest.title,
        report::columns(&rows)
    )
}

fn form_json(form: &Form) -> serde_json::Value {
    let fields: Vec<_> = form
        .schema
        .fields()
        .into_iter()
        .map(
            |field| json!({ "path": field.path, "title": field.title, "required": field.required }),
        )
        .collect();
    json!({
        "id": form.id,
        "title": form.manifest.title,
        "jurisdiction": form.manifest.jurisdiction,
        "year": form.manifest.year,
        "notice": form.manifest.notice,
        "fields": fields,
    })
}
