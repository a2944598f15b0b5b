//! Paragraphs that count by their style: such a list begins anew where the
//! file is put, else it would go on from the list before.

use std::collections::BTreeMap;

use super::{Changes, lists, values_of};
use crate::docx::join::attribute;
use crate::docx::order::rank;
use crate::docx::outline::Outline;
use crate::docx::rich::{Additions, Styles};

/// How far a style may be from the one it has its list from.
const MAX_BASES: usize = 16;

/// Gives these paragraphs a list of their own. Headings go on counting, as the
/// chapters of one document do. `names` are the styles' ids in the template.
pub(super) fn begin_anew(
    outline: &Outline<'_>,
    names: &BTreeMap<String, String>,
    changes: &mut Changes,
    additions: &mut Additions<'_>,
) -> Result<(), String> {
    let child = |paragraph: usize, name: &str| {
        let mut children = outline.children(paragraph);
        children.find(|child| outline.is(*child, name))
    };
    let styles = additions.styles();
    let mut counted = Vec::new();
    for paragraph in (0..outline.elements.len()).filter(|e| outline.is(*e, "w:pPr")) {
        let (Some(style), None) = (child(paragraph, "w:pStyle"), child(paragraph, "w:numPr"))
        else {
            continue;
        };
        let id = attribute(outline.raw(outline.elements[style].first), "w:val");
        if let Some(id) = id.as_ref().and_then(|id| names.get(id))
            && let Some(list) = list_of(styles, id)?
        {
            counted.push((paragraph, list));
        }
    }
    let mut counters = BTreeMap::new();
    for (paragraph, (number, level)) in counted {
        if !counters.contains_key(&number) {
            let own = lists::again(&number, &level, additions)?;
            counters.insert(number.clone(), own);
        }
        let Some(Some(own)) = counters.get(&number) else {
            continue;
        };
        let before =
            |child: &usize| rank("w:pPr", outline.elements[*child].name) < rank("w:pPr", "w:numPr");
        let Some(last) = outline.children(paragraph).filter(before).last() else {
            continue;
        };
        let at = outline.tokens[outline.elements[last].last].range.end;
        let properties =
            format!("<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{own}\"/></w:numPr>");
        changes.0.push((at..at, properties));
    }
    Ok(())
}

/// The list that a style counts by, and the level.
fn list_of(styles: &Styles, id: &str) -> Result<Option<(String, String)>, String> {
    let mut id = id.to_owned();
    for _ in 0..MAX_BASES {
        let Some(style) = styles.by_id(&id) else {
            break;
        };
        if style.name.starts_with("heading") {
            break;
        }
        let outline = Outline::read(&style.xml)?;
        let value = |name: &str| values_of(&outline, &[name]).into_iter().next();
        if let Some(number) = value("w:numId") {
            let level = value("w:ilvl").unwrap_or_else(|| "0".to_owned());
            return Ok((number != "0").then_some((number, level)));
        }
        match value("w:basedOn") {
            Some(base) => id = base,
            None => break,
        }
    }
    Ok(None)
}
