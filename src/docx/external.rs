//! Relationships that lead out of the file: only links that a reader follows by
//! a click stay. Whatever Word would fetch by itself goes, with all that refers
//! to it, so that the file still opens.

use std::collections::BTreeSet;
use std::ops::Range;

use super::archive::shown;
use super::outline::{Attribute, Element, Outline, attributes, decoded, local};
use super::package::Parts;
use super::relationships;
use crate::diagnostic::Diagnostic;

/// Schemes that a link may have.
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];
/// Namespaces of the attributes that name a relationship.
const NAMESPACES: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
];
/// Elements that are something without the relationship; all others go whole.
const STAY: [&str; 7] = [
    "hyperlink",
    "blip",
    "svgBlip",
    "imagedata",
    "fill",
    "stroke",
    "background",
];
/// Kinds of relationships, in words.
const KINDS: [(&str, &str); 15] = [
    ("attachedTemplate", "文件外的模板"),
    ("image", "文件外的图片"),
    ("oleObject", "链接的对象"),
    ("package", "链接的文件"),
    ("subDocument", "子文档"),
    ("frame", "框架页"),
    ("aFChunk", "文件外的内容块"),
    ("mailMergeSource", "邮件合并的数据源"),
    ("mailMergeHeaderSource", "邮件合并的标题源"),
    ("recipientData", "邮件合并的收件人"),
    ("hyperlink", "不是网页或邮箱的链接"),
    ("audio", "文件外的声音"),
    ("video", "文件外的视频"),
    ("transform", "文件外的转换"),
    ("externalLinkPath", "文件外的工作簿"),
];
/// Warnings shown one by one.
const MAX_WARNINGS: usize = 20;

/// Takes such relationships out; a warning for each.
///
/// # Errors
/// In words, by part, where XML cannot be read.
pub(super) fn remove(file: &str, parts: &mut Parts) -> Result<Vec<Diagnostic>, Diagnostic> {
    let mut warnings = Vec::new();
    let mut number = 0;
    for at in 0..parts.len() {
        if !relationships::is(&parts[at].0) {
            continue;
        }
        let name = parts[at].0.clone();
        let owner = relationships::owner(&name);
        let place = owner.as_deref().unwrap_or(&name);
        let mut ids = BTreeSet::new();
        edit(file, &mut parts[at], |outline, gone| {
            for relationship in relationships::of(outline) {
                let kind = relationship.kind();
                let scheme = relationship.scheme();
                let link = kind == "hyperlink"
                    && (scheme.is_some_and(|scheme| SCHEMES.contains(&scheme.as_str()))
                        || relationship.target.starts_with('#'));
                if link || !relationship.is_external() {
                    continue;
                }
                number += 1;
                if number <= MAX_WARNINGS {
                    let known = KINDS.iter().find(|(known, _)| *known == kind);
                    let kind = known.map_or("指向文件外的引用", |(_, words)| words);
                    warnings.push(
                        Diagnostic::warning("word/external", format!("去掉了{kind}"))
                            .at_part(file, place)
                            .label(shown(&relationship.target)),
                    );
                }
                gone.push(bytes(outline, relationship.element));
                ids.insert(relationship.id.into_owned());
            }
        })?;
        let owner = owner.and_then(|owner| {
            let mut names = parts.iter();
            names.position(|(known, _)| known.eq_ignore_ascii_case(&owner))
        });
        if let (false, Some(owner)) = (ids.is_empty(), owner) {
            edit(file, &mut parts[owner], |outline, gone| {
                forget(outline, &ids, gone)
            })?;
        }
    }
    if number > MAX_WARNINGS {
        let more = number - MAX_WARNINGS;
        let words = format!("另外还去掉了 {more} 处指向文件外的引用");
        warnings.push(Diagnostic::warning("word/external", words).at_part(file, ""));
    }
    Ok(warnings)
}

/// Takes out of a part what refers to these relationships.
fn forget(outline: &Outline<'_>, ids: &BTreeSet<String>, gone: &mut Vec<Range<usize>>) {
    let tags = || outline.elements.iter().map(|element| outline.tag(element));
    let prefixes: BTreeSet<&str> = tags()
        .filter(|tag| tag.contains("xmlns:"))
        .flat_map(attributes)
        .filter(|attribute| NAMESPACES.contains(&attribute.value))
        .filter_map(|attribute| attribute.name.strip_prefix("xmlns:"))
        .collect();
    let refers = |attribute: &Attribute<'_>| {
        let prefix = attribute.name.split(':').next().unwrap_or_default();
        (prefixes.contains(prefix) || attribute.name == "o:relid") && ids.contains(attribute.value)
    };
    for element in &outline.elements {
        let start = outline.tokens[element.first].range.start;
        for attribute in attributes(outline.tag(element)).filter(refers) {
            gone.push(match local(element.name) {
                name if STAY.contains(&name) || element.parent.is_none() => {
                    start + attribute.range.start..start + attribute.range.end
                }
                // Without its source, there is nothing to merge by mail.
                "dataSource" | "headerSource" => {
                    let merge = outline.enclosing(element.parent, "w:mailMerge");
                    bytes(
                        outline,
                        merge.map_or(element, |merge| &outline.elements[merge]),
                    )
                }
                _ => bytes(outline, element),
            });
        }
    }
}

/// The part without what is gone; as it was if nothing is.
fn edit(
    file: &str,
    (name, content): &mut (String, Vec<u8>),
    find: impl FnOnce(&Outline<'_>, &mut Vec<Range<usize>>),
) -> Result<(), Diagnostic> {
    let broken = |words| {
        Diagnostic::error("word/xml", format!("部件不是合法的 XML：{words}"))
            .at_part(file, name.as_str())
    };
    let xml = decoded(content).map_err(broken)?;
    let outline = Outline::read(&xml).map_err(broken)?;
    let mut gone = Vec::new();
    find(&outline, &mut gone);
    if gone.is_empty() {
        return Ok(());
    }
    gone.sort_unstable_by_key(|range| (range.start, range.end));
    let mut left = String::with_capacity(xml.len());
    let mut at = 0;
    for range in gone {
        // One may lie within another.
        left.push_str(&xml[at..range.start.max(at)]);
        at = range.end.max(at);
    }
    left.push_str(&xml[at..]);
    *content = left.into_bytes();
    Ok(())
}

fn bytes(outline: &Outline<'_>, element: &Element<'_>) -> Range<usize> {
    outline.tokens[element.first].range.start..outline.tokens[element.last].range.end
}
