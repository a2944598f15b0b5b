//! One project on its whole way: load → check → merge → PDF and Word.
//!
//! Everything here happens in memory; writing files is [`crate::output`]'s.

mod inspect;
mod prepared_form;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Value, merge_maps};

use crate::check::check;
use crate::diagnostic::{Diagnostic, any_error};
use crate::docx;
use crate::error::{Error, Failure};
use crate::form::{Form, Templates};
use crate::merge::{self, context, names_in, take_marks};
use crate::output::safe_name;
use crate::pdf::{self, Metadata, Sheet, Timestamp, Typesetter};
use crate::project::{self, Project};
pub(crate) use inspect::{Merges, Undeclared};
use prepared_form::{PreparedForm, template_problem};

/// What to make.
#[derive(Clone)]
pub struct Options {
    /// Make PDF files.
    pub pdf: bool,
    /// Make Word files.
    pub word: bool,
    /// Standards the PDF keeps.
    pub standards: pdf::Standards,
    /// The date documents bear; without it, the project's or the form's.
    pub timestamp: Option<Timestamp>,
}

/// Turns projects into artifacts; shared by all threads of a run.
pub struct Renderer {
    templates: Templates,
    typesetter: Typesetter,
    options: Options,
    forms: Mutex<BTreeMap<String, PreparedOrNot>>,
}

/// A form's pack, or what is wrong with it, kept for the whole run.
type PreparedOrNot = Result<Arc<PreparedForm>, Vec<Diagnostic>>;

/// A project that passed its checks and knows what its files are called.
pub struct Ready {
    /// The project.
    pub project: Project,
    /// File name of its artifacts, without ending.
    pub name: String,
    /// What somebody should look at all the same.
    pub warnings: Vec<Diagnostic>,
    form: Arc<PreparedForm>,
    context: Value,
    metadata: Metadata,
    timestamp: Timestamp,
}

/// The artifacts of one project, as far as they were asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// The PDF.
    pub pdf: Option<Vec<u8>>,
    /// The Word file.
    pub word: Option<Vec<u8>>,
}

impl Renderer {
    /// Gathers what a run needs.
    pub fn new(templates: Templates, faces: pdf::Faces, options: Options) -> Self {
        let typesetter = Typesetter::new(faces, &templates);
        Self {
            templates,
            typesetter,
            options,
            forms: Mutex::default(),
        }
    }

    /// Loads and checks a project and works out what its files are called.
    ///
    /// # Errors
    /// Rejected with everything found in the project and in its form pack.
    pub fn prepare(&self, path: &Path) -> Result<Ready, Failure> {
        let project = project::load(path)?;
        let form = self.form(&self.templates.form_id(&project)?)?;
        let warnings = check(&project, &form.form);
        if any_error(&warnings) {
            return Err(warnings.into());
        }
        let timestamp = self.timestamp(&project, &form.form)?;

        let mut root = project.root.clone();
        form.form.schema.fill_blanks(&mut root);
        let values = context(&root);
        let pattern = |text: &str| form.pattern(text, &values);
        let manifest = &form.form.manifest;
        let title = pattern(&manifest.title)?;
        let name = safe_name(&pattern(&manifest.file_name)?);
        let bookmark = manifest.bookmark.as_deref().map(pattern).transpose()?;
        let metadata = Metadata {
            authors: authors(&project, &manifest.authors),
            ident: format!("{}/{name}", form.form.id),
            title,
        };
        let document = [
            ("title", Value::from(metadata.title.as_str())),
            (
                "bookmark",
                Value::from(bookmark.unwrap_or_else(|| metadata.title.clone())),
            ),
            ("authors", Value::from(metadata.authors.clone())),
        ];
        let document = Value::from_pairs([("document", Value::from_pairs(document))]);
        Ok(Ready {
            context: merge_maps([document, values]),
            project,
            name,
            warnings,
            form,
            metadata,
            timestamp,
        })
    }

    /// Makes the artifacts of one project.
    ///
    /// # Errors
    /// Rejected with what the templates or the PDF standard object to.
    pub fn render(&self, ready: &Ready) -> Result<Artifacts, Failure> {
        let mut artifacts = Artifacts::default();
        let mut problems = Vec::new();
        if self.options.pdf {
            let sheet = ready.sheet()?;
            let sheets = std::slice::from_ref(&sheet);
            match self.typeset(sheets, ready, &ready.metadata) {
                Ok(pdf) => artifacts.pdf = Some(pdf),
                Err(found) => problems.extend(found),
            }
        }
        if self.options.word {
            match ready.word() {
                Ok(word) => artifacts.word = Some(word),
                Err(found) => problems.push(found),
            }
        }
        if problems.is_empty() {
            Ok(artifacts)
        } else {
            Err(problems.into())
        }
    }

