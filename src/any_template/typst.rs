//! A Typst template of its own: merged, then typeset to a PDF.

use std::path::Path;
use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{Environment, ErrorKind};

use super::Merged;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::merge::names::{Names, Use, is_there};
use crate::merge::tags::{self, Dialect};
use crate::merge::{self, mark_lines, names_in, take_marks, typst_flaws, typst_problem, undefined};
use crate::pdf::{self, Assets, Metadata, Sheet, Standards, Timestamp, Typesetter};
use crate::project::{self, Node, Project};
use crate::render::day;
use crate::source::{Location, Source};

/// The name under which the environment knows the template.
const NAME: &str = "form.typ";

/// What makes a PDF of a merged template.
pub struct Typesetting {
    /// Faces and what documents share.
    pub typesetter: Typesetter,
    /// Standards the PDF keeps.
    pub standards: Standards,
    /// The date the PDF bears; without it, the data's `date`, else the first day
    /// that zip files know.
    pub timestamp: Option<Timestamp>,
}

/// An opened Typst template.
pub(super) struct TypstTemplate {
    source: Arc<Source>,
    /// What it is called, without ending.
    stem: String,
    assets: Assets,
    problems: Vec<Diagnostic>,
    /// The values it uses, and where.
    pub(super) uses: Vec<(Use, Location)>,
}

impl TypstTemplate {
    /// Reads a template and the files beside it that it names.
    pub(super) fn open(path: &Path, env: &mut Environment<'static>) -> Result<Self, Failure> {
        let source = project::read(path)?;
        let mut problems = typst_flaws(&source, env);
        let marked = mark_lines(&source.text);
        if let (Err(error), true) = (env.add_template_owned(NAME, marked), problems.is_empty()) {
            problems.push(typst_problem(&source, &error, &[]));
        }
        let (tags, _) = tags::find(&source.text, Dialect::Plain);
        let mut names = Names::default();
        tags.iter().for_each(|tag| names.note(tag));
        let uses = names.uses().into_iter().map(|of| {
            let tag = &tags[of.tag];
            let at = Location::new(&source, tag.start..tag.end);
            (of, at)
        });
        let stem = path.file_stem().unwrap_or_default();
        Ok(Self {
            uses: uses.collect(),
            stem: stem.to_string_lossy().into_owned(),
            assets: Assets::beside(path, project::named_beside(path, &source.text)?),
            problems,
            source,
        })
    }

    /// Merges and typesets.
    pub(super) fn merge(
        &self,
        env: &Environment<'static>,
        context: Value,
        data: &Node,
        typesetting: impl FnOnce() -> Result<Typesetting, Error>,
    ) -> Result<Merged, Failure> {
        if !self.problems.is_empty() {
            let mut problems = self.problems.clone();
            problems.extend(self.absent(&context));
            return Err(problems.into());
        }
        let merged = merge::merge(env, NAME, context.clone()).map_err(|error| {
            let absent = self.absent(&context);
            match error.kind() == ErrorKind::UndefinedError && !absent.is_empty() {
                true => absent,
                false => vec![typst_problem(&self.source, &error, &names_in(&context))],
            }
        })?;
        let with = typesetting()?;
        let (text, lines) = take_marks(&merged.text);
        let project = Project {
            path: data.at.source.path.clone().into(),
            root: data.clone(),
            source: data.at.source.clone(),
            files: Vec::new(),
        };
        let sheets = [Sheet {
            // A heading must begin its line, and values are bound on the first.
            text: format!("\n{text}"),
            lines: [1].into_iter().chain(lines).collect(),
            values: merged.slots.to_json(),
            template: self.source.clone(),
            project: &project,
            assets: &self.assets,
            same_pages: false,
            attachments: Vec::new(),
        }];
        let metadata = Metadata {
            title: self.stem.clone(),
            authors: Vec::new(),
            ident: self.stem.clone(),
        };
        let written = data.get("date").and_then(|date| day(date.as_str()?));
        let timestamp = with
            .timestamp
            .or(written)
            .or(Timestamp::from_date(1980, 1, 1));
        let options = pdf::Options {
            standards: with.standards.clone(),
            timestamp: timestamp.unwrap_or_else(|| unreachable!("1980 is a year")),
        };
        let layout = with
            .typesetter
            .lay_out(&sheets, &metadata, options.timestamp)?;
        let bytes = with
            .typesetter
            .export(&layout, &sheets, &metadata, &options)?;
        Ok(Merged {
            bytes,
            warnings: Vec::new(),
        })
    }

    /// What is wrong with its tags.
    pub(super) fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    /// Names that the data lacks.
    fn absent(&self, context: &Value) -> Vec<Diagnostic> {
        let known = names_in(context);
        let absent = self.uses.iter();
        let absent = absent.filter(|(of, _)| !of.guarded && !is_there(&of.path, context));
        absent
            .map(|(of, at)| undefined(&of.written, &known).at(at.clone()))
            .collect()
    }
}
