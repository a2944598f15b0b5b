//! Characters that have no print: control characters and marks that turn the
//! direction of writing. They are left out of both outputs, with a warning,
//! because what nobody sees must not change what everybody reads.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::project::{Data, Node, Project, field_below};
use crate::source::Location;

/// The text as it prints: line ends are `\n`, a tab is a blank, invisible
/// characters are gone.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !(c == '\r' || c == '\t' || is_line_end(c) || is_invisible(c));
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let visible = text.chars().filter(|c| !is_invisible(*c));
    Cow::Owned(
        visible
            .map(|c| match c {
                '\r' => '\n',
                '\t' => ' ',
                c if is_line_end(c) => '\n',
                c => c,
            })
            .collect(),
    )
}

pub(super) fn check(project: &Project) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    visit(&project.root, "", &mut found);
    found
}

fn visit(node: &Node, path: &str, found: &mut Vec<Diagnostic>) {
    match &node.data {
        Data::Text(text) => found.extend(invisible(text, &node.at, path)),
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = field_below(path, &index.to_string());
                found.extend(full_width_comma(item, &path));
                visit(item, &path, found);
            }
        }
        Data::Map(map) => {
            for (index, entry) in map.0.iter().enumerate() {
                let path = field_below(path, &entry.key);
                found.extend(invisible(&entry.key, &entry.key_at, &path));
                let printed = printable(&entry.key);
                if let Some(twin) = map.0[..index].iter().find(|e| printable(&e.key) == printed) {
                    found.push(
                        Diagnostic::error("text/same-key", "有两个键只差看不见的字符")
                            .at(entry.key_at.clone())
                            .related("另一个在这里", twin.key_at.clone())
                            .field(path.as_str())
                            .hint("重新输入这个键，或删去其中一个"),
                    );
                }
                visit(&entry.value, &path, found);
            }
        }
        _ => {}
    }
}

fn invisible(text: &str, at: &Location, path: &str) -> Option<Diagnostic> {
    let mut characters: Vec<char> = text.chars().filter(|c| is_invisible(*c)).collect();
    characters.sort_unstable();
    characters.dedup();
    if characters.is_empty() {
        return None;
    }
    let names: Vec<String> = characters
        .iter()
        .map(|c| format!("U+{:04X}", u32::from(*c)))
        .collect();
    Some(
        Diagnostic::warning("text/invisible", "有看不见的字符，打印时略去")
            .at(at.clone())
            .label(names.join("、"))
            .field(path)
            .hint("多半是从网页或别的软件粘贴带来的，重新输入这一项即可去掉"),
    )
}

/// `[甲，乙]` is one item to YAML.
fn full_width_comma(item: &Node, path: &str) -> Option<Diagnostic> {
    let Data::Text(text) = &item.data else {
        return None;
    };
    // A sentence is one item of a list of paragraphs.
    if text.contains(['。', '；', '：', '、']) {
        return None;
    }
    text.contains('，').then(|| {
        Diagnostic::warning(
            "text/full-width-comma",
            "列表的一项里有全角逗号，会算作一项",
        )
        .at(item.at.clone())
        .field(path)
        .hint(match item.at.spot() {
            None => "要分成几项，就换成半角逗号加一个空格",
            Some(_) => "要分成几项，就用顿号分开，或每项写一行",
        })
    })
}

/// Unicode's own line and paragraph separators.
fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Direction marks, embeddings, overrides and isolates (UAX #9).
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Soft hyphen, blanks without width, joiners, invisible operators.
        | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}'
        // Fillers that no face shows.
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
        // Variation selectors, byte-order mark, interlinear marks,
        // noncharacters, tags.
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_one_kind_and_marks_are_gone() {
        assert_eq!(printable("甲\r\n乙\u{2028}丙\r丁"), "甲\n乙\n丙\n丁");
        assert_eq!(printable("\u{202e}52\u{202c}\u{1}"), "52");
        assert_eq!(printable("甲\t乙"), "甲 乙");
        assert!(matches!(printable("≥90% 甲"), Cow::Borrowed(_)));
    }
}