    /// Makes one bound PDF of many projects of one form, in their order.
    ///
    /// # Errors
    /// As [`Renderer::render`]; an empty volume is a mistake of the caller.
    pub fn bind(&self, members: &[&Ready], title: &str) -> Result<Vec<u8>, Failure> {
        let Some(first) = members.first() else {
            return Err(Error::Internal("空的合订本".into()).into());
        };
        let mut authors: Vec<String> = Vec::new();
        for name in members.iter().flat_map(|ready| &ready.metadata.authors) {
            if !authors.contains(name) {
                authors.push(name.clone());
            }
        }
        let metadata = Metadata {
            title: title.to_owned(),
            authors,
            ident: format!("{}/{title}", first.form.form.id),
        };
        let sheets = members
            .iter()
            .map(|ready| ready.sheet())
            .collect::<Result<Vec<_>, Failure>>()?;
        Ok(self.typeset(&sheets, first, &metadata)?)
    }

    fn typeset(
        &self,
        sheets: &[Sheet<'_>],
        ready: &Ready,
        metadata: &Metadata,
    ) -> Result<Vec<u8>, Vec<Diagnostic>> {
        let options = pdf::Options {
            standards: self.options.standards.clone(),
            timestamp: ready.timestamp,
        };
        self.typesetter
            .typeset(sheets, &ready.form.assets, metadata, &options)
    }

    /// The form with this id, read and compiled once a run.
    fn form(&self, id: &str) -> Result<Arc<PreparedForm>, Failure> {
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = forms.get(id) {
            return Ok(known.clone()?);
        }
        let read = self
            .templates
            .read(id)
            .and_then(PreparedForm::new)
            .map(Arc::new);
        let read = match read {
            Ok(form) => Ok(form),
            Err(Failure::Rejected(found)) => Err(found),
            Err(Failure::Broken(error)) => return Err(error.into()),
        };
        forms.insert(id.to_owned(), read.clone());
        Ok(read?)
    }

    /// The date a document bears: the command line's, else the project's
    /// `date`, else the first day of the form's year. Never the clock's.
    fn timestamp(&self, project: &Project, form: &Form) -> Result<Timestamp, Diagnostic> {
        if let Some(timestamp) = self.options.timestamp {
            return Ok(timestamp);
        }
        let Some(node) = project.root.get("date") else {
            let year = i32::from(form.manifest.year);
            return Timestamp::from_date(year, 1, 1)
                .ok_or_else(|| Diagnostic::error("form/year", format!("表式的年度 {year} 不对")));
        };
        node.as_str().and_then(day).ok_or_else(|| {
            Diagnostic::error("value/date", "日期的写法不对")
                .at(node.at.clone())
                .field("date")
                .hint("写成 2024-12-31")
        })
    }
}

/// `2024-12-31`, also with `/` or `.`.
fn day(text: &str) -> Option<Timestamp> {
    let mut parts = text.split(['-', '/', '.']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Timestamp::from_date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn authors(project: &Project, field: &str) -> Vec<String> {
    use crate::project::Data;
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

impl Ready {
    /// The document's title.
    pub fn title(&self) -> &str {
        &self.metadata.title
    }

    /// The form it is rendered with.
    pub fn form_id(&self) -> &str {
        &self.form.form.id
    }

    /// Merges the Typst template.
    fn sheet(&self) -> Result<Sheet<'_>, Failure> {
        let form = &self.form;
        let merged = merge::merge(&form.environment, "form.typ", self.context.clone())
            .map_err(|error| template_problem(&form.form, &error, &names_in(&self.context)))?;
        let (text, lines) = take_marks(&merged.text);
        Ok(Sheet {
            text,
            lines,
            values: merged.slots.to_json(),
            template: form.form.typst.clone(),
            project: &self.project,
        })
    }

    /// The merged Typst source, for those who want to look at it.
    ///
    /// # Errors
    /// Rejected with what is wrong in the template.
    pub fn merged_typst(&self) -> Result<(String, String), Failure> {
        let sheet = self.sheet()?;
        Ok((sheet.text, sheet.values))
    }

    fn word(&self) -> Result<Vec<u8>, Diagnostic> {
        let properties = docx::Properties {
            title: &self.metadata.title,
            authors: &self.metadata.authors,
            created: &self.timestamp.to_xml(),
        };
        let form = &self.form;
        form.word
            .render(&form.environment, &self.context, &properties)
    }
}
