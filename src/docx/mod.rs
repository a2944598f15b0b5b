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
mod balance;
mod blocks;
mod columns;
mod comments;
mod contents;
mod custom_xml;
mod external;
mod foreign;
mod ids;
mod inspect;
mod join;
mod mistakes;
mod order;
mod outline;
mod package;
mod pages;
mod prepare;
mod properties;
mod relationships;
mod rich;
mod sections;
pub mod starter;
mod subdocument;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Value;
use minijinja::{Environment, Error};

use crate::diagnostic::{Diagnostic, Place};
use crate::embedded::Embedded;
use crate::merge::names::{Use, is_there};
use crate::merge::rich::What;
use crate::merge::{self, Pointed, explain, names_in, undefined};
use crate::pdf::TablePages;
use archive::Archive;
pub(crate) use archive::MAX_FILE;
pub(crate) use comments::commented;
use contents::{Contents, PartKind};
use custom_xml::CustomXml;
pub(crate) use custom_xml::attached;
pub(crate) use inspect::ROW_SPOT;
pub(crate) use join::{Joining, join};
use package::Package;
use prepare::{Content, prepare};
pub use properties::Properties;
use rich::{Additions, Gained};
pub(crate) use sections::Mark;

/// Most bytes of all XML parts of a template.
const MAX_XML: u64 = 12 << 20;

/// Most bytes of all other parts of a file that is taken apart, such as images.
const MAX_OTHERS: u64 = 64 << 20;

/// An opened template.
pub struct Template {
    /// The file, as messages name it.
    file: String,
    package: Package,
    contents: Contents,
    /// What was taken out of the file.
    warnings: Vec<Diagnostic>,
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
    /// Whether something may lose all its blocks, rows or cells.
    may_empty: bool,
    /// Whether a loop repeats what bears a number.
    repeats_ids: bool,
}

