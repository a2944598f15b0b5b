//! Relationships of a package and its parts (ISO/IEC 29500-2, 6.5).

use std::borrow::Cow;

use super::outline::{Element, Outline, attributes, local};

/// One relationship.
pub(super) struct Relationship<'a> {
    pub(super) element: &'a Element<'a>,
    pub(super) id: Cow<'a, str>,
    pub(super) target: Cow<'a, str>,
    kind: Cow<'a, str>,
    mode: Cow<'a, str>,
}

/// Whether a part lists relationships.
pub(super) fn is(part: &str) -> bool {
    part.to_ascii_lowercase().ends_with(".rels")
}

/// What a part of relationships lists.
pub(super) fn of<'a>(outline: &'a Outline<'a>) -> impl Iterator<Item = Relationship<'a>> {
    let elements = outline.elements.iter();
    let elements = elements.filter(|element| local(element.name) == "Relationship");
    elements.map(|element| {
        let [mut id, mut target, mut kind, mut mode] = [const { Cow::Borrowed("") }; 4];
        for attribute in attributes(outline.tag(element)) {
            match attribute.name {
                "Id" => id = attribute.text(),
                "Target" => target = attribute.text(),
                "Type" => kind = attribute.text(),
                "TargetMode" => mode = attribute.text(),
                _ => {}
            }
        }
        Relationship {
            element,
            id,
            target,
            kind,
            mode,
        }
    })
}

impl Relationship<'_> {
    /// The last segment of its type: transitional and strict differ before it.
    pub(super) fn kind(&self) -> &str {
        self.kind.trim().rsplit('/').next().unwrap_or_default()
    }

    /// Whether it leads out of the package, whatever it says.
    pub(super) fn is_external(&self) -> bool {
        let mode = self.mode.trim();
        !(mode.is_empty() || mode == "Internal")
            || self.scheme().is_some()
            || self.target.trim().replace('\\', "/").starts_with("//")
    }

    /// The scheme of its target, in lower case.
    pub(super) fn scheme(&self) -> Option<String> {
        let (scheme, _) = self.target.trim().split_once(':')?;
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        scheme
            .chars()
            .all(known)
            .then(|| scheme.to_ascii_lowercase())
    }

    /// The part it leads to from the package itself.
    pub(super) fn part_from_root(&self) -> String {
        let segments = self.target.trim().split('/');
        let segments = segments.filter(|segment| !matches!(*segment, "" | "." | ".."));
        segments.collect::<Vec<_>>().join("/")
    }
}

/// The part whose relationships a part lists; `None` for the package's own.
pub(super) fn owner(part: &str) -> Option<String> {
    let (folder, file) = part.rsplit_once('/')?;
    let end = file.len().checked_sub(".rels".len())?;
    let folder = folder.strip_suffix("_rels")?;
    Some(format!("{folder}{}", file.get(..end)?)).filter(|_| end > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_relationships_has_an_owner() {
        for (part, known) in [
            ("word/_rels/document.xml.rels", Some("word/document.xml")),
            ("_rels/x.xml.RELS", Some("x.xml")),
            ("_rels/.rels", None),
            ("word/document.xml.rels", None),
            ("x.rels", None),
            ("_rels/甲", None),
        ] {
            assert_eq!(owner(part).as_deref(), known);
        }
    }

    #[test]
    fn what_leads_out_of_the_package_is_seen() {
        for (link, external, scheme) in [
            ("Target=\"media/x.png\"", false, None),
            (
                "Target=\"/word/a:b.xml\" TargetMode=\"Internal\"",
                false,
                None,
            ),
            ("Target=\"x.png\" TargetMode=\"External\"", true, None),
            ("Target=\"x.png\" TargetMode=\"?\"", true, None),
            ("Target=\" HTTP&#58;//a\"", true, Some("http")),
            ("Target=\"C:\\x\"", true, Some("c")),
            ("Target=\"\\/a\\b\"", true, None),
        ] {
            let xml = format!("<p:Relationship Type='a/b/image' {link}/>");
            let outline = Outline::read(&xml).unwrap();
            let found = of(&outline).next().unwrap();
            assert_eq!(found.kind(), "image");
            assert_eq!(found.is_external(), external, "{link}");
            assert_eq!(found.scheme().as_deref(), scheme, "{link}");
        }
    }
}
