//! Project definitions in a custom XML part (ISO/IEC 29500-1, 15.2.5), which
//! Word and WPS keep when they save the file.

use quick_xml::escape::{escape, unescape};

use super::archive::Archive;
use super::contents::{ROOT, main_part};
use super::join::{attribute, insert_before, part};
use super::outline::{Kind, Outline, local};
use super::package::{Parts, RELATIONSHIPS, TYPES};
use crate::diagnostic::Diagnostic;
use crate::embedded::{Embedded, MAX_EMBEDDED};

/// What tells our part from those of others.
const NAMESPACE: &str = "urn:tianbao:projects";
/// The name of our data in the file's data store.
const STORE_ID: &str = "{6F1D2A53-8C1E-4B7C-9E55-0D7A5B1C3E42}";
/// Most bytes of all such parts of a file.
const MAX_ITEMS: u64 = 64 << 20;
/// How part names begin.
const STEM: &str = "customXml/item";

/// Where a file holds the project definitions.
pub(super) struct CustomXml {
    /// The part itself.
    item: String,
    /// Parts that must say that it is there.
    changed: Vec<(&'static str, String)>,
    /// Parts that describe it.
    added: Vec<(String, Vec<u8>)>,
}

/// Parts to put into a package, see [`super::package::Package::write`].
pub(super) struct Changes<'a> {
    pub(super) replaced: Vec<(&'a str, String)>,
    pub(super) added: Vec<(String, Vec<u8>)>,
}

impl CustomXml {
    /// Finds a place beside the custom XML parts a file has already; the one
    /// that was made for project definitions serves again.
    ///
    /// # Errors
    /// In words, if the package lacks what every Word file has.
    pub(super) fn new(parts: &Parts) -> Result<Self, String> {
        let mut items = parts.iter().filter(|(name, _)| is_item(name));
        if let Some((item, _)) = items.find(|(_, content)| projects_of(content).is_some()) {
            return Ok(Self {
                item: item.clone(),
                changed: Vec::new(),
                added: Vec::new(),
            });
        }
        let taken = |name: &str| parts.iter().any(|(known, _)| known == name);
        let number = (1..)
            .find(|number| {
                !taken(&format!("{STEM}{number}.xml"))
                    && !taken(&format!("customXml/itemProps{number}.xml"))
            })
            .unwrap_or_default();
        let mut relationships = part(parts, RELATIONSHIPS)?.to_owned();
        let mut types = part(parts, TYPES)?.to_owned();
        let id = (1..)
            .map(|number| format!("rIdProject{number}"))
            .find(|id| !relationships.contains(&format!("\"{id}\"")))
            .unwrap_or_default();
        let office = "http://schemas.openxmlformats.org/officeDocument/2006";
        let item = format!("{STEM}{number}.xml");
        let properties = format!("customXml/itemProps{number}.xml");
        insert_before(
            &mut relationships,
            "</Relationships>",
            &format!(
                "<Relationship Id=\"{id}\" Type=\"{office}/relationships/customXml\" Target=\"../{item}\"/>"
            ),
        )?;
        let mut described = format!(
            "<Override PartName=\"/{properties}\" ContentType=\"application/vnd.openxmlformats-officedocument.customXmlProperties+xml\"/>"
        );
        if !types.contains("Extension=\"xml\"") {
            described +=
                &format!("<Override PartName=\"/{item}\" ContentType=\"application/xml\"/>");
        }
        insert_before(&mut types, "</Types>", &described)?;
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n";
        let added = vec![
            (
                properties,
                format!(
                    "{head}<ds:datastoreItem ds:itemID=\"{STORE_ID}\" xmlns:ds=\"{office}/customXml\">\
                     <ds:schemaRefs><ds:schemaRef ds:uri=\"{NAMESPACE}\"/></ds:schemaRefs></ds:datastoreItem>"
                )
                .into_bytes(),
            ),
            (
                format!("customXml/_rels/item{number}.xml.rels"),
                format!(
                    "{head}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
                     <Relationship Id=\"rId1\" Type=\"{office}/relationships/customXmlProps\" Target=\"itemProps{number}.xml\"/>\
                     </Relationships>"
                )
                .into_bytes(),
            ),
        ];
        Ok(Self {
            item,
            changed: vec![(TYPES, types), (RELATIONSHIPS, relationships)],
            added,
        })
    }

    /// What a package gains by these definitions.
    pub(super) fn changes(&self, projects: &[Embedded]) -> Changes<'_> {
        let item = to_xml(projects);
        if self.added.is_empty() {
            return Changes {
                replaced: vec![(&self.item, item)],
                added: Vec::new(),
            };
        }
        let mut added = vec![(self.item.clone(), item.into_bytes())];
        added.extend(self.added.iter().cloned());
        Changes {
            replaced: self.changed.clone(),
            added,
        }
    }
}

fn to_xml(projects: &[Embedded]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<projects xmlns=\"{NAMESPACE}\">"
    );
    for project in projects {
        let (name, text) = (escape(&project.name), escape(&project.text));
        xml += &format!("<project name=\"{name}\">{text}</project>");
    }
    xml + "</projects>"
}

/// Takes what an artifact brought along out of a file that is to be a
/// template: its documents would pass for made from that project.
pub(super) fn forget(parts: &mut Parts) {
    for (_, content) in parts.iter_mut().filter(|(name, _)| is_item(name)) {
        if projects_of(content).is_some() {
            *content = to_xml(&[]).into_bytes();
        }
    }
}

/// Names and texts of the project definitions in a Word file.
///
/// # Errors
/// Rejected if it is no Word file.
pub(crate) fn attached(file: &str, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Diagnostic> {
    let open = || {
        let mut archive = Archive::open(bytes)?;
        let parts = archive.unpack(|name| is_item(name) || name == ROOT, MAX_ITEMS)?;
        main_part(&archive.names(), &parts)?;
        Ok(parts)
    };
    let parts = open().map_err(|problem: Diagnostic| problem.at_part(file, ""))?;
    let items = parts.iter().filter(|(name, _)| is_item(name));
    let found = items.filter_map(|(_, content)| projects_of(content));
    Ok(found.flatten().take(MAX_EMBEDDED).collect())
}

fn is_item(name: &str) -> bool {
    name.strip_prefix(STEM).is_some_and(|rest| {
        let number = rest.strip_suffix(".xml").unwrap_or_default();
        !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
    })
}

/// What a custom XML part holds; `None` if it is not ours.
fn projects_of(content: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let xml = std::str::from_utf8(content).ok()?;
    if !xml.contains(NAMESPACE) {
        return None;
    }
    let outline = Outline::read(xml).ok()?;
    // Whoever saved the file may have given the namespace a prefix.
    if local(outline.elements.first()?.name) != "projects" {
        return None;
    }
    let projects = outline.elements.iter().filter(|element| {
        local(element.name) == "project" && outline.tokens[element.first].kind == Kind::Start
    });
    projects
        .map(|element| {
            let name = attribute(outline.raw(element.first), "name")?;
            let (first, last) = (
                &outline.tokens[element.first],
                &outline.tokens[element.last],
            );
            let text = unescape(&xml[first.range.end..last.range.start]).ok()?;
            // XML readers take these for one line end.
            Some((name, text.replace("\r\n", "\n").into_bytes()))
        })
        .collect()
}
