//! What is not merged: field codes, which Word reads as commands, and the words
//! that stand for a picture or a table.

use std::collections::BTreeMap;

use quick_xml::escape::unescape;

use super::super::outline::{Kind as Xml, Outline, attribute, local};
use crate::diagnostic::Diagnostic;

/// Fields that fetch what is outside of the file.
const FETCHING: [&str; 8] = [
    "DDE",
    "DDEAUTO",
    "IMPORT",
    "INCLUDE",
    "INCLUDEPICTURE",
    "INCLUDETEXT",
    "LINK",
    "RD",
];

/// The code of each field and the element it begins in: of a field over several
/// runs, all its runs together.
pub(super) fn codes(outline: &Outline<'_>) -> Vec<(usize, String)> {
    let mut codes: Vec<(usize, String)> = Vec::new();
    // Fields may stand in each other's codes: by depth, which one goes on.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut own: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, token) in outline.tokens.iter().enumerate() {
        let Some(element) = token.element else {
            continue;
        };
        let raw = outline.raw(index);
        match (outline.elements[element].name, token.kind) {
            ("w:fldChar", Xml::Start | Xml::Empty) => {
                match attribute(raw, "w:fldCharType").as_deref() {
                    Some("begin") => open.push(None),
                    Some("end") => {
                        open.pop();
                    }
                    _ => {}
                }
            }
            ("w:fldSimple", Xml::Start | Xml::Empty) => {
                let code = attribute(raw, "w:instr").unwrap_or_default();
                codes.push((element, code.into_owned()));
            }
            ("w:instrText", Xml::Text) => {
                let known = match open.last_mut() {
                    Some(field) => field,
                    None => &mut None,
                };
                let code = match *known {
                    Some(code) => code,
                    None => *own.entry(element).or_insert_with(|| {
                        codes.push((element, String::new()));
                        codes.len() - 1
                    }),
                };
                *known = Some(code);
                codes[code].1.push_str(&unescape(raw).unwrap_or(raw.into()));
            }
            _ => {}
        }
    }
    codes
}

/// The alternative texts with tags, a warning each, and the elements that have
/// them.
pub(super) fn alternative_texts(outline: &Outline<'_>) -> Vec<(usize, Diagnostic)> {
    let mut found = Vec::new();
    for (index, element) in outline.elements.iter().enumerate() {
        let names: &[&str] = match local(element.name) {
            "docPr" | "cNvPr" => &["descr", "title"],
            "tblCaption" | "tblDescription" => &["w:val"],
            _ if element.name.starts_with("v:") => &["alt", "title"],
            _ => continue,
        };
        let tag = outline.tag(element);
        let texts = names.iter().filter_map(|name| attribute(tag, name));
        for text in texts.filter(|text| text.contains("{{") || text.contains("{%")) {
            let words = "替代文字里的标记不会合并";
            let warning = Diagnostic::warning("word/attribute", words)
                .label(text.trim().chars().take(40).collect::<String>())
                .hint("替代文字改成固定的文字；由数据决定的图用 $image，它的 alt 就是替代文字");
            found.push((index, warning));
        }
    }
    found
}

/// The name of a field that fetches something.
pub(super) fn fetching(code: &str) -> Option<&'static str> {
    let name = code.split_whitespace().next()?;
    let known = FETCHING
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name));
    known.copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_over_runs_and_within_each_other() {
        let field = |kind: &str| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
        let code = |text: &str| format!("<w:r><w:instrText>{text}</w:instrText></w:r>");
        let (begin, end) = (field("begin"), field("end"));
        let xml = format!(
            "<w:p>{begin}{} {} {begin}{}{end}{}{end}<w:fldSimple w:instr=\" PAGE \"/></w:p>",
            code(" include"),
            code("picture &quot;a&quot;"),
            code("PAGE"),
            code(" d")
        );
        let outline = Outline::read(&xml).unwrap();
        let found: Vec<String> = codes(&outline).into_iter().map(|(_, code)| code).collect();
        assert_eq!(found, [" includepicture \"a\" d", "PAGE", " PAGE "]);
        assert_eq!(fetching(&found[0]), Some("INCLUDEPICTURE"));
        assert_eq!(fetching(&found[1]), None);
    }

    #[test]
    fn alternative_texts_with_tags_are_told() {
        let xml = "<w:tbl><w:tblDescription w:val=\"{{ t }}\"/><wp:docPr id=\"1\" descr=\"{{ a }}\" \
                   title=\"a {% b\"/><pic:cNvPr name=\"{{ x }}\" descr=\"{ b }\"/>\
                   <v:shape alt=\"{{ &quot;c&quot; }}\" type=\"{{ x }}\"/></w:tbl>";
        let outline = Outline::read(xml).unwrap();
        let found = alternative_texts(&outline).into_iter();
        let found: Vec<(&str, String)> = found
            .map(|(at, of)| (outline.elements[at].name, of.label.unwrap()))
            .collect();
        assert_eq!(
            found,
            [
                ("w:tblDescription", "{{ t }}".to_owned()),
                ("wp:docPr", "{{ a }}".to_owned()),
                ("wp:docPr", "a {% b".to_owned()),
                ("v:shape", "{{ \"c\" }}".to_owned()),
            ]
        );
    }
}
