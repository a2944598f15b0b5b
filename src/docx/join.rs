//! Several Word files as one: each begins a section on a new page.
//!
//! Styles, settings and properties are those of the first file; styles that
//! only a later one has are added, and its headers, footers, images and links
//! come along under names of their own. What else a later file would need, such
//! as footnotes, is refused.

use std::collections::BTreeMap;

use quick_xml::escape::unescape;

use super::outline::{Kind, Outline, flaw};
use super::package::{self, MAIN_PART, Package, Parts, RELATIONSHIPS, TYPES};
use crate::diagnostic::Diagnostic;

const SETTINGS: &str = "word/settings.xml";
const STYLES: &str = "word/styles.xml";

/// Binds the files in their order.
///
/// # Errors
/// Rejected if a later one needs what cannot be joined.
pub(crate) fn join(files: &[Vec<u8>]) -> Result<Vec<u8>, Diagnostic> {
    let refused = |words: String| {
        Diagnostic::error(
            "word/join",
            format!("几个表式的 Word 文件不能合为一份：{words}"),
        )
        .hint("换一份不含这些内容的 form.docx，或者把这些表式分成几个项目")
    };
    let mut joined = Parts::new();
    for (index, file) in files.iter().enumerate() {
        let parts = package::read("", file)?;
        match index {
            0 => joined = parts,
            _ => append(&mut joined, &parts, index + 1).map_err(refused)?,
        }
    }
    if part(&joined, SETTINGS).is_ok_and(|settings| settings.contains(EVEN_AND_ODD)) {
        let document = part(&joined, MAIN_PART)
            .map(with_even_pages)
            .map_err(refused)?;
        set(&mut joined, MAIN_PART, document);
    }
    if let Some(flaw) = part(&joined, MAIN_PART).ok().and_then(flaw) {
        return Err(refused(flaw));
    }
    let package = Package::new(&joined).map_err(|error| refused(error.to_string()))?;
    package
        .write(&BTreeMap::new(), &[])
        .map_err(|error| refused(error.to_string()))
}

/// A part as text.
pub(super) fn part<'a>(parts: &'a Parts, name: &str) -> Result<&'a str, String> {
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
    let next_document = part(next, MAIN_PART)?;
    for (mark, name) in UNKNOWN {
        if next_document.contains(mark) {
            return Err(format!("第 {number} 个表式用了{name}"));
        }
    }
    let mut body = body(next_document)?.to_owned();
    let document = with_namespaces_of(part(joined, MAIN_PART)?, next_document)?;
    let mut relationships = part(joined, RELATIONSHIPS)?.to_owned();
    let mut types = part(joined, TYPES)?.to_owned();
    let (next_types, next_relationships) = (part(next, TYPES)?, part(next, RELATIONSHIPS)?);
    for (id, target) in relationships_of(next_relationships)? {
        if !body.contains(&format!("\"{id}\"")) {
            continue;
        }
        let own_id = format!("{id}-{number}");
        body = body.replace(&format!("\"{id}\""), &format!("\"{own_id}\""));
        let mut relationship = element_with(next_relationships, &format!("Id=\"{id}\""))?
            .replace(&format!("Id=\"{id}\""), &format!("Id=\"{own_id}\""));
        let name = match target.strip_prefix('/') {
            Some(name) => name.to_owned(),
            None => format!("word/{target}"),
        };
        // What stands outside of the package, such as a link, has no part.
        if let Some((_, content)) = next.iter().find(|(known, _)| *known == name) {
            let file = name
                .rsplit_once('/')
                .map_or(name.as_str(), |(_, file)| file);
            let nested = format!("word/_rels/{file}.rels");
            if part(next, &nested).is_ok_and(|links| links.contains("<Relationship ")) {
                return Err(format!("第 {number} 个表式的 {file} 里有图片或链接"));
            }
            let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
            let own_name = format!("{stem}-{number}.{ending}");
            relationship = relationship.replace(
                &format!("Target=\"{target}\""),
                &format!("Target=\"/{own_name}\""),
            );
            if let Ok(kind) = element_with(next_types, &format!("PartName=\"/{name}\"")) {
                insert_before(&mut types, "</Types>", &kind.replace(&name, &own_name))?;
            } else if element_with(&types, &format!("Extension=\"{ending}\"")).is_err() {
                let kind = element_with(next_types, &format!("Extension=\"{ending}\""))?;
                insert_before(&mut types, "</Types>", kind)?;
            }
            joined.push((own_name, content.clone()));
        }
        insert_before(&mut relationships, "</Relationships>", &relationship)?;
    }
    let styles = with_styles_of(part(joined, STYLES)?, part(next, STYLES)?)?;
    let settings = with_sides_of(part(joined, SETTINGS)?, part(next, SETTINGS)?);
    set(joined, SETTINGS, settings);
    set(joined, STYLES, styles);
    set(joined, RELATIONSHIPS, relationships);
    set(joined, TYPES, types);
    set(joined, MAIN_PART, with_section(&document, &body)?);
    Ok(())
}

