//! All mistakes that merging a part comes upon, not the first alone.
//!
//! The tag at which merging stopped is put out of action, and the part is
//! merged again: a print prints nothing, a condition does not hold, a loop has
//! no rounds. What a mistake would drag along is not reported.

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

use super::{MergedPart, TagPlace, Template, place};
use crate::diagnostic::Diagnostic;
use crate::merge::{self, names_in};

/// Most mistakes of a part that are reported.
const MAX_MISTAKES: usize = 20;

/// The mistakes of a part, of which the first is known.
pub(super) fn all(
    template: &Template,
    env: &Environment<'_>,
    part: &MergedPart,
    context: &Value,
    first: Error,
) -> Vec<Diagnostic> {
    let known = names_in(context);
    let mut problems = Vec::new();
    let mut env = env.clone();
    let Ok(source) = env
        .get_template(&part.name)
        .map(|found| found.source().to_owned())
    else {
        return vec![place(
            &template.file,
            &part.name,
            &part.places,
            &first,
            &known,
        )];
    };
    let mut lines: Vec<String> = source.split('\n').map(str::to_owned).collect();
    let mut next = Some(first);
    while let Some(error) = next.take() {
        problems.push(place(
            &template.file,
            &part.name,
            &part.places,
            &error,
            &known,
        ));
        let is_endless = matches!(error.kind(), ErrorKind::OutOfFuel | ErrorKind::WriteFailure);
        if is_endless || problems.len() == MAX_MISTAKES {
            break;
        }
        let line = error.line().unwrap_or(1);
        let Some(tag) = part.places.iter().rev().find(|place| place.line <= line) else {
            break;
        };
        if !silence(&mut lines, tag) {
            break;
        }
        // A copy of its own: the environment of the form keeps its templates.
        let name = part.name.clone();
        if env.add_template_owned(name, lines.join("\n")).is_err() {
            break;
        }
        next = merge::merge(&env, &part.name, context.clone()).err();
    }
    problems
}

/// Puts a tag out of action; false if that cannot be done.
fn silence(lines: &mut [String], tag: &TagPlace) -> bool {
    let Some(line) = lines.get_mut(tag.line - 1) else {
        return false;
    };
    let (prints, end) = match tag.tag.starts_with("{{") {
        true => (true, "}}"),
        false => (false, "%}"),
    };
    let body = tag.tag[2..].trim_end_matches(end).trim();
    let word = body.split_whitespace().next().unwrap_or_default();
    let silent = match word {
        _ if prints => "none".to_owned(),
        "if" | "elif" => format!("{word} false"),
        "for" => match body.split_once(" in ") {
            Some((target, _)) => format!("{target} in []"),
            None => return false,
        },
        "set" => match body.split_once('=') {
            Some((target, _)) => format!("{target} = none"),
            None => return false,
        },
        _ => return false,
    };
    let Some(rest) = line.strip_prefix(body) else {
        return false;
    };
    let is_silent = *line != format!("{silent}{rest}");
    *line = format!("{silent}{rest}");
    is_silent
}
