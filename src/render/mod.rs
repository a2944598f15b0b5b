//! One project on its whole way: load → check → merge → PDF and Word.
//!
//! Everything here happens in memory; writing files is [`crate::output`]'s.

mod inspect;
mod prepared_form;
mod setting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use minijinja::value::Value;

use crate::check::check;
use crate::diagnostic::{Diagnostic, any_error};
use crate::digest::Digest;
use crate::docx;
use crate::embedded::{Embedded, Remade};
use crate::error::{Error, Failure};
use crate::form::{Form, Templates};
use crate::merge::{self, names_in, take_marks};
use crate::output::safe_name;
use crate::pdf::{self, Metadata, Sheet, Timestamp, Typesetter};
use crate::project::{self, Data, Node, Project, field_below};
use crate::source::Location;
pub(crate) use inspect::{Merges, Undeclared};
use prepared_form::{PreparedForm, template_problem};
pub use setting::{FormFacts, Kind};

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
    /// Put the resolved project definition into the artifacts.
    pub embed_source: bool,
}

/// Turns projects into artifacts; shared by all threads of a run.
pub struct Renderer {
    templates: Templates,
    typesetter: Typesetter,
    options: Options,
    forms: Mutex<BTreeMap<String, PreparedOrNot>>,
    /// Of the faces that serve the roles, once somebody asked.
    faces: Mutex<Option<Digest>>,
    settings: Mutex<setting::Settings>,
    /// Of what packs share.
    library: OnceLock<Digest>,
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
    /// One for each form that the project names, in order.
    parts: Vec<Part>,
    metadata: Metadata,
    timestamp: Timestamp,
}

/// What a project gives one form.
struct Part {
    project: Project,
    form: Arc<PreparedForm>,
    context: Value,
    /// How it is called in the outline of a volume.
    bookmark: String,
    /// Whether Word breaks pages where the PDF does.
    same_pages: bool,
}

