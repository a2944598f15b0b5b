//! The lists that a file brings along: definitions (`w:abstractNum`) and what
//! counts by them (`w:num`), under numbers of their own.

use std::collections::BTreeMap;

use super::{Changes, STYLE_REFERENCES, values_of};
use crate::docx::join::{attribute, insert_before};
use crate::docx::outline::Outline;
use crate::docx::rich::{Additions, with_root_of};

/// Most definitions that a package may have: a file put into a long table
/// brings its lists again with each row.
const MAX_LISTS: usize = 10_000;

#[derive(Default)]
pub(super) struct Lists {
    root: String,
    /// By number: the definition's number, and the whole.
    counters: BTreeMap<String, (String, String)>,
    definitions: BTreeMap<String, String>,
    /// New numbers of those that styles count by.
    of_styles: BTreeMap<String, String>,
}

impl Lists {
    pub(super) fn read(xml: &str) -> Result<Self, String> {
        let mut lists = Self::default();
        if xml.is_empty() {
            return Ok(lists);
        }
        let outline = Outline::read(xml)?;
        lists.root = outline
            .elements
            .first()
            .map_or("", |root| outline.raw(root.first))
            .to_owned();
        for (index, element) in outline.elements.iter().enumerate() {
            let tag = outline.raw(element.first);
            let text = || outline.text_of(index).to_owned();
            match element.name {
                "w:abstractNum" => {
                    if let Some(id) = attribute(tag, "w:abstractNumId") {
                        lists.definitions.insert(id, text());
                    }
                }
                "w:num" => {
                    let mut children = outline.children(index);
                    let definition = children.find(|child| outline.is(*child, "w:abstractNumId"));
                    let definition = definition.and_then(|child| {
                        attribute(outline.raw(outline.elements[child].first), "w:val")
                    });
                    if let (Some(id), Some(definition)) = (attribute(tag, "w:numId"), definition) {
                        lists.counters.insert(id, (definition, text()));
                    }
                }
                _ => {}
            }
        }
        Ok(lists)
    }

    /// The new numbers of those that styles count by.
    pub(super) fn of_styles(&self) -> &BTreeMap<String, String> {
        &self.of_styles
    }

    /// The styles that lists of these numbers refer to.
    pub(super) fn styles_of(&self, numbers: &[String]) -> Result<Vec<String>, String> {
        let mut styles = Vec::new();
        for number in numbers {
            let Some((definition, own)) = self.counters.get(number) else {
                continue;
            };
            let definition = self.definitions.get(definition).map_or("", String::as_str);
            for xml in [own.as_str(), definition] {
                styles.extend(values_of(&Outline::read(xml)?, &STYLE_REFERENCES));
            }
        }
        Ok(styles)
    }

    /// Adds the lists that styles count by.
    pub(super) fn bring_for_styles(
        &mut self,
        numbers: Vec<String>,
        styles: &BTreeMap<String, String>,
        additions: &mut Additions<'_>,
    ) -> Result<(), String> {
        self.of_styles = self.bring(numbers, styles, additions)?;
        Ok(())
    }

    /// Adds lists; gives their new numbers.
    pub(super) fn bring(
        &self,
        numbers: Vec<String>,
        styles: &BTreeMap<String, String>,
        additions: &mut Additions<'_>,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut names = self.of_styles.clone();
        let is_new = |number: &&String| {
            self.counters.contains_key(*number) && !self.of_styles.contains_key(*number)
        };
        let numbers: Vec<&String> = numbers.iter().filter(is_new).collect();
        if numbers.is_empty() {
            return Ok(names);
        }
        let (part, text) = additions.companion("numbering");
        let mut text = with_root_of(&text, &self.root)?;
        let mut next_definition = next(&text, "<w:abstractNum ", "w:abstractNumId");
        let mut next_counter = next(&text, "<w:num ", "w:numId").max(1);
        let mut definitions = BTreeMap::new();
        let (mut new_definitions, mut new_counters) = (String::new(), String::new());
        for number in numbers {
            if names.contains_key(number) {
                continue;
            }
            let Some((definition, xml)) = self.counters.get(number) else {
                continue;
            };
            if let (false, Some(own)) = (
                definitions.contains_key(definition),
                self.definitions.get(definition),
            ) {
                let id = next_definition.to_string();
                next_definition += 1;
                new_definitions.push_str(&definition_as(own, &id, styles)?);
                definitions.insert(definition.clone(), id);
            }
            let id = next_counter.to_string();
            next_counter += 1;
            new_counters.push_str(&counter_as(xml, &id, &definitions, styles)?);
            names.insert(number.clone(), id);
        }
        if next_definition > MAX_LISTS || next_counter > MAX_LISTS {
            return Err("列表太多".to_owned());
        }
        put(&mut text, &new_definitions, &new_counters)?;
        additions.set(&part, text);
        Ok(names)
    }
}

