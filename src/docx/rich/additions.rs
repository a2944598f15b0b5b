//! What a package gains by values that are more than text: images, links,
//! styles, lists. Gathered while parts are expanded, put in at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Styles;
use crate::digest::Digest;
use crate::docx::contents::Contents;
use crate::docx::join::{attribute, insert_before, with_namespaces_of};
use crate::docx::package::{MAIN_PART, Package, RELATIONSHIPS, TYPES};
use crate::docx::sections::Taken;
use crate::docx::subdocument::Imported;
use crate::merge::rich::Picture;

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// Width of the text on an A4 page with Word's own margins, in twentieths of a
/// point.
const USUAL_WIDTH: u64 = 9026;

pub(in crate::docx) struct Additions<'t> {
    package: &'t Package,
    /// Styles and lists of the template, with those that came along.
    changed: BTreeMap<&'t str, String>,
    added: BTreeMap<String, Vec<u8>>,
    /// New elements of parts of relationships, and the id of each by what it
    /// says.
    relationships: BTreeMap<String, BTreeMap<String, String>>,
    /// New elements of the part of content types.
    types: Vec<String>,
    pub(in crate::docx) taken: Taken,
    styles: Option<Styles>,
    /// Images that are there, by the address of their bytes.
    media: BTreeMap<usize, String>,
    /// Other files, by the address of their bytes.
    pub(in crate::docx) imported: BTreeMap<usize, Imported>,
    /// Of the text in the main part's last section, in twentieths of a point.
    text_width: u64,
    /// Root tags whose namespaces a part needs.
    roots: BTreeMap<String, Vec<String>>,
}

impl<'t> Additions<'t> {
    /// Takes the names and numbers down that the parts have, merged or not.
    pub(in crate::docx) fn new(
        package: &'t Package,
        contents: &Contents,
        merged: &BTreeMap<&str, String>,
    ) -> Self {
        let mut taken = Taken::default();
        let mut text_width = USUAL_WIDTH;
        for name in package
            .names()
            .filter(|name| contents.kind(name).has_paragraphs())
        {
            let own = match merged.get(name) {
                Some(_) => None,
                None => package.part(name),
            };
            let text = own.as_ref().or_else(|| merged.get(name));
            let text = text.map_or("", String::as_str);
            taken.note(text);
            if name == contents.main {
                text_width = width_in(&text[text.rfind("<w:sectPr").unwrap_or(text.len())..]);
            }
        }
        Self {
            package,
            changed: BTreeMap::new(),
            added: BTreeMap::new(),
            relationships: BTreeMap::new(),
            types: Vec::new(),
            taken,
            styles: None,
            media: BTreeMap::new(),
            imported: BTreeMap::new(),
            text_width,
            roots: BTreeMap::new(),
        }
    }

    /// A part as it is now.
    pub(in crate::docx) fn part(&self, name: &str) -> Option<String> {
        if let Some(text) = self.changed.get(name) {
            return Some(text.clone());
        }
        match self.added.get(name) {
            Some(bytes) => String::from_utf8(bytes.clone()).ok(),
            None => self.package.part(name),
        }
    }

    pub(in crate::docx) fn set(&mut self, name: &str, text: String) {
        match self.package.names().find(|known| *known == name) {
            Some(known) => {
                self.changed.insert(known, text);
            }
            None => {
                self.added.insert(name.to_owned(), text.into_bytes());
            }
        }
    }

    /// The part of this kind that the main part refers to: its name and text.
    fn known_companion(&self, kind: &str) -> Option<(String, String)> {
        let relationships = self.package.part(RELATIONSHIPS).unwrap_or_default();
        let of_kind = format!("{OFFICE}/{kind}");
        let target = relationships.split('<').find_map(|tag| {
            let is_kind = attribute(tag, "Type").as_deref() == Some(&of_kind);
            attribute(tag, "Target").filter(|_| is_kind)
        });
        let name = match target {
            Some(target) => match target.strip_prefix('/') {
                Some(name) => name.to_owned(),
                None => format!("word/{target}"),
            },
            // Perhaps it was made before.
            None => format!("word/{kind}.xml"),
        };
        let text = self.part(&name)?;
        Some((name, text.trim_start_matches('\u{feff}').to_owned()))
    }