/// The artifacts of one project, as far as they were asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// The PDF.
    pub pdf: Option<Vec<u8>>,
    /// The Word file.
    pub word: Option<Vec<u8>>,
    /// Where the PDF breaks pages, if it was laid out.
    pub pages: Option<pdf::SheetPages>,
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
            faces: Mutex::default(),
            settings: Mutex::default(),
            library: OnceLock::new(),
        }
    }

    /// Checks a project and works out what its files are called.
    ///
    /// # Errors
    /// Rejected with everything found in the project and in its form pack.
    pub fn prepare(&self, project: Project) -> Result<Ready, Failure> {
        let mut warnings: Vec<Diagnostic> = Vec::new();
        let sheets = self.sheets(&project)?;
        for (project, form) in &sheets {
            let removed = form.word.warnings().iter().cloned();
            for found in check(project, &form.form).into_iter().chain(removed) {
                // What several forms share is said once.
                if !warnings.contains(&found) {
                    warnings.push(found);
                }
            }
        }
        if any_error(&warnings) {
            return Err(warnings.into());
        }
        Ok(Ready {
            warnings,
            ..self.ready(project, sheets)?
        })
    }

    /// As [`Renderer::prepare`], of a project that is known to pass its checks.
    ///
    /// # Errors
    /// Rejected with what is wrong in its form pack.
    pub fn prepare_checked(&self, project: Project) -> Result<Ready, Failure> {
        let sheets = self.sheets(&project)?;
        self.ready(project, sheets)
    }

    fn ready(
        &self,
        project: Project,
        sheets: Vec<(Project, Arc<PreparedForm>)>,
    ) -> Result<Ready, Failure> {
        let mut parts = Vec::new();
        let mut document = None;
        for (own, form) in sheets {
            let values = form.values(&own)?;
            // The document is called as its first form is.
            if document.is_none() {
                let name = form.pattern(&form.form.manifest.file_name, &values.context)?;
                let name = safe_name(&name);
                let metadata = Metadata {
                    ident: format!("{}/{name}", form.form.id),
                    title: values.title,
                    authors: values.authors,
                };
                document = Some((name, metadata, self.timestamp(&project, &form.form)?));
            }
            parts.push(Part {
                context: values.context,
                bookmark: values.bookmark,
                same_pages: form.form.manifest.same_pages,
                project: own,
                form,
            });
        }
        let (name, metadata, timestamp) =
            document.unwrap_or_else(|| unreachable!("a project names a form"));
        Ok(Ready {
            project,
            name,
            warnings: Vec::new(),
            parts,
            metadata,
            timestamp,
        })
    }

    /// The project's values for each form it names. A key that all its forms
    /// share is left out for a form that does not know it.
    fn sheets(&self, project: &Project) -> Result<Vec<(Project, Arc<PreparedForm>)>, Failure> {
        let sheets = project::sheets(project)?;
        let forms = sheets
            .iter()
            .map(|sheet| self.form(&self.templates.form_id(&sheet.project)?))
            .collect::<Result<Vec<_>, Failure>>()?;
        let knows = |form: &PreparedForm, key: &str| form.form.schema.descend([key]).is_some();
        let known = |key: &str| forms.iter().any(|form| knows(form, key));
        let mut is_first = true;
        let of_sheet = |(sheet, form): (project::Sheet, &Arc<PreparedForm>)| {
            let project::Sheet {
                mut project,
                shared,
            } = sheet;
            if let Data::Map(map) = &mut project.root.data {
                for key in shared {
                    // What no form knows is said once.
                    if !knows(form, &key) && (known(&key) || !is_first) {
                        map.take(&key);
                    }
                }
            }
            is_first = false;
            (project, form.clone())
        };
        Ok(sheets.into_iter().zip(&forms).map(of_sheet).collect())
    }

    /// Makes the artifacts of one project that the options ask for.
    ///
    /// # Errors
    /// Rejected with what the templates or the PDF standard object to.
    pub fn render(&self, ready: &Ready) -> Result<Artifacts, Failure> {
        self.render_some(ready, self.options.pdf, self.options.word)
    }

    /// Makes some artifacts of one project.
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub fn render_some(&self, ready: &Ready, pdf: bool, word: bool) -> Result<Artifacts, Failure> {
        let mut artifacts = Artifacts::default();
        let mut problems = Vec::new();
        let projects = self.embedded(ready)?;
        let follows = ready.parts.iter().any(|part| part.same_pages);
        if pdf || word && follows {
            let mut sheets = ready.sheets()?;
            if pdf {
                attach(&mut sheets, &projects);
            }
            let made = self.typeset(&sheets, ready, &ready.metadata, pdf);
            match made {
                Ok((layout, pdf)) => {
                    artifacts.pdf = pdf;
                    artifacts.pages = Some(layout.pages);
                }
                Err(found) => problems.extend(found),
            }
        }
        if word && (artifacts.pages.is_some() || !follows) {
            match ready.word(artifacts.pages.as_ref(), &projects) {
                Ok(word) => artifacts.word = Some(word),
                Err(Failure::Rejected(found)) => problems.extend(found),
                Err(broken) => return Err(broken),
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
        let (first, metadata) = volume(members, title)?;
        let sheets = members.iter().map(|ready| ready.sheets());
        let mut sheets = sheets.collect::<Result<Vec<_>, Failure>>()?.concat();
        attach(&mut sheets, &self.embedded_volume(members, title)?);
        let (_, pdf) = self.typeset(&sheets, first, &metadata, true)?;
        Ok(pdf.unwrap_or_default())
    }

    /// Makes one Word file of many projects of one form: each member begins a
    /// section on a new page, page numbers run on, and a bookmark leads to each.
    ///
    /// # Errors
    /// As [`Renderer::bind`]; rejected too if the template holds what cannot be
    /// joined.
    pub fn bind_word(&self, members: &[&Ready], title: &str) -> Result<Vec<u8>, Failure> {
        let (first, metadata) = volume(members, title)?;
        let parts = || members.iter().flat_map(|ready| &ready.parts);
        let mut pages = None;
        if parts().any(|part| part.same_pages) {
            let sheets = members.iter().map(|ready| ready.sheets());
            let sheets = sheets.collect::<Result<Vec<_>, Failure>>()?.concat();
            let (layout, _) = self.typeset(&sheets, first, &metadata, false)?;
            pages = Some(layout.pages.into_iter());
        }
        let mut joining = docx::Joining::default();
        for ready in members {
            let own = pages
                .as_mut()
                .map(|pages| pages.take(ready.parts.len()).collect());
            let mark = docx::Mark {
                title: ready.title(),
                bookmark: ready.parts.first().map_or("", |part| &part.bookmark),
            };
            joining.add(&ready.word(own.as_ref(), &[])?, Some(mark))?;
        }
        let properties = docx::Properties {
            title: &metadata.title,
            authors: &metadata.authors,
            created: &first.timestamp.to_xml(),
        };
        let projects = self.embedded_volume(members, title)?;
        Ok(joining.finish(Some(&properties), &projects)?)
    }

    /// The project definition that goes along with a project's artifacts; none
    /// unless it is asked for.
    fn embedded(&self, ready: &Ready) -> Result<Vec<Embedded>, Diagnostic> {
        if !self.options.embed_source {
            return Ok(Vec::new());
        }
        let project = Embedded::project(&ready.name, &ready.project, &self.remade())?;
        Ok(vec![project])
    }

    /// Those of all members, and the batch that binds them.
    fn embedded_volume(
        &self,
        members: &[&Ready],
        title: &str,
    ) -> Result<Vec<Embedded>, Diagnostic> {
        let projects = members.iter().map(|ready| self.embedded(ready));
        let mut projects = projects.collect::<Result<Vec<_>, _>>()?.concat();
        if self.options.embed_source {
            let batch = Embedded::volume(title, &mut projects, &self.remade())?;
            projects.push(batch);
        }
        Ok(projects)
    }

    fn remade(&self) -> Remade {
        Remade {
            timestamp: self.options.timestamp.map(Timestamp::to_unix),
            // They decide nothing in a Word file.
            standards: self
                .options
                .standards
                .named
                .clone()
                .filter(|_| self.options.pdf),
        }
    }

    /// Lays sheets out, and exports them if that is wanted.
    fn typeset(
        &self,
        sheets: &[Sheet<'_>],
        ready: &Ready,
        metadata: &Metadata,
        export: bool,
    ) -> Result<(pdf::Layout, Option<Vec<u8>>), Vec<Diagnostic>> {
        let options = pdf::Options {
            standards: self.options.standards.clone(),
            timestamp: ready.timestamp,
        };
        let layout = self.typesetter.lay_out(sheets, metadata, ready.timestamp)?;
        let export = export.then(|| self.typesetter.export(&layout, sheets, metadata, &options));
        let pdf = export.transpose()?;
        Ok((layout, pdf))
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

/// The first member of a volume, and what the volume says of itself.
fn volume<'a>(members: &[&'a Ready], title: &str) -> Result<(&'a Ready, Metadata), Failure> {
    let Some(first) = members.first() else {
        return Err(Error::Internal("空的合订本".into()).into());
    };
    let mut known = BTreeSet::new();
    let authors = members.iter().flat_map(|ready| &ready.metadata.authors);
    let authors = authors.filter(|name| known.insert(*name));
    let metadata = Metadata {
        title: title.to_owned(),
        authors: authors.cloned().collect(),
        ident: format!("{}/{title}", first.form_id()),
    };
    Ok((first, metadata))
}

/// Files belong to a document: they are attached where it begins.
fn attach(sheets: &mut [Sheet<'_>], files: &[Embedded]) {
    if let Some(first) = sheets.first_mut() {
        first.attachments = files.to_vec();
    }
}

/// `2024-12-31`, also with `/` or `.`, and `2024年12月31日`.
pub(crate) fn day(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('日').unwrap_or(text);
    let mut parts = text.split(['-', '/', '.', '年', '月']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Timestamp::from_date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

impl Ready {
    /// The document's title.
    pub fn title(&self) -> &str {
        &self.metadata.title
    }

    /// The forms it is rendered with, in order.
    pub fn forms(&self) -> Vec<String> {
        let ids = self.parts.iter().map(|part| part.form.form.id.clone());
        ids.collect()
    }

    /// The form it is rendered with; several are joined by ` + `.
    pub fn form_id(&self) -> String {
        self.forms().join(" + ")
    }

    /// Merges the Typst templates.
    fn sheets(&self) -> Result<Vec<Sheet<'_>>, Failure> {
        let sheets = self.parts.iter().map(Part::sheet);
        Ok(sheets.collect::<Result<_, Diagnostic>>()?)
    }

    /// The merged Typst source of each form and the values it refers to, for
    /// those who want to look at them.
    ///
    /// # Errors
    /// Rejected with what is wrong in the template.
    pub fn merged_typst(&self) -> Result<Vec<(String, String)>, Failure> {
        let sheets = self.sheets()?.into_iter();
        Ok(sheets.map(|sheet| (sheet.text, sheet.values)).collect())
    }

    fn word(
        &self,
        pages: Option<&pdf::SheetPages>,
        projects: &[Embedded],
    ) -> Result<Vec<u8>, Failure> {
        let properties = docx::Properties {
            title: &self.metadata.title,
            authors: &self.metadata.authors,
            created: &self.timestamp.to_xml(),
        };
        let mut files = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let form = &part.form;
            let pages = pages
                .and_then(|pages| pages.get(index))
                .filter(|_| part.same_pages)
                .map(Vec::as_slice);
            // Joined files keep what the first one holds.
            let projects = if index == 0 { projects } else { &[] };
            let (env, context) = (&form.environment, &part.context);
            files.push(
                form.word
                    .render(env, context, Some(&properties), pages, projects)?,
            );
        }
        match files.len() {
            1 => Ok(files.remove(0)),
            _ => Ok(docx::join(&files)?),
        }
    }
}

impl Part {
    fn sheet(&self) -> Result<Sheet<'_>, Diagnostic> {
        let form = &self.form;
        let merged = merge::merge(&form.environment, "form.typ", self.context.clone())
            .map_err(|error| template_problem(&form.form, &error, &names_in(&self.context)))
            .map_err(|problem| self.at_value(problem))?;
        let (text, lines) = take_marks(&merged.text);
        Ok(Sheet {
            text,
            lines,
            values: merged.slots.to_json(),
            template: form.form.typst.clone(),
            project: &self.project,
            assets: &form.assets,
            same_pages: self.same_pages,
            attachments: Vec::new(),
        })
    }

    /// A sum stumbles over a value of the project: that is where to look.
    fn at_value(&self, problem: Diagnostic) -> Diagnostic {
        let text = problem
            .field
            .clone()
            .filter(|_| problem.code == "value/sum");
        let found = text.and_then(|text| place_of(&self.project.root, &text, ""));
        match found {
            Some((field, at)) => problem.at(at.clone()).field(field),
            None => problem,
        }
    }
}

/// The first value with this text, and its field.
fn place_of<'a>(node: &'a Node, text: &str, path: &str) -> Option<(String, &'a Location)> {
    match &node.data {
        Data::Map(map) => map
            .0
            .iter()
            .find_map(|entry| place_of(&entry.value, text, &field_below(path, &entry.key))),
        Data::List(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| place_of(item, text, &field_below(path, &index.to_string()))),
        _ => (node.as_str() == Some(text)).then(|| (path.to_owned(), &node.at)),
    }
}
