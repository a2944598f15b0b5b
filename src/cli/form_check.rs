//! `tianbao form check`: form packs, their two templates held against each
//! other.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::args::{FormCheck, Format, Target};
use super::{GOOD, exit_code, report, setup, verdict};
use crate::batch::{self, Member};
use crate::diagnostic::{Diagnostic, Severity, likely};
use crate::error::{Error, Failure};
use crate::form_check::{self, Report};
use crate::project;
use crate::render::Renderer;

pub(super) fn execute(command: FormCheck) -> Result<u8, Failure> {
    let both = [Target::Pdf, Target::Docx];
    let renderer = setup::renderer(&command.place, &command.document, &both)?;
    let known = &renderer.templates().ids;
    for id in &command.ids {
        if !known.contains(id) {
            let hint = likely(id, known.iter().map(String::as_str)).map_or_else(
                || format!("现有表式：{}", known.join("、")),
                |id| format!("是否想写 {id}？"),
            );
            return Err(Error::Usage(format!("没有表式 {id}。{hint}")).into());
        }
    }
    let ids = match command.ids.is_empty() {
        true => known,
        false => &command.ids,
    };
    let projects = projects(&renderer, &command.with, ids)?;
    let mut reports: Vec<Report> = Vec::new();
    for id in ids {
        if reports.iter().any(|report| report.form == *id) {
            continue;
        }
        let own = projects.iter().filter(|(form, _)| form == id);
        let mut own: Vec<Member> = own.map(|(_, member)| member.clone()).collect();
        own.dedup();
        reports.push(form_check::check(&renderer, id, &own));
        if command.place.format == Format::Text {
            show(&reports[reports.len() - 1]);
        }
    }
    if command.place.format == Format::Json {
        let all: Vec<Value> = reports.iter().map(to_json).collect();
        report::json(&json!({ "results": all }));
    }
    let broken = reports.iter().filter_map(|report| report.broken.as_ref());
    let verdicts = reports.iter().map(|report| verdict(&report.diagnostics));
    Ok(broken
        .map(exit_code)
        .max()
        .or(verdicts.max())
        .unwrap_or(GOOD))
}

/// The projects of `--with`, each with the form it names. Those of forms that
/// are not checked now are of no use, which is a mistake if all are. Without
/// `--with`, whatever can be read in the `data` folder beside the packs.
fn projects(
    renderer: &Renderer,
    paths: &[PathBuf],
    ids: &[String],
) -> Result<Vec<(String, Member)>, Failure> {
    let forms_of = |member: &Member| -> Result<Vec<(String, Member)>, Failure> {
        let sheets = project::sheets(&member.load()?)?.into_iter();
        let named = sheets.map(|sheet| {
            let id = renderer.templates().form_id(&sheet.project)?;
            Ok((id, member.clone()))
        });
        named.collect()
    };
    if paths.is_empty() {
        let data = renderer.templates().data_folder();
        let plan = data
            .map(|data| batch::plan(&[data], renderer.templates()))
            .and_then(Result::ok);
        let members = plan.into_iter().flat_map(|plan| plan.members);
        let found = members.filter_map(|member| forms_of(&member).ok());
        return Ok(found.flatten().collect());
    }
    let members = batch::plan(paths, renderer.templates())?.members;
    let found: Vec<_> = members
        .iter()
        .map(forms_of)
        .collect::<Result<_, Failure>>()?;
    let found = found.concat();
    if !found.is_empty() && !found.iter().any(|(id, _)| ids.contains(id)) {
        let ids = ids.join("、");
        return Err(Error::Usage(format!("--with 的项目没有一份用的是 {ids}")).into());
    }
    Ok(found)
}

fn show(checked: &Report) {
    report::diagnostics(&checked.diagnostics, false);
    let Report {
        form,
        projects,
        tables,
        ..
    } = checked;
    if let Some(broken) = &checked.broken {
        eprintln!("错误：{form}：{broken}\n");
        return;
    }
    let projects = match projects {
        0 => "示例".to_owned(),
        projects => format!("示例和 {projects} 个项目"),
    };
    let of = |severity| {
        let found = checked.diagnostics.iter();
        found
            .filter(|found: &&Diagnostic| found.severity == severity)
            .count()
    };
    let found = match (of(Severity::Error), of(Severity::Warning)) {
        (0, 0) => "没有发现问题".to_owned(),
        (0, warnings) => format!("{warnings} 处警告"),
        (errors, 0) => format!("发现 {errors} 处问题"),
        (errors, warnings) => format!("发现 {errors} 处问题，{warnings} 处警告"),
    };
    report::print(&format!("{form}：{projects}，{tables} 张表，{found}\n"));
}

fn to_json(checked: &Report) -> Value {
    let diagnostics: Vec<Value> = checked
        .diagnostics
        .iter()
        .map(Diagnostic::to_json)
        .collect();
    json!({
        "form": checked.form,
        "projects": checked.projects,
        "tables": checked.tables,
        "good": checked.is_good(),
        "diagnostics": diagnostics,
        "error": checked.broken.as_ref().map(Error::to_string),
    })
}
