//! `tianbao form new`: a blueprint → a form pack to finish by hand.

use super::args::FormNew;
use super::{GOOD, report, setup};
use crate::error::{Error, Failure};
use crate::form::blueprint::Blueprint;
use crate::output::Output;
use crate::{docx, form, pdf};

pub(super) fn execute(command: FormNew) -> Result<u8, Failure> {
    let templates = setup::templates(&command.place)?;
    let blueprint = Blueprint::read(&command.blueprint, &command.grid)?;
    if !setup::is_empty_or_absent(&command.folder) {
        return Err(Error::Usage(format!(
            "{} 里已经有文件；换一个文件夹，或先移走它们",
            command.folder.display()
        ))
        .into());
    }
    let output = Output::plain(&command.folder)?;
    let files = [
        (
            "form.yaml",
            form::starter::manifest(&blueprint).into_bytes(),
        ),
        (
            "schema.json",
            form::starter::schema(&blueprint).into_bytes(),
        ),
        (
            "example.yaml",
            form::starter::example(&blueprint, &command.folder).into_bytes(),
        ),
        ("form.typ", pdf::starter::source(&blueprint).into_bytes()),
        (
            "form.docx",
            docx::starter::package(&blueprint, &templates.roles)?,
        ),
    ];
    let mut written = Vec::new();
    for (name, bytes) in files {
        written.push(output.write(name, &bytes)?.display().to_string());
    }
    match command.place.format {
        super::args::Format::Json => report::json(&serde_json::json!({ "files": written })),
        super::args::Format::Text => {
            for file in &written {
                report::print(&format!("{file}\n"));
            }
            let example = command.folder.join("example.yaml");
            report::print(&match templates.holds(&command.folder) {
                true => format!("先试一遍：tianbao render {}\n", example.display()),
                false => "移到 templates/地方/表名 下面，才能用它生成文件\n".to_owned(),
            });
        }
    }
    Ok(GOOD)
}
