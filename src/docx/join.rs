//! Several Word files as one: each begins a section on a new page.
//!
//! Styles, settings and properties are those of the first file; styles that
//! only a later one has are added, and its headers, footers and images come
//! along under names of their own.

use std::collections::BTreeMap;

use quick_xml::escape::unescape;

use super::outline::{Kind, Outline};
use super::package::{self, Package, Parts};
use crate::error::Error;

const DOCUMENT: &str = "word/document.xml";
const RELATIONSHIPS: &str = "word/_rels/document.xml.rels";
const TYPES: &str = "[Content_Types].xml";
const STYLES: &str = "word/styles.xml";

/// Binds the files in their order.
///
/// # Errors
/// If one of them is not the Word file that a template gives.
pub(crate) fn join(files: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    let internal = |words: String| Error::Internal(format!("Word 文件不能合为一份：{words}"));
    let read =
        |file: &Vec<u8>| package::read("", file).map_err(|problem| internal(problem.message));
    let mut files = files.iter();
    let Some(first) = files.next() else {
        return Err(internal("一份也没有".into()));
    };
    let mut joined = read(first)?;
    for (number, file) in files.enumerate() {
        append(&mut joined, &read(file)?, number + 2).map_err(internal)?;
    }
    let package = Package::new(&joined).map_err(|error| internal(error.to_string()))?;
    package
        .write(&BTreeMap::new())
        .map_err(|error| internal(error.to_string()))
}

fn part<'a>(parts: &'a Parts, name: &str) -> Result<&'a str, String> {
    let found = parts.iter().find(|(known, _)| known == name);
    let (_, content) = found.ok_or_else(|| format!("没有 {name}"))?;
    std::str::from_utf8(content).map_err(|error| error.to_string())
}

fn set(parts: &mut Parts, name: &str, content: String) {
    if let Some((_, old)) = parts.iter_mut().find(|(known, _)| known == name) {
        *old = content.into_bytes();
    }
}

fn append(joined: &mut Parts, next: &Parts, number: usize) -> Result<(), String> {
    let mut body = body(part(next, DOCUMENT)?)?;
    let document = part(joined, DOCUMENT)?.to_owned();
    let mut relationships = part(joined, RELATIONSHIPS)?.to_owned();
    let mut types = part(joined, TYPES)?.to_owned();
    let next_types = part(next, TYPES)?;
    for (id, target) in relationships_of(part(next, RELATIONSHIPS)?)? {
        let is_used = body.contains(&format!("\"{id}\""));
        let name = format!("word/{target}");
        let content = next.iter().find(|(known, _)| *known == name);
        let (true, Some((_, content))) = (is_used, content) else {
            continue;
        };
        let (stem, ending) = target.rsplit_once('.').unwrap_or((&target, ""));
        let (own_id, own_target) = (
            format!("{id}-{number}"),
            format!("{stem}-{number}.{ending}"),
        );
        body = body.replace(&format!("\"{id}\""), &format!("\"{own_id}\""));
        let relationship = element_with(part(next, RELATIONSHIPS)?, &format!("Id=\"{id}\""))?
            .replace(&format!("Id=\"{id}\""), &format!("Id=\"{own_id}\""))
            .replace(&target, &own_target);
        insert_before(&mut relationships, "</Relationships>", &relationship)?;
        let own_name = format!("word/{own_target}");
        if let Ok(kind) = element_with(next_types, &format!("PartName=\"/{name}\"")) {
            insert_before(&mut types, "</Types>", &kind.replace(&name, &own_name))?;
        } else if element_with(&types, &format!("Extension=\"{ending}\"")).is_err() {
            let kind = element_with(next_types, &format!("Extension=\"{ending}\""))?;
            insert_before(&mut types, "</Types>", kind)?;
        }
        joined.push((own_name, content.clone()));
    }
    let styles = with_styles_of(part(joined, STYLES)?, part(next, STYLES)?)?;
    set(joined, STYLES, styles);
    set(joined, RELATIONSHIPS, relationships);
    set(joined, TYPES, types);
    set(joined, DOCUMENT, with_section(&document, &body)?);
    Ok(())
}