/// What a body refers to in parts that are not joined.
const UNKNOWN: [(&str, &str); 4] = [
    ("<w:footnoteReference", "脚注"),
    ("<w:endnoteReference", "尾注"),
    ("<w:commentReference", "批注"),
    ("<w:numId ", "自动编号"),
];

/// The bytes of the body's element in a document, and what it holds.
fn body_of<'a>(outline: &Outline<'a>) -> Result<(usize, &'a str), String> {
    let body = outline
        .elements
        .iter()
        .position(|element| element.name == "w:body");
    let body = body.ok_or("没有 w:body")?;
    let (first, last) = (outline.elements[body].first, outline.elements[body].last);
    if outline.tokens[first].kind != Kind::Start {
        return Err("w:body 是空的".into());
    }
    let range = outline.tokens[first].range.end..outline.tokens[last].range.start;
    Ok((body, &outline.xml[range]))
}

fn body(document: &str) -> Result<&str, String> {
    Ok(body_of(&Outline::read(document)?)?.1)
}

/// The document with the namespaces of another's root, and what of them a
/// reader may ignore.
fn with_namespaces_of(document: &str, other: &str) -> Result<String, String> {
    let root = |xml: &str| -> Result<String, String> {
        let outline = Outline::read(xml)?;
        let root = outline.elements.first().ok_or("没有根元素")?;
        Ok(outline.raw(root.first).to_owned())
    };
    let (own, other) = (root(document)?, root(other)?);
    let mut changed = own.clone();
    for (name, value) in attributes(&other) {
        match attributes(&own)
            .into_iter()
            .find(|(known, _)| *known == name)
        {
            None => changed.insert_str(changed.len() - 1, &format!(" {name}=\"{value}\"")),
            Some((_, known)) if known == value => {}
            Some((_, known)) if name == "mc:Ignorable" => {
                let more = value
                    .split(' ')
                    .filter(|prefix| !known.split(' ').any(|k| k == *prefix));
                let all = known.split(' ').chain(more).collect::<Vec<_>>().join(" ");
                changed = changed.replace(
                    &format!("mc:Ignorable=\"{known}\""),
                    &format!("mc:Ignorable=\"{all}\""),
                );
            }
            Some(_) => return Err(format!("几个表式的 {name} 不同")),
        }
    }
    Ok(document.replacen(&own, &changed, 1))
}

/// Names and values of a tag's attributes, as written.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let name = before
            .rsplit(char::is_whitespace)
            .next()
            .unwrap_or_default();
        let Some((value, after)) = after.split_once('"') else {
            break;
        };
        found.push((name, value));
        rest = after;
    }
    found
}

