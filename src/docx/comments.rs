//! A copy of a template in which Word comments stand where diagnostics point.

use std::collections::BTreeMap;
use std::fmt::Write;

use quick_xml::escape::escape;

use super::outline::Outline;
use super::package::{Package, Parts, TYPES};
use super::relationships;
use crate::diagnostic::{Diagnostic, Place, Severity};

/// The part that holds comments, beside the main part, unless that says
/// otherwise.
const COMMENTS: &str = "comments.xml";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const RELATIONSHIP: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments";
const CONTENT_TYPE: &str =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.comments+xml";
const NAMESPACE: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
/// Who comments.
const AUTHOR: &str = "tianbao";

/// The template with a comment for each diagnostic: at its paragraph or cell, or
/// in the first paragraph where it points elsewhere (Word knows no comments in
/// headers and footers).
///
/// # Errors
/// If the file cannot be read, or holds no paragraph.
pub(crate) fn commented(
    file: &str,
    bytes: &[u8],
    problems: &[Diagnostic],
) -> Result<Vec<u8>, Diagnostic> {
    let (contents, mut parts) = super::whole(file, bytes)?;
    let refuse = |words: String| {
        Diagnostic::error("word/package", format!("不能写批注：{words}")).at_part(file, "")
    };
    add(&mut parts, &contents.main, problems).map_err(refuse)?;
    let package = Package::new(&parts).map_err(|error| refuse(error.to_string()))?;
    let written = package.write(&BTreeMap::new(), &[]);
    written.map_err(|error| refuse(error.to_string()))
}

fn add(parts: &mut Parts, main: &str, problems: &[Diagnostic]) -> Result<(), String> {
    let (folder, file) = main.rsplit_once('/').unwrap_or(("", main));
    let relationships = format!("{folder}/_rels/{file}.rels");
    let relationships = relationships.trim_start_matches('/');
    let name = comments_part(parts, folder, relationships)?;
    let comments = match text(parts, &name) {
        Ok(comments) => comments,
        Err(_) => {
            relate(parts, &name, relationships)?;
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
                 <w:comments xmlns:w=\"{NAMESPACE}\"></w:comments>"
            )
        }
    };
    let outline = Outline::read(&comments)?;
    let ids = outline
        .elements
        .iter()
        .filter(|one| one.name == "w:comment");
    let ids = ids.filter_map(|one| {
        let (_, rest) = outline.raw(one.first).split_once("w:id=\"")?;
        rest.split_once('"')?.0.parse::<usize>().ok()
    });
    let first = ids.max().map_or(0, |id| id + 1);
    let mut bodies = String::new();
    for (number, problem) in problems.iter().enumerate() {
        body(&mut bodies, first + number, problem);
    }
    let end = comments.rfind("</w:comments>").ok_or("批注部件不完整")?;
    let comments = format!("{}{bodies}{}", &comments[..end], &comments[end..]);
    let document = text(parts, main)?;
    let document = marked(&document, main, problems, first)?;
    set(parts, main, document);
    set(parts, &name, comments);
    Ok(())
}

