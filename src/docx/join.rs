//! Several Word files as one: each begins a section on a new page.
//!
//! Styles, settings and properties are those of the first file; styles that
//! only a later one has are added, and its headers, footers, images and links
//! come along. What several files have alike is there once, so that hundreds
//! made from one template share its parts. What else a later file would need,
//! such as footnotes, is refused.

use std::collections::BTreeMap;

use super::balance::flaw;
use super::custom_xml::CustomXml;
use super::outline::{self, Outline};
use super::package::{self, MAIN_PART, Package, Parts, RELATIONSHIPS, TYPES};
use super::properties::{self, Properties};
use super::sections::{Body, Mark, Section, Taken};
use crate::diagnostic::Diagnostic;
use crate::embedded::Embedded;

const SETTINGS: &str = "word/settings.xml";
const STYLES: &str = "word/styles.xml";

/// Binds the files in their order.
///
/// # Errors
/// Rejected if a later one needs what cannot be joined.
pub(crate) fn join(files: &[Vec<u8>]) -> Result<Vec<u8>, Diagnostic> {
    let mut joining = Joining::default();
    for file in files {
        joining.add(file, None)?;
    }
    joining.finish(None, &[])
}

/// Files on their way into one.
#[derive(Default)]
pub(crate) struct Joining {
    /// The first file's parts, and what later ones bring along.
    parts: Parts,
    /// What stands before the root of the main part, and its tag.
    prolog: String,
    root: String,
    /// What stands about the children of the body.
    frame: (String, String),
    /// All sections but the last.
    text: String,
    last: Option<Section>,
    relationships: String,
    types: String,
    /// What is there already: by kind and content, its identifier.
    shared: BTreeMap<(String, Vec<u8>), String>,
    /// Roots, styles and settings that need not be looked at again.
    seen: [String; 3],
    taken: Taken,
    files: usize,
}

impl Joining {
    /// Adds a file as the next section; with a mark, it can be found there.
    ///
    /// # Errors
    /// Rejected if it needs what cannot be joined.
    pub(crate) fn add(&mut self, file: &[u8], mark: Option<Mark<'_>>) -> Result<(), Diagnostic> {
        let parts = package::read("", file)?;
        self.append(parts, mark.as_ref()).map_err(refused)
    }

    /// The whole as one file, with properties of its own if there are any; the
    /// project definitions go along.
    ///
    /// # Errors
    /// Rejected if what results is no Word file.
    pub(crate) fn finish(
        mut self,
        properties: Option<&Properties<'_>>,
        projects: &[Embedded],
    ) -> Result<Vec<u8>, Diagnostic> {
        let mut document = self.prolog + &self.root + &self.frame.0 + &self.text;
        if let Some(last) = &self.last {
            last.last(&mut document);
        }
        document.push_str(&self.frame.1);
        if part(&self.parts, SETTINGS).is_ok_and(|settings| settings.contains(EVEN_AND_ODD)) {
            document = with_even_pages(&document);
        }
        if let Some(flaw) = flaw(&document) {
            return Err(refused(flaw));
        }
        set(&mut self.parts, MAIN_PART, document);
        set(&mut self.parts, RELATIONSHIPS, self.relationships);
        set(&mut self.parts, TYPES, self.types);
        if let Some(properties) = properties {
            set(&mut self.parts, properties::PART, properties.to_xml());
        }
        if !projects.is_empty() {
            let place = CustomXml::new(&self.parts).map_err(refused)?;
            let changes = place.changes(projects);
            for (name, content) in changes.replaced {
                set(&mut self.parts, name, content);
            }
            self.parts.extend(changes.added);
        }
        let package = Package::new(&self.parts).map_err(|error| refused(error.to_string()))?;
        package
            .write(&BTreeMap::new(), &[])
            .map_err(|error| refused(error.to_string()))
    }

