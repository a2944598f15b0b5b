//! What is wrong in a user's document, located, and how it is shown.
//!
//! A [`Diagnostic`] speaks to the person who can mend the document: in
//! Chinese, with the place underlined and, where it can be guessed, what was
//! meant. That the program itself could not work is an [`crate::Error`].

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;

use crate::source::Location;

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The artifact is made; somebody should look.
    Warning,
    /// Nothing is made of this document.
    Error,
}

/// Where a diagnostic points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A range in a text file.
    Text(Location),
    /// A spot in a file that has no lines, such as a cell of a Word template.
    Part {
        /// The file, as the user knows it.
        file: String,
        /// The spot in words, for example `word/document.xml 表1 行3 列2`.
        spot: String,
    },
}

/// One thing wrong in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name, `area/problem`, for machines and for looking things up.
    pub code: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// One Chinese sentence, without a full stop.
    pub message: String,
    /// Where it is, if it is anywhere.
    pub place: Option<Place>,
    /// Short words beside the underline.
    pub label: Option<String>,
    /// The field of the project, as a dotted path.
    pub field: Option<String>,
    /// Further places that explain it, each with a few words.
    pub related: Vec<(String, Location)>,
    /// What to do.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic that keeps the artifact from being made.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            label: None,
            field: None,
            related: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// A diagnostic that does not stand in the artifact's way.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Sets the place in a text.
    pub fn at(mut self, location: Location) -> Self {
        self.place = Some(Place::Text(location));
        self
    }

    /// Sets the place in a file without lines.
    pub fn at_part(mut self, file: impl Into<String>, spot: impl Into<String>) -> Self {
        self.place = Some(Place::Part {
            file: file.into(),
            spot: spot.into(),
        });
        self
    }

    /// Sets the words beside the underline.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Names the field of the project.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds a place that explains.
    pub fn related(mut self, words: impl Into<String>, location: Location) -> Self {
        self.related.push((words.into(), location));
        self
    }

    /// Adds what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds "是否想写 …" if one of `known` is near to `written`.
    pub fn hint_likely<'a>(self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match likely(written, known) {
            Some(name) => self.hint(format!("是否想写 `{name}`？")),
            None => self,
        }
    }

    /// Where it stands in the reading order: file, then byte.
    pub(crate) fn position(&self) -> (String, usize) {
        match &self.place {
            Some(Place::Text(at)) => (at.source.path.clone(), at.range.start),
            Some(Place::Part { file, .. }) => (file.clone(), 0),
            None => (String::new(), 0),
        }
    }

    /// The form in which it is shown to a person.
    ///
    /// `colour` adds terminal styles; without it the text is plain.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR.with_name("错误"),
            Severity::Warning => Level::WARNING.with_name("警告"),
        };
        let mut group = Group::with_title(level.primary_title(self.message.as_str()).id(self.code));
        group = match &self.place {
            Some(Place::Text(location)) if location.spot().is_some() => {
                let spot = location.spot().unwrap_or_default();
                let group = group.element(Origin::path(format!("{} {spot}", location.source.path)));
                match location.cell_text() {
                    Some(text) => {
                        group.element(Level::NOTE.with_name("内容").message(excerpt(text)))
                    }
                    None => group,
                }
            }
            Some(Place::Text(location)) => group.element(
                Snippet::source(location.source.text.as_str())
                    .path(location.source.path.as_str())
                    .annotation(
                        AnnotationKind::Primary
                            .span(location.range.clone())
                            .label(self.label.as_deref()),
                    ),
            ),
            Some(Place::Part { file, spot }) => {
                group.element(Origin::path(format!("{file} {spot}").trim_end().to_owned()))
            }
            None => group,
        };
        let has_lines = match &self.place {
            Some(Place::Text(location)) => location.spot().is_none(),
            Some(Place::Part { .. }) => false,
            None => true,
        };
        if let (false, Some(label)) = (has_lines, &self.label) {
            group = group.element(Level::NOTE.with_name("说明").message(label.as_str()));
        }
        for (words, location) in &self.related {
            if let Some(spot) = location.spot() {
                let words = format!("{words}：{} {spot}", location.source.path);
                group = group.element(Level::NOTE.with_name("另见").message(words));
                continue;
            }
            group = group.element(
                Snippet::source(location.source.text.as_str())
                    .path(location.source.path.as_str())
                    .annotation(
                        AnnotationKind::Context
                            .span(location.range.clone())
                            .label(words.as_str()),
                    ),
            );
        }
        for hint in &self.hints {
            group = group.element(Level::HELP.with_name("提示").message(hint.as_str()));
        }
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[group])
    }

    /// The form in which it travels to machines.
    pub fn to_json(&self) -> serde_json::Value {
        let text_place = |at: &Location| {
            if let Some(spot) = at.spot() {
                return json!({ "file": at.source.path, "spot": spot });
            }
            let end = Location::new(&at.source, at.range.end..at.range.end);
            json!({
                "file": at.source.path,
                "line": at.line(), "column": at.column(),
                "end_line": end.line(), "end_column": end.column(),
            })
        };
        let related: Vec<serde_json::Value> = self
            .related
            .iter()
            .map(|(words, at)| json!({ "label": words, "place": text_place(at) }))
            .collect();
        let place = match &self.place {
            Some(Place::Text(at)) => text_place(at),
            Some(Place::Part { file, spot }) => json!({ "file": file, "spot": spot }),
            None => serde_json::Value::Null,
        };
        json!({
            "code": self.code,
            "severity": match self.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            "message": self.message,
            "label": self.label,
            "place": place,
            "field": self.field,
            "related": related,
            "hints": self.hints,
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// The beginning of a cell's text, on one line.
fn excerpt(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.replace("\r\n", "\n").replace('\n', "⏎");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// Whether any of them keeps the artifact from being made.
pub fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

/// The known name nearest to what was written, if any is near.
///
/// Full-width letters and blanks count as their half-width twins, because an
/// input method left on is the commonest slip.
pub fn likely<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = half_width(written);
    if written.is_empty() {
        return None;
    }
    known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(&written, name), name))
        .filter(|(nearness, name)| *nearness >= 0.5 || name.starts_with(&*written))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn half_width(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            c => c,
        })
        .collect()
}