/// The document with its last section closed and another body after it.
fn with_section(document: &str, next: &str) -> Result<String, String> {
    let outline = Outline::read(document)?;
    let (body, _) = body_of(&outline)?;
    let range = |element: usize| {
        let element = &outline.elements[element];
        outline.tokens[element.first].range.start..outline.tokens[element.last].range.end
    };
    let children: Vec<usize> = outline.children(body).collect();
    // The properties of the last section end the body; a section ends in a
    // paragraph: in the last one, if it is the last thing before them.
    let Some((section, before)) = children.split_last() else {
        return Err("没有 w:sectPr".into());
    };
    if outline.elements[*section].name != "w:sectPr" {
        return Err("没有 w:sectPr".into());
    }
    let section = range(*section);
    let properties = before.last().and_then(|last| {
        let mut below = outline.children(*last);
        let is_paragraph = outline.elements[*last].name == "w:p";
        below.find(|child| is_paragraph && outline.elements[*child].name == "w:pPr")
    });
    let closed = match properties.map(|properties| &outline.elements[properties]) {
        Some(properties) if outline.tokens[properties.last].kind == Kind::End => {
            let at = outline.tokens[properties.last].range.start;
            format!(
                "{}{}{}",
                &document[..at],
                &document[section.clone()],
                &document[at..section.start]
            )
        }
        _ => format!(
            "{}<w:p><w:pPr>{}</w:pPr></w:p>",
            &document[..section.start],
            &document[section.clone()]
        ),
    };
    Ok(format!("{closed}{next}{}", &document[section.end..]))
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

/// An attribute of a tag.
pub(super) fn attribute(tag: &str, name: &str) -> Option<String> {
    let found = attributes(tag)
        .into_iter()
        .find(|(known, _)| *known == name);
    unescape(found?.1).ok().map(|value| value.into_owned())
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

/// Puts something before the last of these words.
pub(super) fn insert_before(xml: &mut String, end: &str, new: &str) -> Result<(), String> {
    let at = xml.rfind(end).ok_or_else(|| format!("没有 {end}"))?;
    xml.insert_str(at, new);
    Ok(())
}

const EVEN_AND_ODD: &str = "<w:evenAndOddHeaders/>";

/// Settings that mirror pages and tell even from odd ones, if either file does;
/// a section whose pages are alike does not mind.
fn with_sides_of(settings: &str, others: &str) -> String {
    let mut settings = settings.to_owned();
    // The schema's order: both stand about the default tab stop.
    for (setting, after) in [("<w:mirrorMargins/>", false), (EVEN_AND_ODD, true)] {
        let stop = settings
            .find("<w:defaultTabStop ")
            .map(|start| match after {
                false => start,
                true => start + settings[start..].find("/>").map_or(0, |end| end + 2),
            });
        if let (true, false, Some(at)) =
            (others.contains(setting), settings.contains(setting), stop)
        {
            settings.insert_str(at, setting);
        }
    }
    settings
}

/// Where even pages are told from odd ones, a section that does not say what
/// they have would take it from the section before: it has what its odd pages
/// have.
fn with_even_pages(document: &str) -> String {
    let mut pieces = document.split("<w:sectPr");
    let mut changed = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        changed.push_str("<w:sectPr");
        let end = piece.find("</w:sectPr>").unwrap_or(0);
        let (section, rest) = piece.split_at(end);
        let mut section = section.to_owned();
        for kind in ["<w:headerReference ", "<w:footerReference "] {
            let references = section.match_indices(kind).map(|(at, _)| {
                let end = section[at..].find("/>").map_or(0, |end| end + 2);
                section[at..at + end].to_owned()
            });
            let references: Vec<String> = references.collect();
            let of = |side: &str| {
                let side = format!("w:type=\"{side}\"");
                references
                    .iter()
                    .find(|reference| reference.contains(&side))
            };
            if let (Some(odd), None) = (of("default"), of("even")) {
                let even = odd.replace("w:type=\"default\"", "w:type=\"even\"");
                section = section.replacen(odd, &format!("{odd}{even}"), 1);
            }
        }
        changed.push_str(&section);
        changed.push_str(rest);
    }
    changed
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