/// A list that counts as that of this number does, from its beginning; `None`
/// if there is none or it has no numbers.
pub(super) fn again(
    number: &str,
    level: &str,
    additions: &mut Additions<'_>,
) -> Result<Option<String>, String> {
    let (part, mut text) = additions.companion("numbering");
    // Whole elements, found without reading all lists again.
    let find = |element: &str, name: &str, id: &str| {
        let open = format!("<{element} ");
        let mut starts = text.match_indices(&open).map(|(at, _)| at);
        let start = starts.find(|at| {
            let tag = text[*at..].split('>').next().unwrap_or_default();
            attribute(tag, name).as_deref() == Some(id)
        })?;
        let close = format!("</{element}>");
        let end = start + text[start..].find(&close)? + close.len();
        Some(&text[start..end])
    };
    let Some(counter) = find("w:num", "w:numId", number) else {
        return Ok(None);
    };
    let definition = values_of(&Outline::read(counter)?, &["w:abstractNumId"]).pop();
    let definition = definition.unwrap_or_default();
    let xml = find("w:abstractNum", "w:abstractNumId", &definition).unwrap_or_default();
    let outline = Outline::read(xml)?;
    let of_level = |element: &usize| {
        let tag = outline.raw(outline.elements[*element].first);
        outline.is(*element, "w:lvl") && attribute(tag, "w:ilvl").as_deref() == Some(level)
    };
    let Some(found) = (0..outline.elements.len()).find(of_level) else {
        return Ok(None);
    };
    let outline = Outline::read(outline.text_of(found))?;
    let value = |name: &str| values_of(&outline, &[name]).into_iter().next();
    if value("w:numFmt").is_some_and(|format| format == "bullet") {
        return Ok(None);
    }
    let start = value("w:start").unwrap_or_else(|| "0".to_owned());
    let id = next(&text, "<w:num ", "w:numId");
    if id > MAX_LISTS {
        return Err("列表太多".to_owned());
    }
    let counter = format!(
        "<w:num w:numId=\"{id}\"><w:abstractNumId w:val=\"{definition}\"/>\
         <w:lvlOverride w:ilvl=\"{level}\"><w:startOverride w:val=\"{start}\"/></w:lvlOverride></w:num>"
    );
    put(&mut text, "", &counter)?;
    additions.set(&part, text);
    Ok(Some(id.to_string()))
}

/// Puts definitions and counters where the schema wants them.
fn put(text: &mut String, definitions: &str, counters: &str) -> Result<(), String> {
    match text.find("<w:num ") {
        Some(at) => text.insert_str(at, definitions),
        None => insert_before(text, "</w:numbering>", definitions)?,
    }
    match text.find("<w:numIdMacAtCleanup") {
        Some(at) => text.insert_str(at, counters),
        None => insert_before(text, "</w:numbering>", counters)?,
    }
    Ok(())
}

/// A definition under a number of its own. Two with one `w:nsid` would be one
/// list to Word; bullets that are pictures become the text they stand for.
fn definition_as(xml: &str, id: &str, styles: &BTreeMap<String, String>) -> Result<String, String> {
    let outline = Outline::read(xml)?;
    let mut changes = Changes::default();
    changes.renamed(&outline, &STYLE_REFERENCES, styles);
    for element in 0..outline.elements.len() {
        if ["w:nsid", "w:tmpl", "w:lvlPicBulletId"].contains(&outline.elements[element].name) {
            changes.drop(&outline, element);
        }
    }
    change_attribute(&mut changes, outline.raw(0), "w:abstractNumId", id);
    Ok(changes.apply(xml))
}

fn counter_as(
    xml: &str,
    id: &str,
    definitions: &BTreeMap<String, String>,
    styles: &BTreeMap<String, String>,
) -> Result<String, String> {
    let outline = Outline::read(xml)?;
    let mut changes = Changes::default();
    changes.renamed(&outline, &STYLE_REFERENCES, styles);
    changes.renamed(&outline, &["w:abstractNumId"], definitions);
    for element in 0..outline.elements.len() {
        if outline.is(element, "w:lvlPicBulletId") {
            changes.drop(&outline, element);
        }
    }
    change_attribute(&mut changes, outline.raw(0), "w:numId", id);
    Ok(changes.apply(xml))
}

/// Changes an attribute of the tag that a text begins with.
fn change_attribute(changes: &mut Changes, tag: &str, name: &str, new: &str) {
    let found = super::attributes(tag)
        .into_iter()
        .find(|(known, _)| *known == name);
    if let Some((_, value)) = found {
        let start = value.as_ptr().addr() - tag.as_ptr().addr();
        changes.0.push((start..start + value.len(), new.to_owned()));
    }
}

/// A number above all that are taken.
fn next(xml: &str, element: &str, name: &str) -> usize {
    let tags = xml.match_indices(element).filter_map(|(at, _)| {
        let tag = xml[at..].split('>').next()?;
        attribute(tag, name)?.parse::<usize>().ok()
    });
    tags.max().map_or(0, |most| most.saturating_add(1))
}