/// Where the tag on a line of a prepared part stands in the template.
#[derive(Debug, Clone)]
struct TagPlace {
    line: usize,
    spot: String,
    /// The tag as its author wrote it.
    written: String,
    /// The tag as minijinja reads it.
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
        let (archive, contents, mut parts) =
            unpacked(bytes).map_err(|problem| vec![problem.at_part(file, "")])?;
        let mut warnings = external::remove(file, &mut parts).map_err(|problem| vec![problem])?;
        custom_xml::forget(&mut parts);
        let mut merged = Vec::new();
        let mut problems = Vec::new();
        let mut uses = Vec::new();
        let mut order = Vec::new();
        for (name, content) in &parts {
            let kind = match contents.kind(name) {
                PartKind::Properties => Content::Properties,
                kind if kind.has_paragraphs() => Content::Paragraphs,
                _ => continue,
            };
            let text = outline::decoded(content).unwrap_or_default();
            let prepared = match prepare(file, name, &text, kind, env) {
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
            warnings.extend(prepared.warnings);
            if let (Some((source, places)), true) = (prepared.template, is_good) {
                if let Err(error) = env.add_template_owned(name.clone(), source) {
                    problems.push(place(file, name, &places, &error, &[]));
                }
                merged.push(MergedPart {
                    name: name.clone(),
                    places,
                    has_columns: prepared.has_columns,
                    may_empty: prepared.may_empty,
                    repeats_ids: prepared.repeats_ids,
                });
            }
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
        let mut said = BTreeSet::new();
        for (part, spot, of) in self.uses.iter().filter(|_| !context.is_none()) {
            if of.guarded || is_there(&of.path, context) {
                continue;
            }
            let problem = undefined(&of.written, &known);
            let problem = problem.at_part(self.file.as_str(), format!("{part} {spot}"));
            if said.insert((of.written.as_str(), part.as_str(), spot.as_str())) {
                problems.push(problem);
            }
        }
        let order = self.order.iter().enumerate().rev();
        let order: BTreeMap<&str, usize> = order.map(|(at, spot)| (spot.as_str(), at)).collect();
        problems.sort_by_key(|problem| match &problem.place {
            Some(Place::Part { spot, .. }) => order.get(spot.as_str()).copied(),
            _ => None,
        });
        problems
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
        let mut marked = Vec::new();
        let mut problems = Vec::new();
        for part in &self.merged {
            match self.merged_part(env, part, context) {
                Ok((text, inserts)) => {
                    parts.insert(part.name.as_str(), text);
                    if !inserts.is_empty() {
                        marked.push((part.name.as_str(), inserts));
                    }
                }
                Err(found) => problems.extend(found),
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
        if let (Some(pages), Some(text)) = (pages, parts.get_mut(self.contents.main.as_str())) {
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
        marked: &[(&'t str, Vec<What>)],
    ) -> Result<Gained<'t>, Vec<Diagnostic>> {
        let mut additions = Additions::new(&self.package, &self.contents, parts);
        let mut problems = Vec::new();
        for (part, inserts) in marked {
            let Some(text) = parts.get_mut(part) else {
                continue;
            };
            let expanded = rich::expanded(&self.file, part, text, inserts, &mut additions);
            let expanded = expanded.and_then(|text| match balance::flaw(&text) {
                Some(flaw) => Err(vec![broken(&self.file, part, flaw)]),
                None => Ok(text),
            });
            match expanded {
                // A paragraph that was split bears its numbers twice.
                Ok(expanded) => *text = ids::set(&expanded),
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
        part: &MergedPart,
        context: &Value,
    ) -> Result<(String, Vec<What>), Vec<Diagnostic>> {
        let merged = merge::merge(env, &part.name, context.clone())
            .map_err(|error| mistakes::all(self, env, part, context, error))?;
        if let Some(flaw) = balance::flaw(&merged.text) {
            return Err(vec![broken(&self.file, &part.name, flaw)]);
        }
        let settled = settled(merged.text, part.has_columns, part.may_empty);
        let mut text =
            settled.map_err(|problem| vec![problem.at_part(&*self.file, &*part.name)])?;
        if part.repeats_ids {
            text = ids::set(&text);
        }
        Ok((text, merged.inserts))
    }

    /// The main part, made to break pages where the PDF does.
    fn paged(&self, text: &str, pages: &[TablePages]) -> Result<String, Diagnostic> {
        pages::set(text, pages).map_err(|words| {
            Diagnostic::error("word/rows", "Word 模板的表格与 PDF 的不同，不能同样分页")
                .at_part(self.file.as_str(), self.contents.main.as_str())
                .label(words)
                .hint("两份模板的表格应有同样的行；用 `tianbao form check` 查看差别")
        })
    }
}

/// Merged XML whose tables and containers are what Word opens; the problem has
/// no place yet.
fn settled(mut text: String, has_columns: bool, may_empty: bool) -> Result<String, Diagnostic> {
    if has_columns {
        text = columns::set(&text)?;
    }
    if may_empty {
        text = blocks::set(&text).map_err(|words| {
            Diagnostic::error("word/broken", "合并后的部件不再是合法的 XML").label(words)
        })?;
    }
    Ok(text)
}

/// A file that strangers sent, with its XML parts; the problem has no place yet.
fn unpacked(bytes: &[u8]) -> Result<(Archive<'_>, Contents, package::Parts), Diagnostic> {
    if bytes.len() as u64 > MAX_FILE {
        let words = format!("文件超过 {} MB", MAX_FILE >> 20);
        return Err(Diagnostic::error("word/bomb", words).hint("压缩里面的图片，另存再试"));
    }
    let mut archive = Archive::open(bytes)?;
    let mut parts = archive.unpack(contents::is_xml, MAX_XML)?;
    let contents = Contents::read(&archive.names(), &mut parts)?;
    Ok((archive, contents, parts))
}

/// As [`unpacked`], with all its parts, and without what leads out of it.
fn whole(file: &str, bytes: &[u8]) -> Result<(Contents, package::Parts), Diagnostic> {
    let (mut archive, contents, mut parts) =
        unpacked(bytes).map_err(|problem| problem.at_part(file, ""))?;
    let others = archive.unpack(|name| !contents::is_xml(name), MAX_OTHERS);
    external::remove(file, &mut parts)?;
    parts.extend(others.map_err(|problem| problem.at_part(file, ""))?);
    Ok((contents, parts))
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
        problem = problem.hint(format!("所在标记：{}", tag.written));
    }
    problem.at_part(file, format!("{part}{spot}"))
}
