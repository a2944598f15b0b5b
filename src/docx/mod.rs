//! Word templates: a real .docx with tags → the filled-in .docx.
//!
//! The only module that knows zip and WordprocessingML. A template is opened
//! and prepared once: tags split over runs are joined, `{%tr %}` and `{%p %}`
//! are lifted to their row or paragraph, `{% vm key %}` becomes a vertical
//! merge; what results is merged like any template, and everything outside the
//! tags is copied through.
//!
//! The dialect is docxtpl's, with two differences: values are always escaped,
//! and vertical merges go by key, never by equal text.

mod balance;
mod columns;
mod comments;
mod custom_xml;
mod inspect;
mod join;
mod mistakes;
mod order;
mod outline;
mod package;
mod pages;
mod prepare;
mod properties;
mod sections;
pub mod starter;
mod tables;

use std::collections::BTreeMap;

use minijinja::value::Value;
use minijinja::{Environment, Error};

use crate::diagnostic::{Diagnostic, Place};
use crate::embedded::Embedded;
use crate::merge::names::{Use, is_there};
use crate::merge::{self, Pointed, explain, names_in, undefined};
use crate::pdf::TablePages;
pub(crate) use comments::commented;
use custom_xml::CustomXml;
pub(crate) use custom_xml::attached;
pub(crate) use inspect::ROW_SPOT;
pub(crate) use join::{Joining, join};
use package::Package;
use prepare::{Content, prepare};
pub use properties::Properties;
pub(crate) use sections::Mark;

/// An opened template.
pub struct Template {
    /// The file, as messages name it.
    file: String,
    package: Package,
    /// The parts that hold tags.
    merged: Vec<MergedPart>,
    /// What is wrong with its tags.
    problems: Vec<Diagnostic>,
    /// Part, spot and what is used there.
    uses: Vec<(String, String, Use)>,
    /// Where problems may be, in the order of the documents.
    order: Vec<String>,
    /// Where its documents hold project definitions; in words, why nowhere.
    custom_xml: Result<CustomXml, String>,
}

/// A part that holds tags.
struct MergedPart {
    name: String,
    /// Where its tags stand, by line.
    places: Vec<TagPlace>,
    /// Whether a table may get other columns.
    has_columns: bool,
}

/// Where the tag on a line of a prepared part stands in the template.
#[derive(Debug, Clone)]
struct TagPlace {
    line: usize,
    spot: String,
    /// The tag as its author wrote it.
    tag: String,
}

impl Template {
    /// Opens a .docx and adds its parts to the environment.
    ///
    /// # Errors
    /// Everything wrong with the file's tags, each at its part and cell.
    pub(crate) fn open(
        file: &str,
        bytes: &[u8],
        env: &mut Environment<'static>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut template = Self::open_flawed(file, bytes, env)?;
        match std::mem::take(&mut template.problems) {
            problems if problems.is_empty() => Ok(template),
            problems => Err(problems),
        }
    }

