//! Typst's errors at the template's own lines.

use typst::diag::SourceDiagnostic;
use typst::{World, WorldExt};

use super::Sheet;
use super::world::SheetWorld;
use crate::diagnostic::{Diagnostic, Place};
use crate::source::{Location, Source};

/// Every error, at the place a template's author can change.
pub(super) fn all(
    world: &SheetWorld<'_>,
    sheets: &[Sheet<'_>],
    errors: &[SourceDiagnostic],
) -> Vec<Diagnostic> {
    errors
        .iter()
        .map(|error| one(world, sheets, error))
        .collect()
}

fn one(world: &SheetWorld<'_>, sheets: &[Sheet<'_>], error: &SourceDiagnostic) -> Diagnostic {
    let slip = table_slip(&error.message);
    let message = match slip {
        Some(words) => words.to_owned(),
        None => format!("排版没有成功：{}", error.message),
    };
    let mut problem = Diagnostic::error("typst/error", message);
    // An error inside the library is the template's where it calls it.
    let spans =
        std::iter::once(error.span).chain(error.trace.iter().map(|point| point.span.into()));
    let mut places = spans.filter_map(|span| {
        let id = span.id()?;
        let range = world.range(span)?;
        let source = world.source(id).ok()?;
        let path = id.vpath().get_with_slash().to_owned();
        Some((path, source, range))
    });
    let mut fallback = None;
    let place = places.find_map(|(path, source, range)| {
        let sheet = SheetWorld::sheet(&path).and_then(|index| sheets.get(index));
        match sheet {
            Some(sheet) => Some(in_template(sheet, source.text(), range)),
            None => {
                let shown = Source::new(world.shown(&path), source.text());
                fallback.get_or_insert_with(|| Location::new(&shown, range));
                None
            }
        }
    });
    match (place, fallback) {
        (Some(at), Some(cause)) => problem = problem.at(at).related("错误发生在这里", cause),
        (None, Some(_)) if slip.is_some() => problem.place = first_table(sheets).or(problem.place),
        (Some(at), None) | (None, Some(at)) => problem = problem.at(at),
        (None, None) => {}
    }
    for hint in error.hints.iter().filter(|_| slip.is_none()) {
        problem = problem.hint(hint.v.to_string());
    }
    problem
}

/// A cell that does not fit its table, which Typst notices in the library.
fn table_slip(message: &str) -> Option<&'static str> {
    let slips = [
        (
            "colspan would cause it to exceed",
            "表格里有一格占的列超出了最后一列：它的 colspan，或者上面哪一格的 rowspan 写错了",
        ),
        (
            "attempted to place a second cell",
            "表格里有两格占了同一个位置：它们的 colspan 或 rowspan 写错了",
        ),
    ];
    let found = slips.into_iter().find(|(words, _)| message.contains(words));
    found.map(|(_, words)| words)
}

/// Where the template of the first sheet writes its first table.
fn first_table(sheets: &[Sheet<'_>]) -> Option<Place> {
    const TABLE: &str = "form-table(";
    let template = &sheets.first()?.template;
    let at = template.text.find(TABLE)?;
    Some(Place::Text(Location::new(
        template,
        at..at + TABLE.len() - 1,
    )))
}

/// A range of the merged text, as a place in the template.
fn in_template(sheet: &Sheet<'_>, merged: &str, range: std::ops::Range<usize>) -> Location {
    let line = merged[..range.start].matches('\n').count();
    let number = sheet.lines.get(line).copied().unwrap_or(1);
    let words = merged.get(range).unwrap_or_default().lines().next();
    Location::words_of(&sheet.template, number, words.unwrap_or_default())
}