    fn append(&mut self, next: Parts, mark: Option<&Mark<'_>>) -> Result<(), String> {
        self.files += 1;
        let document = part(&next, MAIN_PART)?;
        let body = Body::read(document)?;
        let mut ids = BTreeMap::new();
        if self.files == 1 {
            self.begin(&next, &body)?;
        } else {
            for (mark, name) in UNKNOWN {
                if document.contains(mark) {
                    return Err(format!("第 {} 份用了{name}", self.files));
                }
            }
            self.merge(&next, &body)?;
            ids = self.bring_along(&next, &body)?;
        }
        let section = body.section(&ids, &mut self.taken, mark, self.files);
        if let Some(last) = self.last.replace(section) {
            last.closed(&mut self.text);
        }
        if self.files == 1 {
            self.parts = next;
        }
        Ok(())
    }

    fn begin(&mut self, parts: &Parts, body: &Body<'_>) -> Result<(), String> {
        self.prolog = body.prolog().to_owned();
        self.root = body.root().to_owned();
        let (before, after) = body.frame();
        self.frame = (before.to_owned(), after.to_owned());
        self.relationships = part(parts, RELATIONSHIPS)?.to_owned();
        self.types = part(parts, TYPES)?.to_owned();
        self.seen = seen(parts, body)?;
        for relationship in relationships_of(&self.relationships)? {
            let content = relationship.content(parts).map(|(_, content)| content);
            let key = relationship.key(content);
            self.shared.entry(key).or_insert(relationship.id);
        }
        Ok(())
    }

    /// Namespaces, styles and settings, unless they are known.
    fn merge(&mut self, next: &Parts, body: &Body<'_>) -> Result<(), String> {
        let new = seen(next, body)?;
        if new == self.seen {
            return Ok(());
        }
        if new[0] != self.seen[0] {
            self.root = with_namespaces_of(&self.root, body.root())?;
        }
        if new[1] != self.seen[1] {
            let styles = with_styles_of(part(&self.parts, STYLES)?, &new[1])?;
            set(&mut self.parts, STYLES, styles);
        }
        if new[2] != self.seen[2] {
            let settings = with_sides_of(part(&self.parts, SETTINGS)?, &new[2]);
            set(&mut self.parts, SETTINGS, settings);
        }
        self.seen = new;
        Ok(())
    }

    /// The parts that a body refers to, under names of their own unless they
    /// are there already; gives the identifiers that change.
    fn bring_along(
        &mut self,
        next: &Parts,
        body: &Body<'_>,
    ) -> Result<BTreeMap<String, String>, String> {
        let number = self.files;
        let types = part(next, TYPES)?;
        let all = relationships_of(part(next, RELATIONSHIPS)?)?;
        let named = body.named(all.iter().map(|relationship| relationship.id.as_str()));
        let mut ids = BTreeMap::new();
        for relationship in all.iter().filter(|r| named.contains(r.id.as_str())) {
            let found = relationship.content(next);
            let key = relationship.key(found.map(|(_, content)| content));
            if let Some(known) = self.shared.get(&key) {
                ids.insert(relationship.id.clone(), known.clone());
                continue;
            }
            let own_id = format!("{}-{number}", relationship.id);
            let (id, target) = (&relationship.id, &relationship.target);
            let mut tag = relationship
                .tag
                .replace(&format!("Id=\"{id}\""), &format!("Id=\"{own_id}\""));
            // What stands outside of the package, such as a link, has no part.
            if let Some((name, content)) = found {
                let file = name.rsplit_once('/').map_or(name, |(_, file)| file);
                let nested = format!("word/_rels/{file}.rels");
                if part(next, &nested).is_ok_and(|links| links.contains("<Relationship ")) {
                    return Err(format!("第 {number} 份的 {file} 里有图片或链接"));
                }
                let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
                let own_name = format!("{stem}-{number}.{ending}");
                tag = tag.replace(
                    &format!("Target=\"{target}\""),
                    &format!("Target=\"/{own_name}\""),
                );
                if let Ok(kind) = element_with(types, &format!("PartName=\"/{name}\"")) {
                    insert_before(&mut self.types, "</Types>", &kind.replace(name, &own_name))?;
                } else if element_with(&self.types, &format!("Extension=\"{ending}\"")).is_err() {
                    let kind = element_with(types, &format!("Extension=\"{ending}\""))?;
                    insert_before(&mut self.types, "</Types>", kind)?;
                }
                self.parts.push((own_name, content.to_vec()));
            }
            insert_before(&mut self.relationships, "</Relationships>", &tag)?;
            ids.insert(relationship.id.clone(), own_id.clone());
            self.shared.insert(key, own_id);
        }
        Ok(ids)
    }
}

