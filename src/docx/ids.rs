//! Numbers that must be unique in a part, where merging repeated what bears
//! them: bookmarks, comments, tracked changes, drawings.
//!
//! Of a bookmark or a comment the first one stays, as Word does when text is
//! copied; the others get numbers of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::balance::end_of_tag;
use super::outline::attribute;

/// Tracked changes, whose numbers nothing refers to.
const CHANGES: [&str; 12] = [
    "w:ins",
    "w:del",
    "w:cellIns",
    "w:cellDel",
    "w:cellMerge",
    "w:rPrChange",
    "w:pPrChange",
    "w:trPrChange",
    "w:tcPrChange",
    "w:tblPrChange",
    "w:tblPrExChange",
    "w:sectPrChange",
];
const DRAWING: &str = "wp:docPr";
/// What a comment's number stands in.
const COMMENTS: [&str; 3] = [
    "w:commentRangeStart",
    "w:commentRangeEnd",
    "w:commentReference",
];

/// Whether an element bears such a number.
pub(super) fn bears(name: &str) -> bool {
    name == "w:bookmarkStart"
        || name == DRAWING
        || CHANGES.contains(&name)
        || COMMENTS.contains(&name)
}

/// Gives what was repeated numbers of its own, or takes it out.
pub(super) fn set(xml: &str) -> String {
    let mut numbers = Numbers::default();
    let mut text = String::with_capacity(xml.len());
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let Some(end) = end_of_tag(rest.as_bytes(), start) else {
            break;
        };
        let end = end + 1;
        let tag = &rest[start..end];
        text.push_str(&rest[..start]);
        match numbers.changed(tag) {
            None => text.push_str(tag),
            Some(changed) => text.push_str(&changed),
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
    text
}

#[derive(Default)]
struct Numbers {
    /// Names of bookmarks, in lower case.
    names: BTreeSet<String>,
    /// What became of the bookmarks that are open, by number: the new one, or
    /// nothing where the bookmark went.
    open: BTreeMap<String, Option<u32>>,
    bookmarks: BTreeSet<u32>,
    changes: BTreeSet<u32>,
    drawings: BTreeSet<u32>,
    comments: BTreeSet<(&'static str, String)>,
}

impl Numbers {
    /// The tag as it must be; nothing if it is as it must be.
    fn changed(&mut self, tag: &str) -> Option<String> {
        let name = tag[1..].split([' ', '/', '>', '\n', '\t']).next()?;
        match name {
            "w:bookmarkStart" => {
                let id = attribute(tag, "w:id")?.into_owned();
                let is_new = self.names.insert(attribute(tag, "w:name")?.to_lowercase());
                let own = is_new.then(|| free(&mut self.bookmarks, &id));
                self.open.insert(id.clone(), own);
                Some(own.map_or(String::new(), |own| with(tag, "w:id", &id, own)))
            }
            "w:bookmarkEnd" => {
                let id = attribute(tag, "w:id")?.into_owned();
                let own = *self.open.get(&id)?;
                Some(own.map_or(String::new(), |own| with(tag, "w:id", &id, own)))
            }
            DRAWING => {
                let id = attribute(tag, "id")?.into_owned();
                let own = free(&mut self.drawings, &id);
                Some(with(tag, "id", &id, own))
            }
            _ => {
                if let Some(known) = COMMENTS.iter().find(|known| **known == name) {
                    let id = attribute(tag, "w:id")?.into_owned();
                    return (!self.comments.insert((known, id))).then(String::new);
                }
                let is_change = CHANGES.contains(&name);
                let id = attribute(tag, "w:id").filter(|_| is_change)?.into_owned();
                let own = free(&mut self.changes, &id);
                Some(with(tag, "w:id", &id, own))
            }
        }
    }
}

/// The number itself if it is free, else the next one that is.
fn free(taken: &mut BTreeSet<u32>, id: &str) -> u32 {
    let id = id.parse().unwrap_or(0);
    let own = match taken.contains(&id) {
        false => id,
        // Beyond what Word gives out, and in its order.
        true => taken.last().map_or(0, |last| (*last).max(FIRST) + 1),
    };
    taken.insert(own);
    own
}

/// Numbers that are given out anew are above this.
const FIRST: u32 = 1 << 24;

/// The tag with another number.
fn with(tag: &str, name: &str, old: &str, new: u32) -> String {
    let mut changed = String::with_capacity(tag.len() + 8);
    for quote in ['"', '\''] {
        let written = format!(" {name}={quote}{old}{quote}");
        if let Some((before, after)) = tag.split_once(&written) {
            let _ = write!(changed, "{before} {name}={quote}{new}{quote}{after}");
            return changed;
        }
    }
    tag.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_gets_numbers_of_its_own_or_goes() {
        let mark = "<w:bookmarkStart w:id=\"0\" w:name=\"_GoBack\"/>甲<w:bookmarkEnd w:id=\"0\"/>";
        assert_eq!(set(&mark.repeat(3)), format!("{mark}甲甲"));
        let two = "<w:bookmarkStart w:id=\"0\" w:name=\"a\"/><w:bookmarkEnd w:id=\"0\"/>\
                   <w:bookmarkStart w:id=\"0\" w:name=\"b\"/><w:bookmarkEnd w:id=\"0\"/>";
        assert_eq!(
            set(two),
            "<w:bookmarkStart w:id=\"0\" w:name=\"a\"/><w:bookmarkEnd w:id=\"0\"/>\
             <w:bookmarkStart w:id=\"16777217\" w:name=\"b\"/><w:bookmarkEnd w:id=\"16777217\"/>"
        );
        let change = "<w:ins w:id=\"7\" w:author=\"x\"><wp:docPr id=\"7\" name=\"a\"/></w:ins>";
        assert_eq!(
            set(&change.repeat(3)),
            [7, 16_777_217, 16_777_218]
                .map(|id| change.replace('7', &id.to_string()))
                .concat()
        );
        let comment = "<w:commentRangeStart w:id=\"1\"/>甲<w:commentRangeEnd w:id=\"1\"/>\
                       <w:r><w:commentReference w:id=\"1\"/></w:r>";
        assert_eq!(set(&comment.repeat(2)), format!("{comment}甲<w:r></w:r>"));
    }
}