    /// As [`Template::open`], also where tags are wrong: it then knows what is,
    /// and cannot be rendered.
    ///
    /// # Errors
    /// If the file is no Word file that can be read.
    pub(crate) fn open_flawed(
        file: &str,
        bytes: &[u8],
        env: &mut Environment<'static>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut parts = package::read(file, bytes).map_err(|problem| vec![problem])?;
        custom_xml::forget(&mut parts);
        let mut merged = Vec::new();
        let mut problems = Vec::new();
        let mut uses = Vec::new();
        let mut order = Vec::new();
        for (name, content) in &parts {
            let Some(kind) = may_hold_tags(name) else {
                continue;
            };
            let prepared = match prepare(file, name, content, kind, env) {
                Ok(prepared) => prepared,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            uses.extend(
                prepared
                    .uses
                    .into_iter()
                    .map(|(of, spot)| (name.clone(), spot, of)),
            );
            let spots = prepared.order.iter();
            order.extend(spots.map(|spot| format!("{name} {spot}")));
            let is_good = prepared.problems.is_empty();
            problems.extend(prepared.problems);
            if let (Some((source, places)), true) = (prepared.template, is_good) {
                if let Err(error) = env.add_template_owned(name.clone(), source) {
                    problems.push(place(file, name, &places, &error, &[]));
                }
                merged.push(MergedPart {
                    name: name.clone(),
                    places,
                    has_columns: prepared.has_columns,
                });
            }
        }
        let package = Package::new(&parts).map_err(|problem| {
            vec![Diagnostic::error("word/package", problem.to_string()).at_part(file, "")]
        })?;
        Ok(Self {
            file: file.to_owned(),
            package,
            merged,
            problems,
            uses,
            order,
            custom_xml: CustomXml::new(&parts),
        })
    }

    /// The values of the data that its tags use: part, spot, use.
    pub(crate) fn uses(&self) -> &[(String, String, Use)] {
        &self.uses
    }

    /// What is wrong with its tags, and then names that the data lacks, as far as
    /// that can be told without merging; in the order of the document.
    pub(crate) fn problems(&self, context: &Value) -> Vec<Diagnostic> {
        if self.problems.is_empty() {
            return Vec::new();
        }
        let known = names_in(context);
        let mut problems: Vec<Diagnostic> = self.problems.clone();
        for (part, spot, of) in self.uses.iter().filter(|_| !context.is_none()) {
            if of.guarded || is_there(&of.path, context) {
                continue;
            }
            let problem = undefined(&of.written, &known);
            let problem = problem.at_part(self.file.as_str(), format!("{part} {spot}"));
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        problems.sort_by_key(|problem| match &problem.place {
            Some(Place::Part { spot, .. }) => self.order.iter().position(|known| known == spot),
            _ => None,
        });
        problems
    }

    /// Fills the template in; with `pages`, it breaks pages where they do; the
    /// project definitions go along.
    ///
    /// # Errors
    /// What is wrong in the template, at the part, cell and tag.
    pub(crate) fn render(
        &self,
        env: &Environment<'_>,
        context: &Value,
        properties: Option<&Properties<'_>>,
        pages: Option<&[TablePages]>,
        projects: &[Embedded],
    ) -> Result<Vec<u8>, Vec<Diagnostic>> {
        let mut parts = BTreeMap::new();
        let mut problems = Vec::new();
        for part in &self.merged {
            let merged = self.merged_part(env, part, context);
            let pages = pages.filter(|_| part.name == package::MAIN_PART);
            match merged.and_then(|text| self.paged(text, pages).map_err(|one| vec![one])) {
                Ok(text) => {
                    parts.insert(part.name.as_str(), text);
                }
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if let Some(properties) = properties {
            parts.insert(properties::PART, properties.to_xml());
        }
        let refuse = |words: &str| {
            vec![
                Diagnostic::error("word/package", format!("无法写成 Word 文件：{words}"))
                    .at_part(self.file.as_str(), ""),
            ]
        };
        let mut added = Vec::new();
        if !projects.is_empty() {
            let place = self.custom_xml.as_ref().map_err(|words| refuse(words))?;
            let changes = place.changes(projects);
            parts.extend(changes.replaced);
            added = changes.added;
        }
        let written = self.package.write(&parts, &added);
        written.map_err(|error| refuse(&error.to_string()))
    }

    /// A part, filled in.
    fn merged_part(
        &self,
        env: &Environment<'_>,
        part: &MergedPart,
        context: &Value,
    ) -> Result<String, Vec<Diagnostic>> {
        let refuse = |words: String| {
            Diagnostic::error("word/broken", "合并后的部件不再是合法的 XML")
                .at_part(self.file.as_str(), part.name.as_str())
                .label(words)
                .hint("检查这个部件里语句的开头和结尾是否在同一层")
        };
        let merged = merge::merge(env, &part.name, context.clone())
            .map_err(|error| mistakes::all(self, env, part, context, error))?;
        let text = match part.has_columns {
            true => columns::set(&merged.text).map_err(|words| vec![refuse(words)])?,
            false => merged.text,
        };
        match balance::flaw(&text) {
            None => Ok(text),
            Some(error) => Err(vec![refuse(error)]),
        }
    }

    /// The main part, made to break pages where the PDF does.
    fn paged(&self, text: String, pages: Option<&[TablePages]>) -> Result<String, Diagnostic> {
        let Some(pages) = pages else { return Ok(text) };
        pages::set(&text, pages).map_err(|words| {
            Diagnostic::error("word/rows", "Word 模板的表格与 PDF 的不同，不能同样分页")
                .at_part(self.file.as_str(), package::MAIN_PART)
                .label(words)
                .hint("两份模板的表格应有同样的行；用 `tianbao form check` 查看差别")
        })
    }
}

fn may_hold_tags(part: &str) -> Option<Content> {
    if part.starts_with("docProps/") && part.ends_with(".xml") {
        return Some(Content::Properties);
    }
    let name = part.strip_prefix("word/")?.strip_suffix(".xml")?;
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    [
        "document",
        "header",
        "footer",
        "footnotes",
        "endnotes",
        "comments",
    ]
    .contains(&stem)
    .then_some(Content::Paragraphs)
}

/// A merging error at the tag it comes from: each tag has a line of its own.
fn place(
    file: &str,
    part: &str,
    places: &[TagPlace],
    error: &Error,
    known: &[String],
) -> Diagnostic {
    let line = error.line().unwrap_or(1);
    let tag = places.iter().rev().find(|place| place.line <= line);
    let pointed = Pointed::by(error, error.template_source().unwrap_or_default());
    let mut problem = explain(error, pointed.as_ref(), known);
    let spot = tag.map_or(String::new(), |tag| format!(" {}", tag.spot));
    if let Some(tag) = tag {
        problem = problem.hint(format!("所在标记：{}", tag.tag));
    }
    problem.at_part(file, format!("{part}{spot}"))
}