fn refused(words: String) -> Diagnostic {
    Diagnostic::error("word/join", format!("几份 Word 文件不能合为一份：{words}"))
        .hint("换一份不含这些内容的 form.docx，或者不把它们合在一起")
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

/// The root's tag, styles and settings.
fn seen(parts: &Parts, body: &Body<'_>) -> Result<[String; 3], String> {
    let styles = part(parts, STYLES)?.to_owned();
    let settings = part(parts, SETTINGS)?.to_owned();
    Ok([body.root().to_owned(), styles, settings])
}

/// What a main part refers to.
pub(super) struct Relationship {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) target: String,
    /// As it is written.
    tag: String,
}

impl Relationship {
    /// The part it leads to; `None` if it leads out of the package.
    pub(super) fn content<'a>(&self, parts: &'a Parts) -> Option<(&'a str, &'a [u8])> {
        let name = match self.target.strip_prefix('/') {
            Some(name) => name.to_owned(),
            None => format!("word/{}", self.target),
        };
        let (name, content) = parts.iter().find(|(known, _)| *known == name)?;
        Some((name, content))
    }

    /// Two that have the same are one.
    fn key(&self, content: Option<&[u8]>) -> (String, Vec<u8>) {
        match content {
            Some(content) => (self.kind.clone(), content.to_vec()),
            None => (
                format!("{} ->", self.kind),
                self.target.clone().into_bytes(),
            ),
        }
    }
}

/// What a part of relationships lists.
pub(super) fn relationships_of(xml: &str) -> Result<Vec<Relationship>, String> {
    let outline = Outline::read(xml)?;
    let mut found = Vec::new();
    for element in outline.elements.iter().filter(|e| e.name == "Relationship") {
        let tag = outline.raw(element.first);
        if let (Some(id), Some(target)) = (attribute(tag, "Id"), attribute(tag, "Target")) {
            let (first, last) = (
                &outline.tokens[element.first],
                &outline.tokens[element.last],
            );
            found.push(Relationship {
                id,
                kind: attribute(tag, "Type").unwrap_or_default(),
                target,
                tag: xml[first.range.start..last.range.end].to_owned(),
            });
        }
    }
    Ok(found)
}

/// What a body refers to in parts that are not joined.
pub(super) const UNKNOWN: [(&str, &str); 4] = [
    ("<w:footnoteReference", "脚注"),
    ("<w:endnoteReference", "尾注"),
    ("<w:commentReference", "批注"),
    ("<w:numId ", "自动编号"),
];

/// A root's tag with the namespaces of another, and what of them a reader may
/// ignore.
pub(super) fn with_namespaces_of(own: &str, other: &str) -> Result<String, String> {
    let mut changed = own.to_owned();
    for (name, value) in attributes(other) {
        match attributes(own)
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
            Some(_) => return Err(format!("它们的 {name} 不同")),
        }
    }
    Ok(changed)
}

/// Names and values of a tag's attributes, as written.
pub(super) fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let attributes = outline::attributes(tag);
    attributes.map(|one| (one.name, one.value)).collect()
}

/// An attribute of a tag.
pub(super) fn attribute(tag: &str, name: &str) -> Option<String> {
    outline::attribute(tag, name).map(|value| value.into_owned())
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