/// What the body of a document holds.
fn body(document: &str) -> Result<String, String> {
    let outline = Outline::read(document)?;
    let body = outline
        .elements
        .iter()
        .find(|element| element.name == "w:body");
    let body = body.filter(|body| outline.tokens[body.first].kind == Kind::Start);
    let body = body.ok_or("没有 w:body")?;
    let (first, last) = (&outline.tokens[body.first], &outline.tokens[body.last]);
    Ok(document[first.range.end..last.range.start].to_owned())
}

/// The document with its last section closed and another body after it.
fn with_section(document: &str, next: &str) -> Result<String, String> {
    let end = document.rfind("</w:body>").ok_or("没有 w:body")?;
    let (head, tail) = document.split_at(end);
    // The properties of the last section stand at the end of the body.
    let section = head.rfind("<w:sectPr").ok_or("没有 w:sectPr")?;
    let (before, section) = head.split_at(section);
    Ok(format!("{}{next}{tail}", closed(before, section)))
}

/// A section ends in a paragraph: in the last one, if nothing stands after it.
fn closed(body: &str, section: &str) -> String {
    let last = body.strip_suffix("</w:p>").and_then(|rest| {
        let start = rest
            .rfind("<w:p>")
            .into_iter()
            .chain(rest.rfind("<w:p "))
            .max()?;
        let properties = start + rest[start..].find("</w:pPr>")?;
        Some((&rest[..properties], &rest[properties..]))
    });
    match last {
        Some((head, tail)) => format!("{head}{section}{tail}</w:p>"),
        None => format!("{body}<w:p><w:pPr>{section}</w:pPr></w:p>"),
    }
}

/// Identifiers and targets of the parts a document refers to.
fn relationships_of(xml: &str) -> Result<Vec<(String, String)>, String> {
    let outline = Outline::read(xml)?;
    let mut found = Vec::new();
    for element in outline.elements.iter().filter(|e| e.name == "Relationship") {
        let raw = outline.raw(element.first);
        if let (Some(id), Some(target)) = (attribute(raw, "Id"), attribute(raw, "Target")) {
            found.push((id, target));
        }
    }
    Ok(found)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    unescape(value).ok().map(|value| value.into_owned())
}

/// The element whose tag holds these words.
fn element_with<'a>(xml: &'a str, words: &str) -> Result<&'a str, String> {
    let at = xml.find(words).ok_or_else(|| format!("没有 {words}"))?;
    let start = xml[..at].rfind('<').unwrap_or(at);
    let end = at + xml[at..].find('>').map_or(0, |end| end + 1);
    let tag = &xml[start..end];
    if tag.ends_with("/>") {
        return Ok(tag);
    }
    let name = tag[1..].split([' ', '>']).next().unwrap_or_default();
    let close = format!("</{name}>");
    let close = end + xml[end..].find(&close).ok_or("元素没有结束")? + close.len();
    Ok(&xml[start..close])
}

fn insert_before(xml: &mut String, end: &str, new: &str) -> Result<(), String> {
    let at = xml.rfind(end).ok_or_else(|| format!("没有 {end}"))?;
    xml.insert_str(at, new);
    Ok(())
}

/// Styles with those added that only the other file has.
fn with_styles_of(styles: &str, others: &str) -> Result<String, String> {
    let mut styles = styles.to_owned();
    let outline = Outline::read(others)?;
    for style in outline
        .elements
        .iter()
        .filter(|element| element.name == "w:style")
    {
        let raw = outline.raw(style.first);
        let Some(id) = attribute(raw, "w:styleId") else {
            continue;
        };
        if !styles.contains(&format!("w:styleId=\"{id}\"")) {
            let (first, last) = (&outline.tokens[style.first], &outline.tokens[style.last]);
            insert_before(
                &mut styles,
                "</w:styles>",
                &others[first.range.start..last.range.end],
            )?;
        }
    }
    Ok(styles)
}
