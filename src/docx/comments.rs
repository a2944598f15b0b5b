//! A copy of a template in which Word comments stand where diagnostics point.

use std::collections::BTreeMap;
use std::fmt::Write;

use quick_xml::escape::escape;

use super::outline::{Outline, decoded};
use super::package::{Package, Parts, TYPES};
use super::relationships;
use crate::diagnostic::{Diagnostic, Place, Severity};

const RELATIONSHIP: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments";
const CONTENT_TYPE: &str =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.comments+xml";
const NAMESPACE: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const START: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// Who comments.
const AUTHOR: &str = "tianbao";

/// The template with a comment for each diagnostic: at its paragraph or cell, or
/// in the first paragraph, with its place, where it points elsewhere (Word knows
/// no comments in headers and footers).
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
    let name = comments_part(parts, main)?;
    let comments = text(parts, &name)?;
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
        body(&mut bodies, first + number, problem, main);
    }
    let comments = appended(&comments, &bodies)?;
    let document = marked(&text(parts, main)?, main, problems, first)?;
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
        // Word knows none in text boxes: their paragraph has it.
        let mut outer = index;
        while let Some(about) = outline.enclosing(outline.elements[outer].parent, "w:p") {
            outer = about;
        }
        spots.entry(outline.spot(Some(index))).or_insert(outer);
    }
    let anywhere = outline.elements.iter().position(|one| one.name == "w:p");
    let anywhere = anywhere.ok_or("文件里没有段落")?;
    // Two of one paragraph begin and end together.
    let mut at: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, problem) in problems.iter().enumerate() {
        let spot = spot_of(problem).strip_prefix(main).map(str::trim);
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
    edits.sort_by_key(|(start, ..)| *start);
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

fn spot_of(problem: &Diagnostic) -> &str {
    match &problem.place {
        Some(Place::Part { spot, .. }) => spot,
        _ => "",
    }
}

/// A comment: what is wrong, then what to do.
fn body(out: &mut String, id: usize, problem: &Diagnostic, main: &str) {
    let kind = match problem.severity {
        Severity::Error => "错误",
        Severity::Warning => "警告",
    };
    let mut lines = vec![format!("{kind}：{}", problem.message)];
    lines.extend(problem.label.clone());
    let spot = spot_of(problem);
    lines.extend((!spot.starts_with(main)).then(|| format!("位置：{spot}")));
    lines.extend(problem.hints.iter().map(|hint| format!("提示：{hint}")));
    let _ = write!(
        out,
        "<w:comment w:id=\"{id}\" w:author=\"{AUTHOR}\" w:initials=\"tb\">"
    );
    for line in lines {
        let _ = write!(
            out,
            "<w:p><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>",
            escape(without_tags(&line))
        );
    }
    out.push_str("</w:comment>");
}

/// What shows a tag, made none: comments are filled in, too.
fn without_tags(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        shown.push(c);
        let parts = matches!(
            (c, rest.peek()),
            ('{' | '｛', Some('{' | '%' | '#' | '_' | '｛' | '％')) | ('_', Some('}'))
        );
        shown.extend(parts.then_some(' '));
    }
    shown
}

/// The part of comments that the document names, or a new one.
fn comments_part(parts: &mut Parts, main: &str) -> Result<String, String> {
    let (folder, file) = main.rsplit_once('/').unwrap_or(("", main));
    let of_folder = |name: &str| {
        format!("{folder}/{name}")
            .trim_start_matches('/')
            .to_owned()
    };
    let list = of_folder(&format!("_rels/{file}.rels"));
    let related = text(parts, &list)
        .unwrap_or_else(|_| format!("<Relationships xmlns=\"{RELATIONSHIPS}\"></Relationships>"));
    let outline = Outline::read(&related)?;
    let known = relationships::of(&outline).find(|one| one.kind() == "comments");
    if let Some(known) = known {
        return Ok(match known.target.strip_prefix('/') {
            Some(target) => target.to_owned(),
            None => of_folder(&known.target),
        });
    }
    let name = of_folder("comments.xml");
    let relationship = format!(
        "<Relationship Id=\"tianbaoComments\" Type=\"{RELATIONSHIP}\" Target=\"comments.xml\"/>"
    );
    let kind = format!("<Override PartName=\"/{name}\" ContentType=\"{CONTENT_TYPE}\"/>");
    let types = appended(&text(parts, TYPES)?, &kind)?;
    let related = appended(&related, &relationship)?;
    set(parts, TYPES, types);
    set(parts, &list, related);
    set(
        parts,
        &name,
        format!("{START}<w:comments xmlns:w=\"{NAMESPACE}\"/>"),
    );
    Ok(name)
}

/// A part with something at the end of its root.
fn appended(xml: &str, new: &str) -> Result<String, String> {
    let outline = Outline::read(xml)?;
    let root = outline.elements.first().ok_or("部件是空的")?;
    let last = outline.tokens[root.last].range.clone();
    let (before, after) = (&xml[..last.start], &xml[last.end..]);
    let tag = outline.raw(root.last);
    Ok(match root.first == root.last {
        true => format!(
            "{before}{}>{new}</{}>{after}",
            tag.trim_end_matches("/>"),
            root.name
        ),
        false => format!("{before}{new}{tag}{after}"),
    })
}

fn text(parts: &Parts, name: &str) -> Result<String, String> {
    let part = parts.iter().find(|(known, _)| known == name);
    let (_, content) = part.ok_or_else(|| format!("没有 {name}"))?;
    Ok(decoded(content)?.into_owned())
}

fn set(parts: &mut Parts, name: &str, content: String) {
    match parts.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = content.into_bytes(),
        None => parts.push((name.to_owned(), content.into_bytes())),
    }
}
