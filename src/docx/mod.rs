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

mod custom_xml;
mod inspect;
mod join;
mod order;
mod outline;
mod package;
mod pages;
mod prepare;
mod properties;
mod rich;
mod sections;
pub mod starter;
mod subdocument;

use std::collections::BTreeMap;

use minijinja::value::Value;
use minijinja::{Environment, Error};

use crate::diagnostic::Diagnostic;
use crate::embedded::Embedded;
use crate::merge::rich::Insert;
use crate::merge::{self, Pointed, explain, names_in};
use crate::pdf::TablePages;
use custom_xml::CustomXml;
pub(crate) use custom_xml::attached;
pub(crate) use inspect::ROW_SPOT;
pub(crate) use join::{Joining, join};
use package::Package;
pub use properties::Properties;
use rich::{Additions, Gained};
pub(crate) use sections::Mark;

/// An opened template.
pub struct Template {
    /// The file, as messages name it.
    file: String,
    package: Package,
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
        let mut parts = package::read(file, bytes).map_err(|problem| vec![problem])?;
        custom_xml::forget(&mut parts);
        let mut merged = Vec::new();
        let mut problems = Vec::new();
        for (name, content) in parts.iter().filter(|(name, _)| may_hold_tags(name)) {
            let prepared = prepare::prepare(file, name, content, env);
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
        let package = Package::new(&parts).map_err(|problem| {
            vec![Diagnostic::error("word/package", problem.to_string()).at_part(file, "")]
        })?;
        Ok(Self {
            file: file.to_owned(),
            package,
            merged,
            custom_xml: CustomXml::new(&parts),
        })
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
        let mut marked = Vec::new();
        let mut problems = Vec::new();
        for (name, places) in &self.merged {
            match self.merged_part(env, name, places, context) {
                Ok((text, inserts)) => {
                    parts.insert(name.as_str(), text);
                    if !inserts.is_empty() {
                        marked.push((name.as_str(), inserts));
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let refuse = |words: String| vec![refused(&self.file, &words)];
        let mut gained = match marked.is_empty() {
            true => None,
            false => Some(self.expanded(&mut parts, &marked)?),
        };
        if let (Some(pages), Some(text)) = (pages, parts.get_mut(package::MAIN_PART)) {
            *text = self.paged(text, pages).map_err(|problem| vec![problem])?;
        }
        if let Some(properties) = properties {
            parts.insert(properties::PART, properties.to_xml());
        }
        let mut added = Vec::new();
        if !projects.is_empty() {
            let place = self.custom_xml.as_ref();
            let place = place.map_err(|words| refuse(words.clone()))?;
            let changes = place.changes(projects);
            parts.extend(changes.replaced);
            added = changes.added;
        }
        if let Some(gained) = &mut gained {
            gained.announce(&mut parts).map_err(refuse)?;
            added.append(&mut gained.added);
        }
        let written = self.package.write(&parts, &added);
        written.map_err(|error| refuse(error.to_string()))
    }

    /// Puts what is more than text into the merged parts.
    fn expanded<'t>(
        &'t self,
        parts: &mut BTreeMap<&'t str, String>,
        marked: &[(&'t str, Vec<Insert>)],
    ) -> Result<Gained<'t>, Vec<Diagnostic>> {
        let mut additions = Additions::new(&self.package, parts);
        let mut problems = Vec::new();
        for (part, inserts) in marked {
            let Some(text) = parts.get_mut(part) else {
                continue;
            };
            let expanded = rich::expanded(&self.file, part, text, inserts, &mut additions);
            let expanded = expanded.and_then(|text| match outline::flaw(&text) {
                Some(flaw) => Err(vec![broken(&self.file, part, flaw)]),
                None => Ok(text),
            });
            match expanded {
                Ok(expanded) => *text = expanded,
                // One value may be printed in many parts.
                Err(found) => {
                    for problem in found {
                        if !problems.contains(&problem) {
                            problems.push(problem);
                        }
                    }
                }
            }
        }
        match problems.is_empty() {
            true => Ok(additions.finish(parts)),
            false => Err(problems),
        }
    }

    /// A part, filled in, and what its markers stand for.
    fn merged_part(
        &self,
        env: &Environment<'_>,
        part: &str,
        places: &[TagPlace],
        context: &Value,
    ) -> Result<(String, Vec<Insert>), Diagnostic> {
        let merged = merge::merge(env, part, context.clone())
            .map_err(|error| place(&self.file, part, places, &error, &names_in(context)))?;
        match outline::flaw(&merged.text) {
            None => Ok((merged.text, merged.inserts)),
            Some(error) => Err(broken(&self.file, part, error)),
        }
    }

    /// The main part, made to break pages where the PDF does.
    fn paged(&self, text: &str, pages: &[TablePages]) -> Result<String, Diagnostic> {
        pages::set(text, pages).map_err(|words| {
            Diagnostic::error("word/rows", "Word 模板的表格与 PDF 的不同，不能同样分页")
                .at_part(self.file.as_str(), package::MAIN_PART)
                .label(words)
                .hint("两份模板的表格应有同样的行；用 `tianbao form check` 查看差别")
        })
    }
}

/// A part that is no XML after merging.
fn broken(file: &str, part: &str, flaw: String) -> Diagnostic {
    Diagnostic::error("word/broken", "合并后的部件不再是合法的 XML")
        .at_part(file, part)
        .label(flaw)
        .hint("检查这个部件里语句的开头和结尾是否在同一层")
}

fn refused(file: &str, words: &str) -> Diagnostic {
    Diagnostic::error("word/package", format!("无法写成 Word 文件：{words}")).at_part(file, "")
}

fn may_hold_tags(part: &str) -> bool {
    let Some(name) = part
        .strip_prefix("word/")
        .and_then(|name| name.strip_suffix(".xml"))
    else {
        return false;
    };
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
