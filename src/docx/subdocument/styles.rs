//! The styles that a file brings along.

use std::collections::BTreeMap;

use super::lists::Lists;
use super::{Changes, STYLE_REFERENCES, values_of};
use crate::docx::join::{attribute, insert_before};
use crate::docx::outline::Outline;
use crate::docx::rich::{Additions, Styles};

/// Adds what the template lacks of the styles that a body uses; gives the
/// names of all of them there.
pub(super) fn bring(
    body: &Outline<'_>,
    xml: &str,
    lists: &mut Lists,
    additions: &mut Additions<'_>,
) -> Result<BTreeMap<String, String>, String> {
    let own = Styles::read(xml);
    let mut names = BTreeMap::new();
    let mut wanted = values_of(body, &STYLE_REFERENCES);
    wanted.extend(lists.styles_of(&values_of(body, &["w:numId"]))?);
    if wanted.is_empty() {
        return Ok(names);
    }
    let (part, mut there_xml) = additions.companion("styles");
    let there = Styles::read(&there_xml);
    let mut brought = Vec::new();
    while let Some(id) = wanted.pop() {
        if names.contains_key(&id) {
            continue;
        }
        let Some(style) = own.by_id(&id) else {
            continue;
        };
        let same = there
            .all
            .iter()
            .filter(|known| known.kind == style.kind && known.name == style.name);
        let same = same.max_by_key(|known| known.id == id);
        if let Some(known) = same {
            names.insert(id, known.id.clone());
            continue;
        }
        let is_taken =
            |name: &str| there.by_id(name).is_some() || names.values().any(|known| known == name);
        let mut free = (2..).map(|number| format!("{id}-{number}"));
        let name = match is_taken(&id) {
            true => free.find(|name| !is_taken(name)).unwrap_or_default(),
            false => id.clone(),
        };
        names.insert(id, name);
        let outline = Outline::read(&style.xml)?;
        wanted.extend(values_of(&outline, &STYLE_REFERENCES));
        wanted.extend(lists.styles_of(&values_of(&outline, &["w:numId"]))?);
        brought.push(style);
    }
    if brought.is_empty() {
        return Ok(names);
    }
    // The lists of styles come along once.
    let mut numbers = Vec::new();
    for style in &brought {
        numbers.extend(values_of(&Outline::read(&style.xml)?, &["w:numId"]));
    }
    lists.bring_for_styles(numbers, &names, additions)?;
    let mut new = String::new();
    for style in brought {
        new.push_str(&renamed(&style.xml, &style.id, &names, lists)?);
    }
    insert_before(&mut there_xml, "</w:styles>", &new)?;
    let root = Outline::read(xml)?;
    let root = root
        .elements
        .first()
        .map_or("", |first| root.raw(first.first));
    additions.set(&part, crate::docx::rich::with_root_of(&there_xml, root)?);
    additions.forget_styles();
    Ok(names)
}

/// A style under its new name, with the new names of what it refers to.
fn renamed(
    xml: &str,
    id: &str,
    names: &BTreeMap<String, String>,
    lists: &Lists,
) -> Result<String, String> {
    let outline = Outline::read(xml)?;
    let mut changes = Changes::default();
    changes.renamed(&outline, &STYLE_REFERENCES, names);
    changes.renamed(&outline, &["w:numId"], lists.of_styles());
    let tag = outline.raw(0);
    let mut own = tag.to_owned();
    if let Some(name) = names.get(id) {
        let quoted = |id: &str| format!("w:styleId=\"{}\"", quick_xml::escape::escape(id));
        own = own.replace(&quoted(id), &quoted(name));
    }
    // The template has a default of its own.
    if let Some(value) = attribute(tag, "w:default") {
        own = own.replace(&format!(" w:default=\"{value}\""), "");
    }
    changes.0.push((0..tag.len(), own));
    Ok(changes.apply(xml))
}
