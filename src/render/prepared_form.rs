//! A form pack with its templates compiled, and where their mistakes are.

use minijinja::value::{Value, merge_maps};
use minijinja::{Environment, Error as TemplateError};

use crate::diagnostic::Diagnostic;
use crate::digest::{Digest, Digester};
use crate::error::Failure;
use crate::form::Form;
use crate::merge::{self, Pointed, context, environment, explain, mark_lines, names_in};
use crate::project::{self, Data, Project};
use crate::{docx, pdf};

/// A form pack with its templates compiled.
pub(super) struct PreparedForm {
    pub(super) form: Form,
    pub(super) environment: Environment<'static>,
    pub(super) word: docx::Template,
    pub(super) assets: pdf::Assets,
    pub(super) digests: Digests,
}

/// What tells a pack from another one, or from itself before an edit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digests {
    /// Of what decides its PDF.
    pub(super) typst: Digest,
    /// Of what decides its Word file.
    pub(super) word: Digest,
}

impl Digests {
    fn of(form: &Form) -> Self {
        let word = Digest::of(&form.word.1);
        let mut typst = Digester::default();
        typst.field(&form.id);
        for (name, bytes) in &form.files {
            typst.field(name).field(bytes);
        }
        let typst = typst.finish();
        let mut of_word = Digester::default();
        of_word.field(&form.id).field(word);
        for name in ["form.yaml", "schema.json"] {
            of_word.field(form.files.get(name).map_or(&[][..], Vec::as_slice));
        }
        Self {
            typst,
            word: of_word.finish(),
        }
    }
}

/// What templates see of a project, and what its document says of itself.
pub(super) struct Values {
    pub(super) context: Value,
    pub(super) title: String,
    pub(super) bookmark: String,
    pub(super) authors: Vec<String>,
}

impl PreparedForm {
    pub(super) fn new(form: Form) -> Result<Self, Failure> {
        let mut environment = environment(&form.schema.attributes());
        let mut problems = Vec::new();
        problems.extend(merge::typst_flaws(&form.typst, &environment));
        let typst = mark_lines(&form.typst.text);
        match environment.add_template_owned("form.typ", typst) {
            Err(error) if problems.is_empty() => {
                problems.push(template_problem(&form, &error, &[]))
            }
            _ => {}
        }
        let word = match docx::Template::open(&form.word.0, &form.word.1, &mut environment) {
            Ok(word) => Some(word),
            Err(found) => {
                problems.extend(found);
                None
            }
        };
        match word {
            Some(word) if problems.is_empty() => Ok(Self {
                assets: pdf::Assets::of_form(&form),
                digests: Digests::of(&form),
                form,
                environment,
                word,
            }),
            _ => Err(problems.into()),
        }
    }

    /// What the templates see of a project, with what the document says of
    /// itself as `document`.
    pub(super) fn values(&self, project: &Project) -> Result<Values, Vec<Diagnostic>> {
        let mut root = project.root.clone();
        self.form.schema.fill_blanks(&mut root);
        let values = context(&root)?;
        let manifest = &self.form.manifest;
        let pattern = |text: &str| self.pattern(text, &values).map_err(|problem| vec![problem]);
        let title = pattern(&manifest.title)?;
        let bookmark = match &manifest.bookmark {
            Some(bookmark) => pattern(bookmark)?,
            None => title.clone(),
        };
        let authors = authors(project, &manifest.authors);
        let document = [
            ("title", Value::from(title.as_str())),
            ("bookmark", Value::from(bookmark.as_str())),
            ("authors", Value::from(authors.clone())),
        ];
        let document = Value::from_pairs([("document", Value::from_pairs(document))]);
        Ok(Values {
            context: merge_maps([document, values]),
            title,
            bookmark,
            authors,
        })
    }

    pub(super) fn pattern(&self, text: &str, values: &Value) -> Result<String, Diagnostic> {
        merge::pattern(&self.environment, text, values).map_err(|error| {
            let pointed = Pointed::by(&error, text);
            explain(&error, pointed.as_ref(), &names_in(values)).in_manifest(&self.form, text)
        })
    }
}

impl Diagnostic {
    /// Points at the line of `form.yaml` that holds the pattern.
    fn in_manifest(self, form: &Form, pattern: &str) -> Self {
        self.at_part(
            project::shown(&form.folder.join("form.yaml")),
            format!("`{pattern}`"),
        )
    }
}

/// A merging error at its line of `form.typ`.
pub(super) fn template_problem(form: &Form, error: &TemplateError, known: &[String]) -> Diagnostic {
    merge::typst_problem(&form.typst, error, known)
}

fn authors(project: &Project, field: &str) -> Vec<String> {
    let Some(node) = project.root.get(field) else {
        return Vec::new();
    };
    let names = match &node.data {
        Data::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    names
        .into_iter()
        .filter_map(|name| name.as_str())
        .map(|name| crate::check::printable(name.trim()).into_owned())
        .collect()
}