    /// As [`Self::known_companion`], made if there is none: `styles` or
    /// `numbering`.
    pub(in crate::docx) fn companion(&mut self, kind: &str) -> (String, String) {
        if let Some(known) = self.known_companion(kind) {
            return known;
        }
        let name = format!("word/{kind}.xml");
        let text = format!(
            "{HEAD}<w:{kind} xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"></w:{kind}>"
        );
        self.relationship(MAIN_PART, kind, &format!("{kind}.xml"), false);
        self.types.push(format!(
            "<Override PartName=\"/{name}\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml\"/>"
        ));
        self.set(&name, text.clone());
        (name, text)
    }

    /// The styles there are by now.
    pub(in crate::docx) fn styles(&mut self) -> &mut Styles {
        if self.styles.is_none() {
            let known = self.known_companion("styles").unwrap_or_default();
            self.styles = Some(Styles::read(&known.1));
        }
        self.styles.get_or_insert_default()
    }

    /// Styles are read anew after this.
    pub(in crate::docx) fn forget_styles(&mut self) {
        self.styles = None;
    }

    pub(super) fn text_width(&self) -> u64 {
        self.text_width
    }

    /// The id under which a part refers to an image.
    pub(super) fn media(&mut self, part: &str, picture: &Arc<Picture>) -> String {
        self.media_part(part, &picture.bytes, picture.format.extension())
    }

    /// As [`Self::media`], of an image of another file.
    pub(in crate::docx) fn media_part(&mut self, part: &str, bytes: &[u8], ending: &str) -> String {
        let address = bytes.as_ptr().addr();
        if let Some(file) = self.media.get(&address) {
            return self.relationship(part, "image", &file.clone(), false);
        }
        let digest = Digest::of(bytes).to_string();
        let file = format!("media/image-{}.{ending}", &digest[..16]);
        self.added.insert(format!("word/{file}"), bytes.to_vec());
        let kind = match ending {
            "jpg" => "jpeg",
            "emf" => "x-emf",
            "wmf" => "x-wmf",
            "tif" => "tiff",
            "svg" => "svg+xml",
            ending => ending,
        };
        let default = format!("<Default Extension=\"{ending}\" ContentType=\"image/{kind}\"/>");
        if !self.types.contains(&default) {
            self.types.push(default);
        }
        self.media.insert(address, file.clone());
        self.relationship(part, "image", &file, false)
    }

    /// The id under which a part refers to an address.
    pub(in crate::docx) fn link(&mut self, part: &str, address: &str) -> String {
        self.relationship(part, "hyperlink", address, true)
    }

    fn relationship(&mut self, part: &str, kind: &str, target: &str, external: bool) -> String {
        let name = relationships_of(part);
        let mode = if external {
            " TargetMode=\"External\""
        } else {
            ""
        };
        let target = quick_xml::escape::escape(target);
        let says = format!("Type=\"{OFFICE}/{kind}\" Target=\"{target}\"{mode}/>");
        let own = self.relationships.entry(name.clone()).or_default();
        if let Some(id) = own.get(&says) {
            return id.clone();
        }
        let mut id = format!("rIdAdded{}", own.len() + 1);
        let known = self.package.part(&name).unwrap_or_default();
        // A template may be a document that was made here.
        while known.contains(&format!("\"{id}\"")) {
            id.push('a');
        }
        own.insert(says, id.clone());
        id
    }

    /// Says that a part holds pieces of a file with this root.
    pub(in crate::docx) fn need_root(&mut self, part: &str, root: &str) {
        let roots = self.roots.entry(part.to_owned()).or_default();
        if !roots.iter().any(|known| known == root) {
            roots.push(root.to_owned());
        }
    }

    /// Gives a part the namespaces that its pieces need.
    pub(super) fn complete_root(&mut self, part: &str, text: &mut String) -> Result<(), String> {
        for other in self.roots.remove(part).unwrap_or_default() {
            *text = with_root_of(text, &other)?;
        }
        Ok(())
    }

