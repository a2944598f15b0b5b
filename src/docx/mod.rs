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

mod archive;
mod contents;
mod custom_xml;
mod external;
mod foreign;
mod inspect;
mod join;
mod order;
mod outline;
mod package;
mod pages;
mod prepare;
mod properties;
mod relationships;
mod sections;
pub mod starter;

use std::collections::BTreeMap;

use minijinja::value::Value;
use minijinja::{Environment, Error};

use crate::diagnostic::Diagnostic;
use crate::embedded::Embedded;
use crate::merge::{self, Pointed, explain, names_in};
use crate::pdf::TablePages;
use archive::Archive;
pub(crate) use archive::MAX_FILE;
use contents::Contents;
use custom_xml::CustomXml;
pub(crate) use custom_xml::attached;
pub(crate) use inspect::ROW_SPOT;
pub(crate) use join::{Joining, join};
use package::Package;
pub use properties::Properties;
pub(crate) use sections::Mark;

/// Most bytes of all XML parts of a template.
const MAX_XML: u64 = 12 << 20;

/// An opened template.
pub struct Template {
    /// The file, as messages name it.
    file: String,
    package: Package,
    contents: Contents,
    /// What was taken out of the file.
    warnings: Vec<Diagnostic>,
    /// The parts that hold tags, and for each its tags' places by line.
    merged: Vec<(String, Vec<TagPlace>)>,
    /// Where its documents hold project definitions; in words, why nowhere.
    custom_xml: Result<CustomXml, String>,
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
        if bytes.len() as u64 > MAX_FILE {
            let words = format!("文件超过 {} MB", MAX_FILE >> 20);
            let problem = Diagnostic::error("word/bomb", words).hint("压缩里面的图片，另存再试");
            return Err(vec![problem.at_part(file, "")]);
        }
        let (archive, contents, mut parts) =
            unpacked(bytes).map_err(|problem| vec![problem.at_part(file, "")])?;
        let warnings = external::remove(file, &mut parts).map_err(|problem| vec![problem])?;
        custom_xml::forget(&mut parts);
        let mut merged = Vec::new();
        let mut problems = Vec::new();
        let with_paragraphs = |name: &str| contents.kind(name).has_paragraphs();
        for (name, content) in parts.iter().filter(|(name, _)| with_paragraphs(name)) {
            let text = outline::decoded(content).unwrap_or_default();
            let prepared = prepare::prepare(file, name, text.as_bytes(), env);
            match prepared {
                Err(found) => problems.extend(found),
                Ok(None) => {}
                Ok(Some((source, places))) => {
                    if let Err(error) = env.add_template_owned(name.clone(), source) {
                        problems.push(place(file, name, &places, &error, &[]));
                    }
                    merged.push((name.clone(), places));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let package = Package::of(archive, &parts).map_err(|problem| {
            vec![Diagnostic::error("word/package", problem.to_string()).at_part(file, "")]
        })?;
        Ok(Self {
            file: file.to_owned(),
            package,
            contents,
            warnings,
            merged,
            custom_xml: CustomXml::new(&parts),
        })
    }

    /// What was taken out of the file, that somebody should know.
    pub(crate) fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
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
        for (name, places) in &self.merged {
            let merged = self.merged_part(env, name, places, context);
            let pages = pages.filter(|_| *name == self.contents.main);
            match merged.and_then(|text| self.paged(text, pages)) {
                Ok(text) => {
                    parts.insert(name.as_str(), text);
                }
                Err(problem) => problems.push(problem),
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
        part: &str,
        places: &[TagPlace],
        context: &Value,
    ) -> Result<String, Diagnostic> {
        let merged = merge::merge(env, part, context.clone())
            .map_err(|error| place(&self.file, part, places, &error, &names_in(context)))?;
        match outline::flaw(&merged.text) {
            None => Ok(merged.text),
            Some(error) => Err(
                Diagnostic::error("word/broken", "合并后的部件不再是合法的 XML")
                    .at_part(self.file.as_str(), part)
                    .label(error)
                    .hint("检查这个部件里语句的开头和结尾是否在同一层"),
            ),
        }
    }

    /// The main part, made to break pages where the PDF does.
    fn paged(&self, text: String, pages: Option<&[TablePages]>) -> Result<String, Diagnostic> {
        let Some(pages) = pages else { return Ok(text) };
        pages::set(&text, pages).map_err(|words| {
            Diagnostic::error("word/rows", "Word 模板的表格与 PDF 的不同，不能同样分页")
                .at_part(self.file.as_str(), self.contents.main.as_str())
                .label(words)
                .hint("两份模板的表格应有同样的行；用 `tianbao form check` 查看差别")
        })
    }
}

/// A file that strangers sent, with its XML parts; the problem has no place yet.
fn unpacked(bytes: &[u8]) -> Result<(Archive<'_>, Contents, package::Parts), Diagnostic> {
    let mut archive = Archive::open(bytes)?;
    let mut parts = archive.unpack(contents::is_xml, MAX_XML)?;
    let contents = Contents::read(&archive.names(), &mut parts)?;
    Ok((archive, contents, parts))
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
