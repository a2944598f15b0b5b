//! `tianbao fonts`: which face serves each role.

use serde_json::json;

use super::args::{Fonts, Format};
use super::{DIAGNOSTICS, GOOD, report, setup};
use crate::error::Failure;
use crate::form::Role;
use crate::pdf::Faces;
use crate::project::shown;

pub(super) fn execute(command: Fonts) -> Result<u8, Failure> {
    let templates = setup::templates(&command.place)?;
    let faces = setup::faces(&command.faces, &templates)?;
    let roles = &templates.roles.0;
    match command.place.format {
        Format::Json => report::json(&roles.iter().map(|role| role_json(role, &faces)).collect()),
        Format::Text => {
            let head = ["角色", "名称", "Word 用", "PDF 用", "来源", "文件"].map(String::from);
            let rows = roles.iter().map(|role| role_row(role, &faces));
            let rows: Vec<Vec<String>> = std::iter::once(head.to_vec()).chain(rows).collect();
            report::print(&report::columns(&rows));
        }
    }
    let complete = roles
        .iter()
        .all(|role| role.resolve(|face| faces.has(face)).is_some());
    Ok(if complete { GOOD } else { DIAGNOSTICS })
}

fn role_row(role: &Role, faces: &Faces) -> Vec<String> {
    let (face, kind, file) = match role.resolve(|face| faces.has(face)) {
        None => ("无".to_owned(), "缺少", String::new()),
        Some(face) => (
            face.name.clone(),
            if face.official {
                "正式字体"
            } else {
                "替代字体"
            },
            faces.file(&face.name).map(shown).unwrap_or_default(),
        ),
    };
    vec![
        role.id.clone(),
        role.name.clone(),
        role.word.clone(),
        face,
        kind.to_owned(),
        file,
    ]
}

fn role_json(role: &Role, faces: &Faces) -> serde_json::Value {
    let face = role.resolve(|face| faces.has(face));
    let missing: Vec<&str> = role
        .faces
        .iter()
        .map(|face| face.name.as_str())
        .filter(|face| !faces.has(face))
        .collect();
    json!({
        "id": role.id,
        "name": role.name,
        "word": role.word,
        "pdf": face.map(|face| &face.name),
        "official": face.is_some_and(|face| face.official),
        "file": face.and_then(|face| faces.file(&face.name)).map(shown),
        "missing": missing,
    })
}