    /// What the package gains; parts that changed are put to the others.
    pub(in crate::docx) fn finish(self, parts: &mut BTreeMap<&'t str, String>) -> Gained<'t> {
        parts.extend(self.changed);
        let relationships = self.relationships.into_iter().map(|(part, own)| {
            let own = own.iter();
            let elements = own.map(|(says, id)| format!("<Relationship Id=\"{id}\" {says}"));
            (part, elements.collect())
        });
        Gained {
            package: self.package,
            relationships: relationships.collect(),
            added: self.added.into_iter().collect(),
            types: self.types,
        }
    }
}

/// A root's tag, wherever it is, with the namespaces of another.
pub(in crate::docx) fn with_root_of(text: &str, other: &str) -> Result<String, String> {
    let is_tag = |at: &usize| text[at + 1..].starts_with(char::is_alphabetic);
    let start = text.match_indices('<').map(|(at, _)| at).find(is_tag);
    let start = start.ok_or("没有内容")?;
    let end = start + text[start..].find('>').ok_or("没有内容")? + 1;
    let root = with_namespaces_of(&text[start..end], other)?;
    Ok([&text[..start], &root, &text[end..]].concat())
}

/// The width of the text in a section, in twentieths of a point.
pub(super) fn width_in(section: &str) -> u64 {
    let number = |element: &str, name: &str| {
        let at = section.find(element)?;
        let tag = &section[at..];
        let tag = &tag[..tag.find('>')?];
        attribute(tag, name)?.parse::<u64>().ok()
    };
    let width = || {
        let page = number("<w:pgSz ", "w:w")?;
        let left = number("<w:pgMar ", "w:left")?;
        page.checked_sub(left + number("<w:pgMar ", "w:right")?)
    };
    width().filter(|width| *width > 0).unwrap_or(USUAL_WIDTH)
}

fn relationships_of(part: &str) -> String {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    format!("{folder}/_rels/{file}.rels")
}

/// Parts that are new, and what others must say of them.
pub(in crate::docx) struct Gained<'t> {
    package: &'t Package,
    pub(in crate::docx) added: Vec<(String, Vec<u8>)>,
    relationships: Vec<(String, String)>,
    types: Vec<String>,
}

impl<'t> Gained<'t> {
    /// Says in the parts that list others what is new; last, because others
    /// may have changed them too.
    ///
    /// # Errors
    /// In words, if such a part is not as it should be.
    pub(in crate::docx) fn announce(
        &mut self,
        parts: &mut BTreeMap<&'t str, String>,
    ) -> Result<(), String> {
        for (part, elements) in std::mem::take(&mut self.relationships) {
            match self.take(&part, parts) {
                Some((known, mut text)) => {
                    open_root(&mut text, "Relationships");
                    insert_before(&mut text, "</Relationships>", &elements)?;
                    parts.insert(known, text);
                }
                None => {
                    let text = format!(
                        "{HEAD}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{elements}</Relationships>"
                    );
                    self.added.push((part, text.into_bytes()));
                }
            }
        }
        let (types, mut text) = self.take(TYPES, parts).ok_or(format!("没有 {TYPES}"))?;
        let lower = text.to_lowercase();
        for element in &self.types {
            let ending = attribute(element, "Extension");
            let is_known =
                ending.is_some_and(|ending| lower.contains(&format!("extension=\"{ending}\"")));
            if !is_known {
                insert_before(&mut text, "</Types>", element)?;
            }
        }
        parts.insert(types, text);
        Ok(())
    }

    /// A part of the template, as it is by now.
    fn take(&self, name: &str, parts: &mut BTreeMap<&str, String>) -> Option<(&'t str, String)> {
        let known = self.package.names().find(|known| *known == name)?;
        let text = parts.remove(known).or_else(|| self.package.part(known))?;
        Some((known, text))
    }
}

/// `<Relationships …/>` with an end tag.
fn open_root(text: &mut String, name: &str) {
    let end = text.trim_end().len();
    if let Some(open) = text[..end].strip_suffix("/>") {
        *text = format!("{open}></{name}>");
    }
}