/// The document with the ranges of the comments.
fn marked(
    document: &str,
    main: &str,
    problems: &[Diagnostic],
    first: usize,
) -> Result<String, String> {
    let outline = Outline::read(document)?;
    let mut spots: BTreeMap<String, usize> = BTreeMap::new();
    let paragraphs = outline.elements.iter().enumerate();
    for (index, _) in paragraphs.filter(|(_, one)| one.name == "w:p") {
        spots.entry(outline.spot(Some(index))).or_insert(index);
    }
    let anywhere = outline.elements.iter().position(|one| one.name == "w:p");
    let anywhere = anywhere.ok_or("文件里没有段落")?;
    // Two of one paragraph begin and end together.
    let mut at: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, problem) in problems.iter().enumerate() {
        let spot = match &problem.place {
            Some(Place::Part { spot, .. }) => spot.strip_prefix(main).map(str::trim),
            _ => None,
        };
        let paragraph = spot.and_then(|spot| spots.get(spot)).copied();
        at.entry(paragraph.unwrap_or(anywhere))
            .or_default()
            .push(first + number);
    }
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for (paragraph, ids) in at {
        let element = &outline.elements[paragraph];
        let (mut open, mut close) = (String::new(), String::new());
        for id in ids {
            let _ = write!(open, "<w:commentRangeStart w:id=\"{id}\"/>");
            let _ = write!(
                close,
                "<w:commentRangeEnd w:id=\"{id}\"/><w:r><w:commentReference w:id=\"{id}\"/></w:r>"
            );
        }
        let token = |index: usize| outline.tokens[index].range.clone();
        if element.first == element.last {
            let raw = outline.raw(element.first);
            let tag = raw.trim_end_matches("/>");
            let whole = token(element.first);
            edits.push((whole.start, whole.end, format!("{tag}>{open}{close}</w:p>")));
            continue;
        }
        let start = match outline.child(paragraph, "w:pPr") {
            Some(properties) => token(outline.elements[properties].last).end,
            None => token(element.first).end,
        };
        edits.push((start, start, open));
        let end = token(element.last).start;
        edits.push((end, end, close));
    }
    edits.sort();
    let mut text = String::with_capacity(document.len() + 256 * edits.len());
    let mut done = 0;
    for (start, end, new) in edits {
        text.push_str(&document[done..start]);
        text.push_str(&new);
        done = end;
    }
    text.push_str(&document[done..]);
    Ok(text)
}

/// A comment: what is wrong, then what to do.
fn body(out: &mut String, id: usize, problem: &Diagnostic) {
    let kind = match problem.severity {
        Severity::Error => "错误",
        Severity::Warning => "警告",
    };
    let mut lines = vec![format!("{kind}：{}", problem.message)];
    lines.extend(problem.label.clone());
    lines.extend(problem.hints.iter().map(|hint| format!("提示：{hint}")));
    let _ = write!(
        out,
        "<w:comment w:id=\"{id}\" w:author=\"{AUTHOR}\" w:initials=\"tb\">"
    );
    for line in lines {
        let _ = write!(
            out,
            "<w:p><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>",
            escape(&line)
        );
    }
    out.push_str("</w:comment>");
}

/// The part of comments that the document names, or the one it will name.
fn comments_part(parts: &Parts, folder: &str, relationships: &str) -> Result<String, String> {
    let below = |target: &str| match target.strip_prefix('/') {
        Some(target) => target.to_owned(),
        None => format!("{folder}/{target}")
            .trim_start_matches('/')
            .to_owned(),
    };
    let Ok(xml) = text(parts, relationships) else {
        return Ok(below(COMMENTS));
    };
    let outline = Outline::read(&xml)?;
    let known = relationships::of(&outline).find(|one| one.kind() == "comments");
    Ok(below(&known.map_or(COMMENTS.into(), |known| known.target)))
}

/// Makes the document name its comments.
fn relate(parts: &mut Parts, comments: &str, relationships: &str) -> Result<(), String> {
    let relationship = format!(
        "<Relationship Id=\"tianbaoComments\" Type=\"{RELATIONSHIP}\" Target=\"/{comments}\"/>"
    );
    let kind = format!("<Override PartName=\"/{comments}\" ContentType=\"{CONTENT_TYPE}\"/>");
    for (name, root, new) in [
        (relationships, "Relationships", relationship),
        (TYPES, "Types", kind),
    ] {
        let old = match text(parts, name) {
            Ok(old) => old,
            Err(_) => format!("<{root} xmlns=\"{PACKAGE}\"></{root}>"),
        };
        let end = format!("</{root}>");
        // One that lists nothing has no end.
        let old = match old.rfind("/>").filter(|_| !old.contains(&end)) {
            Some(at) => format!("{}>{end}", &old[..at]),
            None => old,
        };
        let at = old.rfind(&end).ok_or("部件的关系不完整")?;
        set(parts, name, format!("{}{new}{}", &old[..at], &old[at..]));
    }
    Ok(())
}

fn text(parts: &Parts, name: &str) -> Result<String, String> {
    super::join::part(parts, name).map(|text| text.trim_start_matches('\u{feff}').to_owned())
}

fn set(parts: &mut Parts, name: &str, content: String) {
    match parts.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = content.into_bytes(),
        None => parts.push((name.to_owned(), content.into_bytes())),
    }
}
