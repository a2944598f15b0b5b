//! Characters that have no print: control characters and marks that turn the
//! direction of writing. They are left out of both outputs, with a warning,
//! because what nobody sees must not change what everybody reads.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::project::{Data, Project};

/// The text as it prints: line ends are `\n`, invisible characters are gone.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| c == '\r' || is_line_end(c) || is_invisible(c)) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    Cow::Owned(
        text.chars()
            .map(|c| if c == '\r' || is_line_end(c) { '\n' } else { c })
            .filter(|c| !is_invisible(*c))
            .collect(),
    )
}

pub(super) fn check(project: &Project) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    project.root.visit_scalars(&mut |path, node| {
        let Data::Text(text) = &node.data else {
            return;
        };
        let mut characters: Vec<char> = text.chars().filter(|c| is_invisible(*c)).collect();
        characters.sort_unstable();
        characters.dedup();
        if !characters.is_empty() {
            let names: Vec<String> = characters
                .iter()
                .map(|c| format!("U+{:04X}", *c as u32))
                .collect();
            found.push(
                Diagnostic::warning("text/invisible", "有看不见的字符，打印时略去")
                    .at(node.at.clone())
                    .label(names.join("、"))
                    .field(path)
                    .hint("多半是从网页或别的软件粘贴带来的，重新输入这一项即可去掉"),
            );
        }
    });
    found
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
        // Byte-order mark, interlinear marks, noncharacters, tags.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_one_kind_and_marks_are_gone() {
        assert_eq!(printable("甲\r\n乙\u{2028}丙\r丁"), "甲\n乙\n丙\n丁");
        assert_eq!(printable("\u{202e}52\u{202c}\u{1}"), "52");
        assert!(matches!(printable("≥90%\t甲"), Cow::Borrowed(_)));
    }
}
