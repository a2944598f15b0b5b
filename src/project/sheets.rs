//! `forms`: a project that names several forms, one after another.
//!
//! What stands at the top level is shared; each item of `forms` is the name of
//! a form, or a map with `form` and that form's own values, laid over what is
//! shared.

use super::node::{Data, Map, Node};
use super::{Project, inherit};
use crate::diagnostic::Diagnostic;
use crate::error::Failure;

/// One form's part of a project.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The values, with `form` naming one form.
    pub project: Project,
    /// Keys that all forms of the project share, and this one may not know.
    pub shared: Vec<String>,
}

/// The parts of a project, one for each form it names.
///
/// # Errors
/// Rejected where `forms` is not written as it should be.
pub fn sheets(project: &Project) -> Result<Vec<Sheet>, Failure> {
    let mut root = project.root.as_map().cloned().unwrap_or_default();
    let Some(forms) = root.take("forms") else {
        return Ok(vec![Sheet {
            project: project.clone(),
            shared: Vec::new(),
        }]);
    };
    let wrong = |message: &str| {
        Diagnostic::error("forms/type", message)
            .at(forms.key_at.clone())
            .field("forms")
            .hint("写成列表，每一项是表式的名称，或者含有 `form:` 的一组内容")
    };
    if let Some(form) = root.entry("form") {
        let problem =
            wrong("`form` 和 `forms` 只能写一个").related("这里已有 `form`", form.key_at.clone());
        return Err(problem.into());
    }
    let items = match &forms.value.data {
        Data::List(items) if !items.is_empty() => items,
        _ => return Err(wrong("`forms` 应列出至少一个表式").into()),
    };
    let mut sheets = Vec::new();
    let mut problems = Vec::new();
    for item in items {
        let own = match &item.data {
            Data::Text(_) => Map(vec![super::Entry {
                key: "form".into(),
                key_at: item.at.clone(),
                value: item.clone(),
            }]),
            Data::Map(map) if map.get("form").is_some() => map.clone(),
            _ => {
                let problem = wrong("`forms` 里的这一项没有写明 `form`");
                problems.push(problem.at(item.at.clone()));
                continue;
            }
        };
        let shared = root.keys().filter(|key| own.get(key).is_none());
        let shared = shared.map(str::to_owned).collect();
        let base = Node {
            data: Data::Map(root.clone()),
            at: project.root.at.clone(),
        };
        let over = Node {
            data: Data::Map(own),
            at: item.at.clone(),
        };
        sheets.push(Sheet {
            project: Project {
                root: inherit::merge(base, over, &mut problems),
                ..project.clone()
            },
            shared,
        });
    }
    if problems.is_empty() {
        Ok(sheets)
    } else {
        Err(problems.into())
    }
}
